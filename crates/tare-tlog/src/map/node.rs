//! The files of the map: buckets of rows, inner nodes of hashes (spec/tiles.md ).

use super::{FAN_OUT, Key, Prefix, Value};
use crate::hash::Hash;

/// The bytes of an inner node, always.
pub const INNER_BYTES: usize = FAN_OUT * 32;

/// The most bytes of a bucket: 16384 rows, where 64 are usual.
pub const MAX_LEAF_BYTES: usize = 1 << 20;

/// The bytes of a row.
pub(super) const ROW_BYTES: usize = 64;

/// A file of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its place.
    pub prefix: Prefix,
    /// Its name: the hash of its bytes.
    pub hash: Hash,
    /// What to write. An empty bucket has none, and no file is needed for it.
    pub bytes: Vec<u8>,
}

/// Why rows make no bucket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// Keys must rise strictly.
    #[error("bucket `{bucket}` has key `{key}` out of order")]
    Order {
        /// Which bucket.
        bucket: Prefix,
        /// The key that is not above the one before it.
        key: Key,
    },
    /// The key belongs elsewhere.
    #[error("bucket `{bucket}` has the key `{key}` of another bucket")]
    Foreign {
        /// Which bucket.
        bucket: Prefix,
        /// The key.
        key: Key,
    },
    /// More rows than a reader accepts.
    #[error("bucket `{bucket}` has {rows} rows, the limit is {}", MAX_LEAF_BYTES / ROW_BYTES)]
    Full {
        /// Which bucket.
        bucket: Prefix,
        /// How many.
        rows: usize,
    },
}

impl Node {
    /// The bucket at `prefix` with these rows.
    pub(super) fn bucket(prefix: Prefix, rows: &[(Key, Value)]) -> Result<Self, BucketError> {
        check_rows(prefix, rows)?;
        let mut bytes = Vec::with_capacity(rows.len() * ROW_BYTES);
        for (key, value) in rows {
            bytes.extend(key.0);
            bytes.extend(value.0);
        }
        Ok(Self { prefix, hash: Hash::of(&bytes), bytes })
    }

    /// The inner node at `prefix` over these children.
    pub(super) fn inner(prefix: Prefix, children: &[Hash]) -> Self {
        let bytes: Vec<u8> = children.iter().flat_map(|child| child.0).collect();
        Self { prefix, hash: Hash::of(&bytes), bytes }
    }
}

/// The rows of a bucket's bytes, as far as they are whole. The caller has checked the length.
pub(super) fn rows(bytes: &[u8]) -> Vec<(Key, Value)> {
    bytes
        .as_chunks()
        .0
        .as_chunks()
        .0
        .iter()
        .map(|[key, value]| (Key(*key), Value(*value)))
        .collect()
}

/// What every bucket must be, whoever made it.
pub(super) fn check_rows(bucket: Prefix, rows: &[(Key, Value)]) -> Result<(), BucketError> {
    if rows.len() > MAX_LEAF_BYTES / ROW_BYTES {
        return Err(BucketError::Full { bucket, rows: rows.len() });
    }
    if let Some((key, _)) = rows.iter().find(|(key, _)| !bucket.contains(key)) {
        return Err(BucketError::Foreign { bucket, key: *key });
    }
    let unordered = rows.windows(2).find_map(|pair| match pair {
        [(before, _), (key, _)] if before >= key => Some(*key),
        _ => None,
    });
    unordered.map_or(Ok(()), |key| Err(BucketError::Order { bucket, key }))
}
