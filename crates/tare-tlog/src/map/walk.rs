//! From a commitment to the value of one key (spec/tiles.md ).
//!
//! The walk does no I/O: it names the next file by its hash and is fed the bytes. That a key is absent is concluded from a
//! bucket whose hash was checked, never from a file that could not be had; a mirror that leaves out a row or answers with
//! nothing is an error.

use super::node::{ROW_BYTES, check_rows, rows};
use super::{BucketError, Commitment, INNER_BYTES, Key, MAX_LEAF_BYTES, Prefix, Value};
use crate::hash::{EMPTY_ROOT, Hash};

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Fetch the file of this name and [feed](Walk::feed) it.
    Fetch(Hash),
    /// The key has this value.
    Found(Value),
    /// The map has no such key. This is proven.
    Absent,
}

/// Why bytes are not the file that was asked for. The walk stays where it is, so another mirror can be tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// The walk has ended already.
    #[error("state map was read to the end, no further file belongs to it")]
    Finished,
    /// The length is impossible.
    #[error("state file `{}` has {bytes} bytes, expected {expected}", name.hex())]
    Size {
        /// The file that was asked for.
        name: Hash,
        /// The length of what came.
        bytes: usize,
        /// What the length can be.
        expected: &'static str,
    },
    /// The bytes are others.
    #[error("state file has the hash `{}`, expected `{}`", found.hex(), expected.hex())]
    Hash {
        /// The hash of what came.
        found: Hash,
        /// The file that was asked for.
        expected: Hash,
    },
    /// The file is the right one, and whoever made the map broke its rules.
    #[error("state file `{}` is not a bucket", name.hex())]
    Bucket {
        /// The file.
        name: Hash,
        /// Which rule.
        source: BucketError,
    },
    /// The number of rows cannot be right.
    #[error("state file `{}` has {rows} rows, the map has {count}", name.hex())]
    Count {
        /// The file.
        name: Hash,
        /// Its rows.
        rows: usize,
        /// The rows of the map.
        count: u64,
    },
}

/// A walk from the root of a map to the bucket of one key.
#[derive(Debug, Clone)]
pub struct Walk {
    key: Key,
    commitment: Commitment,
    /// How many inner nodes were read.
    level: u8,
    step: Step,
}

impl Walk {
    /// Starts at the root of the map.
    #[must_use]
    pub fn new(commitment: &Commitment, key: Key) -> Self {
        let mut walk = Self { key, commitment: *commitment, level: 0, step: Step::Absent };
        walk.descend(commitment.root());
        walk
    }

    /// What to do next. It stays the same until a file was fed.
    #[must_use]
    pub const fn next(&self) -> Step {
        self.step
    }

    /// The most bytes that the file to fetch can have: nothing beyond them needs to be read.
    #[must_use]
    pub const fn limit_bytes(&self) -> usize {
        if self.level < self.commitment.depth() { INNER_BYTES } else { MAX_LEAF_BYTES }
    }

    /// Goes on with the bytes of the file that [`next`](Self::next) asked for.
    ///
    /// # Errors
    /// When they are not that file. The walk has not moved then.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), MapError> {
        let Step::Fetch(name) = self.step else { return Err(MapError::Finished) };
        let inner = self.level < self.commitment.depth();
        check_size(name, bytes.len(), inner)?;
        let found = Hash::of(bytes);
        if found != name {
            return Err(MapError::Hash { found, expected: name });
        }
        if inner {
            let slot = Prefix::of(&self.key, self.level + 1).slot();
            let child = bytes.as_chunks().0.get(slot).copied().map(Hash);
            self.level += 1;
            self.descend(child.unwrap_or(EMPTY_ROOT));
        } else {
            self.step = self.search(name, &rows(bytes))?;
        }
        Ok(())
    }

    /// The next file. An empty bucket is known by its hash, so it is not asked for.
    fn descend(&mut self, name: Hash) {
        let bucket = self.level == self.commitment.depth();
        self.step = if bucket && name == EMPTY_ROOT { Step::Absent } else { Step::Fetch(name) };
    }

    fn search(&self, name: Hash, rows: &[(Key, Value)]) -> Result<Step, MapError> {
        check_rows(Prefix::of(&self.key, self.level), rows)
            .map_err(|source| MapError::Bucket { name, source })?;
        let count = self.commitment.count();
        let found = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        if found > count || self.level == 0 && found != count {
            return Err(MapError::Count { name, rows: rows.len(), count });
        }
        let row = rows.iter().find(|(key, _)| *key == self.key);
        Ok(row.map_or(Step::Absent, |(_, value)| Step::Found(*value)))
    }
}

/// Before anything is hashed: an inner node has one length, a bucket whole rows.
const fn check_size(name: Hash, bytes: usize, inner: bool) -> Result<(), MapError> {
    if inner && bytes != INNER_BYTES {
        return Err(MapError::Size { name, bytes, expected: "2048" });
    }
    if !inner && (bytes > MAX_LEAF_BYTES || !bytes.is_multiple_of(ROW_BYTES)) {
        return Err(MapError::Size { name, bytes, expected: "a multiple of 64 up to 1 MiB" });
    }
    Ok(())
}
