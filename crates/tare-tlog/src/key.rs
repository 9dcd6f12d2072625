//! Keys that sign and check notes, and the texts that they are written as (spec/log.md W-4 to W-8).
//!
//! ```text
//! verifier   example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
//!            name            id       base64(algorithm, public key)
//! signer     PRIVATE+KEY+example.com/foo+530d903a+base64(algorithm, seed)
//! ```
//! The id is a short hash over name, algorithm and public key, so a key cannot be passed off under another name or for
//! another job without the reader seeing another id. It finds a key; only the signature proves anything.
//!
//! A [`VerifierKey`] that exists is well formed: its id was computed, its point is on the curve and not of small order.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::cosignature;

#[cfg(feature = "ml-dsa")]
mod ml_dsa;
mod name;
mod signing;
#[cfg(test)]
pub(crate) mod tests;

pub use name::{KeyName, MAX_NAME, NameError};
pub use signing::SigningKey;

/// What a key signs, and how (W-7). The numbers are C2SP's signature types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519 over the text of a note: the log, the keys of a root document.
    Ed25519 = 0x01,
    /// Ed25519 over a time and the text of a checkpoint: a witness.
    CosignatureEd25519 = 0x04,
    /// ML-DSA-44 over a time, the witness's name and what a checkpoint says: a witness. Safe from quantum computers.
    #[cfg(feature = "ml-dsa")]
    CosignatureMlDsa44 = 0x06,
}

impl Algorithm {
    /// The byte that stands before the public key.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// Whether such a key makes cosignatures, not signatures of notes.
    #[must_use]
    pub const fn is_cosigner(self) -> bool {
        !matches!(self, Self::Ed25519)
    }

    /// How many bytes a public key has.
    #[must_use]
    pub const fn public_key_len(self) -> usize {
        match self {
            Self::Ed25519 | Self::CosignatureEd25519 => 32,
            #[cfg(feature = "ml-dsa")]
            Self::CosignatureMlDsa44 => ml_dsa::PUBLIC_KEY,
        }
    }

    fn from_byte(byte: u8) -> Result<Self, KeyError> {
        match byte {
            0x01 => Ok(Self::Ed25519),
            0x04 => Ok(Self::CosignatureEd25519),
            #[cfg(feature = "ml-dsa")]
            0x06 => Ok(Self::CosignatureMlDsa44),
            found => Err(KeyError::Algorithm { found, meaning: meaning(found) }),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02x} ({})", self.byte(), meaning(self.byte()))
    }
}

/// What C2SP assigned the signature type to.
const fn meaning(byte: u8) -> &'static str {
    match byte {
        0x01 => "Ed25519",
        0x02 => "ECDSA",
        0x04 => "Ed25519 cosignature",
        0x05 => "RFC 6962 tree head",
        0x06 => "ML-DSA-44 cosignature",
        0xff => "algorithm with a long identifier",
        _ => "reserved",
    }
}

/// Why a text is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It does not have the parts of a key.
    #[error("key text has another form, expected `{expected}`")]
    Form {
        /// The form that was expected.
        expected: &'static str,
    },
    /// Its name is no key name.
    #[error("key has a bad name")]
    Name {
        /// What is wrong with it.
        #[from]
        source: NameError,
    },
    /// Its id is not eight lower-case hex digits.
    #[error("key `{name}` has an id that is not eight lower-case hex digits")]
    IdForm {
        /// The key's name.
        name: KeyName,
    },
    /// Its id belongs to another key.
    #[error("key `{name}` has id {found:08x}, its name and public key have {expected:08x}")]
    Id {
        /// The key's name.
        name: KeyName,
        /// The id in the text.
        found: u32,
        /// The id that name, algorithm and public key have.
        expected: u32,
    },
    /// The last part is not base64 with padding.
    #[error("key `{name}` is not standard base64 with padding")]
    Base64 {
        /// The key's name.
        name: KeyName,
    },
    /// It is for something that is not done here.
    #[error("key has algorithm 0x{found:02x} ({meaning}), which is not supported")]
    Algorithm {
        /// The algorithm's byte.
        found: u8,
        /// What that byte stands for.
        meaning: &'static str,
    },
    /// The key material is too short or too long.
    #[error("key `{name}` has {found} bytes of key material, expected {expected}")]
    Length {
        /// The key's name.
        name: KeyName,
        /// How many there are.
        found: usize,
        /// How many the algorithm has.
        expected: usize,
    },
    /// The public key is not a point, or a weak one that accepts signatures nobody made.
    #[error("key `{name}` is not a usable public key")]
    Point {
        /// The key's name.
        name: KeyName,
    },
}

/// A key that checks signatures.
///
/// Equal when name, algorithm and public key are. Two keys that differ in name may still be
/// [the same secret](Self::same_public_key).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierKey {
    name: KeyName,
    id: u32,
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

impl VerifierKey {
    /// The key of this name with these public key bytes.
    ///
    /// # Errors
    /// When the bytes are no public key of the algorithm, or a weak one.
    pub fn new(name: KeyName, algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        let expected = algorithm.public_key_len();
        if bytes.len() != expected {
            return Err(KeyError::Length { name, found: bytes.len(), expected });
        }
        if !is_usable(algorithm, bytes) {
            return Err(KeyError::Point { name });
        }
        Ok(Self { id: id(&name, algorithm, bytes), name, algorithm, bytes: bytes.to_vec() })
    }

    /// Who it belongs to.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The short hash that finds it in a note.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// What it signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key itself.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether both stand for one secret, whatever they are called and used for.
    #[must_use]
    pub fn same_public_key(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }

    /// Whether `signature`, which is what follows the id in a signature line, is this key's over `text`.
    #[must_use]
    pub fn accepts(&self, text: &str, signature: &[u8]) -> bool {
        if self.algorithm.is_cosigner() {
            cosignature::time(self, text, signature).is_some()
        } else {
            self.accepts_message(text.as_bytes(), signature)
        }
    }

    /// Whether `signature` is the bare signature of this key over `message`.
    pub(crate) fn accepts_message(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.algorithm {
            Algorithm::Ed25519 | Algorithm::CosignatureEd25519 => {
                // W-8: only strict, so that whether a signature is good does not depend on who looks.
                let signature = Signature::from_slice(signature).ok();
                point(&self.bytes)
                    .zip(signature)
                    .is_some_and(|(key, signature)| key.verify_strict(message, &signature).is_ok())
            }
            #[cfg(feature = "ml-dsa")]
            Algorithm::CosignatureMlDsa44 => ml_dsa::verify(&self.bytes, message, signature),
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![self.algorithm.byte()];
        bytes.extend_from_slice(&self.bytes);
        write!(f, "{}+{:08x}+{}", self.name, self.id, STANDARD.encode(bytes))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    /// Reads exactly what [`Display`](fmt::Display) writes (W-6).
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let form = || KeyError::Form { expected: "name+id+base64" };
        let (name, rest) = text.split_once('+').ok_or_else(form)?;
        let (id, material) = rest.split_once('+').ok_or_else(form)?;
        let (name, id) = name_and_id(name, id)?;
        let bytes =
            STANDARD.decode(material).map_err(|_| KeyError::Base64 { name: name.clone() })?;
        let (algorithm, bytes) = bytes.split_first().ok_or_else(form)?;
        let key = Self::new(name, Algorithm::from_byte(*algorithm)?, bytes)?;
        key.has_id(id)?;
        Ok(key)
    }
}

impl VerifierKey {
    fn has_id(&self, found: u32) -> Result<(), KeyError> {
        if found == self.id {
            Ok(())
        } else {
            Err(KeyError::Id { name: self.name.clone(), found, expected: self.id })
        }
    }
}

/// Reads the two parts that a public and a private key begin with.
fn name_and_id(name: &str, id: &str) -> Result<(KeyName, u32), KeyError> {
    let name: KeyName = name.parse()?;
    let digits = id.len() == 8 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    match u32::from_str_radix(id, 16) {
        Ok(id) if digits => Ok((name, id)),
        _ => Err(KeyError::IdForm { name }),
    }
}

/// W-5: the first four bytes of SHA-256 over name, line feed, algorithm, public key.
fn id(name: &KeyName, algorithm: Algorithm, bytes: &[u8]) -> u32 {
    let hash = Sha256::new()
        .chain_update(name.as_str())
        .chain_update([b'\n', algorithm.byte()])
        .chain_update(bytes)
        .finalize();
    hash.iter().take(4).fold(0, |id, byte| id << 8 | u32::from(*byte))
}

fn is_usable(algorithm: Algorithm, bytes: &[u8]) -> bool {
    match algorithm {
        Algorithm::Ed25519 | Algorithm::CosignatureEd25519 => point(bytes).is_some(),
        // Every byte sequence of the right length is one.
        #[cfg(feature = "ml-dsa")]
        Algorithm::CosignatureMlDsa44 => bytes.len() == ml_dsa::PUBLIC_KEY,
    }
}

/// The point of an Ed25519 key. One of small order would accept signatures that nobody made.
fn point(bytes: &[u8]) -> Option<VerifyingKey> {
    let key = VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
    (!key.is_weak()).then_some(key)
}
