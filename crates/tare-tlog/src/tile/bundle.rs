//! Bundles of entries: each with its length before it (spec/tiles.md X-10).

use super::{EntryBundleId, TILE_WIDTH};

/// The most bytes of an entry: what its length can say.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// Why entries make no bundle, or bytes are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// None, or more than a bundle holds.
    #[error("bundle of {found} entries, expected 1 to {TILE_WIDTH}")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// The entry's length does not fit in two bytes.
    #[error("entry {number} of the bundle has {bytes} bytes, the limit is {MAX_ENTRY_BYTES}")]
    Entry {
        /// Its place in the bundle, from 0.
        number: usize,
        /// Its length.
        bytes: usize,
    },
    /// The bytes end inside an entry.
    #[error("bundle `{bundle}` ends within entry {number}")]
    Short {
        /// Which bundle.
        bundle: EntryBundleId,
        /// The entry's place in the bundle, from 0.
        number: u16,
    },
    /// There are bytes that belong to no entry.
    #[error("bundle `{bundle}` has {bytes} bytes after its last entry")]
    Long {
        /// Which bundle.
        bundle: EntryBundleId,
        /// How many.
        bytes: usize,
    },
}

/// The bytes of a bundle.
///
/// # Errors
/// When there are no entries or more than 256, or one is too long.
pub fn encode_bundle<T: AsRef<[u8]>>(entries: &[T]) -> Result<Vec<u8>, BundleError> {
    if entries.is_empty() || entries.len() > usize::from(TILE_WIDTH) {
        return Err(BundleError::Count { found: entries.len() });
    }
    let mut bytes = Vec::new();
    for (number, entry) in entries.iter().map(AsRef::as_ref).enumerate() {
        let length = u16::try_from(entry.len())
            .map_err(|_| BundleError::Entry { number, bytes: entry.len() })?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle, as many as its width says and nothing after them.
///
/// # Errors
/// When the bytes are not exactly that.
pub fn decode_bundle(bundle: EntryBundleId, bytes: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let mut rest = bytes;
    let mut entries = Vec::new();
    for number in 0..bundle.width() {
        let (entry, after) = split_entry(rest).ok_or(BundleError::Short { bundle, number })?;
        entries.push(entry);
        rest = after;
    }
    if rest.is_empty() { Ok(entries) } else { Err(BundleError::Long { bundle, bytes: rest.len() }) }
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}
