//! Which outcomes are worth another attempt, and when.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::{Fetched, Response, TransportError};

/// The longest pause, also when a registry asks for a longer one.
const MAX_DELAY: Duration = Duration::from_secs(60);

/// The head of an answer.
pub(super) trait Answer {
    fn status(&self) -> u16;
    fn headers(&self) -> &HeaderMap;
}

impl Answer for Response {
    fn status(&self) -> u16 {
        self.status()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }
}

impl Answer for Fetched {
    fn status(&self) -> u16 {
        self.status
    }

    fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

/// The attempts that are left for one request.
pub(super) struct Retry {
    left: u32,
    next: Duration,
}

impl Retry {
    pub(super) fn new(attempts: u32, first_delay: Duration) -> Self {
        Self { left: attempts.saturating_sub(1), next: first_delay }
    }

    /// How long to wait before the next attempt; `None` when the outcome stands.
    pub(super) fn delay<T: Answer>(
        &mut self,
        outcome: &Result<T, TransportError>,
    ) -> Option<Duration> {
        let asked = match outcome {
            Ok(answer) if is_passing(answer.status()) => seconds_asked_for(answer.headers()),
            Err(error) if error.is_passing() => None,
            _ => return None,
        };
        self.left = self.left.checked_sub(1)?;
        let own = self.next + self.next.mul_f64(jitter());
        self.next *= 2;
        Some(asked.unwrap_or(own).min(MAX_DELAY))
    }
}

/// 501 and 507 do not pass by themselves.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

fn seconds_asked_for(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// 0 to 1, so that clients that failed together do not come back together.
fn jitter() -> f64 {
    let mut byte = [0];
    // Without randomness there is no jitter, which is no reason to fail.
    let _ = getrandom::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}
