//! Signatures by an identity instead of a key: Sigstore bundles with a certificate (S-30 to S-46).
//!
//! Somebody proves to a certificate authority who they are, gets a certificate for ten minutes, signs, has the signature
//! written into a public log, and throws the key away. What is left to check is a chain: the signature is one of the
//! certificate's key; the certificate comes from an authority of the [`TrustRoot`] and says who and by whose word; the log
//! and the time say that it was signed while the certificate was valid. The mathematics of that are those of the
//! `sigstore-verify` crate. What is ours, because it decides what is accepted:
//!
//! | module | what |
//! |---|---|
//! | [`form`] | the one form of a bundle that is read: strict, with nothing in it that nobody checks |
//! | [`policy`] | whose signature is meant: an exact issuer, an exact identity or a pattern of one |
//! | [`root`] | which authorities and logs are believed: built in, or pinned by whoever runs their own |
//! | [`artifact`] | the file that a bundle is about, by its digest or as it is read |
//! | [`check`] | from a bundle and a policy to a [`Verdict`] |
//! | [`verdict`] | what is known after the check, and what was checked |
//!
//! There is no network here, and no state in which a check was left out and the answer is still yes. The clock is passed
//! in; the library below reads the system's clock besides, to refuse log entries from the future.

pub mod artifact;
pub mod check;
pub mod error;
pub mod form;
pub mod policy;
pub mod root;
pub mod verdict;

pub use artifact::{Artifact, ArtifactDigest, Hash};
pub use check::verify_with_key;
pub use error::SigstoreError;
pub use form::{Content, FormError, Material, SignedBundle, Subject, Version};
pub use policy::{IdentityPattern, IdentityPolicy, PolicyError};
pub use root::{TrustRoot, TrustRootError, TrustedKey};
pub use verdict::{BuildClaims, Check, Logged, SignedBy, SigningTime, Verdict};
