//! What a log entry says of the map (spec/tiles.md ).

use super::MAX_DEPTH;
use crate::checkpoint::MAX_TREE_SIZE;
use crate::hash::{EMPTY_ROOT, Hash};

/// Why three numbers are no commitment to a map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitmentError {
    /// More rows than a log has entries.
    #[error("state map of {count} rows is not below 2^48")]
    Count {
        /// The rows.
        count: u64,
    },
    /// The depth follows from the count.
    #[error("state map of {count} rows has depth {found}, expected {expected}")]
    Depth {
        /// The rows.
        count: u64,
        /// What was said.
        found: u8,
        /// What follows.
        expected: u8,
    },
    /// There is one empty map.
    #[error("state map without rows has the root `{found}`, expected that of the empty map")]
    Empty {
        /// What was said.
        found: Hash,
    },
}

/// A map by its number of rows and the hash of its root file; the depth follows from the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commitment {
    depth: u8,
    count: u64,
    root: Hash,
}

impl Commitment {
    /// The map without rows.
    pub const EMPTY: Self = Self { depth: 0, count: 0, root: EMPTY_ROOT };

    /// The commitment that was read from a log entry.
    ///
    /// # Errors
    /// When no map has these numbers.
    pub fn new(depth: u8, count: u64, root: Hash) -> Result<Self, CommitmentError> {
        let commitment = Self::of(count, root)?;
        if depth != commitment.depth {
            let expected = commitment.depth;
            return Err(CommitmentError::Depth { count, found: depth, expected });
        }
        Ok(commitment)
    }

    /// The commitment to a map of `count` rows.
    pub(super) fn of(count: u64, root: Hash) -> Result<Self, CommitmentError> {
        check_count(count)?;
        if count == 0 && root != EMPTY_ROOT {
            return Err(CommitmentError::Empty { found: root });
        }
        Ok(Self { depth: depth_for(count), count, root })
    }

    /// The number of inner nodes between the root and a row, 0 to [`MAX_DEPTH`].
    #[must_use]
    pub const fn depth(&self) -> u8 {
        self.depth
    }

    /// The number of rows.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The hash, and the name, of the root file.
    #[must_use]
    pub const fn root(&self) -> Hash {
        self.root
    }
}

/// The depth of a map of `count` rows: the least with at most 64 rows a bucket on average.
#[must_use]
pub fn depth_for(count: u64) -> u8 {
    (0..MAX_DEPTH).find(|depth| count <= 64 << (6 * u32::from(*depth))).unwrap_or(MAX_DEPTH)
}

/// The rows of a map are as bounded as the entries of a log.
pub(super) const fn check_count(count: u64) -> Result<(), CommitmentError> {
    if count < MAX_TREE_SIZE { Ok(()) } else { Err(CommitmentError::Count { count }) }
}
