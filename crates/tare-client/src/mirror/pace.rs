//! How fast, how much and when: the limits that an operator puts on a run.
//!
//! What a connection brought is paid for afterwards, by waiting: TCP then slows the other side down. So a rate holds
//! over seconds and not over each packet.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::amount::{ByteSize, Rate};
use super::window::Window;

/// How far ahead of the rate a run may be after it stood still.
const BURST: Duration = Duration::from_millis(250);

/// The limits of one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes a second at most.
    pub rate: Option<Rate>,
    /// In which hours.
    pub window: Option<Window>,
    /// How many bytes of contents a run fetches at most.
    pub max_bytes: Option<ByteSize>,
    /// How many connections at a time; 4 when nobody says.
    pub max_connections: Option<u8>,
}

/// Why a run goes no further for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It has fetched what one run may fetch.
    Budget,
    /// The window has closed.
    Window,
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Budget => "this run has fetched as much as one run may",
            Self::Window => "the window in which it may use the network is closed",
        })
    }
}

/// Keeps one run within its limits. Shared by all its connections.
#[derive(Debug)]
pub struct Pace {
    limits: Limits,
    /// The time by which everything that came so far is paid for. Held for no await.
    paid_until: Mutex<Option<Instant>>,
    fetched: AtomicU64,
}

impl Pace {
    /// A run that begins now.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, paid_until: Mutex::default(), fetched: AtomicU64::new(0) }
    }

    /// How many connections at a time.
    #[must_use]
    pub fn connections(&self) -> usize {
        usize::from(self.limits.max_connections.unwrap_or(4)).max(1)
    }

    /// How many bytes came so far.
    #[must_use]
    pub fn fetched(&self) -> u64 {
        self.fetched.load(Ordering::Relaxed)
    }

    /// Whether anything more may be fetched at `now`, and why not.
    ///
    /// # Errors
    /// With the limit that is reached.
    pub fn check(&self, now: Timestamp) -> Result<(), Stop> {
        if self.limits.window.is_some_and(|window| !window.opens_in(now).is_zero()) {
            return Err(Stop::Window);
        }
        match self.limits.max_bytes {
            Some(ByteSize(most)) if self.fetched() >= most => Err(Stop::Budget),
            _ => Ok(()),
        }
    }

    /// Counts `bytes` that came, and waits as long as they were too early.
    pub async fn pay(&self, bytes: u64) {
        self.fetched.fetch_add(bytes, Ordering::Relaxed);
        let wait = self.debt(bytes, Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// How long to wait after `bytes` came at `now`.
    fn debt(&self, bytes: u64, now: Instant) -> Duration {
        let Some(rate) = self.limits.rate else { return Duration::ZERO };
        let cost = Duration::from_nanos(
            u64::try_from(u128::from(bytes) * 1_000_000_000 / u128::from(rate.bytes_per_second()))
                .unwrap_or(u64::MAX),
        );
        let mut paid = self.paid_until.lock().unwrap_or_else(PoisonError::into_inner);
        // Time that nobody used is not saved up, or a night of silence would end in a flood.
        let start = paid.unwrap_or(now).max(now.checked_sub(BURST).unwrap_or(now));
        let until = start.checked_add(cost).unwrap_or(start);
        *paid = Some(until);
        until.saturating_duration_since(now)
    }
}

/// A little more or less than `seconds`, so that not all mirrors come at once.
#[must_use]
pub fn about(seconds: u32) -> Duration {
    let mut random = [0; 2];
    // Without randomness all mirrors come at once, which is no reason to stop.
    let _ = getrandom::fill(&mut random);
    let share = f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX);
    Duration::from_secs_f64(f64::from(seconds.max(1)) * (0.9 + 0.2 * share))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rate: &str) -> Pace {
        Pace::new(Limits { rate: Some(rate.parse().unwrap()), ..Limits::default() })
    }

    #[test]
    fn what_comes_too_early_is_waited_for() {
        let (pace, start) = (at("1MB/s"), Instant::now());
        assert_eq!(pace.debt(500_000, start), Duration::from_millis(500));
        assert_eq!(pace.debt(500_000, start), Duration::from_secs(1));
        let later = start + Duration::from_millis(900);
        assert_eq!(pace.debt(100_000, later), Duration::from_millis(200));
    }

    #[test]
    fn silence_is_not_saved_up() {
        let (pace, start) = (at("1MB/s"), Instant::now());
        pace.debt(1_000_000, start);
        let much_later = start + Duration::from_secs(3_600);
        assert_eq!(pace.debt(1_000_000, much_later), Duration::from_secs(1) - BURST);
    }

    #[test]
    fn several_connections_share_one_rate() {
        let (pace, start) = (at("1MB/s"), Instant::now());
        let waits: Vec<_> = (0..30).map(|_| pace.debt(100_000, start)).collect();
        assert_eq!(waits.last(), Some(&Duration::from_secs(3)));
    }

    #[tokio::test]
    async fn a_run_ends_at_its_budget_and_outside_its_window() {
        let max_bytes = Some(ByteSize(10));
        let window = Some("01:00-02:00".parse().unwrap());
        let pace = Pace::new(Limits { max_bytes, window, ..Limits::default() });
        let time = |text: &str| format!("2026-11-25T{text}Z").parse().unwrap();
        assert_eq!(pace.check(time("00:59:59")), Err(Stop::Window));
        assert_eq!(pace.check(time("01:00:00")), Ok(()));
        pace.pay(10).await;
        assert_eq!(pace.check(time("01:00:00")), Err(Stop::Budget));
    }

    #[test]
    fn no_rate_is_no_wait_and_a_huge_body_does_not_overflow() {
        assert_eq!(Pace::new(Limits::default()).debt(u64::MAX, Instant::now()), Duration::ZERO);
        assert!(at("1B/s").debt(u64::MAX, Instant::now()) > Duration::from_secs(1));
    }
}
