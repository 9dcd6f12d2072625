//! The file that a bundle is about: its digest, or a reader that is hashed in constant memory.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use aws_lc_rs::digest;
use serde::{Serialize, Serializer};

/// How much of a file is in memory at a time, in bytes.
const PIECE: usize = 256 << 10;

/// A hash that bundles name files by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// Its name as it stands before the colon of a digest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// How many bytes its digests have.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    pub(super) fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

/// A digest and its hash, written `sha256:<hex>`.
#[derive(Clone, PartialEq, Eq)]
pub struct ArtifactDigest {
    hash: Hash,
    bytes: Vec<u8>,
}

/// Why a text is not the digest of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a digest: expected `sha256:`, `sha384:` or `sha512:` and its hex digits")]
pub struct ArtifactDigestError {
    /// The text, cut to a readable length.
    pub found: String,
}

impl ArtifactDigest {
    /// A digest of `bytes.len()` bytes, if `hash` has that size.
    #[must_use]
    pub fn new(hash: Hash, bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() == hash.size()).then_some(Self { hash, bytes })
    }

    /// Reads the hex digits of a digest, in lower case.
    #[must_use]
    pub fn from_hex(hash: Hash, hex: &str) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let pairs = hex.as_bytes().chunks_exact(2);
        if hex.len() != hash.size() * 2 {
            return None;
        }
        let byte = |pair: &[u8]| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        };
        Self::new(hash, pairs.map(byte).collect::<Option<_>>()?)
    }

    /// The hash.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for ArtifactDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.hash.name())?;
        self.bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ArtifactDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for ArtifactDigest {
    type Err = ArtifactDigestError;

    fn from_str(text: &str) -> Result<Self, ArtifactDigestError> {
        let read = || {
            let (name, hex) = text.split_once(':')?;
            let hash = Hash::ALL.into_iter().find(|hash| hash.name() == name)?;
            Self::from_hex(hash, hex)
        };
        read().ok_or_else(|| ArtifactDigestError { found: text.chars().take(140).collect() })
    }
}

impl Serialize for ArtifactDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a bundle is to be about.
pub enum Artifact<'a> {
    /// The file, read once to its end, after the signature was found to be right.
    Reader(&'a mut dyn Read),
    /// The digest of a file that is elsewhere.
    Digest(ArtifactDigest),
}

impl Artifact<'_> {
    /// The digest under `hash`; none if only another one is known.
    pub(super) fn digest(self, hash: Hash) -> io::Result<Option<ArtifactDigest>> {
        match self {
            Self::Digest(digest) => Ok((digest.hash == hash).then_some(digest)),
            Self::Reader(reader) => {
                let mut hashing = Hashing::new(reader, hash);
                let mut piece = vec![0; PIECE];
                while hashing.read(&mut piece)? > 0 {}
                Ok(hashing.finish())
            }
        }
    }
}

/// A reader that hashes what passes through it.
pub(super) struct Hashing<'a> {
    reader: &'a mut dyn Read,
    hash: Hash,
    context: digest::Context,
}

impl<'a> Hashing<'a> {
    pub(super) fn new(reader: &'a mut dyn Read, hash: Hash) -> Self {
        Self { reader, hash, context: digest::Context::new(hash.algorithm()) }
    }

    pub(super) fn finish(self) -> Option<ArtifactDigest> {
        ArtifactDigest::new(self.hash, self.context.finish().as_ref().to_vec())
    }
}

impl Read for Hashing<'_> {
    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        let read = loop {
            match self.reader.read(piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.context.update(piece.get(..read).unwrap_or_default());
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_as_it_is_read() {
        for hash in Hash::ALL {
            let digest = Artifact::Reader(&mut &b"tare"[..]).digest(hash).unwrap().unwrap();
            assert_eq!(digest.to_string().parse(), Ok(digest.clone()));
            assert_eq!(digest.as_bytes().len(), hash.size());
        }
        let good = format!("sha256:{}", "0a".repeat(32));
        assert!(good.parse::<ArtifactDigest>().is_ok());
        let (short, other) = (good[..70].to_owned(), good.replace("sha256", "sha512"));
        for bad in [short, other, good.to_uppercase(), good.replace('a', "g"), format!("{good}00")]
        {
            assert!(bad.parse::<ArtifactDigest>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_digest_of_another_hash_is_no_answer() {
        let digest: ArtifactDigest = format!("sha256:{}", "00".repeat(32)).parse().unwrap();
        assert!(Artifact::Digest(digest).digest(Hash::Sha512).unwrap().is_none());
    }
}
