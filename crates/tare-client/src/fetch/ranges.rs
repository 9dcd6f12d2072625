//! Ranges of packs: several at a time, each taken apart into chunks as it comes.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use futures::{StreamExt as _, TryStreamExt as _};
use tare_format::Blake3;
use tare_store::assemble::{Fetch, Part};
use tare_store::codec::Decoder;
use tare_store::partial::{Partial, PartialError};
use tokio::sync::Semaphore;

use super::{FetchError, blocking};
use crate::event::Task;
use crate::registry::RegistryError;
use crate::source::Source;
use crate::transport::TransportError;

/// How often a range whose connection broke is asked for again without anything new having come.
const ATTEMPTS: u32 = 5;
/// Chunks are decoded once so many stored bytes have come, so that small ones do not each cost a change of thread.
const BATCH: usize = 1 << 20;

/// Fetches everything of `wanted` into `partial`.
pub(super) async fn fetch_all(
    source: &Source<'_>,
    permits: &Semaphore,
    partial: &Arc<Partial>,
    wanted: Vec<Fetch>,
    task: &Task,
) -> Result<(), FetchError> {
    let one = async |fetch: Fetch| {
        // The semaphore is never closed.
        let _permit = permits.acquire().await.map_err(|_| FetchError::Stopped)?;
        fetch_range(source, partial, fetch, task).await
    };
    let most = permits.available_permits().max(1);
    futures::stream::iter(wanted).map(one).buffer_unordered(most).try_collect().await
}

/// Fetches one range; a broken connection is resumed at the first chunk that has not come.
async fn fetch_range(
    source: &Source<'_>,
    partial: &Arc<Partial>,
    fetch: Fetch,
    task: &Task,
) -> Result<(), FetchError> {
    let mut rest = Rest { fetch, done: 0 };
    let mut failures = 0;
    loop {
        let before = rest.done;
        let outcome = stream(source, partial, &mut rest, task).await;
        failures = if rest.done > before { 1 } else { failures + 1 };
        match outcome {
            Err(FetchError::Registry(error)) if is_passing(&error) && failures < ATTEMPTS => {
                let delay = Duration::from_millis(200) * 2_u32.saturating_pow(failures);
                source
                    .progress()
                    .detail(&format!("a download broke off and goes on in {delay:?}: {error}"));
                tokio::time::sleep(delay).await;
            }
            outcome => return outcome,
        }
    }
}

/// What of a range is still to come.
struct Rest {
    fetch: Fetch,
    /// How many of its parts are written. They are in the order of their offsets.
    done: usize,
}

impl Rest {
    /// The offset, within the range, of the first part that is not written.
    fn start(&self) -> u64 {
        self.fetch.parts.get(self.done).map_or(0, |part| part.offset)
    }

    /// The parts that are whole once `length` bytes of the range, counted from its start, are there.
    fn ready(&self, length: u64) -> Vec<Part> {
        let parts = self.fetch.parts.iter().skip(self.done);
        let end = |part: &&Part| part.offset.saturating_add(u64::from(part.stored_length));
        parts.take_while(|part| end(part) <= length).copied().collect()
    }

    fn is_done(&self) -> bool {
        self.done >= self.fetch.parts.len()
    }
}

/// Reads one answer and writes its chunks as they become whole. Only what belongs to chunks that are not whole yet is
/// held in memory.
async fn stream(
    source: &Source<'_>,
    partial: &Arc<Partial>,
    rest: &mut Rest,
    task: &Task,
) -> Result<(), FetchError> {
    let (pack, pack_start) = (rest.fetch.pack, rest.fetch.range.start);
    // Where in the range `bytes` begin, and how many of them were looked at in vain.
    let (mut start, mut seen) = (rest.start(), 0);
    let from = pack_start.saturating_add(start);
    let mut answer = source.registry().pack_range(&pack, from..rest.fetch.range.end).await?;
    let mut bytes = BytesMut::new();
    while !rest.is_done() {
        let came = answer.chunk().await?;
        let is_end = came.is_none();
        bytes.extend_from_slice(&came.unwrap_or_default());
        if !is_end && bytes.len().saturating_sub(seen) < BATCH {
            continue;
        }
        let parts = rest.ready(start.saturating_add(bytes.len() as u64));
        if parts.is_empty() && is_end {
            break;
        }
        // The buffer is only borrowed by the other thread: freezing and taking it back copies nothing.
        let shared = bytes.freeze();
        let place = Place { pack, pack_start, start, bytes: shared.clone() };
        let (writer, count) = (Arc::clone(partial), parts.len());
        let length = blocking(move || write(&writer, &place, &parts)).await??;
        bytes = shared.try_into_mut().unwrap_or_else(BytesMut::from);
        rest.done += count;
        task.advance(length);
        let passed = usize::try_from(rest.start().saturating_sub(start)).unwrap_or(usize::MAX);
        let passed = passed.min(bytes.len());
        bytes.advance(passed);
        start = start.saturating_add(passed as u64);
        seen = bytes.len();
    }
    Ok(())
}

/// Where a run of bytes comes from.
struct Place {
    pack: Blake3,
    /// The first byte of the range in the pack.
    pack_start: u64,
    /// The first byte of `bytes` in the range.
    start: u64,
    bytes: Bytes,
}

/// Decodes, checks and writes chunks. Gives how many bytes of the file they are.
fn write(partial: &Partial, place: &Place, parts: &[Part]) -> Result<u64, FetchError> {
    let wrong = |part: &Part, source| FetchError::Chunk {
        pack: place.pack,
        index: part.index,
        offset: place.pack_start.saturating_add(part.offset),
        source: Box::new(source),
    };
    let mut decoder = Decoder::new().map_err(|_| FetchError::Stopped)?;
    let mut length = 0;
    for part in parts {
        let here = Part { offset: part.offset.saturating_sub(place.start), ..*part };
        let stored = here.of(&place.bytes).ok_or(FetchError::Stopped)?;
        match partial.put_stored(part.index, part.codec, stored, &mut decoder) {
            Err(error @ PartialError::Write { .. }) => return Err(error.into()),
            outcome => outcome.map_err(|error| wrong(part, error))?,
        }
        let chunk = partial.recipe().chunks().get(part.index);
        length += chunk.map_or(0, |chunk| u64::from(chunk.length));
    }
    Ok(length)
}

/// Whether the connection broke, rather than brought something wrong.
fn is_passing(error: &RegistryError) -> bool {
    use TransportError::{Broken, Connect, Idle};
    matches!(error, RegistryError::Transport(Broken { .. } | Connect { .. } | Idle { .. }))
}

#[cfg(test)]
mod tests {
    use tare_format::pack::Codec;

    use super::*;

    /// A range with parts of these offsets and lengths.
    fn rest(parts: &[(u64, u32)]) -> Rest {
        let part = |(index, (offset, stored_length)): (usize, &(u64, u32))| Part {
            index,
            offset: *offset,
            stored_length: *stored_length,
            codec: Codec::Raw,
        };
        let parts = parts.iter().enumerate().map(part).collect();
        Rest { fetch: Fetch { pack: Blake3::of(b"pack"), range: 100..200, parts }, done: 0 }
    }

    fn ready(rest: &Rest, length: u64) -> Vec<usize> {
        rest.ready(length).iter().map(|part| part.index).collect()
    }

    #[test]
    fn a_part_is_ready_when_all_of_it_has_come() {
        let mut rest = rest(&[(0, 10), (10, 20), (50, 5)]);
        assert_eq!(ready(&rest, 9), [] as [usize; 0]);
        assert_eq!(ready(&rest, 30), [0, 1]);
        rest.done = 2;
        assert_eq!((rest.start(), ready(&rest, 54), ready(&rest, 55)), (50, vec![], vec![2]));
        rest.done = 3;
        assert!(rest.is_done());
    }

    #[test]
    fn parts_that_overlap_wait_for_the_longest_before_them() {
        let rest = rest(&[(0, 40), (0, 10), (5, 5)]);
        assert_eq!(ready(&rest, 39), [] as [usize; 0]);
        assert_eq!(ready(&rest, 40), [0, 1, 2]);
    }
}
