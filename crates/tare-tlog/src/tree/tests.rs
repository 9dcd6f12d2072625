use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::hash::leaf_hash;

/// The definitions of RFC 6962 section 2.1, word for word and without a thought for speed beyond remembering.
pub(crate) struct Naive {
    leaves: Vec<Hash>,
    known: RefCell<BTreeMap<(usize, usize), Hash>>,
}

impl Naive {
    /// The log of the entries `e0`, `e1`, ...
    pub(crate) fn new(size: usize) -> Self {
        let leaves = (0..size).map(|index| leaf_hash(format!("e{index}").as_bytes())).collect();
        Self { leaves, known: RefCell::default() }
    }

    pub(crate) fn leaf(&self, index: usize) -> Hash {
        self.leaves[index]
    }

    pub(crate) fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    pub(crate) fn root(&self, size: usize) -> Hash {
        self.hash(0, size)
    }

    pub(crate) fn inclusion(&self, index: usize, size: usize) -> Vec<Hash> {
        self.path(index, 0, size)
    }

    pub(crate) fn consistency(&self, old: usize, new: usize) -> Vec<Hash> {
        self.subproof(old, 0, new, true)
    }

    fn hash(&self, start: usize, end: usize) -> Hash {
        if let Some(hash) = self.known.borrow().get(&(start, end)) {
            return *hash;
        }
        let hash = match end - start {
            0 => EMPTY_ROOT,
            1 => self.leaves[start],
            count => {
                let split = start + split(count);
                node_hash(&self.hash(start, split), &self.hash(split, end))
            }
        };
        self.known.borrow_mut().insert((start, end), hash);
        hash
    }

    fn path(&self, index: usize, start: usize, end: usize) -> Vec<Hash> {
        if end - start == 1 {
            return Vec::new();
        }
        let split = start + split(end - start);
        let (mut path, sibling) = if index < split {
            (self.path(index, start, split), self.hash(split, end))
        } else {
            (self.path(index, split, end), self.hash(start, split))
        };
        path.push(sibling);
        path
    }

    fn subproof(&self, old: usize, start: usize, end: usize, whole: bool) -> Vec<Hash> {
        if old == end {
            return if whole { Vec::new() } else { vec![self.hash(start, end)] };
        }
        let split = start + split(end - start);
        let (mut proof, sibling) = if old <= split {
            (self.subproof(old, start, split, whole), self.hash(split, end))
        } else {
            (self.subproof(old, split, end, false), self.hash(start, split))
        };
        proof.push(sibling);
        proof
    }
}

/// The largest power of two below `count`.
fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

#[test]
fn roots_are_those_of_the_vectors() {
    let tree = Naive::new(7);
    let mut edge = Edge::new();
    let mut roots = vec![edge.root().to_string()];
    for leaf in tree.leaves() {
        edge.append(*leaf).unwrap();
        roots.push(edge.root().to_string());
    }
    assert_eq!(roots[0], "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    assert_eq!(roots[1], "lWrlG9Pihcy4JimN1SPdCIJM5VeXSZlPLgAhc3ud1Lg=");
    assert_eq!(roots[3], "ZLJJxOBgbj2XQsSb/VfNHj6xcPXM76JuoEXKGT1kp18=");
    assert_eq!(roots[7], "TL2ONYSUUEANTpxMCuf3HHmtRBD5rSxiRiL/X4YXMT0=");
}

#[test]
fn an_edge_has_the_root_of_the_whole_tree() {
    let tree = Naive::new(300);
    let mut edge = Edge::new();
    for size in 0..300 {
        assert_eq!(edge.root(), tree.root(size));
        let kept = Edge::from_parts(edge.size(), edge.hashes().to_vec());
        assert_eq!(kept, Ok(edge.clone()));
        edge.append(tree.leaf(size)).unwrap();
    }
}

#[test]
fn the_largest_log_takes_no_entry() {
    let hashes = vec![EMPTY_ROOT; 48];
    let mut edge = Edge::from_parts(MAX_TREE_SIZE - 1, hashes.clone()).unwrap();
    assert_eq!(edge.append(EMPTY_ROOT), Err(TreeError::Size { size: MAX_TREE_SIZE }));
    assert_eq!(edge.hashes(), hashes);
}

proptest! {
    #[test]
    fn parts_that_do_not_fit_are_refused(size: u64, count in 0_usize..70) {
        let edge = Edge::from_parts(size, vec![EMPTY_ROOT; count]);
        let fits = size < MAX_TREE_SIZE && size.count_ones() as usize == count;
        prop_assert_eq!(edge.is_ok(), fits);
    }
}
