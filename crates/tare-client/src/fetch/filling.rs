//! A partial file while it is being filled from several places at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tare_format::Blake3;
use tare_store::assemble::Part;
use tare_store::codec::Decoder;
use tare_store::partial::{Partial, PartialError};
use tokio::sync::RwLock;

use super::{FetchError, blocking};
use crate::event::Task;

/// A partial file, and who counts what comes.
#[derive(Debug)]
pub(super) struct Filling<'t> {
    partial: Arc<Partial>,
    task: &'t Task,
    /// The chunks that were counted: two places may bring the same one.
    counted: Arc<[AtomicBool]>,
    /// Held for reading while chunks are written. A write goes on when nobody waits for it any more, so whoever takes
    /// the file over waits for this.
    writers: Arc<RwLock<()>>,
}

/// A run of bytes, and where it comes from.
#[derive(Debug)]
pub(super) struct Run {
    /// The pack.
    pub(super) pack: Blake3,
    /// The first byte, in the pack, of the range that the offsets of its parts are counted from.
    pub(super) range_start: u64,
    /// The first of the bytes, in that range.
    pub(super) start: u64,
    /// The bytes.
    pub(super) bytes: Bytes,
}

impl<'t> Filling<'t> {
    pub(super) fn new(partial: Partial, task: &'t Task) -> Self {
        let chunks = partial.recipe().chunks().len();
        let counted = (0..chunks).map(|_| AtomicBool::new(false)).collect();
        Self { partial: Arc::new(partial), task, counted, writers: Arc::default() }
    }

    pub(super) fn partial(&self) -> &Arc<Partial> {
        &self.partial
    }

    /// Says that `bytes` of the file came by another way.
    pub(super) fn advance(&self, bytes: u64) {
        self.task.advance(bytes);
    }

    /// Decodes, checks and writes the chunks of `parts`, which lie in `run`.
    pub(super) async fn write(&self, run: Run, parts: Vec<Part>) -> Result<(), FetchError> {
        let guard = Arc::clone(&self.writers).read_owned().await;
        let (partial, counted) = (Arc::clone(&self.partial), Arc::clone(&self.counted));
        let (length, outcome) = blocking(move || {
            let written = write(&partial, &counted, &run, &parts);
            // Whoever has the guard next may be the only one to have the file.
            drop(partial);
            drop(guard);
            written
        })
        .await?;
        self.task.advance(length);
        outcome
    }

    /// The partial file, once nobody writes any more.
    pub(super) async fn into_partial(self) -> Result<Partial, FetchError> {
        let _guard = self.writers.write().await;
        Arc::into_inner(self.partial).ok_or(FetchError::Stopped)
    }
}

/// Writes every chunk that is right. Gives how many bytes of the file are new, and the first chunk that is wrong.
fn write(
    partial: &Partial,
    counted: &[AtomicBool],
    run: &Run,
    parts: &[Part],
) -> (u64, Result<(), FetchError>) {
    let (mut length, mut outcome) = (0, Ok(()));
    let Ok(mut decoder) = Decoder::new() else { return (0, Err(FetchError::Stopped)) };
    for part in parts {
        let here = Part { offset: part.offset.saturating_sub(run.start), ..*part };
        let Some(stored) = here.of(&run.bytes) else { return (length, Err(FetchError::Stopped)) };
        match partial.put_stored(part.index, part.codec, stored, &mut decoder) {
            Ok(()) => {
                let seen = counted.get(part.index);
                let is_new = seen.is_some_and(|seen| !seen.swap(true, Ordering::Relaxed));
                let chunk = partial.recipe().chunks().get(part.index).filter(|_| is_new);
                length += chunk.map_or(0, |chunk| u64::from(chunk.length));
            }
            Err(error @ PartialError::Write { .. }) => return (length, Err(error.into())),
            Err(error) => {
                let offset = run.range_start.saturating_add(part.offset);
                let (pack, index, source) = (run.pack, part.index, Box::new(error));
                outcome = outcome.and(Err(FetchError::Chunk { pack, index, offset, source }));
            }
        }
    }
    (length, outcome)
}
