//! One place that serves a registry, and what was seen of it since the program began.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use url::Url;

use crate::transport::Meter;

/// How much the newest measurement counts, against all before it.
const NEWEST: f64 = 0.3;
/// Fewer bytes than this tell more of the distance than of the throughput.
const LEAST_MEASURED: u64 = 64 << 10;

/// A mirror or the origin. Shared by everything that reads from it; each field guards itself.
#[derive(Debug)]
pub(crate) struct Site {
    base: Url,
    /// Its place in the order that the user gave. Those of one rank are equals.
    rank: usize,
    ban: Mutex<Option<Ban>>,
    /// Whether something that changes was not as it should be there now.
    is_behind: AtomicBool,
    /// How often in a row it failed to answer.
    failures: AtomicU32,
    /// Bytes a second, averaged; 0 until something was measured.
    throughput: Mutex<f64>,
    meter: Arc<Meter>,
    /// Whether it answers with whole packs, whichever part is asked for.
    whole_packs: AtomicBool,
    /// Whether it was asked which registry it is of.
    identified: AtomicBool,
}

/// Why a site is not asked any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ban {
    /// It sent wrong bytes.
    WrongBytes,
    /// It serves another registry.
    Foreign,
}

impl Site {
    pub(super) fn new(base: Url, rank: usize) -> Self {
        Self {
            base,
            rank,
            ban: Mutex::default(),
            is_behind: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            throughput: Mutex::default(),
            meter: Arc::default(),
            whole_packs: AtomicBool::new(false),
            identified: AtomicBool::new(false),
        }
    }

    /// Where it is; the path ends in `/`.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// Counts what it sends.
    pub(crate) fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.meter)
    }

    /// Whether it sent wrong bytes, or is of another registry.
    pub(crate) fn is_banned(&self) -> bool {
        self.ban().is_some()
    }

    /// Whether it serves another registry.
    pub(super) fn is_foreign(&self) -> bool {
        *self.ban() == Some(Ban::Foreign)
    }

    /// Bans it; whether it was not banned before.
    pub(super) fn ban_for(&self, is_foreign: bool) -> bool {
        let ban = if is_foreign { Ban::Foreign } else { Ban::WrongBytes };
        let mut kept = self.ban();
        let is_new = kept.is_none();
        *kept = (*kept).max(Some(ban));
        is_new
    }

    /// Remembers that something that changes is old or wrong there; whether that is new.
    pub(super) fn fell_behind(&self) -> bool {
        !self.is_behind.swap(true, Ordering::Relaxed)
    }

    /// Remembers that it did not answer.
    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Remembers that it sent `bytes` that are right, in `time`.
    pub(crate) fn served(&self, bytes: u64, time: Duration) {
        self.failures.store(0, Ordering::Relaxed);
        if bytes < LEAST_MEASURED || time.is_zero() {
            return;
        }
        let measured = bytes as f64 / time.as_secs_f64();
        let mut average = self.throughput.lock().unwrap_or_else(PoisonError::into_inner);
        *average = if *average > 0.0 {
            NEWEST.mul_add(measured, (1.0 - NEWEST) * *average)
        } else {
            measured
        };
    }

    /// Whether nobody has yet asked it which registry it is of. The first who wants to know gets `true`.
    pub(crate) fn is_unidentified(&self) -> bool {
        !self.identified.swap(true, Ordering::Relaxed)
    }

    /// Whether it answers with whole packs, whichever part is asked for.
    pub(crate) fn has_whole_packs(&self) -> bool {
        self.whole_packs.load(Ordering::Relaxed)
    }

    /// Remembers that it does.
    pub(crate) fn sends_whole_packs(&self) {
        self.whole_packs.store(true, Ordering::Relaxed);
    }

    /// The order in which places are asked: those that are not banned, for something that changes those that are not
    /// behind, those that answer, as the user ordered them, and among equals the fastest.
    pub(super) fn order(&self, changes: bool) -> (bool, bool, u32, usize, Reverse<u64>) {
        let average = *self.throughput.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = self.failures.load(Ordering::Relaxed);
        let is_behind = changes && self.is_behind.load(Ordering::Relaxed);
        // More bytes a second than 64 bits can count are as good as that many.
        (self.is_banned(), is_behind, failures, self.rank, Reverse(average as u64))
    }

    fn ban(&self) -> std::sync::MutexGuard<'_, Option<Ban>> {
        self.ban.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
