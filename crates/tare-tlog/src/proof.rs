//! Checking proofs, as RFC 9162 sections 2.1.3.2 and 2.1.4.2 do (spec/tiles.md ).
//!
//! Nothing here shares code with what makes proofs ([`tile`](crate::tile)). Tiles come from places that nobody trusts; what
//! was read from them counts only once it has led to the root of a signed checkpoint. A client that checked tiles while it
//! walked through them has twice been fooled by tiles it had already seen; these functions never see a tile.

use crate::checkpoint::MAX_TREE_SIZE;
use crate::hash::{EMPTY_ROOT, Hash, node_hash};

/// The most hashes of a proof.
pub const MAX_PROOF_HASHES: usize = 63;

/// Why a proof proves nothing. Whoever sent it is wrong or lying.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The size is beyond every log.
    #[error("log size {size} is not below 2^48")]
    Size {
        /// In entries.
        size: u64,
    },
    /// The log has no such entry.
    #[error("log of {size} entries has no entry {index}")]
    Index {
        /// Of the entry, from 0.
        index: u64,
        /// In entries.
        size: u64,
    },
    /// The later tree is the smaller one.
    #[error("log of {new} entries cannot continue one of {old}")]
    Shrunk {
        /// In entries.
        old: u64,
        /// In entries.
        new: u64,
    },
    /// Too few or too many hashes for these sizes.
    #[error("proof of {found} hashes has the wrong length for the tree")]
    Length {
        /// How many there are.
        found: usize,
    },
    /// The hashes lead to another root than the one that is trusted.
    #[error("proof leads to the root `{found}` for {size} entries, expected `{expected}`")]
    Root {
        /// In entries.
        size: u64,
        /// What the proof leads to.
        found: Hash,
        /// What is trusted.
        expected: Hash,
    },
}

/// Checks that the entry whose leaf hash is `leaf` has the number `index` in the log of `size` entries and this root.
///
/// # Errors
/// When that does not follow from `hashes`, which go from the leaf's sibling up.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    root: &Hash,
    hashes: &[Hash],
) -> Result<(), ProofError> {
    check_lengths(size, hashes)?;
    if index >= size {
        return Err(ProofError::Index { index, size });
    }
    let wrong_length = ProofError::Length { found: hashes.len() };
    let mut path = Path { node: index, last: size - 1 };
    let mut found = *leaf;
    for hash in hashes {
        found = match path.climb().ok_or_else(|| wrong_length.clone())? {
            Side::Left => node_hash(hash, &found),
            Side::Right => node_hash(&found, hash),
        };
    }
    if path.last != 0 {
        return Err(wrong_length);
    }
    check_root(size, found, *root)
}

/// Checks that the log of `new_size` entries starts with the log of `old_size` entries.
///
/// Every log continues the empty one, which needs no hashes; so does a log itself.
///
/// # Errors
/// When that does not follow from `hashes`.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    hashes: &[Hash],
) -> Result<(), ProofError> {
    check_lengths(new_size, hashes)?;
    if old_size > new_size {
        return Err(ProofError::Shrunk { old: old_size, new: new_size });
    }
    if new_size == 0 {
        check_root(0, *new_root, EMPTY_ROOT)?;
    }
    if old_size == 0 {
        check_root(0, *old_root, EMPTY_ROOT)?;
        return check_no_hashes(hashes);
    }
    if old_size == new_size {
        check_root(new_size, *new_root, *old_root)?;
        return check_no_hashes(hashes);
    }

    let wrong_length = ProofError::Length { found: hashes.len() };
    // An old tree that is perfect is a node of the new one, and its root is known already.
    let (start, rest) = if old_size.is_power_of_two() {
        (*old_root, hashes)
    } else {
        let (first, rest) = hashes.split_first().ok_or_else(|| wrong_length.clone())?;
        (*first, rest)
    };
    let level = (old_size - 1).trailing_ones();
    let mut path = Path { node: (old_size - 1) >> level, last: (new_size - 1) >> level };
    let (mut old, mut new) = (start, start);
    for hash in rest {
        match path.climb().ok_or_else(|| wrong_length.clone())? {
            Side::Left => {
                old = node_hash(hash, &old);
                new = node_hash(hash, &new);
            }
            Side::Right => new = node_hash(&new, hash),
        }
    }
    if path.last != 0 {
        return Err(wrong_length);
    }
    check_root(old_size, old, *old_root)?;
    check_root(new_size, new, *new_root)
}

/// On which side of the path the next hash lies.
enum Side {
    Left,
    Right,
}

/// A node and the last node of its level, on the way up: `fn` and `sn` of RFC 9162.
struct Path {
    node: u64,
    last: u64,
}

impl Path {
    /// One step up, or `None` at the root. Levels at which the node has no sibling are passed over.
    const fn climb(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let left = self.node & 1 == 1 || self.node == self.last;
        if left {
            while self.node & 1 == 0 && self.node != 0 {
                self.node >>= 1;
                self.last >>= 1;
            }
        }
        self.node >>= 1;
        self.last >>= 1;
        Some(if left { Side::Left } else { Side::Right })
    }
}

const fn check_lengths(size: u64, hashes: &[Hash]) -> Result<(), ProofError> {
    if size >= MAX_TREE_SIZE {
        return Err(ProofError::Size { size });
    }
    if hashes.len() > MAX_PROOF_HASHES {
        return Err(ProofError::Length { found: hashes.len() });
    }
    Ok(())
}

const fn check_no_hashes(hashes: &[Hash]) -> Result<(), ProofError> {
    if hashes.is_empty() { Ok(()) } else { Err(ProofError::Length { found: hashes.len() }) }
}

fn check_root(size: u64, found: Hash, expected: Hash) -> Result<(), ProofError> {
    if found == expected { Ok(()) } else { Err(ProofError::Root { size, found, expected }) }
}

#[cfg(test)]
mod tests;
