use proptest::prelude::*;

use super::*;
use crate::checkpoint::MAX_TREE_SIZE;
use crate::tree::tests::Naive;

fn hashes(texts: &[&str]) -> Vec<Hash> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn the_inclusion_vector_is_accepted() {
    let tree = Naive::new(7);
    let proof = hashes(&[
        "1b21ihkXOmoBEd8/H2LbqgDkQiHg8JtHSJgSoBDNUxQ=",
        "cY+gNp10dQmbxstDJ+OCOklyKF+SvUmXGlg8nwj/to0=",
        "9fNP4FejGK1lmZw0+Msnd3fjNkUp/nARcLCQjQMUxEI=",
    ]);
    assert_eq!(verify_inclusion(&tree.leaf(2), 2, 7, &tree.root(7), &proof), Ok(()));
}

#[test]
fn the_consistency_vector_is_accepted() {
    let tree = Naive::new(7);
    let proof = hashes(&[
        "526xuXsGdXFQ+V4GNXp9xATKURtjqQMwpWqU3z0NZtE=",
        "1b21ihkXOmoBEd8/H2LbqgDkQiHg8JtHSJgSoBDNUxQ=",
        "cY+gNp10dQmbxstDJ+OCOklyKF+SvUmXGlg8nwj/to0=",
        "9fNP4FejGK1lmZw0+Msnd3fjNkUp/nARcLCQjQMUxEI=",
    ]);
    assert_eq!(verify_consistency(3, &tree.root(3), 7, &tree.root(7), &proof), Ok(()));
}

#[test]
fn every_right_proof_up_to_300_entries_is_accepted() {
    let tree = Naive::new(300);
    for size in 1..=300 {
        let root = tree.root(size);
        for index in 0..size {
            let (old, new) = (index as u64, size as u64);
            let proof = tree.inclusion(index, size);
            assert_eq!(verify_inclusion(&tree.leaf(index), old, new, &root, &proof), Ok(()));
            let proof = if index == 0 { Vec::new() } else { tree.consistency(index, size) };
            assert_eq!(verify_consistency(old, &tree.root(index), new, &root, &proof), Ok(()));
        }
    }
}

#[test]
fn a_proof_is_for_one_index_and_one_size_only() {
    let tree = Naive::new(40);
    let (leaf, root) = (tree.leaf(11), tree.root(23));
    let proof = tree.inclusion(11, 23);
    for index in 0..40 {
        let result = verify_inclusion(&leaf, index, 23, &root, &proof);
        assert_eq!(result.is_ok(), index == 11, "{index}");
    }
    for old in 1..40 {
        let proof = tree.consistency(11, 23);
        let result = verify_consistency(old, &tree.root(11), 23, &root, &proof);
        assert_eq!(result.is_ok(), old == 11, "{old}");
    }
}

#[test]
fn every_log_continues_the_empty_one() {
    let tree = Naive::new(5);
    assert_eq!(verify_consistency(0, &EMPTY_ROOT, 5, &tree.root(5), &[]), Ok(()));
    assert_eq!(verify_consistency(0, &EMPTY_ROOT, 0, &EMPTY_ROOT, &[]), Ok(()));
    assert!(verify_consistency(0, &tree.root(1), 5, &tree.root(5), &[]).is_err());
    assert!(verify_consistency(0, &tree.root(1), 0, &tree.root(1), &[]).is_err());
    assert!(verify_consistency(0, &EMPTY_ROOT, 5, &tree.root(5), &[tree.root(5)]).is_err());
}

#[test]
fn one_size_has_one_root() {
    let tree = Naive::new(5);
    let root = tree.root(5);
    assert_eq!(verify_consistency(5, &root, 5, &root, &[]), Ok(()));
    let other = ProofError::Root { size: 5, found: tree.root(4), expected: root };
    assert_eq!(verify_consistency(5, &root, 5, &tree.root(4), &[]), Err(other));
    assert_eq!(
        verify_consistency(5, &root, 4, &tree.root(4), &[]),
        Err(ProofError::Shrunk { old: 5, new: 4 })
    );
}

#[test]
fn sizes_beyond_the_limit_are_refused() {
    let full = vec![EMPTY_ROOT; MAX_PROOF_HASHES];
    for size in [MAX_TREE_SIZE, 1 << 63, (1 << 63) + 1, u64::MAX] {
        let result = verify_inclusion(&EMPTY_ROOT, 0, size, &EMPTY_ROOT, &full);
        assert_eq!(result, Err(ProofError::Size { size }));
        let result = verify_consistency(1, &EMPTY_ROOT, size, &EMPTY_ROOT, &full);
        assert_eq!(result, Err(ProofError::Size { size }));
    }
    let size = MAX_TREE_SIZE - 1;
    let result = verify_inclusion(&EMPTY_ROOT, size - 1, size, &EMPTY_ROOT, &full);
    assert_eq!(result, Err(ProofError::Length { found: MAX_PROOF_HASHES }));
    let long = vec![EMPTY_ROOT; MAX_PROOF_HASHES + 1];
    let result = verify_inclusion(&EMPTY_ROOT, 0, 7, &EMPTY_ROOT, &long);
    assert_eq!(result, Err(ProofError::Length { found: MAX_PROOF_HASHES + 1 }));
}

/// What a liar may do to a proof.
fn damage(proof: &mut Vec<Hash>, place: usize, kind: u8) {
    let place = place % proof.len().max(1);
    match kind {
        1 if !proof.is_empty() => drop(proof.remove(place)),
        2 if !proof.is_empty() => proof[place].0[place] ^= 1,
        _ => proof.insert(place, EMPTY_ROOT),
    }
}

proptest! {
    #[test]
    fn no_damaged_proof_is_accepted(
        size in 1_usize..200, index: prop::sample::Index, place: usize, kind in 0_u8..3
    ) {
        let tree = Naive::new(size);
        let (index, root) = (index.index(size), tree.root(size));
        let mut proof = tree.inclusion(index, size);
        damage(&mut proof, place, kind);
        let (old, new) = (index as u64, size as u64);
        prop_assert!(verify_inclusion(&tree.leaf(index), old, new, &root, &proof).is_err());
        let mut proof = if index == 0 { Vec::new() } else { tree.consistency(index, size) };
        damage(&mut proof, place, kind);
        prop_assert!(verify_consistency(old, &tree.root(index), new, &root, &proof).is_err());
    }

    #[test]
    fn random_proofs_neither_panic_nor_pass(
        index: u64, old: u64, size: u64, hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70)
    ) {
        let hashes: Vec<Hash> = hashes.into_iter().map(Hash).collect();
        let root = Hash([7; 32]);
        prop_assert!(verify_inclusion(&EMPTY_ROOT, index, size, &root, &hashes).is_err());
        prop_assert!(verify_consistency(old, &EMPTY_ROOT, size, &root, &hashes).is_err() || old == 0);
        let (index, size) = (index >> 17, size >> 16);
        prop_assert!(verify_inclusion(&EMPTY_ROOT, index, size, &root, &hashes).is_err());
    }
}
