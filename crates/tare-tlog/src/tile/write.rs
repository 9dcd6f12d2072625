//! From leaves to tiles (spec/tiles.md ).
//!
//! The writer holds the last tile of each level, at most six, and hands out every other one the moment it is full; a log of
//! any size is written with 48 KiB in memory.

use std::fmt;

use super::{TILE_WIDTH, TileError, TileId, decode_tile, encode_tile};
use crate::hash::Hash;
use crate::tree::{Edge, TreeError, check_size, perfect_root};

/// A tile and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileFile {
    /// Which tile; its path says where to write it.
    pub id: TileId,
    /// Its hashes.
    pub bytes: Vec<u8>,
}

/// Why a log cannot be continued from its tiles.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E: std::error::Error + 'static> {
    /// The log would become too large.
    #[error("log cannot grow")]
    Tree(#[from] TreeError),
    /// The caller could not read one of its own tiles.
    #[error("cannot read tile `{tile}`")]
    Read {
        /// Which tile.
        tile: TileId,
        /// What the caller said.
        source: E,
    },
    /// One of the caller's tiles has the wrong length.
    #[error("last tile of a level cannot be continued")]
    Tile(#[from] TileError),
    /// The tiles are not those of the edge: the files are damaged or of another log.
    #[error("tile `{tile}` does not belong to the log of {size} entries")]
    Mismatch {
        /// The lowest tile that differs.
        tile: TileId,
        /// In entries.
        size: u64,
    },
}

/// Makes the tiles of a growing log.
#[derive(Clone, Default)]
pub struct TileWriter {
    size: u64,
    /// What the log had when the writer was made: tiles of then are there already.
    start: u64,
    /// The last hashes of each level, below 256 of them, the lowest level first.
    levels: Vec<Vec<Hash>>,
}

impl TileWriter {
    /// Starts a log without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, start: 0, levels: Vec::new() }
    }

    /// Continues the log with this edge. `read` gives the bytes of its partial tiles, at most one a level.
    ///
    /// # Errors
    /// When a tile cannot be read, or is not what the edge says: a writer never builds on files it does not know.
    pub fn resume<E: std::error::Error + 'static>(
        edge: &Edge,
        mut read: impl FnMut(&TileId) -> Result<Vec<u8>, E>,
    ) -> Result<Self, WriteError<E>> {
        let size = edge.size();
        let mut levels = Vec::new();
        // From the top, as the edge goes from the largest subtree to the smallest.
        let mut expected = edge.hashes();
        for level in (0..level_count(size)).rev() {
            let Some(tile) = partial_tile(level, size) else {
                levels.push(Vec::new());
                continue;
            };
            let bytes = read(&tile).map_err(|source| WriteError::Read { tile, source })?;
            let hashes = decode_tile(tile, &bytes)?;
            let found = subtrees(&hashes);
            expected = expected
                .strip_prefix(found.as_slice())
                .ok_or(WriteError::Mismatch { tile, size })?;
            levels.push(hashes);
        }
        levels.reverse();
        Ok(Self { size, start: size, levels })
    }

    /// The number of entries.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The edge of the log as it is now.
    #[must_use]
    pub fn edge(&self) -> Edge {
        // A level has as many hashes as eight bits of the size say.
        let hashes = self.levels.iter().rev().flat_map(|hashes| subtrees(hashes)).collect();
        Edge::of(self.size, hashes)
    }

    /// Adds one entry by its leaf hash. The tiles that became full are added to `full`.
    ///
    /// # Errors
    /// When the log is as large as a log can be. Nothing has changed then.
    pub fn append(&mut self, leaf: Hash, full: &mut Vec<TileFile>) -> Result<(), TreeError> {
        check_size(self.size + 1)?;
        self.size += 1;
        let mut next = leaf;
        for level in 0_u8.. {
            let place = usize::from(level);
            if place == self.levels.len() {
                self.levels.push(Vec::with_capacity(TILE_WIDTH.into()));
            }
            let Some(hashes) = self.levels.get_mut(place) else { break };
            hashes.push(next);
            if hashes.len() < usize::from(TILE_WIDTH) {
                break;
            }
            let index = (self.size >> (8 * (u32::from(level) + 1))) - 1;
            full.extend(
                TileId::new(level, index, TILE_WIDTH)
                    .map(|id| TileFile { id, bytes: encode_tile(hashes) }),
            );
            let Some(root) = perfect_root(std::mem::take(hashes)) else { break };
            next = root;
        }
        Ok(())
    }

    /// The tiles that are not full, as far as they changed since the writer was made. To be written for sizes only that a
    /// checkpoint will be signed for.
    #[must_use]
    pub fn partial_tiles(&self) -> Vec<TileFile> {
        let changed = |level: &u8| self.start >> (8 * level) < self.size >> (8 * level);
        (0..level_count(self.size))
            .filter(changed)
            .filter_map(|level| {
                let hashes = self.levels.get(usize::from(level))?;
                let id = partial_tile(level, self.size)?;
                Some(TileFile { id, bytes: encode_tile(hashes) })
            })
            .collect()
    }
}

impl fmt::Debug for TileWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TileWriter").field("edge", &self.edge()).finish()
    }
}

/// The log after `leaves` were added to the one with this edge, and all tiles that makes: those of
/// [`tiles_between`](super::tiles_between) the two sizes.
///
/// # Errors
/// As [`TileWriter::resume`] and [`TileWriter::append`].
pub fn grow<E: std::error::Error + 'static>(
    edge: &Edge,
    leaves: impl IntoIterator<Item = Hash>,
    read: impl FnMut(&TileId) -> Result<Vec<u8>, E>,
) -> Result<(Edge, Vec<TileFile>), WriteError<E>> {
    let mut writer = TileWriter::resume(edge, read)?;
    let mut tiles = Vec::new();
    for leaf in leaves {
        writer.append(leaf, &mut tiles)?;
    }
    tiles.extend(writer.partial_tiles());
    Ok((writer.edge(), tiles))
}

/// How many levels a log of `size` entries reaches.
fn level_count(size: u64) -> u8 {
    u8::try_from(size.checked_ilog2().map_or(0, |bit| bit / 8 + 1)).unwrap_or(u8::MAX)
}

/// The tile of `level` that is not full at `size`, if there is one.
fn partial_tile(level: u8, size: u64) -> Option<TileId> {
    let hashes = size.checked_shr(8 * u32::from(level))?;
    let last = hashes.checked_sub(1)?;
    TileId::holding(level, last, size).filter(TileId::is_partial)
}

/// The roots of the perfect subtrees over the hashes of a tile, the largest first.
fn subtrees(hashes: &[Hash]) -> Vec<Hash> {
    let mut rest = hashes;
    let mut roots = Vec::new();
    while let Some(height) = rest.len().checked_ilog2() {
        let (subtree, after) = rest.split_at(1 << height);
        roots.extend(perfect_root(subtree.to_vec()));
        rest = after;
    }
    roots
}
