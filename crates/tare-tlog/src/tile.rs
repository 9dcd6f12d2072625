//! Tiles: the tree as files of at most 256 hashes, after C2SP tlog-tiles (spec/tiles.md ).
//!
//! The tile at level L holds every 256^L-th node of the tree, so a proof needs one tile a level and a level is a 256th of
//! the one below. Tiles, the entries and the event lines are all numbered alike, and a file that is not full yet carries its
//! width in its name, so a file never changes once it is there.
//!
//! - [`TileId`], [`EntryBundleId`], [`EventPageId`]: which file, and its path.
//! - [`TileWriter`]: from leaves to tiles. [`tiles_between`] says which files that makes.
//! - [`TileSet`], [`inclusion_checked`], [`consistency_checked`]: from tiles to proofs.
//! - [`encode_bundle`], [`decode_bundle`]: the entries themselves.

mod bundle;
mod id;
mod number;
mod prove;
mod range;
mod write;

pub use bundle::{BundleError, MAX_ENTRY_BYTES, decode_bundle, encode_bundle};
pub use id::{EntryBundleId, EventPageId, TileId};
pub use id::{bundles_between, pages_between, tiles_between, tiles_of};
pub use number::PathError;
pub use prove::{CheckedError, ProveError, TileSet, consistency_checked, inclusion_checked};
pub use prove::{plan_consistency, plan_inclusion, prove_consistency, prove_inclusion};
pub use write::{TileFile, TileWriter, WriteError, grow};

use crate::hash::Hash;

/// How many hashes, entries or lines a full file has.
pub const TILE_WIDTH: u16 = 256;

/// Why bytes are not those of a tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tile `{tile}` has {found} bytes, expected {expected}")]
pub struct TileError {
    tile: TileId,
    found: usize,
    expected: usize,
}

/// The bytes of a tile: its hashes one after another.
#[must_use]
pub fn encode_tile(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The hashes of a tile. They are whatever the bytes say; only a proof makes them true.
///
/// # Errors
/// When the length is not the one that the tile's width asks for.
pub fn decode_tile(tile: TileId, bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
    let expected = usize::from(tile.width()) * 32;
    if bytes.len() != expected {
        return Err(TileError { tile, found: bytes.len(), expected });
    }
    Ok(bytes.as_chunks().0.iter().map(|hash| Hash(*hash)).collect())
}

#[cfg(test)]
mod tests;
