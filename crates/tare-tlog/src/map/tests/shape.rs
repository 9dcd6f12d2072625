use proptest::prelude::*;

use super::*;
use crate::checkpoint::MAX_TREE_SIZE;
use crate::hash::EMPTY_ROOT;

#[test]
fn the_depth_is_the_least_with_64_rows_a_bucket() {
    let cases = [
        (0, 0),
        (64, 0),
        (65, 1),
        (1_000, 1),
        (4_096, 1),
        (4_097, 2),
        (100_000, 2),
        (262_144, 2),
        (262_145, 3),
        (1_000_000, 3),
        (MAX_TREE_SIZE - 1, 7),
        (u64::MAX, 7),
    ];
    for (count, depth) in cases {
        assert_eq!(depth_for(count), depth, "{count}");
    }
}

#[test]
fn the_empty_map_is_the_hash_of_nothing() {
    let (commitment, stored) = Stored::build(BTreeMap::new());
    assert_eq!(commitment, Commitment::EMPTY);
    assert_eq!(commitment.root(), EMPTY_ROOT);
    assert!(stored.files.is_empty());
    assert_eq!(stored.walk(&commitment, key(1)), Ok(None));
}

#[test]
fn a_small_map_is_its_sorted_rows() {
    let (commitment, stored) = Stored::build(rows(2));
    let expected: Vec<u8> =
        rows(2).into_iter().flat_map(|(key, value)| [key.0, value.0].concat()).collect();
    assert_eq!(stored.files[&commitment.root()], expected);
    assert_eq!(commitment.root(), Hash::of(&expected));
}

#[test]
fn a_larger_map_is_hashes_of_buckets() {
    let (commitment, stored) = Stored::build(rows(100));
    assert_eq!((commitment.depth(), commitment.count()), (1, 100));
    let root = &stored.files[&commitment.root()];
    assert_eq!(root.len(), INNER_BYTES);
    let slot = usize::from(key(5).0[0] >> 2);
    let bucket = Hash(root[slot * 32..][..32].try_into().unwrap());
    let row = [key(5).0, value(5).0].concat();
    assert!(stored.files[&bucket].chunks(64).any(|found| found == row));
}

#[test]
fn numbers_that_fit_no_map_are_refused() {
    let root = Hash([1; 32]);
    assert!(Commitment::new(0, 64, root).is_ok());
    for (depth, count) in
        [(1, 64), (0, 65), (8, 1 << 47), (7, MAX_TREE_SIZE), (7, u64::MAX), (0, 0)]
    {
        assert!(Commitment::new(depth, count, root).is_err(), "{depth} {count}");
    }
}

#[test]
fn rows_that_make_no_map_are_refused() {
    let sorted: Vec<(Key, Value)> = rows(100).into_iter().collect();
    let reversed = sorted.iter().rev().copied();
    assert!(matches!(build(100, reversed, drop), Err(BuildError::Bucket(_))));
    let twice = [sorted[0], sorted[0]];
    assert!(matches!(build(2, twice, drop), Err(BuildError::Bucket(_))));
    let count = |count| build(count, sorted.clone(), drop);
    assert_eq!(count(99), Err(BuildError::Count { found: 100, expected: 99 }));
    assert_eq!(count(101), Err(BuildError::Count { found: 100, expected: 101 }));
    assert!(matches!(count(MAX_TREE_SIZE), Err(BuildError::Commitment(_))));
}

#[test]
fn other_texts_are_no_prefix() {
    for bad in ["", "0", "0/1", "1/64", "8/0", "1/-1", "1/+1", "01/1", "1/01", "7/4398046511104"] {
        assert!(bad.parse::<Prefix>().is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn a_prefix_is_its_range(level in 0_u8..=MAX_DEPTH, bytes: [u8; 32], other: [u8; 32]) {
        let prefix = Prefix::of(&Key(bytes), level);
        let (low, high) = prefix.range();
        for key in [Key(bytes), Key(other), low, high] {
            prop_assert_eq!(prefix.contains(&key), (low..=high).contains(&key));
        }
        prop_assert_eq!(prefix.to_string().parse(), Ok(prefix));
        prop_assert_eq!(Prefix::new(level, prefix.bits()), Some(prefix));
    }

    #[test]
    fn children_share_the_range_of_their_parent(level in 0_u8..MAX_DEPTH, bytes: [u8; 32]) {
        let prefix = Prefix::of(&Key(bytes), level);
        let children: Vec<Prefix> = prefix.children().unwrap().collect();
        prop_assert_eq!(children.len(), FAN_OUT);
        prop_assert_eq!(children[0].range().0, prefix.range().0);
        prop_assert_eq!(children[63].range().1, prefix.range().1);
        for (slot, child) in children.into_iter().enumerate() {
            prop_assert_eq!(child.parent(), Some(prefix));
            prop_assert_eq!(child.slot(), slot);
        }
        prop_assert!(Prefix::of(&Key(bytes), MAX_DEPTH).children().is_none());
    }
}
