//! Everything that goes into a lock, proven: what was chosen, and its history.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _};
use tare_format::lock::{Lock, LockedAncestor};
use tare_format::manifest::LineageSource;
use tare_format::release::ReleaseLineage;
use tare_format::{PackageName, ReleaseId, Sha256};

use super::{Request, UpdateError};
use crate::event::Unit;
use crate::lock::{self, Known};
use crate::resolve::Resolution;
use crate::source::Source;
use crate::trust::{Demand, Prover, TrustError};

/// How many releases are proven at a time.
const AT_A_TIME: usize = 8;

/// Proves everything that goes into a lock.
pub(super) struct Gathering<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) old: Option<&'a Lock>,
    pub(super) request: &'a Request,
}

impl Gathering<'_> {
    pub(super) async fn of(
        &self,
        resolution: &Resolution,
        own_lineage: &[ReleaseLineage],
    ) -> Result<BTreeMap<ReleaseId, Known>, UpdateError> {
        let chosen = resolution.packages.iter().map(|resolved| {
            let id = ReleaseId { name: resolved.name.clone(), version: resolved.version.clone() };
            (id, Some(resolved.digest))
        });
        let mut known = self.prove_all(chosen.collect(), false).await?;
        let mut next = ancestors(own_lineage, &known);
        next.extend(
            known.values().flat_map(|known| ancestors(&known.release.lineage, &BTreeMap::new())),
        );
        // Generation by generation; exact versions, so the history is what it is and nothing is chosen.
        loop {
            next.retain(|id| !known.contains_key(id));
            if next.is_empty() {
                return Ok(known);
            }
            self.source.pages().ensure(next.iter().map(|id| id.name.clone()).collect()).await?;
            let generation =
                self.prove_all(next.into_iter().map(|id| (id, None)).collect(), true).await?;
            next = generation
                .values()
                .flat_map(|one| ancestors(&one.release.lineage, &known))
                .collect();
            known.extend(generation);
        }
    }

    async fn prove_all(
        &self,
        wanted: Vec<(ReleaseId, Option<Sha256>)>,
        is_history: bool,
    ) -> Result<BTreeMap<ReleaseId, Known>, UpdateError> {
        let prover = Prover::new(self.source);
        let task = self.source.progress().task("checking", Unit::Items, wanted.len() as u64);
        let one = async |(id, digest): (ReleaseId, Option<Sha256>)| {
            let locked = self.old.and_then(|old| locked_proof(old, &id));
            // A release that stays is the one that the lock names, signed by whom the lock names, whatever the page says.
            if let (Some((expected, _)), Some(found)) = (&locked, digest)
                && *expected != found
            {
                let expected = *expected;
                return Err(TrustError::OtherRelease { id: Box::new(id), expected, found }.into());
            }
            let digest = digest.as_ref().or(locked.as_ref().map(|(digest, _)| digest));
            let accepted = self.request.accept_signers.contains(&id.name);
            let signers = locked.as_ref().map(|(_, signers)| signers.as_slice());
            let signers = signers.filter(|_| !accepted);
            let known =
                prover.prove(&id, Demand { digest, signers, is_history }).await?.into_known();
            self.check_signer(&id, &known)?;
            task.advance(1);
            Ok::<_, UpdateError>((id, known))
        };
        futures::stream::iter(wanted).map(one).buffer_unordered(AT_A_TIME).try_collect().await
    }

    /// A package whose other releases in the old lock were signed by somebody else entirely has changed hands, or worse.
    fn check_signer(&self, id: &ReleaseId, known: &Known) -> Result<(), UpdateError> {
        let Some(old) = self.old else { return Ok(()) };
        let expected = locked_signers(old, &id.name);
        let same = expected.is_empty() || known.signers.iter().any(|key| expected.contains(key));
        if same || self.request.accept_signers.contains(&id.name) {
            return Ok(());
        }
        let expected = expected.into_iter().collect();
        Err(TrustError::OtherSigner { id: id.clone(), expected, found: known.signers.clone() }
            .into())
    }
}

/// The packages among the sources of `lineage` that are not in `known`.
fn ancestors(
    lineage: &[ReleaseLineage],
    known: &BTreeMap<ReleaseId, Known>,
) -> BTreeSet<ReleaseId> {
    lineage.iter().filter_map(lock::ancestor_id).filter(|id| !known.contains_key(id)).collect()
}

/// What the old lock says of exactly this release.
fn locked_proof(old: &Lock, id: &ReleaseId) -> Option<(Sha256, Vec<Sha256>)> {
    if let Some(package) = old.package(id) {
        return Some((package.release, package.signers.clone()));
    }
    let ancestor = old.ancestors.iter().find(|ancestor| {
        is_of(ancestor, &id.name) && ancestor.version.as_ref() == Some(&id.version)
    })?;
    Some((ancestor.release?, ancestor.signers.clone()))
}

/// Who signed releases of a package, as far as the old lock knows.
fn locked_signers(old: &Lock, name: &PackageName) -> BTreeSet<Sha256> {
    let packages = old.packages.iter().filter(|package| package.name == *name);
    let ancestors = old.ancestors.iter().filter(|ancestor| is_of(ancestor, name));
    let packages = packages.flat_map(|package| &package.signers);
    packages.chain(ancestors.flat_map(|ancestor| &ancestor.signers)).copied().collect()
}

fn is_of(ancestor: &LockedAncestor, name: &PackageName) -> bool {
    matches!(&ancestor.source, LineageSource::Package(source) if source == name)
}
