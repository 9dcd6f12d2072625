//! Proofs from tiles that nobody vouches for (spec/tiles.md ).
//!
//! The order is: plan which tiles, fetch them, build the proof, check the proof against a root that is trusted. The check is
//! that of [`proof`](crate::proof), which knows nothing of tiles; so a forged tile can make a proof fail, never pass. Nothing
//! that is read from a tile is handed out except as part of a proof that was checked, or by the `prove_` functions, whose
//! callers serve proofs to others.

use std::collections::{BTreeMap, BTreeSet};

use super::range::{self, Perfect, Range};
use super::{TileError, TileId, decode_tile};
use crate::hash::Hash;
use crate::proof::{ProofError, verify_consistency, verify_inclusion};
use crate::tree::{TreeError, check_growth, fold_right, perfect_root};

/// Why no proof can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// No log has these sizes.
    #[error("no proof for these sizes")]
    Tree(#[from] TreeError),
    /// The log has no such entry.
    #[error("log of {size} entries has no entry {index}")]
    Index {
        /// Of the entry, from 0.
        index: u64,
        /// In entries.
        size: u64,
    },
    /// A tile that the proof needs was not given, or too narrow a one.
    #[error("tile `{tile}` is needed for the proof and missing")]
    Missing {
        /// Which tile.
        tile: TileId,
    },
}

/// Why tiles prove nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckedError {
    /// The proof could not be made.
    #[error("cannot make the proof")]
    Prove(#[from] ProveError),
    /// The proof is wrong: at least one of the tiles is forged or damaged, or the statement is false.
    #[error("tiles do not prove it")]
    Proof(#[from] ProofError),
}

/// Tiles as they were fetched. None of them is trusted.
#[derive(Debug, Clone, Default)]
pub struct TileSet {
    tiles: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl TileSet {
    /// A set without tiles.
    #[must_use]
    pub const fn new() -> Self {
        Self { tiles: BTreeMap::new() }
    }

    /// Adds a tile. One at the same place is replaced, unless it is wider.
    ///
    /// # Errors
    /// When the bytes are not as many as the tile has.
    pub fn insert(&mut self, tile: TileId, bytes: &[u8]) -> Result<(), TileError> {
        let hashes = decode_tile(tile, bytes)?;
        let place = self.tiles.entry((tile.level(), tile.index())).or_default();
        if place.len() <= hashes.len() {
            *place = hashes;
        }
        Ok(())
    }

    /// The hash of a perfect subtree in the log of `size` entries.
    fn perfect(&self, subtree: Perfect, size: u64) -> Result<Hash, ProveError> {
        let (tile, first, count) = locate(subtree, size)?;
        self.tiles
            .get(&(tile.level(), tile.index()))
            .and_then(|hashes| hashes.get(first..first + count))
            .and_then(|hashes| perfect_root(hashes.to_vec()))
            .ok_or(ProveError::Missing { tile })
    }

    fn hashes(&self, ranges: &[Range], size: u64) -> Result<Vec<Hash>, ProveError> {
        let hash = |range: &Range| {
            let parts: Result<Vec<Hash>, _> =
                range.perfect().map(|subtree| self.perfect(subtree, size)).collect();
            parts.map(|parts| fold_right(&parts))
        };
        // No range of a proof is empty, so every range has a hash.
        ranges.iter().filter_map(|range| hash(range).transpose()).collect()
    }
}

/// The tiles that prove the inclusion of entry `index` in the log of `size` entries, as wide as they are at that size. One
/// that is gone may be replaced by the [full](TileId::full) one.
///
/// # Errors
/// When there is no such log or entry.
pub fn plan_inclusion(index: u64, size: u64) -> Result<Vec<TileId>, ProveError> {
    tiles(&inclusion_ranges(index, size)?, size)
}

/// The tiles that prove that the log of `new` entries continues that of `old`, as wide as they are at the new size.
///
/// # Errors
/// When there are no such logs.
pub fn plan_consistency(old: u64, new: u64) -> Result<Vec<TileId>, ProveError> {
    tiles(&consistency_ranges(old, new)?, new)
}

/// The inclusion proof of entry `index` in the log of `size` entries, right if the tiles are.
///
/// # Errors
/// When there is no such log or entry, or a tile of [`plan_inclusion`] is missing.
pub fn prove_inclusion(index: u64, size: u64, tiles: &TileSet) -> Result<Vec<Hash>, ProveError> {
    tiles.hashes(&inclusion_ranges(index, size)?, size)
}

/// The proof that the log of `new` entries continues that of `old`, right if the tiles are.
///
/// # Errors
/// When there are no such logs, or a tile of [`plan_consistency`] is missing.
pub fn prove_consistency(old: u64, new: u64, tiles: &TileSet) -> Result<Vec<Hash>, ProveError> {
    tiles.hashes(&consistency_ranges(old, new)?, new)
}

/// Checks by untrusted tiles that the entry with leaf hash `leaf` has the number `index` in the log of `size` entries and the
/// trusted `root`. Gives the proof.
///
/// # Errors
/// When the tiles do not prove it.
pub fn inclusion_checked(
    leaf: &Hash,
    index: u64,
    size: u64,
    root: &Hash,
    tiles: &TileSet,
) -> Result<Vec<Hash>, CheckedError> {
    let proof = prove_inclusion(index, size, tiles)?;
    verify_inclusion(leaf, index, size, root, &proof)?;
    Ok(proof)
}

/// Checks by untrusted tiles that the log of `new_size` entries and `new_root` continues that of `old_size` entries and
/// `old_root`; both roots come from signed checkpoints. Gives the proof.
///
/// # Errors
/// When the tiles do not prove it.
pub fn consistency_checked(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    tiles: &TileSet,
) -> Result<Vec<Hash>, CheckedError> {
    let proof = prove_consistency(old_size, new_size, tiles)?;
    verify_consistency(old_size, old_root, new_size, new_root, &proof)?;
    Ok(proof)
}

fn inclusion_ranges(index: u64, size: u64) -> Result<Vec<Range>, ProveError> {
    check_growth(0, size)?;
    if index >= size {
        return Err(ProveError::Index { index, size });
    }
    Ok(range::inclusion(index, size))
}

fn consistency_ranges(old: u64, new: u64) -> Result<Vec<Range>, ProveError> {
    check_growth(old, new)?;
    Ok(if old == 0 || old == new { Vec::new() } else { range::consistency(old, new) })
}

fn tiles(ranges: &[Range], size: u64) -> Result<Vec<TileId>, ProveError> {
    let tiles: Result<BTreeSet<TileId>, ProveError> = ranges
        .iter()
        .flat_map(|range| range.perfect())
        .map(|subtree| locate(subtree, size).map(|(tile, _, _)| tile))
        .collect();
    tiles.map(|tiles| tiles.into_iter().collect())
}

/// Where a perfect subtree is hashed from: the tile, the first hash in it and their number.
fn locate(subtree: Perfect, size: u64) -> Result<(TileId, usize, usize), ProveError> {
    let below = subtree.height % 8;
    let first = subtree.index << below;
    // The size was checked, so a subtree of it lies in a tile of it.
    let tile = u8::try_from(subtree.height / 8)
        .ok()
        .and_then(|level| TileId::holding(level, first, size))
        .ok_or(TreeError::Size { size })?;
    Ok((tile, usize::from(first.to_le_bytes()[0]), 1 << below))
}
