//! From "the registry says so" to a release that somebody accepted has signed.
//!
//! Only [`Prover`] makes a [`SignedRelease`], and only a [`SignedRelease`] is locked, fetched or installed. The chain is:
//!
//! 0. the head of the log proves the page ([`crate::head`], [`crate::pages`]);
//! 1. the page names the release's digest, its signature bundles and the keys that were accepted when it was published;
//! 2. each bundle has the digest that the page gives it; none may be missing, so a mirror cannot drop one;
//! 3. a bundle is signed by an accepted key over exactly this registry, package, version and digest;
//! 4. if a lock names the signers, they are the ones;
//! 5. the document has that digest, and says the same of itself as the page said to the resolver.
//!
//! What was accepted is remembered as *evidence*: the bundles and the keys. With it the whole chain can be walked again
//! without the registry, because the lock pins what the page would say.

mod error;
mod evidence;
pub(crate) mod takedown;

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use tare_format::event::{Published, SignerKey};
use tare_format::path::PathSet;
use tare_format::registry::RegistryId;
use tare_format::release::{Release, ReleaseDependency};
use tare_format::{PackageName, ReleaseId, Sha256};
use tare_sign::{Claim, Identity, PublicKey, Verified, VerifiedRelease, verify_release};

use crate::error::{ClientError as _, ErrorKind};
use crate::history::ReleaseHistory;
use crate::local::Local;
use crate::lock::Known;
use crate::resolve::Standing;
use crate::source::Source;

pub use error::TrustError;
pub(crate) use error::accept_signer;
pub(crate) use evidence::Evidence;

/// A release document that is signed by a key accepted for its package.
#[derive(Debug, Clone)]
pub struct SignedRelease {
    verified: Verified<VerifiedRelease>,
    document: Release,
}

impl SignedRelease {
    /// The package and version.
    #[must_use]
    pub fn id(&self) -> &ReleaseId {
        &self.verified.claim.release
    }

    /// The document's digest.
    #[must_use]
    pub fn digest(&self) -> Sha256 {
        self.verified.claim.digest
    }

    /// The registry that it is published in.
    #[must_use]
    pub fn registry(&self) -> &RegistryId {
        &self.verified.claim.registry
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> &Release {
        &self.document
    }

    /// The keys that signed it, sorted.
    #[must_use]
    pub fn signers(&self) -> Vec<Sha256> {
        key_ids(&self.verified)
    }

    /// What a lock says about it.
    #[must_use]
    pub fn into_known(self) -> Known {
        let (digest, signers) = (self.digest(), self.signers());
        Known { release: self.document, digest, signers }
    }
}

/// What a lock, or nobody, demands of a release beyond a good signature.
#[derive(Debug, Clone, Copy, Default)]
pub struct Demand<'a> {
    /// The digest that it must have.
    pub digest: Option<&'a Sha256>,
    /// The keys that must have signed it.
    pub signers: Option<&'a [Sha256]>,
    /// That it is only part of the history, so that it may be withdrawn.
    pub is_history: bool,
}

/// Proves releases of one source.
#[derive(Debug, Clone, Copy)]
pub struct Prover<'a> {
    source: &'a Source<'a>,
}

impl<'a> Prover<'a> {
    /// A prover of what `source` has.
    #[must_use]
    pub const fn new(source: &'a Source<'a>) -> Self {
        Self { source }
    }

    /// Proves a release: from the evidence of an earlier time when a lock demands exactly that, else from its page.
    ///
    /// # Errors
    /// When it is not there, or not what everybody said it is.
    pub async fn prove(
        &self,
        id: &ReleaseId,
        demand: Demand<'_>,
    ) -> Result<SignedRelease, TrustError> {
        let mut damaged = None;
        if let (Some(digest), Some(_)) = (demand.digest, demand.signers) {
            match prove_locally(self.source.local(), self.source.id(), id, digest, demand) {
                Ok(signed) => return Ok(signed),
                Err(TrustError::NoEvidence { .. }) => {}
                Err(error) => damaged = Some(error),
            }
        }
        // What was kept here may be damaged; what the registry says is proved from the start.
        match (self.prove_by_page(id, demand).await, damaged) {
            (Err(error), Some(damaged)) if error.kind() == ErrorKind::Network => Err(damaged),
            (outcome, _) => outcome,
        }
    }

    async fn prove_by_page(
        &self,
        id: &ReleaseId,
        demand: Demand<'_>,
    ) -> Result<SignedRelease, TrustError> {
        let history = self.source.pages().history(&id.name).await?;
        let history = history.ok_or_else(|| TrustError::NoPackage { name: id.name.clone() })?;
        let published = find(&history.releases, id, demand.is_history)?;
        self.prove_published(id, published, demand).await
    }

    /// Refuses what was withdrawn since it was locked, as its page says today.
    ///
    /// # Errors
    /// When it was withdrawn, is not there, or its page is not to be had.
    pub async fn check_standing(&self, id: &ReleaseId) -> Result<(), TrustError> {
        let history = self.source.pages().history(&id.name).await?;
        let history = history.ok_or_else(|| TrustError::NoPackage { name: id.name.clone() })?;
        find(&history.releases, id, false).map(drop)
    }

    async fn prove_published(
        &self,
        id: &ReleaseId,
        history: &ReleaseHistory,
        demand: Demand<'_>,
    ) -> Result<SignedRelease, TrustError> {
        let published = &history.published;
        let digest = published.release;
        check_digest(id, demand, digest)?;
        let (documents, registry) = (self.source.documents(), self.source.registry());
        let mut bundles = Vec::new();
        for reference in &published.signatures {
            let bundle = documents.signature(registry, &reference.sha256).await;
            bundles.push(bundle.map_err(|error| TrustError::bundle(id, reference.sha256, error))?);
        }
        let keys = public_keys(id, &history.signers)?;
        let verified = verify(self.claim(id, digest), &bundles, &keys)?;
        check_signers(id, demand, &verified)?;
        let document = documents.release(registry, &digest).await?;
        check_document(id, &document, Some(published))?;
        self.remember(digest, published, &history.signers)?;
        Ok(SignedRelease { verified, document })
    }

    fn claim(&self, id: &ReleaseId, digest: Sha256) -> Claim {
        Claim { release: id.clone(), digest, registry: self.source.id().clone() }
    }

    fn remember(
        &self,
        digest: Sha256,
        published: &Published,
        keys: &[SignerKey],
    ) -> Result<(), TrustError> {
        let bundles = published.signatures.iter().map(|reference| reference.sha256).collect();
        let registry = self.source.id().clone();
        let evidence = Evidence { registry, bundles, keys: keys.to_vec() };
        evidence.save(&self.source.home().evidence(&digest)).map_err(TrustError::Remember)
    }
}

/// Walks the chain again from what is on this machine. Nothing is fetched.
///
/// # Errors
/// [`TrustError::NoEvidence`] when something is not there; anything else when something is wrong.
pub(crate) fn prove_locally(
    local: &Local,
    registry: &RegistryId,
    id: &ReleaseId,
    digest: &Sha256,
    demand: Demand<'_>,
) -> Result<SignedRelease, TrustError> {
    let missing = || TrustError::NoEvidence { id: id.clone() };
    let evidence = Evidence::load(&local.home().evidence(digest)).ok_or_else(missing)?;
    if evidence.registry != *registry {
        return Err(missing());
    }
    let documents = local.documents();
    let mut bundles = Vec::new();
    for bundle in &evidence.bundles {
        bundles.push(documents.local_signature(bundle).map_err(|_| missing())?);
    }
    let document = documents.local_release(digest).map_err(|_| missing())?;
    let keys = public_keys(id, &evidence.keys)?;
    let claim = Claim { release: id.clone(), digest: *digest, registry: registry.clone() };
    let verified = verify(claim, &bundles, &keys)?;
    check_digest(id, demand, *digest)?;
    check_signers(id, demand, &verified)?;
    check_document(id, &document, None)?;
    Ok(SignedRelease { verified, document })
}

fn find<'h>(
    releases: &'h BTreeMap<Version, ReleaseHistory>,
    id: &ReleaseId,
    is_history: bool,
) -> Result<&'h ReleaseHistory, TrustError> {
    let release = releases.get(&id.version);
    let release = release.ok_or_else(|| TrustError::NoVersion { id: id.clone() })?;
    if let Some(takedown) = release.takedown.as_ref().filter(|_| !is_history) {
        return Err(TrustError::taken_down(id, takedown.as_ref(), None));
    }
    match &release.standing {
        Standing::Withdrawn { reason } if !is_history => {
            Err(TrustError::Withdrawn { id: id.clone(), reason: reason.clone() })
        }
        _ => Ok(release),
    }
}

/// A key is named by its digest everywhere, so a page cannot pass another key off under a known name.
fn public_keys(id: &ReleaseId, keys: &[SignerKey]) -> Result<Vec<PublicKey>, TrustError> {
    let read = |key: &SignerKey| {
        let public = PublicKey::from_pem(&key.pem).map_err(|source| TrustError::Key {
            id: Box::new(id.clone()),
            key: key.id,
            source,
        })?;
        let found = public.id().digest();
        if found == key.id {
            Ok(public)
        } else {
            Err(TrustError::KeyName { id: Box::new(id.clone()), expected: key.id, found })
        }
    };
    keys.iter().map(read).collect()
}

fn verify<B: AsRef<[u8]>>(
    claim: Claim,
    bundles: &[B],
    keys: &[PublicKey],
) -> Result<Verified<VerifiedRelease>, TrustError> {
    verify_release(bundles, &claim, keys).map_err(|source| TrustError::Signature {
        id: claim.release.clone(),
        source: Box::new(source),
    })
}

fn key_ids(verified: &Verified<VerifiedRelease>) -> Vec<Sha256> {
    let id = |identity: &Identity| match identity {
        Identity::Key(id) => Some(id.digest()),
        // Only keys are accepted here, so there is nobody else.
        _ => None,
    };
    verified.signers.iter().filter_map(id).collect()
}

fn check_digest(id: &ReleaseId, demand: Demand<'_>, found: Sha256) -> Result<(), TrustError> {
    match demand.digest {
        Some(expected) if *expected != found => {
            Err(TrustError::OtherRelease { id: Box::new(id.clone()), expected: *expected, found })
        }
        _ => Ok(()),
    }
}

/// The lock names who signed. More signatures may have come since; none of those may have gone.
fn check_signers(
    id: &ReleaseId,
    demand: Demand<'_>,
    verified: &Verified<VerifiedRelease>,
) -> Result<(), TrustError> {
    let Some(expected) = demand.signers else { return Ok(()) };
    let found = key_ids(verified);
    if !expected.is_empty() && expected.iter().all(|key| found.contains(key)) {
        return Ok(());
    }
    Err(TrustError::OtherSigner { id: id.clone(), expected: expected.to_vec(), found })
}

/// The document speaks of the release that it is for, and the resolver was told the truth about it.
fn check_document(
    id: &ReleaseId,
    document: &Release,
    published: Option<&Published>,
) -> Result<(), TrustError> {
    let differs = |what: &'static str| TrustError::Contradiction { id: id.clone(), what };
    if document.id() != *id {
        return Err(differs("the name or the version"));
    }
    let mut paths = PathSet::new();
    for file in &document.files {
        let conflict = |source| TrustError::Paths { id: id.clone(), source: Box::new(source) };
        paths.insert(&file.path).map_err(conflict)?;
    }
    let Some(published) = published else { return Ok(()) };
    if document.kind != published.kind {
        return Err(differs("the kind"));
    }
    let stated = document.dependencies.iter().map(needed);
    let told = published.dependencies.iter().map(needed);
    if stated.collect::<BTreeSet<_>>() != told.collect::<BTreeSet<_>>() {
        return Err(differs("the dependencies"));
    }
    let variants = document.variants.as_ref();
    let names: BTreeSet<_> = variants.iter().flat_map(|variants| &variants.names).collect();
    let default = variants.map(|variants| &variants.default);
    if names != published.variants.iter().collect() || default != published.default_variant.as_ref()
    {
        return Err(differs("the variants"));
    }
    Ok(())
}

type Needed<'a> = (&'a PackageName, String, &'static str, Option<&'a str>);

fn needed(dependency: &ReleaseDependency) -> Needed<'_> {
    let variant = dependency.variant.as_ref().map(|variant| variant.as_str());
    (&dependency.name, dependency.requirement.to_string(), dependency.relation.as_str(), variant)
}

#[cfg(test)]
mod tests;
