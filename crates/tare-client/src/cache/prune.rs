//! What of the local store nobody needs any more.
//!
//! First a list is made, which a person can look at, and then what is on it is removed. What a known project's lock names
//! is never on the list (I-9). A tree loses its marker first, so a kill in the middle leaves a tree that counts as absent
//! and not one that looks whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tare_format::path::MARKER;
use tare_format::release::Release;
use tare_format::{Sha256, VariantName};
use tare_store::files::StoredFile;

use super::folders::{files_below, gone};
use super::{CacheError, Tree, trees};
use crate::local::Local;
use crate::usage;

/// What is younger than this may belong to an install that runs at this moment.
const IN_USE: Duration = Duration::from_secs(3600);

/// Something that can go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// What it is.
    pub what: String,
    /// Where it lies.
    pub path: PathBuf,
    /// How many bytes become free.
    pub size_bytes: u64,
    kind: RemovalKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RemovalKind {
    Tree,
    Content(Sha256),
    File,
}

/// What no known project needs. With `everything`, all that can be fetched again. What is so young at the time `now`
/// that an install may be making it is left out.
///
/// # Errors
/// When a folder or the lock of a project cannot be read.
pub fn unneeded(
    local: &Local,
    everything: bool,
    now: SystemTime,
) -> Result<Vec<Removal>, CacheError> {
    let projects = usage::projects(local.home()).ok_or(CacheError::UnreadableLock)?;
    let locks = || projects.iter().filter(|_| !everything).map(|project| &project.lock);
    let trees: Vec<Tree> =
        trees(local)?.into_iter().filter(|tree| everything || !tree.is_needed).collect();
    let used = locks().flat_map(|lock| &lock.packages);
    let used = used.map(|package| (package.release, package.variant.clone()));
    let kept = contents_of_all(local, used);
    let packages = locks().flat_map(|lock| lock.packages.iter().map(|package| package.release));
    let ancestors =
        locks().flat_map(|lock| lock.ancestors.iter().filter_map(|ancestor| ancestor.release));
    let needed: BTreeSet<Sha256> = packages.chain(ancestors).collect();
    let mut removals: Vec<Removal> = trees.iter().map(removal_of_tree).collect();
    removals.extend(contents_without_tree(local, &trees, &kept, now)?);
    removals.extend(documents_without_lock(local, &needed)?);
    for folder in ["partial", "staging"] {
        let folder = local.home().root().join(folder);
        let old = files_below(&folder)?.into_iter().filter(|(path, _)| is_old(path, now));
        removals.extend(old.map(|(path, size)| file("an unfinished download", path, size)));
    }
    if everything {
        let pages = files_below(&local.home().cache())?.into_iter();
        removals.extend(pages.map(|(path, size)| file("a cached page", path, size)));
    }
    Ok(removals)
}

/// Removes what is on the list. What is gone already is fine.
///
/// # Errors
/// With the first thing that cannot be removed; what was removed before stays so.
pub fn remove(local: &Local, removals: &[Removal]) -> Result<(), CacheError> {
    for removal in removals {
        match removal.kind {
            RemovalKind::Tree => remove_tree(local, &removal.path)?,
            RemovalKind::Content(sha256) => local.files().remove(&sha256)?,
            RemovalKind::File => gone("remove", &removal.path, fs::remove_file(&removal.path))?,
        }
    }
    Ok(())
}

pub(super) fn removal_of_tree(tree: &Tree) -> Removal {
    // Its contents are counted where they lie.
    Removal {
        what: tree.name.clone(),
        path: tree.path.clone(),
        size_bytes: 0,
        kind: RemovalKind::Tree,
    }
}

pub(super) fn file(what: &str, path: PathBuf, size_bytes: u64) -> Removal {
    Removal { what: what.to_owned(), path, size_bytes, kind: RemovalKind::File }
}

pub(super) fn content(local: &Local, file: &StoredFile) -> Removal {
    Removal {
        what: format!("content {}", file.sha256),
        path: local.files().path(&file.sha256),
        size_bytes: file.size_bytes,
        kind: RemovalKind::Content(file.sha256),
    }
}

/// Contents that only trees to be removed use, and that are not to be kept.
fn contents_without_tree(
    local: &Local,
    going: &[Tree],
    kept: &BTreeSet<Sha256>,
    now: SystemTime,
) -> Result<Vec<Removal>, CacheError> {
    let mut leaving: BTreeMap<Sha256, u64> = BTreeMap::new();
    for tree in going {
        let release = tree.release.map(|release| (release, tree.variant.clone()));
        for content in contents_of_all(local, release.into_iter()) {
            *leaving.entry(content).or_default() += 1;
        }
        if let Ok(marker) = fs::read(tree.path.join(MARKER)) {
            *leaving.entry(Sha256::of(&marker)).or_default() += 1;
        }
    }
    let unused = local.files().list()?.into_iter().filter(|file| {
        let links_left = file.links.saturating_sub(leaving.get(&file.sha256).copied().unwrap_or(0));
        let is_young = file.links == 0 && age(file.last_used, now) < IN_USE;
        links_left == 0 && !is_young && !kept.contains(&file.sha256)
    });
    Ok(unused.map(|file| content(local, &file)).collect())
}

/// The contents of some variants of releases whose documents are here.
fn contents_of_all(
    local: &Local,
    releases: impl Iterator<Item = (Sha256, Option<VariantName>)>,
) -> BTreeSet<Sha256> {
    let contents = releases.flat_map(|(digest, variant)| {
        let release = local.documents().local_release(&digest).ok();
        let files = |release: Release| {
            release.files_of(variant.as_ref()).map(|file| file.sha256).collect::<Vec<_>>()
        };
        release.map(files).unwrap_or_default()
    });
    contents.collect()
}

/// Documents that no needed release refers to.
fn documents_without_lock(
    local: &Local,
    needed: &BTreeSet<Sha256>,
) -> Result<Vec<Removal>, CacheError> {
    let mut kept: BTreeSet<String> = needed.iter().map(Sha256::hex).collect();
    for digest in needed {
        if let Ok(release) = local.documents().local_release(digest) {
            kept.insert(release.meta.sha256.hex());
            kept.extend(release.files.iter().filter_map(|file| Some(file.recipe?.hex())));
        }
        kept.extend(local.documents().bundles_of(local.home(), digest).iter().map(Sha256::hex));
    }
    let evidence = files_below(&local.home().root().join("evidence"))?;
    let documents = files_below(&local.home().documents())?.into_iter().chain(evidence);
    let unneeded = documents.filter(|(path, _)| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| !kept.contains(&name))
    });
    Ok(unneeded.map(|(path, size)| file("a document", path, size)).collect())
}

fn is_old(path: &Path, now: SystemTime) -> bool {
    let changed = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
    changed.is_ok_and(|changed| age(changed, now) >= IN_USE)
}

/// How long ago something was; nothing when the clock says it is yet to come.
fn age(then: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(then).unwrap_or_default()
}

/// Takes the marker away, then the rest, then the folders above that are empty now.
pub(crate) fn remove_tree(local: &Local, tree: &Path) -> Result<(), CacheError> {
    gone("remove", tree, fs::remove_file(tree.join(MARKER)))?;
    gone("remove", tree, fs::remove_dir_all(tree))?;
    let releases = local.home().releases();
    let above = tree.ancestors().skip(1).take_while(|folder| **folder != releases);
    for folder in above {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}
