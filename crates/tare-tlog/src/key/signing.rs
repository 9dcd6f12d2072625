//! Private keys. The seed is wiped when the key is dropped, and nothing prints it but [`SigningKey::to_text`].

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use zeroize::Zeroizing;

use super::{Algorithm, KeyError, KeyName, VerifierKey, name_and_id};

const PREFIX: &str = "PRIVATE+KEY+";
const SEED: usize = 32;

/// A key that signs. Printing it shows the public key.
pub struct SigningKey {
    verifier: VerifierKey,
    secret: Secret,
}

enum Secret {
    Ed25519(ed25519_dalek::SigningKey),
    #[cfg(feature = "ml-dsa")]
    MlDsa44(Zeroizing<[u8; SEED]>),
}

impl Secret {
    fn new(algorithm: Algorithm, seed: &[u8; SEED]) -> Self {
        match algorithm {
            Algorithm::Ed25519 | Algorithm::CosignatureEd25519 => {
                Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(seed))
            }
            #[cfg(feature = "ml-dsa")]
            Algorithm::CosignatureMlDsa44 => Self::MlDsa44(Zeroizing::new(*seed)),
        }
    }

    fn seed(&self) -> &[u8; SEED] {
        match self {
            Self::Ed25519(key) => key.as_bytes(),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa44(seed) => seed,
        }
    }

    fn public_key(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.verifying_key().as_bytes().to_vec(),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa44(seed) => super::ml_dsa::public_key(seed),
        }
    }
}

impl SigningKey {
    /// The key of this name that the seed makes. The seed has to come from a good source of randomness.
    ///
    /// # Errors
    /// Never for a seed that was drawn at random: when its public key would be a weak one.
    pub fn from_seed(
        name: KeyName,
        algorithm: Algorithm,
        seed: &[u8; SEED],
    ) -> Result<Self, KeyError> {
        let secret = Secret::new(algorithm, seed);
        let verifier = VerifierKey::new(name, algorithm, &secret.public_key())?;
        Ok(Self { verifier, secret })
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The private key as text, in the form of Go's `note` package (W-9). Whoever has it can sign.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 1 + SEED]);
        let (algorithm, seed) = bytes.split_at_mut(1);
        algorithm.fill(self.verifier.algorithm().byte());
        seed.copy_from_slice(self.secret.seed());
        let encoded = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
        let (name, id) = (self.verifier.name(), self.verifier.id());
        Zeroizing::new(format!("{PREFIX}{name}+{id:08x}+{}", encoded.as_str()))
    }

    /// The bare signature over `message`. Only ML-DSA can fail to find one, with a chance that never comes true.
    pub(crate) fn sign_message(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.secret {
            Secret::Ed25519(key) => Some(key.sign(message).to_bytes().to_vec()),
            #[cfg(feature = "ml-dsa")]
            Secret::MlDsa44(seed) => super::ml_dsa::sign(seed, message),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.verifier).finish()
    }
}

impl FromStr for SigningKey {
    type Err = KeyError;

    /// Reads what [`to_text`](Self::to_text) gives. No error shows any part of the secret.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let form = || KeyError::Form { expected: "PRIVATE+KEY+name+id+base64" };
        let rest = text.strip_prefix(PREFIX).ok_or_else(form)?;
        let (name, rest) = rest.split_once('+').ok_or_else(form)?;
        let (id, material) = rest.split_once('+').ok_or_else(form)?;
        let (name, id) = name_and_id(name, id)?;
        let bytes = Zeroizing::new(
            STANDARD.decode(material).map_err(|_| KeyError::Base64 { name: name.clone() })?,
        );
        let (algorithm, seed) = bytes.split_first().ok_or_else(form)?;
        let algorithm = Algorithm::from_byte(*algorithm)?;
        let Ok(seed) = <&[u8; SEED]>::try_from(seed) else {
            return Err(KeyError::Length { name, found: seed.len(), expected: SEED });
        };
        let key = Self::from_seed(name, algorithm, seed)?;
        key.verifier.has_id(id)?;
        Ok(key)
    }
}
