//! The tree's hash: SHA-256 with the leaf and node prefixes of RFC 6962 (spec/tiles.md ).
//!
//! A leaf and a node are hashed with different first bytes, so no entry can be passed off as an inner node. In text a hash
//! is written in standard base64, as checkpoints and proofs write it; in file names in hex.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::excerpt::excerpt;

/// The root of the tree without entries: SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// A SHA-256 hash: of a leaf, of a node, of a tree, or of a file of the state map.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// SHA-256 of `bytes` without any prefix, as the files of the state map are named.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 lower-case hex digits, as they stand in file names.
    #[must_use]
    pub fn hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 0x0f)]);
        self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
    }

    /// Reads 64 lower-case hex digits, as they stand in file names.
    ///
    /// # Errors
    /// When `text` is anything else.
    pub fn from_hex(text: &str) -> Result<Self, HashError> {
        let error = || HashError { found: excerpt(text), expected: "64 lower-case hex digits" };
        let nibble = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        if text.len() != 64 {
            return Err(error());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let high = pair.first().and_then(|digit| nibble(*digit)).ok_or_else(error)?;
            let low = pair.last().and_then(|digit| nibble(*digit)).ok_or_else(error)?;
            *byte = high << 4 | low;
        }
        Ok(Self(bytes))
    }
}

/// Why a text is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a hash: expected {expected}")]
pub struct HashError {
    found: String,
    expected: &'static str,
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Hash {
    type Err = HashError;

    /// Reads exactly what [`Display`](fmt::Display) writes: padding is there, unused bits are zero.
    fn from_str(text: &str) -> Result<Self, HashError> {
        // The length comes first: nothing is decoded that could not be a hash.
        (text.len() == 44)
            .then(|| STANDARD.decode(text).ok())
            .flatten()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| HashError { found: excerpt(text), expected: "32 bytes in base64" })
    }
}

/// The hash of an entry as a leaf of the tree: SHA-256 of `0x00` and its bytes.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// The hash of a node over its two children: SHA-256 of `0x01`, the left and the right hash.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(
        Sha256::new()
            .chain_update([1])
            .chain_update(left.0)
            .chain_update(right.0)
            .finalize()
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_tree_has_the_hash_of_nothing() {
        assert_eq!(EMPTY_ROOT, Hash::of(b""));
        assert_eq!(EMPTY_ROOT.to_string(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn a_leaf_is_not_hashed_as_a_file_is() {
        assert_eq!(leaf_hash(b"e0").to_string(), "lWrlG9Pihcy4JimN1SPdCIJM5VeXSZlPLgAhc3ud1Lg=");
        assert_ne!(leaf_hash(b"e0"), Hash::of(b"e0"));
    }

    #[test]
    fn base64_and_hex_are_read_back() {
        let hash = leaf_hash(b"e1");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(Hash::from_hex(&hash.hex()), Ok(hash));
    }

    #[test]
    fn other_texts_are_refused() {
        let good = leaf_hash(b"e1").to_string();
        let unpadded = good.trim_end_matches('=');
        // The last digit carries four bits of the hash and two that must be zero.
        let loose = EMPTY_ROOT.to_string().replace("uFU=", "uFV=");
        for bad in ["", unpadded, &format!("{good} "), &good.replace('=', "A"), &loose, "ä"] {
            assert!(bad.parse::<Hash>().is_err(), "{bad}");
        }
        for bad in ["", &"0".repeat(63), &"A".repeat(64), &"ä".repeat(32)] {
            assert!(Hash::from_hex(bad).is_err(), "{bad}");
        }
    }
}
