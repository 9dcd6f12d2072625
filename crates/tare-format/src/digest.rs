//! Names of bytes: SHA-256 for files and documents, BLAKE3 for chunks, recipes and packs (spec/digests.md).
//!
//! The two are different types, so a chunk's name can never stand where a file's is expected.
//! In text both carry their algorithm (`sha256:…`); in paths, where the folder says which it is, only the hex.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::Digest as _;

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a digest: expected `{algorithm}:` and 64 lower-case hex digits")]
pub struct DigestError {
    found: String,
    algorithm: &'static str,
}

macro_rules! digest_type {
    ($(#[$doc:meta])* $name:ident, $algorithm:literal, $hash:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The algorithm's name, as it stands before the colon.
            pub const ALGORITHM: &'static str = $algorithm;

            /// The digest of `bytes`.
            #[must_use]
            pub fn of(bytes: &[u8]) -> Self {
                let hash: fn(&[u8]) -> [u8; 32] = $hash;
                Self(hash(bytes))
            }

            /// A digest that was computed elsewhere, as 32 raw bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The 64 lower-case hex digits, as they stand in paths.
            #[must_use]
            pub fn hex(&self) -> String {
                hex(&self.0)
            }

            /// Reads 64 lower-case hex digits, as they stand in paths.
            ///
            /// # Errors
            /// When `text` is anything else.
            pub fn from_hex(text: &str) -> Result<Self, DigestError> {
                unhex(text)
                    .map(Self)
                    .ok_or_else(|| DigestError { found: shorten(text), algorithm: $algorithm })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($algorithm, ":{}"), self.hex())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl FromStr for $name {
            type Err = DigestError;

            fn from_str(text: &str) -> Result<Self, DigestError> {
                text.strip_prefix(concat!($algorithm, ":"))
                    .and_then(unhex)
                    .map(Self)
                    .ok_or_else(|| DigestError { found: shorten(text), algorithm: $algorithm })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": concat!("^", $algorithm, ":[0-9a-f]{64}$") })
            }
        }
    };
}

digest_type!(
    /// The name of a file or a document: SHA-256 (FIPS 180-4).
    Sha256,
    "sha256",
    |bytes| sha2::Sha256::digest(bytes).into()
);
digest_type!(
    /// The name of a chunk, a recipe or a pack: BLAKE3, 32 bytes, no key.
    Blake3,
    "blake3",
    |bytes| blake3::hash(bytes).into()
);

/// Lower-case hex of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Keeps an error message readable when the text was a whole file.
fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_empty_text_are_the_published_values() {
        // FIPS 180-4 example and the BLAKE3 paper's test vector for no input.
        let sha256 = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let blake3 = "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
        assert_eq!(Sha256::of(b"").to_string(), sha256);
        assert_eq!(Blake3::of(b"").to_string(), blake3);
    }

    #[test]
    fn text_round_trips_and_the_algorithms_do_not_mix() {
        let digest = Sha256::of(b"tare");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(Sha256::from_hex(&digest.hex()), Ok(digest));
        assert!(digest.to_string().parse::<Blake3>().is_err());
    }

    #[test]
    fn only_64_lower_case_digits_are_a_digest() {
        let upper = format!("sha256:{}", Sha256::of(b"x").hex().to_uppercase());
        for bad in ["", "sha256:", "sha256:00", upper.as_str(), "sha512:00"] {
            assert!(bad.parse::<Sha256>().is_err(), "{bad}");
        }
    }
}
