//! Names, files and proofs of one log against the naive tree.

mod names;
mod proofs;
mod writing;

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::*;
use crate::hash::Hash;
use crate::tree::Edge;

/// A log with its files, as a server has them: written batch by batch.
#[derive(Clone, Default)]
struct Files {
    edge: Edge,
    tiles: BTreeMap<TileId, Vec<u8>>,
}

impl Files {
    /// A log that was written in one go.
    fn of(leaves: &[Hash]) -> Self {
        let mut files = Self::default();
        files.append(leaves);
        files
    }

    /// Gives the ids of what was written.
    fn append(&mut self, leaves: &[Hash]) -> Vec<TileId> {
        let read = |tile: &TileId| Ok::<_, Infallible>(self.tiles[tile].clone());
        let (edge, tiles) = grow(&self.edge, leaves.iter().copied(), read).unwrap();
        let ids = tiles.iter().map(|tile| tile.id).collect();
        self.tiles.extend(tiles.into_iter().map(|tile| (tile.id, tile.bytes)));
        self.edge = edge;
        ids
    }

    /// What a client has after it fetched these.
    fn fetch(&self, tiles: &[TileId]) -> TileSet {
        let mut set = TileSet::new();
        for tile in tiles {
            set.insert(*tile, &self.tiles[tile]).unwrap();
        }
        set
    }
}
