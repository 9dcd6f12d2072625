//! Private keys: making them, and reading and writing the files that hold them (S-14 to S-17).

mod cosign;
mod encryption;

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use pkcs8::PrivateKeyInfoRef;
use zeroize::Zeroizing;

use crate::public_key::{Algorithm, PublicKey};
use crate::{Signer, SigningError, pem};

const CURVES: [(Algorithm, &EcdsaSigningAlgorithm); 3] = [
    (Algorithm::EcdsaP256, &ECDSA_P256_SHA256_ASN1_SIGNING),
    (Algorithm::EcdsaP384, &ECDSA_P384_SHA384_ASN1_SIGNING),
    (Algorithm::EcdsaP521, &ECDSA_P521_SHA512_ASN1_SIGNING),
];

/// Why a private key cannot be read, made or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no PEM block, or its content is not base64.
    #[error("private key is not PEM: expected a block `PRIVATE KEY` or `ENCRYPTED PRIVATE KEY`")]
    NotPem,
    /// The PEM block is something else.
    #[error(
        "PEM block is `{found}`, expected `PRIVATE KEY`, `ENCRYPTED PRIVATE KEY`, `EC PRIVATE KEY` or `ENCRYPTED SIGSTORE PRIVATE KEY`"
    )]
    Label {
        /// What it says it is.
        found: String,
    },
    /// It is a file of cosign that cosign would not have written.
    #[error("private key of cosign is damaged: it has {found}")]
    CosignFile {
        /// What is wrong with it.
        found: String,
    },
    /// It is encrypted in the way that came before PKCS#8.
    #[error("private key is encrypted in an old format: convert it with `openssl pkcs8 -topk8`")]
    OldEncryption,
    /// It is an RSA key.
    #[error("RSA keys are not supported: expected ECDSA P-256, P-384, P-521 or Ed25519")]
    Rsa,
    /// It is damaged, or a key for something else.
    #[error("private key is damaged or not ECDSA P-256, P-384, P-521 or Ed25519")]
    Unsupported,
    /// It is encrypted, and no passphrase was given.
    #[error("private key is encrypted and no passphrase was given")]
    PassphraseMissing,
    /// It is encrypted, and not with this passphrase.
    #[error("private key cannot be decrypted: wrong passphrase")]
    PassphraseWrong,
    /// It was to be encrypted with nothing.
    #[error("passphrase is empty: a key that is encrypted with nothing is not encrypted")]
    PassphraseEmpty,
    /// It is encrypted with something other than PBES2, or at a cost that is out of bounds.
    #[error("private key is encrypted with {found}, expected PBES2 with scrypt or PBKDF2 and AES")]
    Encryption {
        /// What it is encrypted with.
        found: String,
    },
    /// The cryptographic library failed, which it does only without randomness or memory.
    #[error("cannot {what} a key: the cryptographic library failed")]
    Library {
        /// What was to be done.
        what: &'static str,
    },
}

/// A private key and its public key. Printing it shows the public key.
pub struct KeyPair {
    secret: Secret,
    public: PublicKey,
}

enum Secret {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl KeyPair {
    /// Makes a new key, for ECDSA on P-256.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let library = |_| KeyError::Library { what: "make" };
        let secret = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(library)?;
        Self::of_curve(Algorithm::EcdsaP256, secret)
    }

    /// Whether `text` is a key file that needs a passphrase, so that a program knows when to ask.
    #[must_use]
    pub fn is_encrypted(text: &str) -> bool {
        let label = pem::first_block(text).map(|block| block.label);
        label.is_some_and(|label| label == "ENCRYPTED PRIVATE KEY" || cosign::is_label(label))
    }

    /// Reads a key file: PKCS#8, plain or encrypted, SEC1, or one that cosign encrypted. A passphrase that is not needed
    /// is ignored.
    ///
    /// # Errors
    /// When it is another kind of file or of key, or the passphrase is missing or wrong.
    pub fn from_pem(text: &str, passphrase: Option<&str>) -> Result<Self, KeyError> {
        let block = pem::first_block(text).ok_or(KeyError::NotPem)?;
        let label = block.label;
        match label {
            "RSA PRIVATE KEY" => return Err(KeyError::Rsa),
            "PRIVATE KEY" | "EC PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => {}
            _ if cosign::is_label(label) => {}
            _ => {
                let found = label.chars().filter(|c| !c.is_control()).take(60).collect();
                return Err(KeyError::Label { found });
            }
        }
        if block.has_headers() {
            return Err(KeyError::OldEncryption);
        }
        let content = block.decode().ok_or(KeyError::NotPem)?;
        if !Self::is_encrypted(text) {
            return Self::from_der(&content);
        }
        let passphrase = passphrase.ok_or(KeyError::PassphraseMissing)?;
        if cosign::is_label(label) {
            return Self::from_der(&cosign::decrypt(&content, passphrase)?);
        }
        Self::from_der(encryption::decrypt(&content, passphrase)?.as_bytes())
    }

    /// The key as an encrypted PKCS#8 file, which openssl and others can read.
    ///
    /// # Errors
    /// When the passphrase is empty.
    pub fn to_encrypted_pem(&self, passphrase: &str) -> Result<Zeroizing<String>, KeyError> {
        let encrypted = encryption::encrypt(&self.to_pkcs8()?, passphrase)?;
        Ok(pem::encode("ENCRYPTED PRIVATE KEY", encrypted.as_bytes()))
    }

    /// The key as a PKCS#8 file that anyone who reads it can use.
    ///
    /// # Errors
    /// When the library has no memory.
    pub fn to_plain_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        Ok(pem::encode("PRIVATE KEY", &self.to_pkcs8()?))
    }

    /// Every curve is tried, because SEC1 and PKCS#8 name it in different places and the library looks in both.
    fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        for (algorithm, signing) in CURVES {
            if let Ok(secret) = EcdsaKeyPair::from_private_key_der(signing, der) {
                return Self::of_curve(algorithm, secret);
            }
        }
        if let Ok(secret) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            let public = PublicKey::from_raw(Algorithm::Ed25519, secret.public_key().as_ref());
            let public = public.map_err(|_| KeyError::Unsupported)?;
            return Ok(Self { secret: Secret::Ed25519(secret), public });
        }
        const RSA: &str = "1.2.840.113549.1.1.1";
        let info = PrivateKeyInfoRef::try_from(der);
        let is_rsa = info.is_ok_and(|info| info.algorithm.oid.to_string() == RSA);
        Err(if is_rsa { KeyError::Rsa } else { KeyError::Unsupported })
    }

    fn of_curve(algorithm: Algorithm, secret: EcdsaKeyPair) -> Result<Self, KeyError> {
        let public = PublicKey::from_raw(algorithm, secret.public_key().as_ref());
        let public = public.map_err(|_| KeyError::Unsupported)?;
        Ok(Self { secret: Secret::Ecdsa(secret), public })
    }

    fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let document = match &self.secret {
            Secret::Ecdsa(secret) => secret.to_pkcs8v1(),
            Secret::Ed25519(secret) => secret.to_pkcs8v1(),
        };
        let document = document.map_err(|_| KeyError::Library { what: "encode" })?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }
}

impl Signer for KeyPair {
    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SigningError> {
        let signature = match &self.secret {
            Secret::Ecdsa(secret) => secret.sign(&SystemRandom::new(), bytes),
            Secret::Ed25519(secret) => secret.try_sign(bytes),
        };
        let reason = "the cryptographic library failed";
        let signature = signature
            .map_err(|_| SigningError { key: self.public.id(), reason: reason.to_owned() })?;
        Ok(signature.as_ref().to_vec())
    }

    fn public_key(&self) -> &PublicKey {
        &self.public
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
