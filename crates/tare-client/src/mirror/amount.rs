//! Sizes, rates and ages as an operator writes them: `2TB`, `20MB/s`, `180d`.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// The units of a size, each with its number of bytes; the decimal ones first, because those are written back.
const UNITS: [(&str, u64); 9] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];
/// The units of an age, each with its number of seconds.
const AGES: [(&str, i64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// A text that is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not {expected}")]
pub struct AmountError {
    found: String,
    expected: &'static str,
}

impl AmountError {
    fn new(found: &str, expected: &'static str) -> Self {
        Self { found: found.chars().take(40).collect(), expected }
    }
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ByteSize(pub u64);

/// A number of bytes a second, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate(u64);

/// How old something may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Age(SignedDuration);

impl Rate {
    /// Bytes a second.
    #[must_use]
    pub const fn bytes_per_second(self) -> u64 {
        self.0
    }
}

impl Age {
    /// The age as a duration; never negative.
    #[must_use]
    pub const fn duration(self) -> SignedDuration {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = AmountError;

    /// Reads a number and a unit: `B kB MB GB TB` for powers of 1000, `KiB MiB GiB TiB` for powers of 1024. The case of
    /// letters does not matter, and a blank may stand before the unit. A bare number is bytes.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let fail = || AmountError::new(text, "a size: write as `500MB`, `2TB` or `64GiB`");
        let (number, unit) = split(text);
        let unit = if unit.is_empty() { "B" } else { unit };
        let known = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
        let (_, factor) = known.ok_or_else(fail)?;
        decimal(number, *factor).map(Self).ok_or_else(fail)
    }
}

impl FromStr for Rate {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let fail = || AmountError::new(text, "a rate: write as `20MB/s`");
        let size = text.trim().strip_suffix("/s").ok_or_else(fail)?;
        let ByteSize(bytes) = size.parse().map_err(|_| fail())?;
        if bytes == 0 { Err(fail()) } else { Ok(Self(bytes)) }
    }
}

impl FromStr for Age {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let fail = || AmountError::new(text, "an age: write as `180d`, `36h`, `15m` or `30s`");
        let (number, unit) = split(text);
        let (_, factor) = AGES.iter().find(|(name, _)| *name == unit).ok_or_else(fail)?;
        let number: i64 = number.parse().ok().filter(|number| *number >= 0).ok_or_else(fail)?;
        number.checked_mul(*factor).map(|age| Self(SignedDuration::from_secs(age))).ok_or_else(fail)
    }
}

impl fmt::Display for ByteSize {
    /// The largest decimal unit that gives a whole number, so that what is written is exactly what was meant.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = UNITS.iter().take(5);
        let whole = |(_, factor): &&(&str, u64)| self.0.is_multiple_of(*factor);
        let (unit, factor) = decimal.filter(|_| self.0 > 0).find(whole).unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", ByteSize(self.0))
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let whole = |(_, factor): &&(&str, i64)| seconds % factor == 0;
        let (unit, factor) = AGES.iter().find(whole).unwrap_or(&("s", 1));
        write!(f, "{}{unit}", seconds / factor)
    }
}

macro_rules! text_form {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = AmountError;

            fn try_from(text: String) -> Result<Self, AmountError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(amount: $name) -> Self {
                amount.to_string()
            }
        }
    )*};
}

text_form!(ByteSize, Rate, Age);

/// The number and the unit of an amount.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim_start())
}

/// `number`, which may have a fraction, times `factor`; `None` when it is no number or too large.
fn decimal(number: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if number.ends_with('.') || fraction.len() > 12 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let mut bytes = u128::from(whole).checked_mul(u128::from(factor))?;
    if !fraction.is_empty() {
        let part: u64 = fraction.parse().ok()?;
        let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
        bytes = bytes.checked_add(u128::from(part) * u128::from(factor) / scale)?;
    }
    u64::try_from(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(text: &str) -> Option<u64> {
        text.parse().ok().map(|ByteSize(bytes)| bytes)
    }

    #[test]
    fn sizes_are_read_in_the_units_that_people_write() {
        assert_eq!(size("2TB"), Some(2_000_000_000_000));
        assert_eq!(size("1.5 gb"), Some(1_500_000_000));
        assert_eq!(size("64 KiB"), Some(65_536));
        assert_eq!((size("17"), size("0")), (Some(17), Some(0)));
        for bad in ["", "TB", "2 TBs", "-1", "1.", ".5", "1..2", "1e9", "99999999999TB", "٣B"] {
            assert_eq!(size(bad), None, "{bad}");
        }
    }

    #[test]
    fn rates_and_ages_have_their_own_form() {
        assert_eq!("20MB/s".parse::<Rate>().unwrap().bytes_per_second(), 20_000_000);
        for bad in ["20MB", "0B/s", "/s", "20/m"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
        assert_eq!("90m".parse::<Age>().unwrap().duration(), SignedDuration::from_secs(5_400));
        assert_eq!("48h".parse::<Age>().unwrap().to_string(), "2d");
        for bad in ["", "d", "1.5d", "-1d", "1w", "99999999999999999d"] {
            assert!(bad.parse::<Age>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes: u64, seconds in 0..i64::MAX / 2) {
            prop_assert_eq!(size(&ByteSize(bytes).to_string()), Some(bytes));
            let age = Age(SignedDuration::from_secs(seconds));
            prop_assert_eq!(age.to_string().parse(), Ok(age));
        }

        #[test]
        fn no_text_is_too_strange(text: String) {
            let _ = (text.parse::<ByteSize>(), text.parse::<Rate>(), text.parse::<Age>());
        }
    }
}
