//! Bringing a lock up to date: resolve, prove what was chosen and all its ancestors, compare, and hand out the new lock.
//!
//! Nothing is written here. A project whose lock answers its manifest is answered from the lock, without any request.

mod error;
mod gather;

use std::collections::BTreeSet;

use jiff::Timestamp;
use tare_format::lock::Lock;
use tare_format::manifest::{LineageSource, Manifest};
use tare_format::release::ReleaseLineage;
use tare_format::{PackageName, ReleaseId};

use crate::lock::{self, LockChange, OutOfDate};
use crate::project::Project;
use crate::resolve::{self, Dependency, Options, Resolution, ResolveError, Update};
use crate::source::Source;
use gather::Gathering;

pub use error::{Reason, UpdateError};

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
    /// Whether it was resolved. What is to be said of yanked releases was said then; else nobody has said it yet.
    pub resolved: bool,
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
            return Ok(Updated { lock: old.clone(), changes: Vec::new(), resolved: false });
        }
        (Err(reason), _) if request.locked => return Err(UpdateError::Locked(reason)),
        _ => {}
    }
    let resolution = resolve_project(source, manifest, old, request).await?;
    let known = Gathering { source, old, request }.of(&resolution, &own_lineage(manifest)).await?;
    let mut lock = lock::make(source.id(), &resolution, &own_lineage(manifest), &known);
    let changes = lock::changes(old.unwrap_or(&Lock::default()), &lock);
    lock.heads = lock::heads(old, &lock, source.pages().head().await?.locked());
    Ok(Updated { lock, changes, resolved: true })
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
    let mut lock = lock::make(source.id(), &resolution, &[], &known);
    lock.heads = vec![source.pages().head().await?.locked()];
    Ok(lock)
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
    // Nothing new is chosen under a head that is too old to know what is current.
    source.pages().current_head().await?;
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
