//! Which subtrees the hashes of a proof stand for, after the recursive definitions of RFC 6962 section 2.1.
//!
//! A proof is made in two steps: here the subtrees, as ranges of leaves, from the sizes alone; in [`prove`](super::prove)
//! their hashes, from tiles. So what has to be fetched is known before anything is.

/// The leaves from `start` up to, and without, `end`: a node of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: u64,
    pub(super) end: u64,
}

/// A perfect subtree: the `index`-th, from 0, of those with 2^`height` leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Perfect {
    pub(super) height: u32,
    pub(super) index: u64,
}

/// PATH(index, D\[size\]) as ranges, from the leaf up. `index` is below `size`.
pub(super) fn inclusion(index: u64, size: u64) -> Vec<Range> {
    let mut ranges = Vec::new();
    let mut node = Range { start: 0, end: size };
    while let Some((left, right)) = node.children() {
        let (down, sibling) = if index < left.end { (left, right) } else { (right, left) };
        ranges.push(sibling);
        node = down;
    }
    ranges.reverse();
    ranges
}

/// PROOF(old, D\[new\]) as ranges, from the deepest up. 0 < `old` < `new`.
pub(super) fn consistency(old: u64, new: u64) -> Vec<Range> {
    let mut ranges = Vec::new();
    let mut node = Range { start: 0, end: new };
    while old != node.end {
        let Some((left, right)) = node.children() else { break };
        let (down, sibling) = if old <= left.end { (left, right) } else { (right, left) };
        ranges.push(sibling);
        node = down;
    }
    // The old root itself is what the verifier knows.
    if node.start > 0 {
        ranges.push(node);
    }
    ranges.reverse();
    ranges
}

impl Range {
    /// The two children of the node, or `None` for a leaf.
    fn children(self) -> Option<(Self, Self)> {
        let leaves = self.end - self.start;
        if leaves < 2 {
            return None;
        }
        // The largest power of two below the number of leaves.
        let split = self.start + (1 << (leaves - 1).ilog2());
        Some((Self { end: split, ..self }, Self { start: split, ..self }))
    }

    /// The perfect subtrees that the node is hashed from, the largest first.
    pub(super) fn perfect(self) -> impl Iterator<Item = Perfect> {
        let mut start = self.start;
        std::iter::from_fn(move || {
            let height = (self.end - start).checked_ilog2()?;
            let index = start >> height;
            start += 1 << height;
            Some(Perfect { height, index })
        })
    }
}
