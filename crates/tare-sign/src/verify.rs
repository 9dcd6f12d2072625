//! From bundles to a verified claim: the only place where something becomes [`Verified`] (S-10 to S-13).

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::bundle::{Bundle, BundleError};
use crate::public_key::{KeyId, PublicKey};
use crate::statement::{self, Claim, StatementError};

/// Something whose signature was checked. Only this module makes one, so a function that takes it cannot be called
/// with what nobody checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// Takes the content out.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Identity {
    /// The holder of a key.
    Key(KeyId),
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "key {id}"),
        }
    }
}

/// A claim and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRelease {
    /// What was claimed.
    pub claim: Claim,
    /// Who claimed it: at least one, sorted, each once.
    pub signers: Vec<Identity>,
}

/// Decides whether somebody who is trusted signed the payload of a bundle.
///
/// An implementation holds what it trusts, answers without I/O, and says nothing about what the payload claims.
pub trait Verifier {
    /// The signer, if it is one that is accepted and its signature is right.
    ///
    /// # Errors
    /// In every other case; there is no answer in between.
    fn verify(&self, bundle: &Bundle) -> Result<Identity, SignatureError>;
}

/// Why a release does not count as signed. None of these may be passed over.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature at all.
    #[error("`{release}` is not signed, expected a signature by {}", list(accepted))]
    Missing {
        /// The release.
        release: String,
        /// The keys whose signature would do.
        accepted: Vec<KeyId>,
    },
    /// The bundle has another form.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// It was signed with a key that is not accepted, or whose hint nobody knows.
    #[error("signed with a key of hint `{hint}`, expected {}", list(accepted))]
    NotAccepted {
        /// What the bundle says about its key.
        hint: String,
        /// The keys whose signature would do.
        accepted: Vec<KeyId>,
    },
    /// The signature is not one of the key that it names.
    #[error("signature is not one of key {key} over this statement")]
    Wrong {
        /// The key.
        key: KeyId,
    },
    /// The signature is right and is for something else.
    #[error(transparent)]
    Statement(#[from] StatementError),
}

/// Key mode: the keys that may sign.
#[derive(Debug, Clone, Copy)]
pub struct AcceptedKeys<'a>(pub &'a [PublicKey]);

impl AcceptedKeys<'_> {
    fn ids(&self) -> Vec<KeyId> {
        self.0.iter().map(PublicKey::id).collect()
    }
}

impl Verifier for AcceptedKeys<'_> {
    fn verify(&self, bundle: &Bundle) -> Result<Identity, SignatureError> {
        let Some(key) = self.0.iter().find(|key| key.hint() == bundle.hint) else {
            let hint = bundle.hint.chars().filter(|c| !c.is_control()).take(80).collect();
            return Err(SignatureError::NotAccepted { hint, accepted: self.ids() });
        };
        let signed = statement::pre_authentication_encoding(&bundle.payload);
        if key.verifies(&signed, &bundle.signature) {
            Ok(Identity::Key(key.id()))
        } else {
            Err(SignatureError::Wrong { key: key.id() })
        }
    }
}

/// A statement with a right signature. What it claims nobody has looked at yet, so that a signature can be checked before it
/// is known which release it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement {
    signer: Identity,
    payload: Vec<u8>,
}

impl SignedStatement {
    /// Checks the signature of a bundle.
    ///
    /// # Errors
    /// When it is not a right one of somebody who is accepted.
    pub fn verify(bundle: Bundle, verifier: &dyn Verifier) -> Result<Self, SignatureError> {
        let signer = verifier.verify(&bundle)?;
        Ok(Self { signer, payload: bundle.payload })
    }

    /// The signer, if this is the statement of `claim`.
    ///
    /// # Errors
    /// With the first thing in which it differs.
    pub fn signer_of(&self, claim: &Claim) -> Result<&Identity, StatementError> {
        statement::check(&self.payload, claim)?;
        Ok(&self.signer)
    }
}

/// Checks one bundle: its form, then its signature, and only then what was signed.
///
/// # Errors
/// With the first thing that is not as it should be, what was found and what was expected.
pub fn verify_bundle(
    bundle: &[u8],
    claim: &Claim,
    verifier: &dyn Verifier,
) -> Result<Identity, SignatureError> {
    let statement = SignedStatement::verify(Bundle::parse(bundle)?, verifier)?;
    Ok(statement.signer_of(claim)?.clone())
}

/// Checks the signatures of a release against the keys that may sign its package.
///
/// One good signature is enough: an owner may have signed with a key that is no longer accepted, beside one that is.
///
/// # Errors
/// When there is no signature, or no good one; then with what is wrong with the first.
pub fn verify_release<B: AsRef<[u8]>>(
    bundles: &[B],
    claim: &Claim,
    accepted: &[PublicKey],
) -> Result<Verified<VerifiedRelease>, SignatureError> {
    let keys = AcceptedKeys(accepted);
    let mut failed = None;
    let mut signers = Vec::new();
    for bundle in bundles {
        match verify_bundle(bundle.as_ref(), claim, &keys) {
            Ok(signer) => signers.push(signer),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    signers.sort_unstable();
    signers.dedup();
    if signers.is_empty() {
        let release = claim.release.to_string();
        return Err(failed.unwrap_or(SignatureError::Missing { release, accepted: keys.ids() }));
    }
    Ok(Verified(VerifiedRelease { claim: claim.clone(), signers }))
}

fn list(keys: &[KeyId]) -> String {
    match keys {
        [] => "a key that an owner has registered, and there is none".to_owned(),
        [key] => format!("key {key}"),
        keys => {
            let keys: Vec<String> = keys.iter().map(KeyId::to_string).collect();
            format!("one of the keys {}", keys.join(", "))
        }
    }
}

#[cfg(test)]
mod tests;
