//! Signatures of releases: making and checking them (spec/signatures.md).
//!
//! A signature is a Sigstore bundle around one in-toto statement, which says: *in this registry, this package at this
//! version is the release document with this digest*. That sentence is a [`Claim`]. The registry checks it at publish
//! and the client again at install, with the same code, so the code is a crate of its own that neither of them owns
//! (`docs/decisions/0006-signature-crate.md`).
//!
//! | module | what |
//! |---|---|
//! | [`statement`] | the claim, the statement that carries it, the bytes that are signed |
//! | [`bundle`] | the file that a signature travels in |
//! | [`public_key`], [`key`] | keys, their names and their files |
//! | [`verify`] | from bundles to a [`Verified`] claim |
//! | [`model`] | signatures of models that are just folders, from and for other tools |
//! | [`sigstore`] | bundles that others made, signed by an identity or a key |
//!
//! Nothing here reads a file, asks for a passphrase, or knows which keys are to be trusted: all of that is passed in.
//! [`Signer`] and [`Verifier`] are what another kind of identity has to implement; callers stay as they are.

pub mod bundle;
pub mod key;
pub mod model;
pub mod public_key;
pub mod sigstore;
pub mod statement;
pub mod verify;

mod pem;

pub use bundle::{Bundle, BundleError};
pub use key::{KeyError, KeyPair};
pub use public_key::{KeyId, PublicKey, PublicKeyError};
pub use statement::Claim;
pub use verify::{
    AcceptedKeys, Identity, SignatureError, SignedStatement, Verified, VerifiedRelease, Verifier,
    verify_bundle, verify_release,
};

/// What makes signatures.
///
/// A signer may hold its key itself or ask a device or a service for each signature; it never hands the key out.
pub trait Signer {
    /// A signature over exactly these bytes, in the form that the key's algorithm has in a bundle (S-6).
    ///
    /// # Errors
    /// When the key cannot be used. Nothing was signed then, and the call may be repeated.
    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SigningError>;

    /// The key that checks what [`sign`](Self::sign) made.
    fn public_key(&self) -> &PublicKey;
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
#[error("cannot sign with key {key}: {reason}")]
pub struct SigningError {
    /// The key.
    pub key: KeyId,
    /// What its holder says.
    pub reason: String,
}

/// Signs a claim. The result is the bundle's bytes, ready to be stored and published.
///
/// # Errors
/// When the signer cannot sign.
pub fn sign_release(claim: &Claim, signer: &dyn Signer) -> Result<Vec<u8>, SigningError> {
    let payload = claim.to_statement();
    let signature = signer.sign(&statement::pre_authentication_encoding(&payload))?;
    let bundle = Bundle { hint: signer.public_key().hint().to_owned(), payload, signature };
    Ok(bundle.to_json())
}
