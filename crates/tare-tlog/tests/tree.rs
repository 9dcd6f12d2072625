//! Roots, proofs and tiles of `spec/vectors/log/tree.txt`, which Go's own package wrote (`tests/go`).

#![expect(clippy::unwrap_used, reason = "a vector that cannot be read has failed")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::LazyLock;

use tare_tlog::hash::{Hash, leaf_hash};
use tare_tlog::proof::{verify_consistency, verify_inclusion};
use tare_tlog::tile::{TileFile, TileSet, grow, prove_consistency, prove_inclusion};
use tare_tlog::tree::Edge;

const VECTORS: &str = include_str!("../../../spec/vectors/log/tree.txt");

/// The lines of one kind, as words.
fn lines(kind: &str) -> Vec<Vec<&'static str>> {
    let words = VECTORS.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let rest = |line: Vec<&'static str>| match line.split_first() {
        Some((first, rest)) if *first == kind => Some(rest.to_vec()),
        _ => None,
    };
    let lines: Vec<_> = words.filter_map(rest).collect();
    assert!(!lines.is_empty());
    lines
}

fn leaf(index: u64) -> Hash {
    leaf_hash(format!("e{index}").as_bytes())
}

/// The root at each size.
static ROOTS: LazyLock<Vec<Hash>> = LazyLock::new(|| {
    let mut edge = Edge::new();
    let grown = (0..70_000).map(|index| {
        edge.append(leaf(index)).unwrap();
        edge.root()
    });
    [Edge::new().root()].into_iter().chain(grown).collect()
});

fn root(size: u64) -> Hash {
    ROOTS[usize::try_from(size).unwrap()]
}

fn files(size: u64) -> Vec<TileFile> {
    let read = |_: &_| Ok::<_, Infallible>(Vec::new());
    grow(&Edge::new(), (0..size).map(leaf), read).unwrap().1
}

/// The sizes and hashes of a proof, and the tiles of the larger size.
struct Proof {
    size: u64,
    other: u64,
    hashes: Vec<Hash>,
    tiles: TileSet,
}

fn proofs(kind: &str) -> impl Iterator<Item = Proof> + use<> {
    let mut sets: BTreeMap<u64, TileSet> = BTreeMap::new();
    lines(kind).into_iter().map(move |line| {
        let (size, other) = (line[0].parse().unwrap(), line[1].parse().unwrap());
        let tiles = sets.entry(size).or_insert_with(|| {
            let mut set = TileSet::new();
            files(size).iter().for_each(|file| set.insert(file.id, &file.bytes).unwrap());
            set
        });
        let hashes = line[2..].iter().map(|hash| hash.parse().unwrap()).collect();
        Proof { size, other, hashes, tiles: tiles.clone() }
    })
}

#[test]
fn roots() {
    for line in lines("root") {
        let size = line[0].parse().unwrap();
        assert_eq!(root(size).to_string(), line[1], "{size}");
    }
}

#[test]
fn inclusion() {
    for Proof { size, other, hashes, tiles } in proofs("inclusion") {
        verify_inclusion(&leaf(other), other, size, &root(size), &hashes).unwrap();
        assert_eq!(prove_inclusion(other, size, &tiles), Ok(hashes));
    }
}

#[test]
fn consistency() {
    for Proof { size, other, hashes, tiles } in proofs("consistency") {
        let (old, new) = (root(other), root(size));
        verify_consistency(other, &old, size, &new, &hashes).unwrap();
        assert_eq!(prove_consistency(other, size, &tiles), Ok(hashes));
    }
}

#[test]
fn tiles() {
    let mut made: BTreeMap<u64, BTreeMap<String, String>> = BTreeMap::new();
    for line in lines("tile") {
        let size = line[0].parse().unwrap();
        let made = made.entry(size).or_insert_with(|| {
            files(size)
                .iter()
                .map(|file| (file.id.to_string(), Hash::of(&file.bytes).hex()))
                .collect()
        });
        assert_eq!(made.get(line[1]).map(String::as_str), Some(line[2]), "{} of {size}", line[1]);
    }
}
