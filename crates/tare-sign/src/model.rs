//! Signatures of models that are just folders or files: OpenSSF model signatures, `model.sig` (spec/models.md).
//!
//! Such a signature is a Sigstore bundle around one in-toto statement that lists every file of a model with its
//! SHA-256. Other tools make and check them too, so what is read here was written by many hands: this module is as
//! lenient in the *form* as those tools are, and as strict in what it *accepts* as for a release.
//!
//! ```text
//! bytes ──SignatureFile::parse──▶ SignatureFile ──ModelAuthority──▶ signer
//!                                      └── only then ──▶ ModelStatement ──plan──▶ what to hash, what differs already
//! ```
//!
//! Nothing here reads a file. The caller walks the model, hashes what a [`Plan`] asks for, and hands the digests to
//! [`Job::judge`]. A signed name is never used as a path: it is only compared with what was found.

mod authority;
mod plan;
mod signature_file;
mod statement;

pub use authority::{ModelAuthority, ModelKeys, ModelSignatureError, SignedModel, verify_model};
pub use plan::{Difference, Job, Plan, plan};
pub use signature_file::{MAX_SIGNATURE_SIZE, Material, SignatureFile, SignatureFileError};
pub use statement::{
    GIT_PATHS, Layout, ModelStatement, ModelStatementError, Part, SIGNATURE_NAME, SignedFile,
    covers, statement_of_files,
};

use crate::bundle::Bundle;
use crate::public_key::Algorithm;
use crate::{Signer, SigningError, statement as in_toto};

/// Signs the statement of a model. The result is the content of `model.sig`.
///
/// # Errors
/// When the key is for Ed25519, which model signatures do not have, or the signer cannot sign.
pub fn sign_model(payload: Vec<u8>, signer: &dyn Signer) -> Result<Vec<u8>, SigningError> {
    let key = signer.public_key();
    if key.algorithm() == Algorithm::Ed25519 {
        return Err(SigningError {
            key: key.id(),
            reason:
                "model signatures have no Ed25519: use a key for ECDSA on P-256, P-384 or P-521"
                    .to_owned(),
        });
    }
    let signature = signer.sign(&in_toto::pre_authentication_encoding(&payload))?;
    Ok(Bundle { hint: key.hint().to_owned(), payload, signature }.to_json())
}

#[cfg(test)]
mod tests;
