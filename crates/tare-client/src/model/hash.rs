//! SHA-256 of many files at once, on all cores.
//!
//! SHA-256 of one file is sequential, so files are what is shared out, the largest first: otherwise a large one that comes
//! last would keep one core busy and leave the others idle. While a large file is hashed, a second thread reads on.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};
use std::thread;

use sha2::Digest as _;
use tare_format::Sha256;

use super::ModelError;
use crate::event::Task;

/// How much is read at once, in bytes.
const BLOCK_SIZE: usize = 1 << 20;
/// From this size on, in bytes, it pays to read on a thread of its own.
const READ_AHEAD_FROM: u64 = 16 << 20;
/// How many blocks are read ahead.
const READ_AHEAD: usize = 4;

/// A run of bytes to hash.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// The file.
    pub(super) file: PathBuf,
    /// Which of its bytes; none for all.
    pub(super) range: Option<Range<u64>>,
    /// How many bytes that are.
    pub(super) size_bytes: u64,
}

/// The digests of `runs`, in their order.
pub(super) fn hash_all(runs: &[Run], task: &Task) -> Result<Vec<Sha256>, ModelError> {
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|at| runs.get(*at).map(|run| std::cmp::Reverse(run.size_bytes)));
    let next = AtomicUsize::new(0);
    let done = Mutex::new(vec![None; runs.len()]);
    let work = || {
        while let Some(at) = order.get(next.fetch_add(1, Ordering::Relaxed))
            && let Some(run) = runs.get(*at)
        {
            let digest = match hash_run(run, task) {
                Ok(digest) => digest,
                Err(error) => {
                    // The others need not go on.
                    next.store(runs.len(), Ordering::Relaxed);
                    return Err(error);
                }
            };
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(slot) = done.get_mut(*at) {
                *slot = Some(digest);
            }
        }
        Ok(())
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(runs.len());
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let outcomes = workers.into_iter().map(|worker| worker.join());
        // A worker that panicked has no digest to give, which is found below.
        outcomes.into_iter().flatten().collect::<Result<Vec<()>, _>>()
    })?;
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.into_iter().map(|digest| digest.ok_or(ModelError::Stopped)).collect()
}

fn hash_run(run: &Run, task: &Task) -> Result<Sha256, ModelError> {
    let fail = |source| ModelError::Read { path: run.file.clone(), source };
    let mut file = File::open(&run.file).map_err(fail)?;
    if let Some(range) = &run.range {
        file.seek(SeekFrom::Start(range.start)).map_err(fail)?;
    }
    let mut hasher = sha2::Sha256::new();
    let mut found = 0;
    let mut take = |block: &[u8]| {
        hasher.update(block);
        found += block.len() as u64;
        task.advance(block.len() as u64);
    };
    // A file that has grown has to show, so one more byte is asked for than a whole file has.
    let wanted = run.size_bytes.saturating_add(u64::from(run.range.is_none()));
    let reader = file.take(wanted);
    if run.size_bytes < READ_AHEAD_FROM {
        each_block(reader, |block| take(block)).map_err(fail)?;
    } else {
        read_ahead(reader, &mut take).map_err(fail)?;
    }
    if found != run.size_bytes {
        return Err(ModelError::Changed { path: run.file.clone() });
    }
    Ok(Sha256::from_bytes(hasher.finalize().into()))
}

fn each_block(mut reader: io::Take<File>, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let size = BLOCK_SIZE.min(usize::try_from(reader.limit()).unwrap_or(BLOCK_SIZE));
    let mut block = vec![0; size.max(1)];
    loop {
        match reader.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(size) => take(block.get(..size).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads on one thread and takes on this one. Blocks go round, so memory does not grow.
fn read_ahead(mut reader: io::Take<File>, take: &mut impl FnMut(&[u8])) -> io::Result<()> {
    let (filled, ready) = sync_channel::<Vec<u8>>(READ_AHEAD);
    let (used, empty) = sync_channel::<Vec<u8>>(READ_AHEAD + 1);
    thread::scope(|scope| {
        let read = scope.spawn(move || -> io::Result<()> {
            loop {
                let mut block = empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(BLOCK_SIZE));
                block.clear();
                let size = reader.by_ref().take(BLOCK_SIZE as u64).read_to_end(&mut block)?;
                if size == 0 || filled.send(block).is_err() {
                    return Ok(());
                }
            }
        });
        for block in ready {
            take(&block);
            // When the reader has ended, nobody needs the block.
            let _ = used.try_send(block);
        }
        read.join().unwrap_or_else(|_| Err(io::Error::other("the reading thread stopped")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Progress, Unit};

    fn run(folder: &tempfile::TempDir, name: &str, content: &[u8]) -> Run {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        Run { file, range: None, size_bytes: content.len() as u64 }
    }

    fn hash(runs: &[Run]) -> Result<Vec<Sha256>, ModelError> {
        hash_all(runs, &Progress::silent().task("hashing", Unit::Bytes, 0))
    }

    #[test]
    fn digests_come_in_the_order_of_the_runs_whatever_their_sizes() {
        let folder = tempfile::tempdir().unwrap();
        let sizes = [0, 1, BLOCK_SIZE, BLOCK_SIZE + 1, (READ_AHEAD_FROM as usize) + 7, 3];
        let contents: Vec<Vec<u8>> =
            sizes.iter().zip(1..).map(|(size, byte)| vec![byte; *size]).collect();
        let named = contents.iter().enumerate();
        let runs: Vec<_> = named.map(|(at, c)| run(&folder, &at.to_string(), c)).collect();
        let expected: Vec<_> = contents.iter().map(|content| Sha256::of(content)).collect();
        assert_eq!(hash(&runs).unwrap(), expected);
        assert_eq!(hash(&[]).unwrap(), []);
    }

    #[test]
    fn a_range_is_hashed_alone() {
        let folder = tempfile::tempdir().unwrap();
        let whole = run(&folder, "a", b"0123456789");
        let part = Run { range: Some(2..5), size_bytes: 3, ..whole };
        assert_eq!(hash(&[part]).unwrap(), [Sha256::of(b"234")]);
    }

    #[test]
    fn a_file_that_grows_shrinks_or_goes_meanwhile_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let good = run(&folder, "good", b"0123456789");
        for size_bytes in [9, 11, 0] {
            let changed = Run { size_bytes, ..good.clone() };
            let error = hash(&[good.clone(), changed]).unwrap_err();
            assert!(error.to_string().contains("good` changed while it was read"), "{error}");
        }
        let gone = Run { file: folder.path().join("gone"), ..good };
        assert!(matches!(hash(&[gone]), Err(ModelError::Read { .. })));
    }
}
