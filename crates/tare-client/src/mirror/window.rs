//! The hours in which a mirror may use the network: `01:00-06:00`, in UTC.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

const DAY_MINUTES: u32 = 24 * 60;

/// A text that is no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a window: write as `01:00-06:00`, in UTC")]
pub struct WindowError {
    found: String,
}

/// A part of each day. One that ends before it begins goes over midnight; one that ends when it begins is the whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    /// Minutes after midnight.
    from: u32,
    /// Minutes after midnight; the window ends before it.
    to: u32,
}

impl Window {
    /// How long it takes until the window is open; nothing when it is.
    #[must_use]
    pub fn opens_in(self, now: Timestamp) -> Duration {
        let time = TimeZone::UTC.to_datetime(now).time();
        let (hour, minute) = (time.hour().unsigned_abs(), time.minute().unsigned_abs());
        let at = u32::from(hour) * 60 + u32::from(minute);
        let since = (at + DAY_MINUTES - self.from) % DAY_MINUTES;
        let length = (self.to + DAY_MINUTES - self.from) % DAY_MINUTES;
        if length == 0 || since < length {
            return Duration::ZERO;
        }
        let seconds = u64::from(DAY_MINUTES - since) * 60;
        Duration::from_secs(seconds.saturating_sub(u64::from(time.second().unsigned_abs())))
    }
}

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        let fail = || WindowError { found: text.chars().take(40).collect() };
        let (from, to) = text.trim().split_once('-').ok_or_else(fail)?;
        let minutes = |text: &str| minutes(text.trim());
        Ok(Self { from: minutes(from).ok_or_else(fail)?, to: minutes(to).ok_or_else(fail)? })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

impl TryFrom<String> for Window {
    type Error = WindowError;

    fn try_from(text: String) -> Result<Self, WindowError> {
        text.parse()
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}

/// Minutes after midnight of `hh:mm`.
fn minutes(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, below: u32| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u32>().ok().filter(|number| digits && *number < below)
    };
    Some(number(hour, 24)? * 60 + number(minute, 60)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opens(window: &str, time: &str) -> u64 {
        let window: Window = window.parse().unwrap();
        window.opens_in(format!("2026-11-25T{time}Z").parse().unwrap()).as_secs()
    }

    #[test]
    fn a_window_is_open_from_its_first_minute_to_before_its_last() {
        assert_eq!(opens("01:00-06:00", "01:00:00"), 0);
        assert_eq!(opens("01:00-06:00", "05:59:59"), 0);
        assert_eq!(opens("01:00-06:00", "06:00:00"), 19 * 3600);
        assert_eq!(opens("01:00-06:00", "00:59:30"), 30);
    }

    #[test]
    fn a_window_may_go_over_midnight_or_be_the_whole_day() {
        assert_eq!((opens("22:30-05:00", "23:00:00"), opens("22:30-05:00", "04:59:59")), (0, 0));
        assert_eq!(opens("22:30-05:00", "12:30:00"), 10 * 3600);
        assert_eq!(opens("00:00-00:00", "12:30:00"), 0);
    }

    #[test]
    fn only_hours_and_minutes_are_a_window() {
        for bad in ["", "1-6", "01:00", "01:00-24:00", "01:60-02:00", "1:00-06:00", "01:00-06:00-"]
        {
            assert!(bad.parse::<Window>().is_err(), "{bad}");
        }
        assert_eq!(" 01:05 - 23:59 ".parse::<Window>().unwrap().to_string(), "01:05-23:59");
    }
}
