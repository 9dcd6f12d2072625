//! Looking at everything again: signatures, digests, and every byte that is installed; and from what it all hangs.
//!
//! No network. Each difference is named; nothing is repaired, because what changed a file may still be there.

mod chain;
mod takedowns;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt as _;
use tare_format::lock::{Lock, LockedPackage};
use tare_format::path::MARKER;
use tare_format::{ReleaseId, Sha256};
use tare_store::tree::{TreeFile, differences};
use tare_store::{FileStore, files::FileStoreError};

use crate::cache::{CacheError, remove_tree};
use crate::error::{ClientError, ErrorKind};
use crate::event::{Progress, Unit};
use crate::install::{self, files_of, installed_path};
use crate::local::Local;
use crate::lock;
use crate::trust::{Demand, SignedRelease, TrustError, prove_locally};

pub use chain::{Chain, Link, PageProof, chains};

/// How many files are hashed at a time.
const AT_A_TIME: usize = 4;

/// Why nothing could be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A tree cannot be removed, or a folder not read.
    #[error("failed to use the local store")]
    Cache(#[from] Box<CacheError>),
    /// The store cannot be read.
    #[error("failed to read the local store")]
    Store(#[from] FileStoreError),
    /// The thread that did the work died.
    #[error("the work on a file was stopped")]
    Stopped,
}

impl ClientError for VerifyError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Failure
    }

    fn code(&self) -> &'static str {
        "E-STORE"
    }
}

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// Bytes.
    Integrity,
    /// A signature, or what the lock says about it.
    Signature,
    /// Something is not installed.
    Missing,
    /// Something has to go, or went, because it was taken down.
    TakenDown,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The release; none for a file that is not known to belong to one.
    pub release: Option<ReleaseId>,
    /// Which kind of thing.
    pub concern: Concern,
    /// A sentence that names the file.
    pub message: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.release {
            Some(release) => write!(f, "{release}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// What was looked at, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many releases.
    pub releases: usize,
    /// How many files, each content once.
    pub files: usize,
    /// How many bytes.
    pub bytes: u64,
    /// What is wrong, sorted; nothing when all is well.
    pub differences: Vec<Difference>,
    /// The trees that differ.
    wrong_trees: BTreeSet<PathBuf>,
    /// The contents whose bytes are wrong.
    wrong_contents: BTreeSet<Sha256>,
}

/// Removes the trees and contents that are wrong, so that the next install makes and fetches them again.
///
/// # Errors
/// When something cannot be removed.
pub fn repair(local: &Local, verified: &Verified) -> Result<(), VerifyError> {
    for tree in &verified.wrong_trees {
        remove_tree(local, tree).map_err(Box::new)?;
    }
    for content in &verified.wrong_contents {
        local.files().remove(content)?;
    }
    Ok(())
}

/// Verifies everything that `lock` has, and the links of the project whose packages are linked in `links`.
///
/// # Errors
/// When something cannot be read at all.
pub async fn verify_lock(
    local: &Local,
    lock: &Lock,
    links: Option<&Path>,
    progress: &Progress,
) -> Result<Verified, VerifyError> {
    let mut verified = Verified { releases: lock.packages.len(), ..Verified::default() };
    let mut contents: Contents = BTreeMap::new();
    let taken_down = takedowns::of_lock(local, lock);
    for package in &lock.packages {
        if let Some(difference) = taken_down.get(&package.release) {
            verified.differences.push(difference.clone());
            continue;
        }
        check_package(local, package, &mut verified, &mut contents);
    }
    check_ancestors(local, lock, &mut verified);
    if let Some(folder) = links {
        check_links(local, lock, folder, &mut verified);
    }
    hash_all(local.files(), contents, &mut verified, progress).await?;
    verified.differences.sort();
    Ok(verified)
}

/// Verifies every file of the store, whether or not anything uses it.
///
/// # Errors
/// When the store cannot be read at all.
pub async fn verify_store(local: &Local, progress: &Progress) -> Result<Verified, VerifyError> {
    let stored = local.files().list()?;
    let gone = takedowns::of_store(local, stored.iter().map(|file| &file.sha256));
    let contents = stored.into_iter().map(|file| (file.sha256, (file.size_bytes, BTreeSet::new())));
    let mut verified = Verified { differences: gone.map_err(Box::new)?, ..Verified::default() };
    hash_all(local.files(), contents.collect(), &mut verified, progress).await?;
    verified.differences.sort();
    Ok(verified)
}

/// The contents to hash: their sizes, and where they are used.
type Contents = BTreeMap<Sha256, (u64, BTreeSet<Use>)>;

/// A place where a content is used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Use {
    release: ReleaseId,
    path: String,
    tree: PathBuf,
}

fn check_package(
    local: &Local,
    package: &LockedPackage,
    verified: &mut Verified,
    contents: &mut Contents,
) {
    let id = package.id();
    let found =
        |concern, message: String| Difference { release: Some(id.clone()), concern, message };
    let signed = match prove(local, package) {
        Ok(signed) => signed,
        Err(error) => {
            verified.differences.push(found(concern_of(&error), sentences(&error)));
            return;
        }
    };
    if let Err(field) = lock::agree(package, signed.document()) {
        let message = format!("`{field}` in Tare.lock is not what the release document says");
        verified.differences.push(found(Concern::Integrity, message));
    }
    let Some(tree) = installed_path(local.home(), package) else {
        let plain = local.home().tree(&id, package.variant.as_ref(), None);
        let message = format!("it is not installed at `{}`", plain.display());
        verified.differences.push(found(Concern::Missing, message));
        return;
    };
    let files = files_of(signed.document(), package.variant.as_ref());
    // A tree that cannot even be walked is not the one that was installed.
    let differing = differences(local.files(), &with_marker(&files, &tree), &tree)
        .unwrap_or_else(|error| vec![crate::error::chain(&error).join(": ")]);
    if !differing.is_empty() {
        verified.wrong_trees.insert(tree.clone());
    }
    verified
        .differences
        .extend(differing.into_iter().map(|message| found(Concern::Integrity, message)));
    for file in files {
        let place = contents.entry(file.sha256).or_insert((file.size_bytes, BTreeSet::new()));
        place.1.insert(Use { release: id.clone(), path: file.path, tree: tree.clone() });
    }
}

fn prove(local: &Local, package: &LockedPackage) -> Result<SignedRelease, TrustError> {
    let demand = Demand {
        digest: Some(&package.release),
        signers: Some(&package.signers),
        is_history: false,
    };
    prove_locally(local, &package.registry, &package.id(), &package.release, demand)
}

/// History has no files here, only documents and signatures.
fn check_ancestors(local: &Local, lock: &Lock, verified: &mut Verified) {
    for ancestor in &lock.ancestors {
        let tare_format::manifest::LineageSource::Package(name) = &ancestor.source else {
            continue;
        };
        let (Some(version), Some(digest), Some(registry)) =
            (&ancestor.version, &ancestor.release, &ancestor.registry)
        else {
            continue;
        };
        let id = ReleaseId { name: name.clone(), version: version.clone() };
        let demand =
            Demand { digest: Some(digest), signers: Some(&ancestor.signers), is_history: true };
        verified.releases += 1;
        if let Err(error) = prove_locally(local, registry, &id, digest, demand) {
            let (concern, message) = (concern_of(&error), sentences(&error));
            verified.differences.push(Difference { release: Some(id), concern, message });
        }
    }
}

fn check_links(local: &Local, lock: &Lock, folder: &Path, verified: &mut Verified) {
    for link in install::links(lock) {
        let Some(package) = lock.package(&link.id) else { continue };
        let Some(tree) = installed_path(local.home(), package) else { continue };
        let path = folder.join(&link.name);
        if std::fs::read_link(&path).ok().as_deref() != Some(&tree) {
            let message = format!("`{}` does not lead to `{}`", path.display(), tree.display());
            let concern = Concern::Missing;
            verified.differences.push(Difference { release: Some(link.id), concern, message });
        }
    }
}

/// The marker belongs to a tree as it is: what it says was compared when the tree was found.
fn with_marker(files: &[TreeFile], tree: &Path) -> Vec<TreeFile> {
    let mut files = files.to_vec();
    if let Ok(bytes) = std::fs::read(tree.join(MARKER)) {
        let (sha256, size_bytes) = (Sha256::of(&bytes), bytes.len() as u64);
        files.push(TreeFile { path: MARKER.to_owned(), sha256, size_bytes });
    }
    files
}

/// Reads and hashes contents, several at a time.
async fn hash_all(
    store: &Arc<FileStore>,
    contents: Contents,
    verified: &mut Verified,
    progress: &Progress,
) -> Result<(), VerifyError> {
    let total =
        contents.values().map(|(size, _)| size).fold(0_u64, |sum, size| sum.saturating_add(*size));
    let task = progress.task("verifying", Unit::Bytes, total);
    let one = async |(sha256, (size, users)): (Sha256, (u64, BTreeSet<Use>))| {
        let store = Arc::clone(store);
        let outcome = tokio::task::spawn_blocking(move || store.verify(&sha256)).await;
        task.advance(size);
        (outcome, sha256, size, users)
    };
    let mut outcomes =
        std::pin::pin!(futures::stream::iter(contents).map(one).buffer_unordered(AT_A_TIME));
    while let Some((outcome, sha256, size, users)) = outcomes.next().await {
        verified.files += 1;
        verified.bytes = verified.bytes.saturating_add(size);
        let reason = match outcome.map_err(|_| VerifyError::Stopped)? {
            Ok(()) => continue,
            Err(FileStoreError::Changed { reason, .. }) => reason,
            Err(error) => error.to_string(),
        };
        verified.wrong_contents.insert(sha256);
        verified.wrong_trees.extend(users.iter().map(|used| used.tree.clone()));
        verified.differences.extend(differences_of(&reason, users));
    }
    Ok(())
}

fn differences_of(reason: &str, users: BTreeSet<Use>) -> Vec<Difference> {
    let concern = Concern::Integrity;
    if users.is_empty() {
        return vec![Difference {
            release: None,
            concern,
            message: format!("a file of the store is wrong: {reason}"),
        }];
    }
    let used = users.into_iter().map(|used| Difference {
        release: Some(used.release),
        concern,
        message: format!("the content of `{}` is wrong: {reason}", used.path),
    });
    used.collect()
}

fn concern_of(error: &TrustError) -> Concern {
    match error.kind() {
        ErrorKind::Trust => Concern::Signature,
        ErrorKind::NotFound => Concern::Missing,
        _ => Concern::Integrity,
    }
}

fn sentences(error: &TrustError) -> String {
    crate::error::chain(error).join(": ")
}
