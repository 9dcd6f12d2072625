//! Bringing a lock up to date: resolve, prove what was chosen and all its ancestors, compare, and hand out the new lock.
//!
//! Nothing is written here. A project whose lock answers its manifest is answered from the lock, without any request.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use tare_format::lock::{Lock, LockedAncestor};
use tare_format::manifest::{LineageSource, Manifest};
use tare_format::registry::RegistryId;
use tare_format::release::ReleaseLineage;
use tare_format::{PackageName, ReleaseId, Sha256};

use crate::error::{ClientError, ErrorKind};
use crate::event::Unit;
use crate::lock::{self, Known, LockChange, OutOfDate};
use crate::pages::PagesError;
use crate::project::Project;
use crate::resolve::{self, Dependency, Options, Resolution, ResolveError, Unsolvable, Update};
use crate::source::Source;
use crate::trust::{Demand, Prover, TrustError};

/// How many releases are proven at a time.
const AT_A_TIME: usize = 8;

/// Why there is no new lock.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The lock would have to change, and may not.
    #[error("`Tare.lock` is out of date, and may not be changed")]
    Locked(#[source] OutOfDate),
    /// The requirements cannot be met.
    #[error("{}", explained.title)]
    Unsolvable {
        /// What is in the way, and what to change.
        explained: Box<Unsolvable>,
        /// How it comes about, line by line.
        source: Option<Box<Reason>>,
    },
    /// A page cannot be resolved from.
    #[error(transparent)]
    Index(resolve::IndexError),
    /// A page is not to be had.
    #[error(transparent)]
    Pages(Box<PagesError>),
    /// A release is not accepted.
    #[error(transparent)]
    Trust(Box<TrustError>),
    /// The lock is for another registry.
    #[error("`Tare.lock` is for the registry `{locked}`, and `{meant}` is the one to be used")]
    OtherRegistry {
        /// The registry in the lock.
        locked: RegistryId,
        /// The registry that was chosen.
        meant: RegistryId,
    },
    /// A package that is to be updated is not in the lock.
    #[error("`{name}` is not in `Tare.lock`")]
    NotLocked {
        /// The package.
        name: PackageName,
        /// The names that are there.
        known: Vec<PackageName>,
    },
}

impl From<PagesError> for UpdateError {
    fn from(error: PagesError) -> Self {
        Self::Pages(Box::new(error))
    }
}

impl From<TrustError> for UpdateError {
    fn from(error: TrustError) -> Self {
        Self::Trust(Box::new(error))
    }
}

impl ClientError for UpdateError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Locked(_) => ErrorKind::Outdated,
            Self::Unsolvable { .. } | Self::NotLocked { .. } => ErrorKind::NotFound,
            Self::Index(_) => ErrorKind::Integrity,
            Self::Pages(error) => error.kind(),
            Self::Trust(error) => error.kind(),
            Self::OtherRegistry { .. } => ErrorKind::Usage,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Locked(_) => "E-LOCKED",
            Self::Unsolvable { .. } => "E-UNRESOLVABLE",
            Self::NotLocked { .. } => "E-NOT-LOCKED",
            Self::Index(_) => "E-PAGE",
            Self::Pages(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::OtherRegistry { .. } => "E-OTHER-REGISTRY",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Locked(_) => Some("run `tare lock` and commit the change".to_owned()),
            Self::Unsolvable { explained, .. } => {
                (!explained.help.is_empty()).then(|| explained.help.join("; "))
            }
            Self::NotLocked { name, known } => {
                let near = known
                    .iter()
                    .min_by_key(|known| strsim::damerau_levenshtein(known.as_str(), name.as_str()));
                near.map(|near| format!("did you mean `{near}`?"))
            }
            Self::Index(_) => None,
            Self::Pages(error) => error.help(),
            Self::Trust(error) => error.help(),
            Self::OtherRegistry { .. } => Some(
                "choose that registry with `--registry`; to move to another one, remove Tare.lock"
                    .to_owned(),
            ),
        }
    }
}

/// One line of an explanation, and the lines after it.
#[derive(Debug, thiserror::Error)]
#[error("{line}")]
pub struct Reason {
    line: String,
    source: Option<Box<Self>>,
}

impl UpdateError {
    fn unsolvable(explained: Box<Unsolvable>) -> Self {
        let chain = |source, line: &String| Some(Box::new(Reason { line: line.clone(), source }));
        let source = explained.details.iter().rev().fold(None, chain);
        Self::Unsolvable { explained, source }
    }
}

/// How to bring a lock up to date.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Fail if the lock would have to change.
    pub locked: bool,
    /// Which locked releases may change although the manifest does not ask for it.
    pub update: Update,
    /// The version that one package must come to.
    pub precise: Option<ReleaseId>,
    /// Resolve as if it were this instant.
    pub as_of: Option<Timestamp>,
    /// Packages whose new signer is accepted.
    pub accept_signers: BTreeSet<PackageName>,
}

impl Request {
    /// Whether a lock that answers the manifest is good enough.
    fn wants_nothing_new(&self) -> bool {
        self.update == Update::Nothing && self.precise.is_none() && self.as_of.is_none()
    }
}

/// A lock that answers its project.
#[derive(Debug, Clone)]
pub struct Updated {
    /// The lock.
    pub lock: Lock,
    /// What is different from the one before.
    pub changes: Vec<LockChange>,
}

/// Brings the lock of `project` up to date.
///
/// # Errors
/// When the requirements cannot be met, a release is not accepted, or the lock may not change and would have to.
pub async fn update(
    source: &Source<'_>,
    project: &Project,
    request: &Request,
) -> Result<Updated, UpdateError> {
    let (manifest, old) = (project.manifest(), project.lock());
    if let Some(old) = old {
        check_registry(source, old)?;
        check_names(old, request)?;
    }
    let fresh = old.map_or(Err(OutOfDate::Missing), |old| lock::check(manifest, old));
    match (fresh, old) {
        (Ok(()), Some(old)) if request.locked || request.wants_nothing_new() => {
            return Ok(Updated { lock: old.clone(), changes: Vec::new() });
        }
        (Err(reason), _) if request.locked => return Err(UpdateError::Locked(reason)),
        _ => {}
    }
    let resolution = resolve_project(source, manifest, old, request).await?;
    let known = Gathering { source, old, request }.of(&resolution, &own_lineage(manifest)).await?;
    let lock = lock::make(source.id(), &resolution, &own_lineage(manifest), &known);
    let changes = lock::changes(old.unwrap_or(&Lock::default()), &lock);
    Ok(Updated { lock, changes })
}

/// A lock for requirements without a project.
///
/// # Errors
/// As [`update`].
pub async fn lock_requirements(
    source: &Source<'_>,
    requirements: &[Dependency],
    request: &Request,
) -> Result<Lock, UpdateError> {
    let options = Options { as_of: request.as_of, ..Options::default() };
    let resolution = resolve_all(source, requirements, &options).await?;
    let known = Gathering { source, old: None, request }.of(&resolution, &[]).await?;
    Ok(lock::make(source.id(), &resolution, &[], &known))
}

async fn resolve_project(
    source: &Source<'_>,
    manifest: &Manifest,
    old: Option<&Lock>,
    request: &Request,
) -> Result<Resolution, UpdateError> {
    let locked = old.iter().flat_map(|old| &old.packages).map(|package| package.id());
    let options = Options {
        locked: locked.collect(),
        update: request.update.clone(),
        precise: request.precise.clone(),
        as_of: request.as_of,
        ..Options::default()
    };
    resolve_all(source, &lock::requirements(manifest), &options).await
}

/// Resolves in rounds: each fetches the pages that the one before lacked.
async fn resolve_all(
    source: &Source<'_>,
    requirements: &[Dependency],
    options: &Options,
) -> Result<Resolution, UpdateError> {
    let named = requirements.iter().map(|needed| &needed.name);
    let locked = options.locked.iter().map(|id| &id.name);
    source.pages().ensure(named.chain(locked).cloned().collect()).await?;
    loop {
        match resolve::resolve(requirements, source.pages(), options) {
            Ok(resolution) => {
                for note in &resolution.notes {
                    source.progress().warn(&note.to_string());
                }
                return Ok(resolution);
            }
            Err(ResolveError::Pending(names)) => source.pages().ensure(names).await?,
            Err(ResolveError::Unsolvable(unsolvable)) => {
                return Err(UpdateError::unsolvable(unsolvable));
            }
            Err(ResolveError::Index(error)) => return Err(UpdateError::Index(error)),
        }
    }
}

/// What the project itself was made from, as a release document would say it.
fn own_lineage(manifest: &Manifest) -> Vec<ReleaseLineage> {
    let entry =
        |(source, entry): (&LineageSource, &tare_format::manifest::LineageEntry)| ReleaseLineage {
            source: source.clone(),
            version: entry.version.as_ref().map(|version| version.0.clone()),
            revision: entry.revision.clone(),
            relation: entry.relation,
            split: entry.split.clone(),
            share: entry.share,
            license: entry.license.clone(),
        };
    manifest.lineage.entries.iter().map(entry).collect()
}

/// Proves everything that goes into a lock.
struct Gathering<'a> {
    source: &'a Source<'a>,
    old: Option<&'a Lock>,
    request: &'a Request,
}

impl Gathering<'_> {
    async fn of(
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
            let signers = locked.as_ref().map(|(_, signers)| signers.as_slice());
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

fn check_registry(source: &Source<'_>, lock: &Lock) -> Result<(), UpdateError> {
    let other = lock.packages.iter().map(|package| &package.registry).find(|id| *id != source.id());
    match other {
        Some(locked) => {
            Err(UpdateError::OtherRegistry { locked: locked.clone(), meant: source.id().clone() })
        }
        None => Ok(()),
    }
}

fn check_names(lock: &Lock, request: &Request) -> Result<(), UpdateError> {
    let Update::Only(names) = &request.update else { return Ok(()) };
    let known: Vec<PackageName> =
        lock.packages.iter().map(|package| package.name.clone()).collect();
    match names.iter().find(|name| !known.contains(name)) {
        Some(name) => Err(UpdateError::NotLocked { name: name.clone(), known }),
        None => Ok(()),
    }
}
