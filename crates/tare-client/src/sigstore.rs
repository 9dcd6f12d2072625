//! Bundles that others signed: which trust root they are checked under, and checking a file against one.
//!
//! The trust root is Sigstore's public one, which is built in, unless `tare trust use` pinned another:
//!
//! ```text
//! $TARE_HOME/config.toml         [trust] root-sha256 = "sha256:…"
//! $TARE_HOME/trust/<hex>.json    the root with that digest; any other content is refused
//! ```
//!
//! Only the configuration at home can pin one. A project's could be anybody's, and a project that brings its own trust
//! root would say of itself that it is to be trusted.

mod error;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tare_format::Sha256;
use tare_sign::sigstore::root::MAX_SIZE as MAX_ROOT_SIZE;
use tare_sign::sigstore::{Artifact, SignedBundle, verify_with_key};
use tare_store::durable;

pub use error::{BundleCheckError, TrustFileError};
pub use tare_sign::sigstore::{
    ArtifactDigest, BuildClaims, Check, IdentityPattern, IdentityPolicy, PolicyError, SignedBy,
    TrustRoot, TrustedKey, Verdict, root::Role, verdict::Clock,
};

use crate::config::{Config, ConfigFile};
use crate::keys;

/// Who is to have signed.
#[derive(Debug, Clone)]
pub enum Signer {
    /// Somebody whom an issuer knows.
    Identity(IdentityPolicy),
    /// The holder of the key whose public half is in this file.
    Key(PathBuf),
}

/// What a bundle is to be about.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A file.
    File(PathBuf),
    /// The digest of one.
    Digest(ArtifactDigest),
}

/// A bundle to be checked.
#[derive(Debug, Clone)]
pub struct BundleCheck {
    /// The file of the bundle.
    pub bundle: PathBuf,
    /// Who is to have signed.
    pub signer: Signer,
    /// What is to have been signed.
    pub subject: Subject,
    /// The trust root to use instead of the configured one.
    pub trusted_root: Option<PathBuf>,
}

/// Checks a bundle. No request is made, and a file of any size is read in constant memory.
///
/// # Errors
/// When a file cannot be read, or the bundle does not hold.
pub fn verify_bundle(
    check: &BundleCheck,
    home: &Path,
    config: &Config,
    now: Timestamp,
) -> Result<Verdict, BundleCheckError> {
    let bytes = read(&check.bundle, tare_sign::bundle::MAX_SIZE)
        .map_err(|source| BundleCheckError::Read { path: check.bundle.clone(), source })?;
    let fail = |source| BundleCheckError::Bundle { path: check.bundle.clone(), source };
    let bundle = SignedBundle::parse(&bytes).map_err(|source| fail(source.into()))?;
    let mut file;
    let artifact = match &check.subject {
        Subject::Digest(digest) => Artifact::Digest(digest.clone()),
        Subject::File(path) => {
            file = File::open(path)
                .map_err(|source| BundleCheckError::Read { path: path.clone(), source })?;
            Artifact::Reader(&mut file)
        }
    };
    let root = || load(home, config, check.trusted_root.as_deref());
    let verdict = match &check.signer {
        Signer::Identity(policy) => root()?.verify(&bundle, artifact, policy, now),
        Signer::Key(path) => {
            let key = keys::read_public(path)?;
            // A key needs nobody who vouches for it, so it needs no root either unless the bundle brings more to check.
            match bundle.place().is_none() && bundle.timestamps() == 0 {
                true => verify_with_key(&bundle, artifact, &key),
                false => root()?.verify_key(&bundle, artifact, &key, now),
            }
        }
    };
    verdict.map_err(fail)
}

/// The trust root in `given`, else the pinned one, else the one that is built in.
///
/// # Errors
/// When it cannot be read, or the pinned one is missing or another.
pub fn load(
    home: &Path,
    config: &Config,
    given: Option<&Path>,
) -> Result<TrustRoot, TrustFileError> {
    if let Some(path) = given {
        return parse(path, &read_root(path)?);
    }
    let Some(pinned) = config.trust_root() else {
        return TrustRoot::public_good().map_err(|source| TrustFileError::BuiltIn { source });
    };
    let path = path_of(home, pinned);
    let bytes = read_root(&path)?;
    let found = Sha256::of(&bytes);
    if found != pinned {
        return Err(TrustFileError::Other { path, found, expected: pinned });
    }
    parse(&path, &bytes)
}

/// Pins the trust root in `file`: copies it home and names it in the configuration.
///
/// # Errors
/// When it is no trust root, is not the one with the digest `expected`, or cannot be saved.
pub fn pin(
    home: &Path,
    file: &Path,
    expected: Option<Sha256>,
) -> Result<TrustRoot, TrustFileError> {
    let bytes = read_root(file)?;
    let root = parse(file, &bytes)?;
    if let Some(expected) = expected.filter(|expected| *expected != root.sha256()) {
        let (path, found) = (file.to_owned(), root.sha256());
        return Err(TrustFileError::Other { path, found, expected });
    }
    // The file first: a pin that names a file which is not there would refuse everything.
    durable::write(&path_of(home, root.sha256()), &bytes)?;
    let mut config = ConfigFile::open(home)?;
    config.set_trust_root(Some(root.sha256()))?;
    config.save()?;
    Ok(root)
}

/// Goes back to the trust root that is built in.
///
/// # Errors
/// When the configuration cannot be changed.
pub fn unpin(home: &Path) -> Result<TrustRoot, TrustFileError> {
    let mut config = ConfigFile::open(home)?;
    config.set_trust_root(None)?;
    config.save()?;
    TrustRoot::public_good().map_err(|source| TrustFileError::BuiltIn { source })
}

fn path_of(home: &Path, root: Sha256) -> PathBuf {
    home.join("trust").join(format!("{}.json", root.hex()))
}

fn parse(path: &Path, bytes: &[u8]) -> Result<TrustRoot, TrustFileError> {
    TrustRoot::parse(bytes).map_err(|source| TrustFileError::Root { path: path.to_owned(), source })
}

fn read_root(path: &Path) -> Result<Vec<u8>, TrustFileError> {
    read(path, MAX_ROOT_SIZE)
        .map_err(|source| TrustFileError::Read { path: path.to_owned(), source })
}

/// Reads one byte more than the limit, so that who parses it sees that it is too large.
fn read(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
