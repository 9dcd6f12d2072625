//! From a signature file to a statement that somebody who is trusted has signed (OM-9 to OM-11).

use super::signature_file::{Material, SignatureFile, SignatureFileError};
use super::statement::{ModelStatement, ModelStatementError};
use crate::public_key::{Algorithm, KeyId, PublicKey};
use crate::statement::pre_authentication_encoding;
use crate::verify::Identity;

/// A statement about a model, and who signed it. Only [`verify_model`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedModel {
    statement: ModelStatement,
    signer: Identity,
}

impl SignedModel {
    /// What was signed.
    #[must_use]
    pub const fn statement(&self) -> &ModelStatement {
        &self.statement
    }

    /// Who signed it.
    #[must_use]
    pub const fn signer(&self) -> &Identity {
        &self.signer
    }
}

/// Decides whether somebody who is trusted signed a model.
///
/// An implementation holds what it trusts, answers without I/O, and says nothing about what the payload claims. One for
/// certificates checks all of [`SignatureFile::bytes`]: log entries and timestamps are evidence of the same act.
pub trait ModelAuthority {
    /// The signer, if it is one that is accepted and its signature is right.
    ///
    /// # Errors
    /// In every other case; there is no answer in between.
    fn verify(&self, file: &SignatureFile<'_>) -> Result<Identity, ModelSignatureError>;
}

/// Why a model does not count as signed. None of these may be passed over.
#[derive(Debug, thiserror::Error)]
pub enum ModelSignatureError {
    /// The file is no signature.
    #[error(transparent)]
    File(#[from] SignatureFileError),
    /// It was signed in another way than the one that is to be checked.
    #[error("model is signed with {found}, expected {expected}")]
    Material {
        /// What it was signed with.
        found: &'static str,
        /// What was to be checked.
        expected: &'static str,
    },
    /// It was signed with another key.
    #[error("model is signed with a key of hint `{hint}`, expected {}", list(accepted))]
    NotAccepted {
        /// What the signature says about its key.
        hint: String,
        /// The keys whose signature would do, with their hints.
        accepted: Vec<(KeyId, String)>,
    },
    /// A key can sign no model.
    #[error("key {key} is for Ed25519, which model signatures do not have: expected ECDSA")]
    Ed25519 {
        /// The key.
        key: KeyId,
    },
    /// The signature is not one of the key.
    #[error("signature of the model is not one of key {key} over its statement")]
    Wrong {
        /// The key.
        key: KeyId,
    },
    /// An identity was to be checked, and it is not the one that signed.
    #[error("model is signed by {found}, expected {expected}")]
    Identity {
        /// Who signed, or what is wrong with the proof of it.
        found: String,
        /// Who should have.
        expected: String,
    },
    /// The signature is right, and what it covers cannot be checked.
    #[error(transparent)]
    Statement(#[from] ModelStatementError),
}

/// The keys that may have signed a model.
#[derive(Debug, Clone, Copy)]
pub struct ModelKeys<'a>(pub &'a [PublicKey]);

impl ModelAuthority for ModelKeys<'_> {
    fn verify(&self, file: &SignatureFile<'_>) -> Result<Identity, ModelSignatureError> {
        let hint = match &file.material {
            Material::Key { hint } => hint.as_deref(),
            Material::Certificate => return Err(not_a_key("the certificate of an identity")),
            Material::CertificateChain => return Err(not_a_key("a chain of certificates")),
        };
        let signed = pre_authentication_encoding(&file.payload);
        let mut wrong = None;
        for key in self.0.iter().filter(|key| hint.is_none_or(|hint| hint == key.hint())) {
            if key.algorithm() == Algorithm::Ed25519 {
                return Err(ModelSignatureError::Ed25519 { key: key.id() });
            }
            if key.verifies(&signed, &file.signature) {
                return Ok(Identity::Key(key.id()));
            }
            wrong = wrong.or(Some(ModelSignatureError::Wrong { key: key.id() }));
        }
        Err(wrong.unwrap_or_else(|| {
            let hint = hint.unwrap_or_default().chars().filter(|c| !c.is_control()).take(80);
            let accepted = self.0.iter().map(|key| (key.id(), key.hint().to_owned())).collect();
            ModelSignatureError::NotAccepted { hint: hint.collect(), accepted }
        }))
    }
}

/// Checks a signature file: its form, then its signature, and only then reads what was signed.
///
/// # Errors
/// With the first thing that is not as it should be, what was found and what was expected.
pub fn verify_model(
    bytes: &[u8],
    authority: &dyn ModelAuthority,
) -> Result<SignedModel, ModelSignatureError> {
    let file = SignatureFile::parse(bytes)?;
    let signer = authority.verify(&file)?;
    Ok(SignedModel { statement: ModelStatement::parse(&file.payload)?, signer })
}

fn not_a_key(found: &'static str) -> ModelSignatureError {
    ModelSignatureError::Material { found, expected: "a public key" }
}

fn list(keys: &[(KeyId, String)]) -> String {
    match keys {
        [] => "a key, and none was given".to_owned(),
        [(key, hint)] => format!("key {key} of hint `{hint}`"),
        keys => {
            let keys: Vec<String> = keys.iter().map(|(key, _)| key.to_string()).collect();
            format!("one of the keys {}", keys.join(", "))
        }
    }
}
