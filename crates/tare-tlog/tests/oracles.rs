//! What two other implementations say of the same logs: `tlog_tiles` (a port of Go's `tlog`) and `ct-merkle`.
//!
//! Only their arithmetic is asked. Reading tiles is another matter: the tile reader of `tlog_tiles` 0.2.0 takes forged tiles
//! for authenticated ones.

#![expect(clippy::unwrap_used, reason = "a comparison that cannot go on has failed")]

use std::convert::Infallible;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;
use tare_tlog::hash::{Hash, leaf_hash};
use tare_tlog::proof::{verify_consistency, verify_inclusion};
use tare_tlog::tile::{TileSet, grow, prove_consistency, prove_inclusion};
use tare_tlog::tree::Edge;
use tlog_tiles::tlog;

fn entry(index: u64) -> Vec<u8> {
    format!("entry number {index}").into_bytes()
}

/// Our log: the root at each size, and all tiles of the last.
fn ours(size: u64) -> (Vec<Hash>, TileSet) {
    let leaves = || (0..size).map(|index| leaf_hash(&entry(index)));
    let mut edge = Edge::new();
    let grown = leaves().map(|leaf| {
        edge.append(leaf).unwrap();
        edge.root()
    });
    let roots = [Edge::new().root()].into_iter().chain(grown).collect();
    let read = |_: &_| Ok::<_, Infallible>(Vec::new());
    let (_, files) = grow(&Edge::new(), leaves(), read).unwrap();
    let mut tiles = TileSet::new();
    files.iter().for_each(|file| tiles.insert(file.id, &file.bytes).unwrap());
    (roots, tiles)
}

/// The hashes that `tlog_tiles` keeps of a log.
struct Stored(Vec<tlog::Hash>);

impl Stored {
    fn new(size: u64) -> Self {
        let mut stored = Self(Vec::new());
        for index in 0..size {
            let hashes = tlog::stored_hashes(index, &entry(index), &stored).unwrap();
            stored.0.extend(hashes);
        }
        stored
    }
}

impl tlog::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

fn converted(hashes: &[tlog::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash(hash.0)).collect()
}

#[test]
fn tlog_tiles_makes_the_same_roots_and_proofs() {
    let size = 150;
    let stored = Stored::new(size);
    let (roots, _) = ours(size);
    for size in 1..=size {
        let (_, tiles) = ours(size);
        let root = roots[usize::try_from(size).unwrap()];
        assert_eq!(root.0, tlog::tree_hash(size, &stored).unwrap().0);
        for index in 0..size {
            let proof = tlog::prove_record(size, index, &stored).unwrap();
            assert_eq!(prove_inclusion(index, size, &tiles), Ok(converted(&proof)));
            let proof = tlog::prove_tree(size, index + 1, &stored).unwrap();
            assert_eq!(prove_consistency(index + 1, size, &tiles), Ok(converted(&proof)));
        }
    }
}

#[test]
fn tlog_tiles_accepts_our_proofs_and_we_accept_its() {
    let size = 70_000;
    let stored = Stored::new(size);
    let (roots, tiles) = ours(size);
    let root = roots[70_000];
    let theirs = tlog::Hash(root.0);
    for index in (1..size).step_by(997) {
        let leaf = leaf_hash(&entry(index));
        let ours = prove_inclusion(index, size, &tiles).unwrap();
        let proof = ours.iter().map(|hash| tlog::Hash(hash.0)).collect();
        tlog::check_record(&proof, size, theirs, index, tlog::Hash(leaf.0)).unwrap();
        let old = roots[usize::try_from(index).unwrap()];
        let proof = tlog::prove_tree(size, index, &stored).unwrap();
        verify_consistency(index, &old, size, &root, &converted(&proof)).unwrap();
        let ours = prove_consistency(index, size, &tiles).unwrap();
        let proof = ours.iter().map(|hash| tlog::Hash(hash.0)).collect();
        tlog::check_tree(&proof, size, theirs, index, tlog::Hash(old.0)).unwrap();
    }
}

#[test]
fn ct_merkle_makes_the_same_roots_and_proofs() {
    let hashes =
        |bytes: &[u8]| bytes.as_chunks().0.iter().map(|hash| Hash(*hash)).collect::<Vec<_>>();
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let (roots, _) = ours(300);
    for size in 1..=300 {
        theirs.push(entry(size - 1));
        let root = roots[usize::try_from(size).unwrap()];
        assert_eq!(theirs.root().as_bytes().as_slice(), root.0);
        for (index, old) in (0..size).zip(&roots) {
            let place = usize::try_from(index).unwrap();
            let proof = hashes(theirs.prove_inclusion(place).as_bytes());
            verify_inclusion(&leaf_hash(&entry(index)), index, size, &root, &proof).unwrap();
            if index > 0 {
                let added = usize::try_from(size - index).unwrap();
                let proof = hashes(theirs.prove_consistency(added).as_bytes());
                verify_consistency(index, old, size, &root, &proof).unwrap();
            }
        }
    }
}
