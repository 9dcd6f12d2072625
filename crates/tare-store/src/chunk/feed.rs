//! Reads a file once and hashes it on the way, on a second core when the file is worth it.
//!
//! SHA-256 is the slowest step (1.8 GB/s a core against 4.6 for BLAKE3), so it shares a thread with nothing but the
//! read itself, and the rest of the work runs beside it. The memory is [`BLOCKS`] blocks, whatever the file's size.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use sha2::Digest as _;
use tare_format::Sha256;

/// What is read at a time, in bytes.
const BLOCK_SIZE: usize = 1 << 20;
/// How many blocks may wait between the threads.
const BLOCKS: usize = 4;

/// What passed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) sha256: Sha256,
    pub(super) size_bytes: u64,
}

/// Hands every block of `reader` to `take`, in order, and gives the digest and size of all. Reads at most one block
/// beyond `expected_bytes`, so that a file that grows without end does not hold the caller for ever.
pub(super) fn feed<R, E>(
    reader: R,
    expected_bytes: u64,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Passed, E>
where
    R: Read + Send,
    E: From<io::Error>,
{
    let source = Source { reader, hasher: sha2::Sha256::new(), size_bytes: 0, expected_bytes };
    if expected_bytes <= BLOCK_SIZE as u64 {
        return feed_here(source, take);
    }
    thread::scope(|scope| {
        let (full, blocks) = sync_channel(BLOCKS);
        let (recycle, empty) = sync_channel(BLOCKS);
        let reading = scope.spawn(move || source.send_all(&full, &empty));
        for block in blocks {
            take(&block)?;
            match recycle.try_send(block) {
                // The reader may have ended, or have all the blocks it wants.
                Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
            }
        }
        match reading.join() {
            Ok(passed) => Ok(passed?),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// The same on one thread: starting a second one costs more than a small file.
fn feed_here<R: Read, E: From<io::Error>>(
    mut source: Source<R>,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Passed, E> {
    let mut block = Vec::new();
    while source.read_block(&mut block)? {
        take(&block)?;
    }
    Ok(source.passed())
}

struct Source<R> {
    reader: R,
    hasher: sha2::Sha256,
    size_bytes: u64,
    expected_bytes: u64,
}

impl<R: Read> Source<R> {
    /// Fills `block`; false when nothing is left.
    fn read_block(&mut self, block: &mut Vec<u8>) -> io::Result<bool> {
        block.clear();
        if self.size_bytes > self.expected_bytes {
            return Ok(false);
        }
        self.reader.by_ref().take(BLOCK_SIZE as u64).read_to_end(block)?;
        self.hasher.update(&block);
        self.size_bytes = self.size_bytes.saturating_add(block.len() as u64);
        Ok(!block.is_empty())
    }

    fn send_all(
        mut self,
        full: &SyncSender<Vec<u8>>,
        empty: &Receiver<Vec<u8>>,
    ) -> io::Result<Passed> {
        loop {
            let mut block = empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(BLOCK_SIZE));
            if !self.read_block(&mut block)? || full.send(block).is_err() {
                // Whoever took the blocks has ended: with an error that it reports itself.
                return Ok(self.passed());
            }
        }
    }

    fn passed(self) -> Passed {
        let sha256 = Sha256::from_bytes(self.hasher.finalize().into());
        Passed { sha256, size_bytes: self.size_bytes }
    }
}
