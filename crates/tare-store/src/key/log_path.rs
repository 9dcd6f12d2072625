//! The numbers of the log's files, as C2SP's tlog-tiles writes them: 1234067 is `x001/x234/067`.
//!
//! A file holds 256 of something: hashes, entries, events. The last one may hold fewer, and then has how many behind its
//! number, as in `000.p/7`; once it is full it lies under its number alone.

use std::fmt;
use std::str::FromStr;

/// How many things a full file of the log holds.
const FULL: u16 = 256;
/// Sizes of logs are below 2^48, so no file has a number from 2^40 on.
const MAX_NUMBER: u64 = 1 << 40;

/// Which of the log's files, and how much of it there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPath {
    number: u64,
    width: u16,
}

impl LogPath {
    /// The full file of this number; `None` for a number that no log reaches.
    #[must_use]
    pub fn full(number: u64) -> Option<Self> {
        Self::new(number, FULL)
    }

    /// The file of this number with `width` of 256 places filled; `None` when there is no such file.
    #[must_use]
    pub fn new(number: u64, width: u16) -> Option<Self> {
        (number < MAX_NUMBER && (1..=FULL).contains(&width)).then_some(Self { number, width })
    }

    /// The file's number, from 0.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// How many of its 256 places are filled.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }
}

impl fmt::Display for LogPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups = vec![self.number % 1000];
        let mut rest = self.number / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        while let Some(group) = groups.pop() {
            let (before, after) = if groups.is_empty() { ("", "") } else { ("x", "/") };
            write!(f, "{before}{group:03}{after}")?;
        }
        if self.width < FULL {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

impl FromStr for LogPath {
    type Err = ();

    /// Reads exactly what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (number, width) = match text.split_once(".p/") {
            Some((number, width)) => (number, width.parse().map_err(drop)?),
            None => (text, FULL),
        };
        let mut value: u64 = 0;
        for group in number.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            let group: u64 = digits.parse().map_err(drop)?;
            value = value.checked_mul(1000).and_then(|value| value.checked_add(group)).ok_or(())?;
        }
        let path = Self::new(value, width).ok_or(())?;
        // Leading zeros, signs and missing marks make another text of the same number.
        if path.to_string() == text { Ok(path) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_written_in_groups_of_three() {
        for (number, width, text) in [
            (0, 256, "000"),
            (999, 1, "999.p/1"),
            (1000, 256, "x001/000"),
            (1_234_067, 255, "x001/x234/067.p/255"),
        ] {
            assert_eq!(LogPath::new(number, width).unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in [
            "",
            "0",
            "00",
            "0000",
            "x000/000",
            "001/000",
            "x001",
            "x001/x000",
            "+01",
            "000.p/0",
            "000.p/256",
            "000.p/01",
            "000.p/",
            "000.p",
            "000/",
            "/000",
            "x1/000",
            "-01",
            "x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(bad.parse::<LogPath>(), Err(()), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number in 0_u64..1 << 41, width in 0_u16..300) {
            if let Some(path) = LogPath::new(number, width) {
                prop_assert_eq!(path.to_string().parse(), Ok(path));
            } else {
                prop_assert!(number >= 1 << 40 || width == 0 || width > 256);
            }
        }

        #[test]
        fn nothing_panics(text in "[x0-9/.p]{0,40}") {
            if let Ok(path) = text.parse::<LogPath>() {
                prop_assert_eq!(path.to_string(), text);
            }
        }
    }
}
