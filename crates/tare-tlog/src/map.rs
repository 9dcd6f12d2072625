//! The state map: a canonical Merkle map from 32-byte keys to 32-byte values (spec/tiles.md ).
//!
//! A log proves that something was said, not that it is the last word. The map does: its root stands in the last entry of
//! every batch, so a page of a package, or that there is none, is checked by a handful of small files. Equal rows make equal
//! files whatever the order they came in, so anybody who replays the log arrives at the same root.
//!
//! - [`Commitment`]: what a log entry says of the map. [`Walk`]: from it to the value of one key, or to its proven absence.
//! - [`plan`], [`rewrite`]: change some keys of a map that lies in a database. [`build`]: make all files anew.
//! - [`MemoryMap`]: the same in memory, for replay.

mod build;
mod commitment;
mod memory;
mod node;
mod prefix;
mod rewrite;
mod walk;

pub use build::{BuildError, build};
pub use commitment::{Commitment, CommitmentError, depth_for};
pub use memory::MemoryMap;
pub use node::{BucketError, INNER_BYTES, MAX_LEAF_BYTES, Node};
pub use prefix::{Prefix, PrefixError};
pub use rewrite::{Needs, RewriteError, Rewritten, plan, rewrite};
pub use walk::{MapError, Step, Walk};

use std::fmt;

use crate::hash::Hash;

/// The children of an inner node.
pub const FAN_OUT: usize = 64;

/// The depth of the largest map: 64 rows a bucket, below 2^48 rows.
pub const MAX_DEPTH: u8 = 7;

/// The key of a row: a hash, so that rows spread evenly over the buckets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 32]);

/// The value of a row: what it is the hash of is the caller's business.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub [u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Hash(self.0).hex())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Hash(self.0).hex())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Hash(self.0).hex())
    }
}

#[cfg(test)]
mod tests;
