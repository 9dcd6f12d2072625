use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::*;
use super::Files;
use crate::checkpoint::MAX_TREE_SIZE;
use crate::hash::{EMPTY_ROOT, Hash, leaf_hash};
use crate::tree::Edge;
use crate::tree::tests::Naive;

const SIZE: u64 = 70_000;
/// Its path goes through full tiles of all levels and past the right edge.
const INDEX: u64 = 777;

fn log(changed: Option<u64>) -> Files {
    let entry = |index| if Some(index) == changed { "forged".into() } else { format!("e{index}") };
    Files::of(&(0..SIZE).map(|index| leaf_hash(entry(index).as_bytes())).collect::<Vec<_>>())
}

static HONEST: LazyLock<Files> = LazyLock::new(|| log(None));
/// The log as an attacker would have it: right in itself, with one entry replaced.
static FORGED: LazyLock<Files> = LazyLock::new(|| log(Some(INDEX)));

fn leaf(index: u64) -> Hash {
    leaf_hash(format!("e{index}").as_bytes())
}

/// The root of the honest log at each size.
static ROOTS: LazyLock<Vec<Hash>> = LazyLock::new(|| {
    let mut edge = Edge::new();
    let grown = (0..SIZE).map(|index| {
        edge.append(leaf(index)).unwrap();
        edge.root()
    });
    [EMPTY_ROOT].into_iter().chain(grown).collect()
});

fn root(size: u64) -> Hash {
    ROOTS[usize::try_from(size).unwrap()]
}

/// All ways to take some of the planned tiles from the attacker.
fn masks(plan: &[TileId]) -> impl Iterator<Item = (u32, TileSet)> {
    (0..1_u32 << plan.len()).map(|mask| {
        let mut tiles = TileSet::new();
        for (place, tile) in plan.iter().enumerate() {
            let files = if mask >> place & 1 == 1 { &FORGED } else { &HONEST };
            tiles.insert(*tile, &files.tiles[tile]).unwrap();
        }
        (mask, tiles)
    })
}

#[test]
fn proofs_from_tiles_are_those_of_the_naive_tree() {
    let tree = Naive::new(300);
    let mut files = Files::default();
    for size in 1..=300 {
        files.append(&[tree.leaf(size - 1)]);
        let all: Vec<TileId> = tiles_of(size as u64).unwrap().collect();
        let tiles = files.fetch(&all);
        for index in 0..size {
            let (old, new) = (index as u64, size as u64);
            let proof = prove_inclusion(old, new, &tiles);
            assert_eq!(proof, Ok(tree.inclusion(index, size)));
            let expected = if index == 0 { Vec::new() } else { tree.consistency(index, size) };
            assert_eq!(prove_consistency(old, new, &tiles), Ok(expected));
        }
    }
}

#[test]
fn a_plan_is_few_tiles() {
    let plan = plan_inclusion(INDEX, SIZE).unwrap();
    let paths: Vec<String> = plan.iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["tile/0/003", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17"]);
    assert_eq!(plan_inclusion(0, 1), Ok(vec![]));
    assert_eq!(plan_consistency(0, SIZE), Ok(vec![]));
    assert_eq!(plan_consistency(SIZE, SIZE), Ok(vec![]));
}

#[test]
fn an_entry_that_is_not_in_the_log_is_proven_by_no_mix_of_forged_tiles() {
    let root = HONEST.edge.root();
    let plan = plan_inclusion(INDEX, SIZE).unwrap();
    for (mask, tiles) in masks(&plan) {
        let result = inclusion_checked(&leaf_hash(b"forged"), INDEX, SIZE, &root, &tiles);
        assert!(matches!(result, Err(CheckedError::Proof(_))), "{mask:b}");
    }
}

#[test]
fn a_tile_of_other_hashes_proves_nothing() {
    let root = HONEST.edge.root();
    let plan = plan_inclusion(INDEX, SIZE).unwrap();
    for mask in 0..1_u32 << plan.len() {
        let mut tiles = TileSet::new();
        for (place, tile) in plan.iter().enumerate() {
            let mut bytes = HONEST.tiles[tile].clone();
            if mask >> place & 1 == 1 {
                bytes.iter_mut().for_each(|byte| *byte ^= 1);
            }
            tiles.insert(*tile, &bytes).unwrap();
        }
        let result = inclusion_checked(&leaf(INDEX), INDEX, SIZE, &root, &tiles);
        assert_eq!(result.is_ok(), mask == 0, "{mask:b}");
    }
}

#[test]
fn a_rewritten_log_is_shown_consistent_by_no_mix_of_forged_tiles() {
    // The log of 800 entries had the true entry 777.
    let forged = FORGED.edge.root();
    for (mask, tiles) in masks(&plan_consistency(800, SIZE).unwrap()) {
        let result = consistency_checked(800, &root(800), SIZE, &forged, &tiles);
        assert!(matches!(result, Err(CheckedError::Proof(_))), "{mask:b}");
    }
}

#[test]
fn a_proof_that_passes_is_the_true_one_whatever_the_tiles() {
    let plan = plan_consistency(600, SIZE).unwrap();
    let honest = prove_consistency(600, SIZE, &HONEST.fetch(&plan)).unwrap();
    let checked =
        |tiles: &TileSet| consistency_checked(600, &root(600), SIZE, &HONEST.edge.root(), tiles);
    let passed = masks(&plan).filter_map(|(_, tiles)| checked(&tiles).ok());
    // Tiles in which the two logs agree are no forgery, so more than one mix passes.
    assert!(passed.inspect(|proof| assert_eq!(*proof, honest)).count() > 0);
}

#[test]
fn a_full_tile_stands_in_for_a_partial_one() {
    let partial = TileId::new(0, 2, 88).unwrap();
    let full = partial.full().unwrap();
    let bytes = &HONEST.tiles[&full];
    let mut tiles = TileSet::new();
    for tile in plan_inclusion(599, 600).unwrap() {
        let wide = tile.full().filter(|full| HONEST.tiles.contains_key(full)).unwrap();
        tiles.insert(wide, &HONEST.tiles[&wide]).unwrap();
    }
    assert!(inclusion_checked(&leaf(599), 599, 600, &root(600), &tiles).is_ok());
    assert_eq!(partial.truncate(bytes).unwrap(), &bytes[..88 * 32]);
    assert!(partial.truncate(&bytes[..87 * 32]).is_err());
}

#[test]
fn a_missing_tile_is_named() {
    let [first, rest @ ..] = &plan_inclusion(INDEX, SIZE).unwrap()[..] else { panic!("no plan") };
    let tiles = HONEST.fetch(rest);
    let error = prove_inclusion(INDEX, SIZE, &tiles);
    assert_eq!(error, Err(ProveError::Missing { tile: *first }));
    let mut tiles = tiles;
    assert!(tiles.insert(*first, &HONEST.tiles[first][32..]).is_err());
    tiles.insert(TileId::new(0, 3, 9).unwrap(), &[0; 9 * 32]).unwrap();
    assert_eq!(prove_inclusion(INDEX, SIZE, &tiles), Err(ProveError::Missing { tile: *first }));
}

#[test]
fn sizes_near_the_limits_neither_panic_nor_loop() {
    let tiles = TileSet::new();
    for size in [MAX_TREE_SIZE, 1 << 56, 1 << 63, (1 << 63) + 1, u64::MAX] {
        assert!(plan_inclusion(size - 1, size).is_err());
        assert!(plan_consistency(1, size).is_err());
        assert!(prove_inclusion(0, size, &tiles).is_err());
    }
    let size = MAX_TREE_SIZE - 1;
    assert_eq!(plan_inclusion(0, size).unwrap().len(), 11);
    assert!(plan_consistency(size / 2, size).unwrap().len() < 12);
    assert!(plan_inclusion(size, size).is_err());
    assert!(plan_consistency(2, 1).is_err());
    let result = inclusion_checked(&EMPTY_ROOT, 0, 0, &EMPTY_ROOT, &tiles);
    assert!(matches!(result, Err(CheckedError::Prove(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_planned_tiles_suffice(size in 1_u64..=SIZE, part: u64) {
        let other = part % size;
        // Tiles of that size, cut from those of the full log where they have grown since.
        let fetch = |plan: Vec<TileId>| {
            let mut set = TileSet::new();
            for tile in plan {
                let hashes = HONEST.tiles.iter().find(|(id, _)| id.level() == tile.level() && id.index() == tile.index());
                set.insert(tile, tile.truncate(hashes.unwrap().1).unwrap()).unwrap();
            }
            set
        };
        let set = fetch(plan_inclusion(other, size).unwrap());
        let root_of_size = root(size);
        prop_assert!(inclusion_checked(&leaf(other), other, size, &root_of_size, &set).is_ok());
        let set = fetch(plan_consistency(other, size).unwrap());
        prop_assert!(consistency_checked(other, &root(other), size, &root_of_size, &set).is_ok());
    }

    #[test]
    fn no_plan_of_any_size_panics(index: u64, size: u64, shift in 0_u32..64) {
        let size = size >> shift;
        prop_assert!(plan_inclusion(index, size).map_or(0, |plan| plan.len()) < 12);
        prop_assert!(plan_consistency(index, size).map_or(0, |plan| plan.len()) < 12);
    }
}
