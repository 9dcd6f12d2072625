//! Lengths of time as a root document writes them (spec/log.md W-26).

use std::fmt;
use std::str::FromStr;

use crate::decimal;

/// The longest: ten years.
const MAX_HOURS: u64 = 10 * 366 * 24;

/// Whole hours, at least one. Written `36h`, or `14d` when they are whole days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    hours: u64,
}

/// The text is not a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a length of time in hours or whole days: `36h` or `14d`, at most ten years")]
pub struct SpanError;

impl Span {
    /// So many hours.
    ///
    /// # Errors
    /// When it is none, or more than ten years.
    pub const fn hours(hours: u64) -> Result<Self, SpanError> {
        if hours == 0 || hours > MAX_HOURS { Err(SpanError) } else { Ok(Self { hours }) }
    }

    /// How many seconds it has.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.hours * 3600
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.hours.is_multiple_of(24) {
            write!(f, "{}d", self.hours / 24)
        } else {
            write!(f, "{}h", self.hours)
        }
    }
}

impl FromStr for Span {
    type Err = SpanError;

    /// Reads exactly what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, SpanError> {
        let (number, unit) = match (text.strip_suffix('h'), text.strip_suffix('d')) {
            (Some(number), _) => (number, 1),
            (_, Some(number)) => (number, 24),
            _ => return Err(SpanError),
        };
        let hours = decimal::parse(number).and_then(|n| n.checked_mul(unit)).ok_or(SpanError)?;
        let span = Self::hours(hours)?;
        if span.to_string() == text { Ok(span) } else { Err(SpanError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_span_has_one_text() {
        for good in ["1h", "36h", "1d", "14d", "3660d"] {
            assert_eq!(good.parse::<Span>().unwrap().to_string(), good);
        }
        assert_eq!("36h".parse::<Span>().unwrap().seconds(), 129_600);
        for bad in
            ["", "h", "0h", "24h", "01d", "-1h", "1w", "36", "1 h", "3661d", "9999999999999999999d"]
        {
            assert_eq!(bad.parse::<Span>(), Err(SpanError), "{bad}");
        }
    }
}
