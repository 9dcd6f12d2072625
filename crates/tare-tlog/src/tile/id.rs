//! Which file of a log: hash tiles, bundles of entries, pages of event lines (spec/tiles.md ).
//!
//! An id is checked when it is made: no id is beyond the largest log, none is empty, and every id has one path.

use std::fmt;
use std::str::FromStr;

use super::number::{Number, PathError, decimal};
use super::{TILE_WIDTH, TileError};
use crate::tree::{TreeError, check_growth};

/// The highest level that a log below the limit can reach, and the most levels less one.
const TOP_LEVEL: u8 = 5;

/// A tile of hashes: `tile/<L>/<N>[.p/<W>]`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    level: u8,
    number: Number,
}

impl TileId {
    /// The tile `index` of `level`, counted from 0, with `width` hashes, or `None` if no log below the limit has it.
    #[must_use]
    pub fn new(level: u8, index: u64, width: u16) -> Option<Self> {
        let number = Number { index, width };
        number.end(scale(level)?).map(|_| Self { level, number })
    }

    /// The tile at `level` that holds hash `hash` of that level in a log of `size` entries, or `None` if that log has no such
    /// hash.
    pub(super) fn holding(level: u8, hash: u64, size: u64) -> Option<Self> {
        let hashes = size / scale(level)?;
        let number = (hash < hashes).then(|| Number::holding(hash, hashes))?;
        Self::new(level, number.index, number.width)
    }

    /// How many times 256 leaves were hashed together: a hash stands for 256^level entries.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// The place among the tiles of the level, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.number.index
    }

    /// The number of hashes, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.number.width
    }

    /// Whether it can still grow.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.number.width < TILE_WIDTH
    }

    /// The full tile at this place, which is asked for when the partial one is gone; `None` if it would reach beyond
    /// the largest log.
    #[must_use]
    pub fn full(&self) -> Option<Self> {
        Self::new(self.level, self.number.index, TILE_WIDTH)
    }

    /// Cuts what was read from the [full](Self::full) tile down to this one.
    ///
    /// # Errors
    /// When there is less than this tile has.
    pub fn truncate<'a>(&self, full: &'a [u8]) -> Result<&'a [u8], TileError> {
        let expected = usize::from(self.width()) * 32;
        full.get(..expected).ok_or(TileError { tile: *self, found: full.len(), expected })
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/{}", self.level, self.number)
    }
}

impl fmt::Debug for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for TileId {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let id = || {
            let (level, number) = text.strip_prefix("tile/")?.split_once('/')?;
            let number = Number::parse(number)?;
            Self::new(decimal(level)?.try_into().ok()?, number.index, number.width)
        };
        exact(text, id()).ok_or_else(|| PathError::new(text, "a tile"))
    }
}

macro_rules! run_of_entries {
    ($(#[$doc:meta])* $name:ident, $folder:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            number: Number,
        }

        impl $name {
            /// The file `index`, counted from 0, with `width` entries, or `None` if no log below the limit has it.
            #[must_use]
            pub fn new(index: u64, width: u16) -> Option<Self> {
                let number = Number { index, width };
                number.end(1).map(|_| Self { number })
            }

            /// The file that holds `entry` in a log of `size` entries, or `None` if that log has no such entry.
            #[must_use]
            pub fn holding(entry: u64, size: u64) -> Option<Self> {
                let number = (entry < size).then(|| Number::holding(entry, size))?;
                Self::new(number.index, number.width)
            }

            /// The place among its kind, from 0.
            #[must_use]
            pub const fn index(&self) -> u64 {
                self.number.index
            }

            /// The number of entries, 1 to 256.
            #[must_use]
            pub const fn width(&self) -> u16 {
                self.number.width
            }

            /// The number of the first entry in it.
            #[must_use]
            pub fn first_entry(&self) -> u64 {
                self.number.index * u64::from(TILE_WIDTH)
            }

            /// Whether it can still grow.
            #[must_use]
            pub const fn is_partial(&self) -> bool {
                self.number.width < TILE_WIDTH
            }

            /// The full file at this place, which is asked for when the partial one is gone; `None` if it would reach
            /// beyond the largest log.
            #[must_use]
            pub fn full(&self) -> Option<Self> {
                Self::new(self.number.index, TILE_WIDTH)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($folder, "/{}"), self.number)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl FromStr for $name {
            type Err = PathError;

            fn from_str(text: &str) -> Result<Self, PathError> {
                let id = || {
                    let number = Number::parse(text.strip_prefix(concat!($folder, "/"))?)?;
                    Self::new(number.index, number.width)
                };
                exact(text, id()).ok_or_else(|| PathError::new(text, $what))
            }
        }
    };
}

run_of_entries!(
    /// A bundle of entries: `tile/entries/<N>[.p/<W>]`.
    EntryBundleId,
    "tile/entries",
    "a bundle of entries"
);
run_of_entries!(
    /// A page of the lines that the entries are commitments to: `events/<N>[.p/<W>]`, numbered as the bundles are.
    EventPageId,
    "events",
    "a page of events"
);

/// The tiles that a log of `size` entries has, the partial ones included.
///
/// # Errors
/// When the size is out of bounds.
pub fn tiles_of(size: u64) -> Result<impl Iterator<Item = TileId>, TreeError> {
    tiles_between(0, size)
}

/// The tiles that a log of `new` entries has and one of `old` entries had not: what to write when it grew.
///
/// # Errors
/// When `new` is smaller than `old` or out of bounds.
pub fn tiles_between(old: u64, new: u64) -> Result<impl Iterator<Item = TileId>, TreeError> {
    check_growth(old, new)?;
    Ok((0..=TOP_LEVEL).flat_map(move |level| {
        let shift = 8 * u32::from(level);
        Number::between(old >> shift, new >> shift).map(move |number| TileId { level, number })
    }))
}

/// The bundles that a log of `new` entries has and one of `old` entries had not.
///
/// # Errors
/// When `new` is smaller than `old` or out of bounds.
pub fn bundles_between(
    old: u64,
    new: u64,
) -> Result<impl Iterator<Item = EntryBundleId>, TreeError> {
    check_growth(old, new)?;
    Ok(Number::between(old, new).map(|number| EntryBundleId { number }))
}

/// The pages of events that a log of `new` entries has and one of `old` entries had not.
///
/// # Errors
/// When `new` is smaller than `old` or out of bounds.
pub fn pages_between(old: u64, new: u64) -> Result<impl Iterator<Item = EventPageId>, TreeError> {
    check_growth(old, new)?;
    Ok(Number::between(old, new).map(|number| EventPageId { number }))
}

/// How many entries one hash of `level` stands for.
fn scale(level: u8) -> Option<u64> {
    (level <= TOP_LEVEL).then(|| 1 << (8 * u32::from(level)))
}

/// Accepts an id only if its path is the text it was read from: no zeros in front, no `.p/256`.
fn exact<T: fmt::Display>(text: &str, id: Option<T>) -> Option<T> {
    id.filter(|id| id.to_string() == text)
}
