//! The whole map from its rows (spec/tiles.md X-35).
//!
//! Rows stream through: a bucket and one inner node a level are held, whatever the size of the map.

use super::commitment::check_count;
use super::{
    BucketError, Commitment, CommitmentError, FAN_OUT, Key, Node, Prefix, Value, depth_for,
};
use crate::hash::Hash;

/// Why rows make no map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// There are not as many rows as were announced.
    #[error("state map was to have {expected} rows and has {found}")]
    Count {
        /// How many came, or one more than announced.
        found: u64,
        /// How many were announced.
        expected: u64,
    },
    /// The rows cannot be cut into buckets, mostly because they are not sorted.
    #[error("rows make no bucket")]
    Bucket(#[from] BucketError),
    /// There are too many rows.
    #[error("rows make no map")]
    Commitment(#[from] CommitmentError),
}

/// Makes all files of the map of `count` rows, which come sorted by key, and hands each to `emit`: children before parents,
/// the root last, empty buckets left out.
///
/// # Errors
/// When the rows are not sorted, not `count`, or too many for a bucket. What was emitted until then is of no use.
pub fn build(
    count: u64,
    rows: impl IntoIterator<Item = (Key, Value)>,
    emit: impl FnMut(Node),
) -> Result<Commitment, BuildError> {
    check_count(count)?;
    let depth = depth_for(count);
    let mut builder =
        Builder { open: vec![Vec::new(); depth.into()], root: Commitment::EMPTY.root(), emit };
    let mut rows = rows.into_iter().peekable();
    let mut found = 0;
    for bits in 0..1_u64 << (6 * depth) {
        let Some(prefix) = Prefix::new(depth, bits) else { break };
        let mut bucket = Vec::new();
        while let Some(row) = rows.next_if(|(key, _)| prefix.contains(key)) {
            found += 1;
            if found > count {
                return Err(BuildError::Count { found, expected: count });
            }
            bucket.push(row);
        }
        builder.add(Node::bucket(prefix, &bucket)?);
    }
    if let Some((key, _)) = rows.next() {
        return Err(BucketError::Order { bucket: Prefix::of(&key, depth), key }.into());
    }
    if found != count {
        return Err(BuildError::Count { found, expected: count });
    }
    Ok(Commitment::of(count, builder.root)?)
}

struct Builder<E> {
    /// The children so far of the last inner node of each level, the root's first.
    open: Vec<Vec<Hash>>,
    root: Hash,
    emit: E,
}

impl<E: FnMut(Node)> Builder<E> {
    /// Takes the next node of its level, and every inner node that is complete by it.
    fn add(&mut self, node: Node) {
        let mut node = node;
        while let Some(parent) = node.prefix.parent() {
            let hash = node.hash;
            self.hand_out(node);
            let Some(children) = self.open.get_mut(usize::from(parent.level())) else { return };
            children.push(hash);
            if children.len() < FAN_OUT {
                return;
            }
            node = Node::inner(parent, &std::mem::take(children));
        }
        self.root = node.hash;
        self.hand_out(node);
    }

    fn hand_out(&mut self, node: Node) {
        if !node.bytes.is_empty() {
            (self.emit)(node);
        }
    }
}
