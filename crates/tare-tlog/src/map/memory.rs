//! A map in memory, for whoever replays a log (spec/tiles.md X-37).
//!
//! Changes are collected and hashed together when a commitment is asked for, which is once a batch.

use std::collections::{BTreeMap, BTreeSet};

use super::{BuildError, Commitment, FAN_OUT, Key, Node, Prefix, Value, build, depth_for};
use crate::hash::{EMPTY_ROOT, Hash};

/// The rows of a map and the hashes of its nodes.
#[derive(Debug, Clone)]
pub struct MemoryMap {
    rows: BTreeMap<Key, Value>,
    /// The hashes of each level as of `settled`, the root's first: 64^level of them.
    levels: Vec<Vec<Hash>>,
    settled: Commitment,
    /// Keys that changed since.
    dirty: BTreeSet<Key>,
}

impl Default for MemoryMap {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryMap {
    /// A map without rows.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rows: BTreeMap::new(),
            levels: vec![vec![EMPTY_ROOT]],
            settled: Commitment::EMPTY,
            dirty: BTreeSet::new(),
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Value> {
        self.rows.get(key).copied()
    }

    /// The number of rows.
    #[must_use]
    pub fn count(&self) -> u64 {
        u64::try_from(self.rows.len()).unwrap_or(u64::MAX)
    }

    /// All rows, sorted by key.
    pub fn rows(&self) -> impl Iterator<Item = (Key, Value)> {
        self.rows.iter().map(|(key, value)| (*key, *value))
    }

    /// Sets the value of a key. Gives the value it had.
    pub fn insert(&mut self, key: Key, value: Value) -> Option<Value> {
        let old = self.rows.insert(key, value);
        if old != Some(value) {
            self.dirty.insert(key);
        }
        old
    }

    /// Removes a key. Gives the value it had.
    pub fn remove(&mut self, key: &Key) -> Option<Value> {
        let old = self.rows.remove(key);
        if old.is_some() {
            self.dirty.insert(*key);
        }
        old
    }

    /// The commitment to the rows as they are now.
    ///
    /// # Errors
    /// As [`settle`](Self::settle).
    pub fn commitment(&mut self) -> Result<Commitment, BuildError> {
        self.settle(|_| ())
    }

    /// The commitment to the rows as they are now. Every file that is new since the last one goes to `emit`, children before
    /// parents; after a change of depth that is every file of the map.
    ///
    /// # Errors
    /// When a bucket has too many rows. The map answers as before then, and can be changed until it fits.
    pub fn settle(&mut self, emit: impl FnMut(Node)) -> Result<Commitment, BuildError> {
        if self.dirty.is_empty() {
            return Ok(self.settled);
        }
        let root = if depth_for(self.count()) == self.settled.depth() {
            self.update(emit)?
        } else {
            self.rebuild(emit)?
        };
        self.settled = Commitment::of(self.count(), root)?;
        self.dirty.clear();
        Ok(self.settled)
    }

    /// Every file of the map as it was at the last commitment, made one by one as they are asked for, the root first. Empty
    /// buckets are left out.
    ///
    /// # Errors
    /// When a bucket has too many rows, which [`settle`](Self::settle) has refused already.
    pub fn nodes(&mut self) -> Result<impl Iterator<Item = Node>, BuildError> {
        self.commitment()?;
        let map: &Self = self;
        let depth = map.settled.depth();
        let places = map.levels.iter().zip(0_u8..).flat_map(|(hashes, level)| {
            (0_u64..).zip(hashes).filter_map(move |(bits, _)| Prefix::new(level, bits))
        });
        let node = move |prefix: Prefix| {
            if prefix.level() == depth {
                map.bucket(prefix).ok()
            } else {
                Some(Node::inner(prefix, map.children(prefix)))
            }
        };
        Ok(places.filter_map(node).filter(|node| !node.bytes.is_empty()))
    }

    fn update(&mut self, mut emit: impl FnMut(Node)) -> Result<Hash, BuildError> {
        let depth = self.settled.depth();
        let mut places: BTreeSet<Prefix> =
            self.dirty.iter().map(|key| Prefix::of(key, depth)).collect();
        // All buckets first: one that is too large must leave the hashes as they were.
        let nodes: Result<Vec<Node>, _> = places.iter().map(|place| self.bucket(*place)).collect();
        let mut nodes = nodes?;
        loop {
            for node in nodes {
                self.set(node.prefix, node.hash);
                if !node.bytes.is_empty() {
                    emit(node);
                }
            }
            places = places.iter().filter_map(Prefix::parent).collect();
            if places.is_empty() {
                break;
            }
            nodes = places.iter().map(|place| Node::inner(*place, self.children(*place))).collect();
        }
        Ok(self.levels.first().and_then(|root| root.first()).copied().unwrap_or(EMPTY_ROOT))
    }

    fn rebuild(&mut self, mut emit: impl FnMut(Node)) -> Result<Hash, BuildError> {
        let depth = depth_for(self.count());
        let mut levels: Vec<Vec<Hash>> =
            (0..=depth).map(|level| vec![EMPTY_ROOT; 1 << (6 * u32::from(level))]).collect();
        let commitment = build(self.count(), self.rows(), |node| {
            set(&mut levels, node.prefix, node.hash);
            emit(node);
        })?;
        self.levels = levels;
        Ok(commitment.root())
    }

    fn bucket(&self, prefix: Prefix) -> Result<Node, super::BucketError> {
        let (low, high) = prefix.range();
        let rows: Vec<(Key, Value)> =
            self.rows.range(low..=high).map(|(key, value)| (*key, *value)).collect();
        Node::bucket(prefix, &rows)
    }

    fn children(&self, prefix: Prefix) -> &[Hash] {
        let first = usize::try_from(prefix.bits()).ok().and_then(|bits| bits.checked_mul(FAN_OUT));
        let below = self.levels.get(usize::from(prefix.level()) + 1);
        below
            .zip(first)
            .and_then(|(hashes, first)| hashes.get(first..first + FAN_OUT))
            .unwrap_or_default()
    }

    fn set(&mut self, prefix: Prefix, hash: Hash) {
        set(&mut self.levels, prefix, hash);
    }
}

fn set(levels: &mut [Vec<Hash>], prefix: Prefix, hash: Hash) {
    let level = levels.get_mut(usize::from(prefix.level()));
    let place = usize::try_from(prefix.bits()).ok();
    if let Some(slot) = level.zip(place).and_then(|(hashes, place)| hashes.get_mut(place)) {
        *slot = hash;
    }
}
