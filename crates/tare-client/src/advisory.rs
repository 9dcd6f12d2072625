//! Advisories as a client meets them: read from the notices that the head proves, laid over a lock, published, exported.
//!
//! The notices are one page for the whole registry, so nobody learns which packages somebody has, and nothing can be held
//! back from a single reader. What they mean for a lock is decided by the engine of the audit, for `tare audit` and
//! `tare install` alike.

mod error;
mod export;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tare_format::advisory::{Advisory, Affected};
use tare_format::lock::Lock;
use tare_format::manifest::{LineageSource, Manifest};
use tare_format::registry::RegistryId;
use tare_format::release::Release;
use tare_format::{ReleaseId, Sha256};
use tare_license::audit::{Facts, Finding, Hit, Policy, Profile, Severity, advisories};
use tare_replay::NoticesState;

use crate::audit::{AuditError, license_graph};
use crate::graph::Node;
use crate::head::kept_head;
use crate::home::Home;
use crate::local::Local;
use crate::pages::{PagesError, last_notices};
use crate::source::Source;

pub use error::AdvisoryError;
pub use export::{Exported, export};

/// What a lock is judged by when its packages are installed: which advisories are ignored, and the day. The usual one
/// ignores none.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    policy: Policy,
    today: Date,
}

impl Gate {
    /// The gate of a project with this policy, at this time.
    #[must_use]
    pub fn new(policy: Policy, now: Timestamp) -> Self {
        Self { policy, today: TimeZone::UTC.to_datetime(now).date() }
    }

    /// What the advisories that were last seen mean for what `lock` installs. Nothing is asked.
    ///
    /// # Errors
    /// When a release document is not here.
    pub fn findings(&self, local: &Local, lock: &Lock) -> Result<Vec<Finding>, AuditError> {
        if Notices::kept(local, lock).is_empty() {
            return Ok(Vec::new());
        }
        let graph = license_graph(local, &no_manifest(), lock)?;
        // What an advisory says does not hang on what a package is used for.
        let facts = Facts::new(Profile::Internal, self.today);
        let found = advisories(&graph, &facts, &self.policy);
        Ok(found.into_iter().filter(|finding| finding.advisory.is_some()).collect())
    }
}

/// Whether a finding forbids to install what it is about.
#[must_use]
pub fn is_refused(finding: &Finding) -> bool {
    finding.severity == Severity::Error && finding.waiver.is_none()
}

/// The advisories of all registries that a lock names, as they were last seen.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    by_registry: BTreeMap<RegistryId, Vec<Arc<Advisory>>>,
    registries: BTreeMap<ReleaseId, RegistryId>,
}

impl Notices {
    /// Those of `lock`. Nothing is asked.
    #[must_use]
    pub fn kept(local: &Local, lock: &Lock) -> Self {
        let packages = lock.packages.iter().map(|package| (package.id(), package.registry.clone()));
        let ancestors = lock.ancestors.iter().filter_map(|ancestor| {
            let LineageSource::Package(name) = &ancestor.source else { return None };
            let (name, version) = (name.clone(), ancestor.version.clone()?);
            Some((ReleaseId { name, version }, ancestor.registry.clone()?))
        });
        let registries: BTreeMap<ReleaseId, RegistryId> = packages.chain(ancestors).collect();
        let mut by_registry = BTreeMap::new();
        for registry in registries.values() {
            if !by_registry.contains_key(registry)
                && let Some(notices) = last_notices(local.home(), registry)
            {
                let all = in_force(&notices).map(|advisory| Arc::new(advisory.clone())).collect();
                by_registry.insert(registry.clone(), all);
            }
        }
        Self { by_registry, registries }
    }

    /// Whether no advisory is in force.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_registry.values().all(Vec::is_empty)
    }

    /// The advisories that speak of a release: those of its own registry by version, those of any by digest.
    pub(crate) fn hits(&self, node: &Node, document: &Release) -> Vec<Hit> {
        let id = document.id();
        let own = self.registries.get(&id);
        // Of what is installed its files count; of an ancestor all.
        let variant = node.variant.as_ref().filter(|_| node.installed);
        let files: Vec<Sha256> = if node.installed {
            document.files_of(variant).map(|file| file.sha256).collect()
        } else {
            document.files.iter().map(|file| file.sha256).collect()
        };
        let digests = node.release.into_iter().chain([document.meta.sha256]).chain(files);
        let digests: Vec<Sha256> = digests.collect();
        let mut hits = Vec::new();
        for (registry, advisories) in &self.by_registry {
            for advisory in advisories {
                let named = own == Some(registry) && affects(advisory, &id);
                let digest = digests.iter().find(|digest| advisory.hashes.contains(digest));
                if named || digest.is_some() {
                    let digest = digest.copied().filter(|_| !named);
                    hits.push(Hit { advisory: Arc::clone(advisory), digest });
                }
            }
        }
        hits
    }
}

/// The advisories in force, in the order of their ids.
pub fn in_force(notices: &NoticesState) -> impl Iterator<Item = &Advisory> {
    all(notices).filter(|advisory| advisory.is_in_force())
}

/// All advisories in their newest versions, those that were taken back too.
pub fn all(notices: &NoticesState) -> impl Iterator<Item = &Advisory> {
    notices.advisories.values().filter_map(|known| known.advisory.as_deref())
}

/// When the notices of a registry that are here were true; none when none were ever seen.
#[must_use]
pub fn seen_at(home: &Home, registry: &RegistryId, now: Timestamp) -> Option<Timestamp> {
    let head = kept_head(home, registry, now).ok()?;
    Some(head.time().unwrap_or_else(|| head.logged()))
}

/// The versions of an affected package that its registry has; none when there is no such package.
///
/// # Errors
/// When its page cannot be proven.
pub async fn versions(
    source: &Source<'_>,
    affected: &Affected,
) -> Result<Option<Vec<semver::Version>>, PagesError> {
    let history = source.pages().history(&affected.package).await?;
    Ok(history.map(|history| history.releases.into_keys().collect()))
}

fn affects(advisory: &Advisory, id: &ReleaseId) -> bool {
    let mut named = advisory.affected.iter().filter(|affected| affected.package == id.name);
    named.any(|affected| affected.versions.contains(&id.version))
}

/// What a project is made from says nothing against what it installs.
fn no_manifest() -> Manifest {
    Manifest {
        package: None,
        license: Default::default(),
        variants: Default::default(),
        dependencies: BTreeMap::new(),
        lineage: Default::default(),
        evaluations: Vec::new(),
    }
}
