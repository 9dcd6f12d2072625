//! From a lock to trees that any program can read (spec/install.md).
//!
//! ```text
//! lock ─► prove ─► agree ─► contents (meta archives, data files) ─► tree ─► link in the project
//! ```
//!
//! Each step makes what the next one reads and nothing else, so a kill between two of them leaves at worst something that
//! is not used yet. Where the step before finds everything in place, no request is made: with lock and store complete, an
//! install never asks the registry anything. Signatures are checked every time, and what is known to be taken down is
//! refused every time, as is what an advisory forbids (A-43). What has to be fetched is first looked up under the head: it
//! must not have been withdrawn or taken down since it was locked.
//!
//! Only a [`SignedRelease`] gets into a tree.

mod contents;
mod error;
mod links;
mod marker;
mod tree;

use std::path::{Path, PathBuf};

use futures::{StreamExt as _, TryStreamExt as _};
use tare_format::lock::{Lock, LockedAncestor, LockedPackage};
use tare_format::manifest::LineageSource;
use tare_format::release::Release;
use tare_format::{ReleaseId, VariantName};
use tare_replay::{KnownTakedown, NoticesState};

use crate::advisory::{Gate, is_refused};
use crate::local::Local;
use crate::lock;
use crate::pages::{last_notices, last_seen};
use crate::source::Source;
use crate::trust::takedown::{self, event_of};
use crate::trust::{Demand, Prover, SignedRelease, TrustError};

pub use error::InstallError;
pub use links::{Link, link_project, links};
pub use tree::{installed_path, is_complete};

pub(crate) use marker::Marker;
pub(crate) use tree::files_of;

/// How many releases are worked on at a time.
const AT_A_TIME: usize = 8;

/// What became of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The release.
    pub id: ReleaseId,
    /// The variant.
    pub variant: Option<VariantName>,
    /// Where its tree lies.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Whether anything had to be done.
    pub changed: bool,
}

/// A release that is to be installed, and the variant that was chosen.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) signed: SignedRelease,
    pub(crate) variant: Option<VariantName>,
}

impl Wanted {
    pub(crate) fn document(&self) -> &Release {
        self.signed.document()
    }

    fn size_bytes(&self) -> u64 {
        let files = self.document().files_of(self.variant.as_ref());
        files.map(|file| file.size).fold(0, u64::saturating_add)
    }

    /// The takedown that forbids it, if one is in force.
    fn takedown<'n>(&'n self, notices: &'n NoticesState) -> Option<&'n KnownTakedown> {
        let files = self.document().files_of(self.variant.as_ref());
        takedown::find(notices, self.signed.id(), files)
    }
}

/// Installs everything that `lock` has. Its order is that of the lock.
///
/// # Errors
/// With the first release that is not accepted or not complete. What was finished before stays.
pub async fn install(
    source: &Source<'_>,
    lock: &Lock,
    gate: &Gate,
) -> Result<Vec<Installed>, InstallError> {
    let wanted = prove(source, lock).await?;
    prove_ancestors(source, lock).await?;
    refuse_taken_down(source.local(), &wanted)?;
    let mut unfinished = Vec::new();
    for wanted in &wanted {
        if tree::find_complete(source.local(), wanted)?.is_none() {
            unfinished.push(wanted);
        }
    }
    check_standings(source, &unfinished).await?;
    refuse_advised(source.local(), lock, gate)?;
    contents::provide(source, &unfinished).await?;
    let mut installed = Vec::new();
    for wanted in wanted {
        installed.push(tree::make(source.local(), wanted).await?);
    }
    Ok(installed)
}

/// Puts one release of `lock` into a folder of the user's: files of its own, which may be changed. The folder must not
/// be there, or be empty, or hold exactly that release.
///
/// # Errors
/// When the release is not accepted or not complete, or the folder holds something else.
pub async fn install_to(
    source: &Source<'_>,
    lock: &Lock,
    id: &ReleaseId,
    folder: &Path,
    gate: &Gate,
) -> Result<Installed, InstallError> {
    let locked = lock.package(id).ok_or_else(|| InstallError::NotLocked { id: id.clone() })?;
    let wanted = prove_one(source, locked).await?;
    refuse_taken_down(source.local(), std::slice::from_ref(&wanted))?;
    tree::check_free(source.local(), &wanted, folder)?;
    check_standings(source, &[&wanted]).await?;
    refuse_advised(source.local(), lock, gate)?;
    contents::provide(source, &[&wanted]).await?;
    tree::make_at(source.local(), wanted, folder).await
}

/// How many bytes of what `lock` has are not on this machine yet. Chunks that older files have are counted in, because
/// nobody knows them before their recipes are fetched.
///
/// # Errors
/// When a release document is not here.
pub fn bytes_to_fetch(local: &Local, lock: &Lock) -> Result<u64, InstallError> {
    let mut bytes = 0_u64;
    for package in &lock.packages {
        let document = local.documents().local_release(&package.release)?;
        let files = contents::missing(local, &document, package.variant.as_ref())?;
        bytes = files.iter().map(|file| file.size).fold(bytes, u64::saturating_add);
    }
    Ok(bytes)
}

/// Proves everything that `lock` has, and that nothing of it was withdrawn or taken down.
pub(crate) async fn prove_all(
    source: &Source<'_>,
    lock: &Lock,
) -> Result<Vec<Wanted>, InstallError> {
    let wanted = prove(source, lock).await?;
    prove_ancestors(source, lock).await?;
    check_standings(source, &wanted.iter().collect::<Vec<_>>()).await?;
    Ok(wanted)
}

async fn prove(source: &Source<'_>, lock: &Lock) -> Result<Vec<Wanted>, InstallError> {
    let one = async |package: &LockedPackage| prove_one(source, package).await;
    futures::stream::iter(&lock.packages).map(one).buffered(AT_A_TIME).try_collect().await
}

/// History is proved as well, so that a tree, an audit and a check on a new machine have all that they need.
async fn prove_ancestors(source: &Source<'_>, lock: &Lock) -> Result<(), InstallError> {
    let one = async |ancestor: &LockedAncestor| prove_ancestor(source, ancestor).await;
    futures::stream::iter(&lock.ancestors).map(one).buffered(AT_A_TIME).try_collect().await
}

async fn prove_ancestor(
    source: &Source<'_>,
    ancestor: &LockedAncestor,
) -> Result<(), InstallError> {
    let (LineageSource::Package(name), Some(version), Some(digest)) =
        (&ancestor.source, &ancestor.version, &ancestor.release)
    else {
        return Ok(());
    };
    let id = ReleaseId { name: name.clone(), version: version.clone() };
    let demand =
        Demand { digest: Some(digest), signers: Some(&ancestor.signers), is_history: true };
    Prover::new(source).prove(&id, demand).await?;
    Ok(())
}

/// Refuses what was taken down as far as this machine knows, by the notices or by the page that was last seen. Nothing is
/// asked.
fn refuse_taken_down(local: &Local, wanted: &[Wanted]) -> Result<(), InstallError> {
    let Some(first) = wanted.first() else { return Ok(()) };
    let registry = first.signed.registry();
    let notices = last_notices(local.home(), registry).unwrap_or_default();
    for wanted in wanted {
        let id = wanted.signed.id();
        if let Some(known) = wanted.takedown(&notices) {
            return Err(TrustError::taken_down(id, known.takedown.as_deref(), None).into());
        }
        let seen = last_seen(local.home(), registry, &id.name);
        let release = seen.and_then(|mut history| history.releases.remove(&id.version));
        if let Some(takedown) = release.and_then(|release| release.takedown) {
            return Err(TrustError::taken_down(id, takedown.as_ref(), None).into());
        }
    }
    Ok(())
}

/// Refuses what an advisory forbids, as far as this machine knows and `gate` does not ignore it. Nothing is asked.
fn refuse_advised(local: &Local, lock: &Lock, gate: &Gate) -> Result<(), InstallError> {
    let findings = gate.findings(local, lock)?;
    match findings.into_iter().find(is_refused) {
        Some(finding) => {
            Err(InstallError::Advised { message: finding.message, fix: finding.fix.into_owned() })
        }
        None => Ok(()),
    }
}

/// What has to be fetched must not have been withdrawn or taken down meanwhile. What is here already needs no registry.
async fn check_standings(source: &Source<'_>, wanted: &[&Wanted]) -> Result<(), InstallError> {
    let mut lacking = Vec::new();
    for wanted in wanted {
        let variant = wanted.variant.as_ref();
        if !contents::missing(source.local(), wanted.document(), variant)?.is_empty() {
            lacking.push(*wanted);
        }
    }
    if lacking.is_empty() {
        return Ok(());
    }
    let notices = source.pages().notices().await.map_err(TrustError::from)?;
    for wanted in &lacking {
        if let Some(known) = wanted.takedown(&notices) {
            let event = event_of(source, known, &wanted.document().meta.sha256).await;
            let takedown = known.takedown.as_deref();
            return Err(TrustError::taken_down(wanted.signed.id(), takedown, event).into());
        }
    }
    let ids = lacking.iter().map(|wanted| wanted.signed.id());
    let one = async |id: &ReleaseId| Prover::new(source).check_standing(id).await;
    let checked = futures::stream::iter(ids).map(one).buffered(AT_A_TIME);
    Ok(checked.try_collect::<()>().await?)
}

async fn prove_one(source: &Source<'_>, package: &LockedPackage) -> Result<Wanted, InstallError> {
    let id = package.id();
    if package.registry != *source.id() {
        let (locked, meant) = (package.registry.clone(), source.id().clone());
        return Err(InstallError::OtherRegistry { id, locked, meant });
    }
    let demand = Demand {
        digest: Some(&package.release),
        signers: Some(&package.signers),
        is_history: false,
    };
    let signed = Prover::new(source).prove(&id, demand).await?;
    lock::agree(package, signed.document())
        .map_err(|field| InstallError::Disagreement { id, field })?;
    Ok(Wanted { signed, variant: package.variant.clone() })
}
