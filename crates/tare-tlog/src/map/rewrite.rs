//! Changing some keys of a map that lies elsewhere, mostly in a database (spec/tiles.md X-36).
//!
//! Nothing here waits: [`plan`] says what to read, the caller reads it as it likes, [`rewrite`] computes what to write. A
//! change of one key touches one bucket and one inner node a level. What the caller read is checked against the old root, so
//! a database that disagrees with itself is found before anything is signed.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    BucketError, Commitment, CommitmentError, FAN_OUT, Key, Node, Prefix, Value, depth_for,
};
use crate::hash::Hash;

/// What must be at hand to change some keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// The buckets whose rows are needed.
    pub buckets: Vec<Prefix>,
    /// The inner nodes whose children are needed, children before parents.
    pub inner: Vec<Prefix>,
}

/// A map after some keys were changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// How many rows there are now.
    pub count: u64,
    /// The changed map, or `None` if the number of rows now asks for another depth. Then there are no `nodes` either, and the
    /// map must be [built](super::build) anew.
    pub commitment: Option<Commitment>,
    /// The files that changed, children before parents, the root last. A bucket that became empty is among them, without
    /// bytes.
    pub nodes: Vec<Node>,
}

/// Why a map cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RewriteError {
    /// The caller does not have what [`plan`] asked for.
    #[error("node `{prefix}` of the state map is needed and missing")]
    Missing {
        /// The bucket or inner node.
        prefix: Prefix,
    },
    /// What the caller has is not the map that was to be changed.
    #[error("node `{prefix}` of the state map has the hash `{}`, expected `{}`", found.hex(), expected.hex())]
    Mismatch {
        /// The bucket or inner node.
        prefix: Prefix,
        /// The hash of what the caller has.
        found: Hash,
        /// What its parent, or the commitment, says.
        expected: Hash,
    },
    /// A bucket has the wrong rows, or too many by now.
    #[error("rows make no bucket")]
    Bucket(#[from] BucketError),
    /// There would be too many rows.
    #[error("rows make no map")]
    Commitment(#[from] CommitmentError),
}

/// What has to be read to change `keys` in a map of this depth.
#[must_use]
pub fn plan<'a>(depth: u8, keys: impl IntoIterator<Item = &'a Key>) -> Needs {
    let buckets: BTreeSet<Prefix> = keys.into_iter().map(|key| Prefix::of(key, depth)).collect();
    let mut inner = Vec::new();
    let mut parents: BTreeSet<Prefix> = buckets.iter().filter_map(Prefix::parent).collect();
    while !parents.is_empty() {
        inner.extend(&parents);
        parents = parents.iter().filter_map(Prefix::parent).collect();
    }
    Needs { buckets: buckets.into_iter().collect(), inner }
}

/// Changes keys of the map `old`: `Some` sets the value, `None` removes the row, if there is one.
///
/// `rows_of` gives the sorted rows of a bucket, `children_of` the hashes below an inner node, both as they were before and for
/// everything that [`plan`] names; `None` means that the caller does not have it.
///
/// # Errors
/// When something is missing or not part of `old`, or a bucket would get too many rows.
pub fn rewrite(
    old: &Commitment,
    changes: &BTreeMap<Key, Option<Value>>,
    rows_of: impl Fn(&Prefix) -> Option<Vec<(Key, Value)>>,
    children_of: impl Fn(&Prefix) -> Option<[Hash; FAN_OUT]>,
) -> Result<Rewritten, RewriteError> {
    let needs = plan(old.depth(), changes.keys());
    let mut work = Work { count: old.count(), nodes: Vec::new(), swaps: BTreeMap::new() };
    for prefix in needs.buckets {
        let rows = rows_of(&prefix).ok_or(RewriteError::Missing { prefix })?;
        work.bucket(prefix, &rows, changes)?;
    }
    for prefix in needs.inner {
        let children = children_of(&prefix).ok_or(RewriteError::Missing { prefix })?;
        work.inner(prefix, children)?;
    }
    let root = match work.swaps.get(&Prefix::ROOT) {
        Some(swap) => swap.expecting(Prefix::ROOT, old.root())?,
        None => old.root(),
    };
    if depth_for(work.count) != old.depth() {
        return Ok(Rewritten { count: work.count, commitment: None, nodes: Vec::new() });
    }
    let commitment = Some(Commitment::of(work.count, root)?);
    Ok(Rewritten { count: work.count, commitment, nodes: work.nodes })
}

/// The hash of a node before and after.
#[derive(Clone, Copy)]
struct Swap {
    before: Hash,
    after: Hash,
}

impl Swap {
    /// The hash after, if the one before is what it was said to be.
    fn expecting(self, prefix: Prefix, expected: Hash) -> Result<Hash, RewriteError> {
        if self.before != expected {
            return Err(RewriteError::Mismatch { prefix, found: self.before, expected });
        }
        Ok(self.after)
    }
}

/// What was changed so far.
struct Work {
    count: u64,
    nodes: Vec<Node>,
    swaps: BTreeMap<Prefix, Swap>,
}

impl Work {
    fn bucket(
        &mut self,
        prefix: Prefix,
        rows: &[(Key, Value)],
        changes: &BTreeMap<Key, Option<Value>>,
    ) -> Result<(), RewriteError> {
        let before = Node::bucket(prefix, rows)?.hash;
        let (low, high) = prefix.range();
        let mut changed: BTreeMap<Key, Value> = rows.iter().copied().collect();
        for (key, value) in changes.range(low..=high) {
            match value {
                Some(value) => changed.insert(*key, *value),
                None => changed.remove(key),
            };
        }
        let changed: Vec<(Key, Value)> = changed.into_iter().collect();
        // A bucket that is part of the map has no more rows than the map, and few.
        let length = |rows: &[(Key, Value)]| u64::try_from(rows.len()).unwrap_or(u64::MAX);
        self.count = self.count.saturating_sub(length(rows)).saturating_add(length(&changed));
        self.replace(before, Node::bucket(prefix, &changed)?);
        Ok(())
    }

    fn inner(&mut self, prefix: Prefix, children: [Hash; FAN_OUT]) -> Result<(), RewriteError> {
        let before = Node::inner(prefix, &children).hash;
        let mut changed = children;
        for (child, slot) in prefix.children().into_iter().flatten().zip(&mut changed) {
            if let Some(swap) = self.swaps.get(&child) {
                *slot = swap.expecting(child, *slot)?;
            }
        }
        self.replace(before, Node::inner(prefix, &changed));
        Ok(())
    }

    fn replace(&mut self, before: Hash, node: Node) {
        self.swaps.insert(node.prefix, Swap { before, after: node.hash });
        if node.hash != before {
            self.nodes.push(node);
        }
    }
}
