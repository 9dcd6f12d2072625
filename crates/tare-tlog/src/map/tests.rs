//! One map made in four ways: rewritten, rebuilt, in memory, and walked through.

mod changing;
mod shape;
mod walking;

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest as _, Sha256};

use super::*;

fn key(number: u64) -> Key {
    Key(Sha256::digest(number.to_be_bytes()).into())
}

fn value(number: u64) -> Value {
    Value(Sha256::digest(format!("value {number}")).into())
}

fn rows(count: u64) -> BTreeMap<Key, Value> {
    (0..count).map(|number| (key(number), value(number))).collect()
}

/// What a database and a folder hold of a map.
#[derive(Clone, Default)]
struct Stored {
    rows: BTreeMap<Key, Value>,
    children: BTreeMap<Prefix, [Hash; FAN_OUT]>,
    files: HashMap<Hash, Vec<u8>>,
}

impl Stored {
    fn build(rows: BTreeMap<Key, Value>) -> (Commitment, Self) {
        let mut stored = Self { rows: rows.clone(), ..Self::default() };
        let count = u64::try_from(rows.len()).unwrap();
        let commitment = build(count, rows, |node| stored.keep(count, node)).unwrap();
        (commitment, stored)
    }

    fn keep(&mut self, count: u64, node: Node) {
        if node.prefix.level() < depth_for(count) {
            let children = node.bytes.as_chunks().0.iter().map(|child| Hash(*child));
            self.children.insert(node.prefix, children.collect::<Vec<_>>().try_into().unwrap());
        }
        self.files.insert(node.hash, node.bytes);
    }

    fn rewrite(
        &self,
        old: &Commitment,
        changes: &BTreeMap<Key, Option<Value>>,
    ) -> Result<Rewritten, RewriteError> {
        let rows_of = |bucket: &Prefix| {
            let (low, high) = bucket.range();
            Some(self.rows.range(low..=high).map(|(key, value)| (*key, *value)).collect())
        };
        rewrite(old, changes, rows_of, |prefix| self.children.get(prefix).copied())
    }

    /// What a client finds that reads these files.
    fn walk(&self, commitment: &Commitment, key: Key) -> Result<Option<Value>, MapError> {
        let mut walk = Walk::new(commitment, key);
        loop {
            match walk.next() {
                Step::Fetch(name) => walk.feed(&self.files[&name])?,
                Step::Found(value) => return Ok(Some(value)),
                Step::Absent => return Ok(None),
            }
        }
    }
}
