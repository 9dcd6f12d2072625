//! How old a head is, and what that means (spec/log.md W-48).

use jiff::Timestamp;

use super::{Head, HeadError};

/// How old a head is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// The registry asks for no witness, so nobody but itself could say.
    NoClaim,
    /// Its witnesses saw it lately.
    Fresh {
        /// Its age in seconds.
        age: u64,
    },
    /// Old enough to be told about.
    Old {
        /// Its age in seconds.
        age: u64,
    },
    /// Too old to resolve anything under it.
    Stale {
        /// Its age in seconds.
        age: u64,
    },
}

impl Freshness {
    pub(super) fn of(head: &Head, now: Timestamp) -> Self {
        let Some(time) = head.time() else { return Self::NoClaim };
        // A witness whose clock is a little ahead makes nothing younger than new.
        let age = u64::try_from(now.as_second().saturating_sub(time.as_second())).unwrap_or(0);
        let root = head.root_document().document();
        if age > root.fresh_fail.seconds() {
            Self::Stale { age }
        } else if age > root.fresh_warn.seconds() {
            Self::Old { age }
        } else {
            Self::Fresh { age }
        }
    }

    /// The age in seconds, where one is known.
    #[must_use]
    pub const fn age(self) -> Option<u64> {
        match self {
            Self::NoClaim => None,
            Self::Fresh { age } | Self::Old { age } | Self::Stale { age } => Some(age),
        }
    }
}

/// A length of time in words: `3 days`, `5 hours`, `40 minutes`.
pub(super) fn words(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Refuses a head that is too old to resolve under.
pub(super) fn require(head: &Head, now: Timestamp) -> Result<(), HeadError> {
    match (head.freshness(now), head.time()) {
        (Freshness::Stale { age }, Some(time)) => {
            let root = head.root_document();
            let limit = words(root.document().fresh_fail.seconds());
            Err(HeadError::Stale { age: words(age), limit, time, version: root.version() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_told_in_the_largest_unit_that_fits() {
        for (seconds, expected) in [
            (59, "0 minutes"),
            (60, "1 minute"),
            (7_200, "2 hours"),
            (172_799, "47 hours"),
            (172_800, "2 days"),
            (1_728_000, "20 days"),
        ] {
            assert_eq!(words(seconds), expected);
        }
    }
}
