//! Points in time as a root document writes them: RFC 3339, UTC, whole seconds (spec/log.md W-26).

use std::fmt;
use std::str::FromStr;

use crate::decimal;

/// 9999-12-31T23:59:59Z.
const MAX_SECONDS: u64 = 253_402_300_799;
const DAY: u64 = 86_400;
/// Days of 400 years, after which the calendar repeats.
const DAYS_OF_ERA: u64 = 146_097;
/// From 0000-03-01, where eras begin, to 1970-01-01.
const DAYS_BEFORE_1970: u64 = 719_468;

/// Seconds since 1970, up to the end of the year 9999. Written `2028-05-22T00:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    seconds: u64,
}

/// The text or number is not such a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a time such as `2028-05-22T00:00:00Z`, from 1970 to 9999")]
pub struct TimeError;

impl Time {
    /// The time so many seconds after the beginning of 1970.
    ///
    /// # Errors
    /// When that is after the year 9999.
    pub const fn from_seconds(seconds: u64) -> Result<Self, TimeError> {
        if seconds > MAX_SECONDS { Err(TimeError) } else { Ok(Self { seconds }) }
    }

    /// Seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.seconds
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.seconds / DAY);
        let (hour, minute, second) =
            (self.seconds / 3600 % 24, self.seconds / 60 % 60, self.seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl FromStr for Time {
    type Err = TimeError;

    /// Reads exactly what [`Display`](fmt::Display) writes: no offset, no fraction, no leap second.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        // Each number is wrong in some texts and right in others; that the result prints as this text settles them all.
        let number = |range| {
            let digits: &str = text.get::<std::ops::Range<usize>>(range).ok_or(TimeError)?;
            let trimmed = digits.trim_start_matches('0');
            decimal::parse(if trimmed.is_empty() { "0" } else { trimmed }).ok_or(TimeError)
        };
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        let days = days(year, month, day).ok_or(TimeError)?;
        let time = Self::from_seconds(days * DAY + hour * 3600 + minute * 60 + second)?;
        if time.to_string() == text { Ok(time) } else { Err(TimeError) }
    }
}

/// Year, month and day of a day after 1970-01-01. Years begin in March here, so that leap days come last.
const fn date(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_BEFORE_1970;
    let (era, day) = (days / DAYS_OF_ERA, days % DAYS_OF_ERA);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = year + era * 400;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

/// Days from 1970-01-01 to a date, if it is not before. Dates that do not exist give some other day.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) = match month {
        3..=12 => (year, month - 3),
        1 | 2 => (year.checked_sub(1)?, month + 9),
        _ => return None,
    };
    let of_year = (153 * month + 2) / 5 + day.checked_sub(1)?;
    let (era, year) = (year / 400, year % 400);
    let of_era = 365 * year + year / 4 - year / 100 + of_year;
    (era * DAYS_OF_ERA + of_era).checked_sub(DAYS_BEFORE_1970)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_times_are_read() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2023-11-14T22:13:20Z", 1_700_000_000),
            ("2028-05-22T00:00:00Z", 1_842_566_400),
            ("9999-12-31T23:59:59Z", MAX_SECONDS),
        ] {
            assert_eq!(text.parse::<Time>().map(Time::seconds), Ok(seconds), "{text}");
            assert_eq!(Time::from_seconds(seconds).unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in [
            "",
            "2028-05-22",
            "2028-05-22T00:00:00",
            "2028-05-22T00:00:00z",
            "2028-05-22 00:00:00Z",
            "2028-05-22T00:00:00+00:00",
            "2028-05-22T00:00:00.0Z",
            "2028-05-22T24:00:00Z",
            "2028-05-22T23:59:60Z",
            "2028-02-30T00:00:00Z",
            "2027-02-29T00:00:00Z",
            "2028-00-01T00:00:00Z",
            "2028-13-01T00:00:00Z",
            "2028-01-00T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "10000-01-01T00:00:00Z",
            "+028-05-22T00:00:00Z",
            "2028-05-22T00:00:0äZ",
        ] {
            assert_eq!(bad.parse::<Time>(), Err(TimeError), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_second_is_read_back(seconds in 0..=MAX_SECONDS) {
            let time = Time::from_seconds(seconds).unwrap();
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }
    }
}
