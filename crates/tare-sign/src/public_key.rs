//! Public keys: four algorithms, one encoding each, and the names made from it (S-5, S-6).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tare_format::Sha256;
use tare_format::digest::DigestError;
use tare_format::event::SignerKey;

use crate::pem;

/// The name of a key: the SHA-256 of its SubjectPublicKeyInfo in DER, written `sha256:<hex>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Sha256);

impl KeyId {
    /// The digest that the name is.
    #[must_use]
    pub const fn digest(&self) -> Sha256 {
        self.0
    }
}

impl From<Sha256> for KeyId {
    fn from(digest: Sha256) -> Self {
        Self(digest)
    }
}

impl From<KeyId> for Sha256 {
    fn from(id: KeyId) -> Self {
        id.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for KeyId {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        text.parse().map(Self)
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Sha256::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for KeyId {
    fn schema_name() -> Cow<'static, str> {
        "KeyId".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Sha256::json_schema(generator)
    }
}

/// How a key signs. The hash goes with the curve; nobody can choose another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384,
    /// ECDSA on P-521 with SHA-512.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
}

impl Algorithm {
    const ALL: [Self; 4] = [Self::EcdsaP256, Self::EcdsaP384, Self::EcdsaP521, Self::Ed25519];

    /// What stands before the key itself in the DER of a SubjectPublicKeyInfo (RFC 5480, RFC 8410), and the key's size.
    ///
    /// Comparing with these bytes allows one encoding for each key: named curve, uncompressed point. A second encoding
    /// would give one key two names.
    const fn encoding(self) -> (&'static [u8], usize) {
        match self {
            Self::EcdsaP256 => (
                b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
                  \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00",
                65,
            ),
            Self::EcdsaP384 => (
                b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
                  \x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00",
                97,
            ),
            Self::EcdsaP521 => (
                b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
                  \x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00",
                133,
            ),
            Self::Ed25519 => (b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 32),
        }
    }

    /// What a program or a device that signs with such a key is handed for `bytes`: their digest for ECDSA, and for
    /// Ed25519, which hashes twice, the bytes themselves (S-19).
    #[must_use]
    pub fn signer_input(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        let hash = match self {
            Self::EcdsaP256 => &digest::SHA256,
            Self::EcdsaP384 => &digest::SHA384,
            Self::EcdsaP521 => &digest::SHA512,
            Self::Ed25519 => return Cow::Borrowed(bytes),
        };
        Cow::Owned(digest::digest(hash, bytes).as_ref().to_vec())
    }

    /// The form that a signature has (S-6), in words.
    #[must_use]
    pub const fn signature_form(self) -> &'static str {
        match self {
            Self::EcdsaP256 | Self::EcdsaP384 | Self::EcdsaP521 => "DER, as ECDSA-Sig-Value",
            Self::Ed25519 => "64 bytes",
        }
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::EcdsaP256 => &signature::ECDSA_P256_SHA256_ASN1,
            Self::EcdsaP384 => &signature::ECDSA_P384_SHA384_ASN1,
            Self::EcdsaP521 => &signature::ECDSA_P521_SHA512_ASN1,
            Self::Ed25519 => &signature::ED25519,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
            Self::EcdsaP521 => "ECDSA P-521",
            Self::Ed25519 => "Ed25519",
        })
    }
}

/// Why a text or bytes are not a public key that can check signatures here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// There is no PEM block, or its content is not base64.
    #[error("public key is not PEM: expected a block `PUBLIC KEY`")]
    NotPem,
    /// The PEM block is something else.
    #[error("PEM block is `{found}`, expected `PUBLIC KEY`")]
    Label {
        /// What it says it is.
        found: String,
    },
    /// It is an RSA key.
    #[error("RSA keys are not supported: expected ECDSA P-256, P-384, P-521 or Ed25519")]
    Rsa,
    /// It is no key of the four algorithms, or in an encoding that is not the usual one.
    #[error("public key is not ECDSA P-256, P-384, P-521 with an uncompressed point, or Ed25519")]
    Unsupported,
    /// The key has the right form and is not on its curve.
    #[error("public key is not a point of {algorithm}")]
    NotAPoint {
        /// The algorithm that its encoding names.
        algorithm: Algorithm,
    },
    /// A document names it by a digest that it does not have.
    #[error("public key is {found}, expected {expected}")]
    Id {
        /// The name that the key has.
        found: KeyId,
        /// The name that the document gives.
        expected: KeyId,
    },
}

/// A key that checks signatures. Its names and its form for the arithmetic are made once, because one key often checks
/// thousands of signatures.
#[derive(Clone)]
pub struct PublicKey {
    algorithm: Algorithm,
    der: Vec<u8>,
    parsed: ParsedPublicKey,
    id: KeyId,
    hint: String,
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        // The encoding names the algorithm, and everything else is made from it.
        self.der == other.der
    }
}

impl Eq for PublicKey {}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// When it is not a key of one of the four algorithms in its one encoding.
    pub fn from_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        let matches = |algorithm: &Algorithm| {
            let (start, size) = algorithm.encoding();
            der.strip_prefix(start).is_some_and(|key| key.len() == size)
        };
        let Some(algorithm) = Algorithm::ALL.into_iter().find(matches) else {
            // rsaEncryption, 1.2.840.113549.1.1.1, as the algorithm of a SubjectPublicKeyInfo.
            const RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
            let is_rsa = der.windows(RSA.len()).take(16).any(|window| window == RSA);
            return Err(if is_rsa { PublicKeyError::Rsa } else { PublicKeyError::Unsupported });
        };
        let point = der.strip_prefix(algorithm.encoding().0).unwrap_or_default();
        let parsed = ParsedPublicKey::new(algorithm.verification(), point)
            .map_err(|_| PublicKeyError::NotAPoint { algorithm })?;
        let (id, hint) = (KeyId(Sha256::of(der)), Sha256::of(to_pem(der).as_bytes()).hex());
        Ok(Self { algorithm, der: der.to_vec(), parsed, id, hint })
    }

    /// Reads a PEM text with a block `PUBLIC KEY`.
    ///
    /// # Errors
    /// When there is no such block, or it holds no supported key.
    pub fn from_pem(text: &str) -> Result<Self, PublicKeyError> {
        let block = pem::first_block(text).ok_or(PublicKeyError::NotPem)?;
        if block.label != "PUBLIC KEY" {
            let found = block.label.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(PublicKeyError::Label { found });
        }
        Self::from_der(&block.decode().ok_or(PublicKeyError::NotPem)?)
    }

    /// Reads a key from an event, and checks that it is the key that the event names.
    ///
    /// # Errors
    /// When the text is not a supported key, or another.
    pub fn from_signer_key(key: &SignerKey) -> Result<Self, PublicKeyError> {
        let public = Self::from_pem(&key.pem)?;
        let (found, expected) = (public.id(), KeyId(key.id));
        if found == expected { Ok(public) } else { Err(PublicKeyError::Id { found, expected }) }
    }

    /// The key as it stands in events.
    #[must_use]
    pub fn to_signer_key(&self) -> SignerKey {
        SignerKey { id: self.id().digest(), pem: self.to_pem() }
    }

    pub(crate) fn from_raw(algorithm: Algorithm, key: &[u8]) -> Result<Self, PublicKeyError> {
        Self::from_der(&[algorithm.encoding().0, key].concat())
    }

    /// How it signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The SubjectPublicKeyInfo as PEM: the text that is published and stored.
    #[must_use]
    pub fn to_pem(&self) -> String {
        to_pem(&self.der)
    }

    /// Its name.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// How a bundle refers to it: the SHA-256 of the PEM text, in hex, as OpenSSF model signing has it (S-8).
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// Whether `signature` is one of this key over `bytes`.
    #[must_use]
    pub fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(bytes, signature).is_ok()
    }

    /// Whether `signature` is one of this key over the bytes that have this digest. Never for Ed25519, which signs bytes.
    pub(crate) fn verifies_digest(&self, digest: &Digest, signature: &[u8]) -> bool {
        self.parsed.verify_digest_sig(digest, signature).is_ok()
    }
}

fn to_pem(der: &[u8]) -> String {
    pem::encode("PUBLIC KEY", der).to_string()
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm, self.id())
    }
}

#[cfg(test)]
mod tests;
