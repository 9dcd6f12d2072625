//! Where in the map: the first bits of a key, six for each level (spec/tiles.md X-27).

use std::fmt;
use std::str::FromStr;

use super::{FAN_OUT, Key, MAX_DEPTH};
use crate::excerpt::excerpt;

/// Why two numbers are no prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is not a prefix: expected `<level>/<bits>`, six bits for each level up to {MAX_DEPTH}"
)]
pub struct PrefixError {
    found: String,
}

/// A node or bucket of the map by its place: `level` steps from the root, and the `6 * level` first bits of all keys below it
/// as one number. In text, and as the key of a database row, the two integers `<level>/<bits>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    level: u8,
    bits: u64,
}

impl Prefix {
    /// The place of the root.
    pub const ROOT: Self = Self { level: 0, bits: 0 };

    /// The place with these numbers, or `None` if the level is above [`MAX_DEPTH`] or there are more bits than it has.
    #[must_use]
    pub const fn new(level: u8, bits: u64) -> Option<Self> {
        if level > MAX_DEPTH || bits >> (6 * level) != 0 {
            return None;
        }
        Some(Self { level, bits })
    }

    /// The place at `level` that `key` lies in. Levels above [`MAX_DEPTH`] count as that.
    #[must_use]
    pub fn of(key: &Key, level: u8) -> Self {
        let level = level.min(MAX_DEPTH);
        // 42 bits at most are asked for.
        let first = key.0.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Self { level, bits: first.checked_shr(64 - 6 * u32::from(level)).unwrap_or(0) }
    }

    /// Steps from the root.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// The `6 * level` first bits.
    #[must_use]
    pub const fn bits(&self) -> u64 {
        self.bits
    }

    /// The lowest and the highest key of this place, both included.
    #[must_use]
    pub fn range(&self) -> (Key, Key) {
        let shift = 64 - 6 * u32::from(self.level);
        let low = self.bits.checked_shl(shift).unwrap_or(0);
        let high = low | u64::MAX.checked_shr(64 - shift).unwrap_or(u64::MAX);
        let key = |first: u64, rest: u8| {
            let mut bytes = [rest; 32];
            for (byte, value) in bytes.iter_mut().zip(first.to_be_bytes()) {
                *byte = value;
            }
            Key(bytes)
        };
        (key(low, 0), key(high, u8::MAX))
    }

    /// Whether `key` lies here.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        Self::of(key, self.level) == *self
    }

    /// The place one step up, or `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.level.checked_sub(1).map(|level| Self { level, bits: self.bits >> 6 })
    }

    /// The 64 places one step down, in order, or `None` at [`MAX_DEPTH`].
    pub fn children(&self) -> Option<impl Iterator<Item = Self>> {
        let level = self.level + 1;
        let bits = self.bits << 6;
        (level <= MAX_DEPTH)
            .then(|| (bits..bits + FAN_OUT as u64).map(move |bits| Self { level, bits }))
    }

    /// Which child of its parent this is, 0 to 63.
    #[must_use]
    pub const fn slot(&self) -> usize {
        (self.bits % FAN_OUT as u64) as usize
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.level, self.bits)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let prefix = || {
            let (level, bits) = text.split_once('/')?;
            Self::new(level.parse().ok()?, bits.parse().ok()?)
        };
        prefix()
            .filter(|prefix| prefix.to_string() == text)
            .ok_or_else(|| PrefixError { found: excerpt(text) })
    }
}
