//! The tree of a log, as its writer keeps it: the right edge (spec/tiles.md ).
//!
//! A log of any size is described by the hashes of at most 47 perfect subtrees. They are all that is needed to append and to
//! know the root, so a server keeps them in a row of its database and a mirror in a small file.

use crate::checkpoint::MAX_TREE_SIZE;
use crate::hash::{EMPTY_ROOT, Hash, node_hash};

/// Why a size or an edge cannot be that of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The size is beyond every log.
    #[error("log size {size} is not below 2^48")]
    Size {
        /// In entries.
        size: u64,
    },
    /// A log does not shrink.
    #[error("log of {old} entries cannot become one of {new}")]
    Shrunk {
        /// In entries.
        old: u64,
        /// In entries.
        new: u64,
    },
    /// There is one hash for each bit that is set in the size.
    #[error("right edge of a log of {size} entries has {found} hashes, expected {expected}")]
    Hashes {
        /// In entries.
        size: u64,
        /// How many there are.
        found: usize,
        /// How many there must be.
        expected: u32,
    },
}

/// The right edge of a tree: the roots of the perfect subtrees that its leaves fall into, the largest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edge {
    size: u64,
    hashes: Vec<Hash>,
}

impl Edge {
    /// The edge of a log without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, hashes: Vec::new() }
    }

    /// An edge that was kept as its size and its [`hashes`](Self::hashes).
    ///
    /// # Errors
    /// When the size is out of bounds, or the number of hashes is not the one that it asks for.
    pub fn from_parts(size: u64, hashes: Vec<Hash>) -> Result<Self, TreeError> {
        check_size(size)?;
        if usize::try_from(size.count_ones()) != Ok(hashes.len()) {
            return Err(TreeError::Hashes {
                size,
                found: hashes.len(),
                expected: size.count_ones(),
            });
        }
        Ok(Self { size, hashes })
    }

    /// An edge of which the caller knows that there is a hash for each bit of the size.
    pub(crate) const fn of(size: u64, hashes: Vec<Hash>) -> Self {
        Self { size, hashes }
    }

    /// The number of entries.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the perfect subtrees, the largest first: one for each bit that is set in the size.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Adds one entry by its [leaf hash](crate::hash::leaf_hash).
    ///
    /// # Errors
    /// When the log is as large as a log can be. Nothing has changed then.
    pub fn append(&mut self, leaf: Hash) -> Result<(), TreeError> {
        // Below the limit already, so one more cannot overflow.
        let size = self.size + 1;
        check_size(size)?;
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.hashes.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.hashes.push(hash);
        self.size = size;
        Ok(())
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold_right(&self.hashes).unwrap_or(EMPTY_ROOT)
    }
}

/// The bound of X-4, which everything that takes a size checks first.
///
/// # Errors
/// When `size` is not below [`MAX_TREE_SIZE`].
pub const fn check_size(size: u64) -> Result<(), TreeError> {
    if size < MAX_TREE_SIZE { Ok(()) } else { Err(TreeError::Size { size }) }
}

/// That a log may have grown from `old` to `new` entries.
pub(crate) const fn check_growth(old: u64, new: u64) -> Result<(), TreeError> {
    if old > new {
        return Err(TreeError::Shrunk { old, new });
    }
    check_size(new)
}

/// The root over the roots of perfect subtrees of falling size, or `None` if there are none.
pub(crate) fn fold_right(hashes: &[Hash]) -> Option<Hash> {
    hashes.iter().rev().copied().reduce(|right, left| node_hash(&left, &right))
}

/// Replaces hashes of neighbouring perfect subtrees by those of their parents until one is left. Their number must be a
/// power of two; of any other a remainder is dropped.
pub(crate) fn perfect_root(mut hashes: Vec<Hash>) -> Option<Hash> {
    while hashes.len() > 1 {
        hashes = hashes.as_chunks().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    hashes.pop()
}

#[cfg(test)]
pub(crate) mod tests;
