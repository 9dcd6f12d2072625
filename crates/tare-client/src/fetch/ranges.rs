//! Ranges of packs: several at a time from one place, each taken apart into chunks as it comes.
//!
//! What comes is written chunk by chunk, so a place can be left at any time and another one goes on with the chunks that
//! are missing. When only the last range of a file is on its way and takes long, another place is asked for it as well,
//! and whoever has it first is believed as much as anybody: each chunk is checked.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Buf as _, BytesMut};
use futures::StreamExt as _;
use futures::future::{Either, select};
use futures::stream::FuturesUnordered;
use tare_format::Blake3;
use tare_store::assemble::{Fetch, Part, fetches};
use tokio::time::Instant;

use super::filling::{Filling, Run};
use super::whole::WholePack;
use super::{FetchError, Fetcher, RANGES_AT_A_TIME};
use crate::registry::{Fault as _, PackRange, RegistryClient, Turn, Verdict};

/// How often a range whose connection broke is asked for again without anything new having come.
const ATTEMPTS: u32 = 5;
/// Chunks are decoded once so many stored bytes have come, so that small ones do not each cost a change of thread.
const BATCH: usize = 1 << 20;

/// One place, and the file that is filled from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Supply<'f> {
    pub(super) fetcher: &'f Fetcher<'f>,
    pub(super) filling: &'f Filling<'f>,
    pub(super) recipe: Blake3,
    pub(super) turn: &'f Turn,
}

type Outcome = Option<Result<(), FetchError>>;

impl Supply<'_> {
    /// Brings every chunk that is missing, several ranges at a time. After a failure no new one is begun, and those on
    /// their way bring what they can.
    pub(super) async fn bring(self) -> Result<(), FetchError> {
        let mut waiting = self.wanted().await?.into_iter();
        let is_stopped = AtomicBool::new(false);
        let one = async |fetch: Fetch| {
            let permit = self.fetcher.permits.acquire().await;
            // The semaphore is never closed.
            let _permit = permit.map_err(|_| FetchError::Stopped)?;
            if is_stopped.load(Ordering::Relaxed) { Ok(()) } else { self.range(fetch).await }
        };
        let mut running = FuturesUnordered::new();
        let mut failure: Option<FetchError> = None;
        loop {
            while failure.is_none()
                && running.len() < RANGES_AT_A_TIME
                && let Some(fetch) = waiting.next()
            {
                running.push(one(fetch));
            }
            let is_last = running.len() == 1 && failure.is_none() && self.turn.is_brisk;
            let next = running.next();
            match if is_last { self.hedged(next).await } else { next.await } {
                None => return failure.map_or(Ok(()), Err),
                Some(Ok(())) => {}
                Some(Err(error)) if error.is_local() => return Err(error),
                Some(Err(error)) => {
                    is_stopped.store(true, Ordering::Relaxed);
                    failure = Some(worse(failure, error));
                }
            }
        }
    }

    /// The ranges that have the chunks that are missing. A location is a place's own, and tells nothing of the packs of
    /// another.
    async fn wanted(self) -> Result<Vec<Fetch>, FetchError> {
        let location = self.registry().location_of(self.turn, &self.recipe).await?;
        let partial = self.filling.partial();
        let wanted = fetches(partial.recipe(), &location, &partial.missing());
        wanted.map_err(|source| FetchError::Location { source: Box::new(source) })
    }

    /// Waits for the last range, and after a while asks another place for it too. None when that place was faster.
    async fn hedged(self, last: impl Future<Output = Outcome>) -> Outcome {
        let mut last = pin!(last);
        let after = self.registry().transport().settings().hedge_after;
        if let Ok(done) = tokio::time::timeout(after, &mut last).await {
            return done;
        }
        let (sources, progress) = (self.registry().sources(), self.fetcher.source.progress());
        let (Some(site), Ok(_permit)) =
            (sources.other_than(&self.turn.site), self.fetcher.hedges.try_acquire())
        else {
            return last.await;
        };
        progress.detail(&format!("{} is asked for the last part too", site.base()));
        let turn = Turn { site, is_brisk: true };
        let help = pin!(Supply { turn: &turn, ..self }.bring_in_order());
        match select(last, help).await {
            Either::Left((done, _)) => done,
            Either::Right((Ok(()), _)) => {
                self.turn.site.failed();
                None
            }
            Either::Right((Err(error), last)) => {
                sources.blame(&turn.site, false, &error, progress);
                last.await
            }
        }
    }

    /// Brings every chunk that is missing, one range after another.
    async fn bring_in_order(self) -> Result<(), FetchError> {
        for fetch in self.wanted().await? {
            self.range(fetch).await?;
        }
        Ok(())
    }

    /// Fetches one range. With nobody else to ask, a broken connection is resumed at the first chunk that has not come.
    async fn range(self, fetch: Fetch) -> Result<(), FetchError> {
        let mut rest = Rest { fetch, done: 0 };
        let mut failures = 0;
        loop {
            let (before, begin) = (rest.start(), Instant::now());
            let outcome = self.stream(&mut rest).await;
            let came = rest.start().saturating_sub(before);
            failures = if came > 0 || rest.is_done() { 1 } else { failures + 1 };
            match outcome {
                Err(error)
                    if !self.turn.is_brisk
                        && failures < ATTEMPTS
                        && error.verdict() == Verdict::Passing =>
                {
                    let first = self.registry().transport().settings().first_delay;
                    let delay = first * 2_u32.saturating_pow(failures);
                    let why = format!("a download broke off and goes on in {delay:?}: {error}");
                    self.fetcher.source.progress().detail(&why);
                    tokio::time::sleep(delay).await;
                }
                Ok(()) => {
                    let length = rest.fetch.range.end.saturating_sub(rest.fetch.range.start);
                    self.turn.site.served(length.saturating_sub(before), begin.elapsed());
                    return Ok(());
                }
                outcome => return outcome,
            }
        }
    }

    /// Reads one answer and writes its chunks.
    async fn stream(self, rest: &mut Rest) -> Result<(), FetchError> {
        if self.turn.site.has_whole_packs() {
            return self.take_from_whole(rest, None).await;
        }
        let from = rest.fetch.range.start.saturating_add(rest.start());
        let range = from..rest.fetch.range.end;
        let mut answer = self.registry().pack_range(self.turn, &rest.fetch.pack, range).await?;
        if answer.is_whole() {
            self.turn.site.sends_whole_packs();
            return self.take_from_whole(rest, Some(answer)).await;
        }
        self.take_apart(rest, &mut answer).await
    }

    /// Writes chunks as they become whole. Only what belongs to chunks that are not whole yet is held in memory.
    async fn take_apart(self, rest: &mut Rest, answer: &mut PackRange) -> Result<(), FetchError> {
        // Where in the range `bytes` begin, and how many of them were looked at in vain.
        let (mut start, mut seen) = (rest.start(), 0);
        let mut bytes = BytesMut::new();
        while !rest.is_done() {
            let came = answer.chunk().await;
            // What came before a failure is as good as ever.
            let (came, failure) =
                came.map_or_else(|error| (None, Some(error)), |came| (came, None));
            let is_end = came.is_none();
            bytes.extend_from_slice(&came.unwrap_or_default());
            if !is_end && bytes.len().saturating_sub(seen) < BATCH {
                continue;
            }
            let parts = rest.ready(start.saturating_add(bytes.len() as u64));
            let count = parts.len();
            if count > 0 {
                // The buffer is only borrowed by the other thread: freezing and taking it back copies nothing.
                let shared = bytes.freeze();
                let (pack, range_start) = (rest.fetch.pack, rest.fetch.range.start);
                let run = Run { pack, range_start, start, bytes: shared.clone() };
                self.filling.write(run, parts).await?;
                bytes = shared.try_into_mut().unwrap_or_else(BytesMut::from);
            }
            rest.done += count;
            let passed = usize::try_from(rest.start().saturating_sub(start)).unwrap_or(usize::MAX);
            let passed = passed.min(bytes.len());
            bytes.advance(passed);
            start = start.saturating_add(passed as u64);
            seen = bytes.len();
            if let Some(failure) = failure {
                return Err(failure.into());
            }
            if is_end {
                break;
            }
        }
        Ok(())
    }

    /// Takes the range out of the whole pack, which `answer` brings if it is not here yet.
    async fn take_from_whole(
        self,
        rest: &mut Rest,
        answer: Option<PackRange>,
    ) -> Result<(), FetchError> {
        let (pack, range) = (rest.fetch.pack, rest.fetch.range.clone());
        let cell = self.fetcher.whole_packs.cell(&pack);
        let receive = async || {
            let answer = match answer {
                Some(answer) => answer,
                None => self.registry().whole_pack(self.turn, &pack).await?,
            };
            let received = WholePack::receive(&self.fetcher.store, &pack, answer).await;
            received.map(std::sync::Arc::new)
        };
        let whole = cell.get_or_try_init(receive).await?;
        let bytes = whole.read(&pack, range.clone()).await?;
        let parts = rest.ready(bytes.len() as u64);
        rest.done += parts.len();
        let run = Run { pack, range_start: range.start, start: 0, bytes };
        self.filling.write(run, parts).await
    }

    fn registry(&self) -> &RegistryClient {
        self.fetcher.source.registry()
    }
}

/// The failure that says more of a place.
fn worse(one: Option<FetchError>, other: FetchError) -> FetchError {
    match one {
        Some(one) if one.verdict() >= other.verdict() => one,
        _ => other,
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
