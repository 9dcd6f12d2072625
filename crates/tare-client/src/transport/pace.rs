//! How fast a place sends, and when that is too slow to stay with it.
//!
//! A place that sends one byte a second is never idle and never done. Where the same bytes can be had elsewhere, a
//! request is brisk: it gives up once the place, over all that is asked of it at the same time, brings less than
//! [`Settings::min_throughput`](super::Settings::min_throughput). Where they cannot, a slow line is better than none, and
//! only what would take for ever is given up. Only waiting counts: a reader that is busy with a slow disk does not make
//! its source slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts the bytes that one place has sent, over all requests.
#[derive(Debug, Default)]
pub(crate) struct Meter(AtomicU64);

impl Meter {
    /// The bytes so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// The watch over one answer.
#[derive(Debug)]
pub(super) struct Pace {
    meter: Arc<Meter>,
    window: Duration,
    /// The fewest bytes of one window.
    least: u64,
    /// How long this answer was waited for in the window.
    waited: Duration,
    /// What the meter showed when the window began.
    start: u64,
}

impl Pace {
    /// A place that sends to `meter` brings at least `min_throughput` bytes a second, looked at every `window`.
    pub(super) fn new(meter: Arc<Meter>, min_throughput: u64, window: Duration) -> Self {
        let least = window.as_millis().saturating_mul(u128::from(min_throughput)) / 1000;
        let (least, start) = (u64::try_from(least).unwrap_or(u64::MAX), meter.bytes());
        Self { meter, window, least, waited: Duration::ZERO, start }
    }

    /// How much longer may be waited before the next look.
    pub(super) fn left(&self) -> Duration {
        self.window.saturating_sub(self.waited)
    }

    /// Says that `bytes` came after `waited`. Whether the place is fast enough so far.
    pub(super) fn is_kept(&mut self, waited: Duration, bytes: u64) -> bool {
        self.meter.add(bytes);
        self.waited = self.waited.saturating_add(waited);
        if self.waited < self.window {
            return true;
        }
        let now = self.meter.bytes();
        let kept = now.saturating_sub(self.start) >= self.least;
        (self.waited, self.start) = (Duration::ZERO, now);
        kept
    }

    /// The window and the least bytes a second, for a message.
    pub(super) fn rule(&self) -> (u64, u64) {
        let seconds = self.window.as_secs().max(1);
        (self.least / seconds, seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(30);

    fn pace(meter: &Arc<Meter>) -> Pace {
        Pace::new(Arc::clone(meter), 64_000, WINDOW)
    }

    #[test]
    fn a_trickle_is_too_slow_once_the_window_is_over() {
        let mut pace = pace(&Arc::default());
        for _ in 0..29 {
            assert!(pace.is_kept(Duration::from_secs(1), 1));
        }
        assert!(!pace.is_kept(Duration::from_secs(1), 1));
    }

    #[test]
    fn every_window_is_looked_at_by_itself() {
        let mut pace = pace(&Arc::default());
        assert!(pace.is_kept(WINDOW, 100_000_000));
        assert_eq!(pace.left(), WINDOW);
        assert!(!pace.is_kept(WINDOW, 1_919_999));
        assert!(pace.is_kept(WINDOW, 1_920_000));
    }

    #[test]
    fn all_answers_of_a_place_count_together_and_no_time_without_waiting() {
        let meter = Arc::default();
        let (mut slow, mut fast) = (pace(&meter), pace(&meter));
        assert!(fast.is_kept(Duration::ZERO, 2_000_000));
        assert!(slow.is_kept(WINDOW, 1));
    }
}
