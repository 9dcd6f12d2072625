//! How much the local store holds, and what of it nobody needs any more.
//!
//! Pruning first makes a list, which a person can look at, and then removes what is on it. What a known project's lock
//! names is never on the list (I-9). A tree loses its marker first, so a kill in the middle leaves a tree that counts as
//! absent and not one that looks whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tare_format::path::MARKER;
use tare_format::registry::RegistryId;
use tare_format::release::Release;
use tare_format::{Sha256, VariantName};
use tare_store::files::FileStoreError;

use crate::error::{ClientError, ErrorKind};
use crate::install::Marker;
use crate::local::Local;
use crate::usage;

/// What is younger than this may belong to an install that runs at this moment.
const IN_USE: Duration = Duration::from_secs(3600);

/// Why the store was not listed or pruned.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// A folder cannot be read, or a file not removed.
    #[error("failed to {action} `{}`", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The contents cannot be listed.
    #[error("failed to read the local store")]
    Store(#[from] FileStoreError),
    /// The lock of a project cannot be read, so nobody knows what it needs.
    #[error(
        "the lock of a project that uses the store cannot be read, so nobody knows what it needs"
    )]
    UnreadableLock,
}

impl ClientError for CacheError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Failure
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnreadableLock => "E-LOCK",
            _ => "E-STORE",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::UnreadableLock => Some("mend it, or use a newer tare".to_owned()),
            _ => None,
        }
    }
}

/// One installed tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// `ns/name`, the version and the variant, as they stand in the path.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// The release; none when the tree was never finished.
    pub release: Option<Sha256>,
    /// The variant.
    pub variant: Option<VariantName>,
    /// Its files' sizes together, in bytes; shared contents are counted in each tree.
    pub size_bytes: u64,
    /// Whether a known project needs it.
    pub is_needed: bool,
}

/// What the store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The trees, by path.
    pub trees: Vec<Tree>,
    /// The contents: how many, and their bytes on the disk.
    pub files: (usize, u64),
    /// Unfinished downloads.
    pub partial: (usize, u64),
    /// Release documents, meta archives, recipes and signatures.
    pub documents: (usize, u64),
    /// Cached package pages.
    pub pages: (usize, u64),
    /// The projects that use the store.
    pub projects: Vec<PathBuf>,
}

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

/// Lists what the store holds.
///
/// # Errors
/// When a folder cannot be read.
pub fn contents(local: &Local) -> Result<Contents, CacheError> {
    let home = local.home();
    let files = local.files().list()?;
    let sizes = files.iter().map(|file| file.size_bytes).fold(0, u64::saturating_add);
    let projects = usage::projects(home).unwrap_or_default();
    Ok(Contents {
        trees: trees(local)?,
        files: (files.len(), sizes),
        partial: measure(&home.root().join("partial"))?,
        documents: measure(&home.documents())?,
        pages: measure(&home.cache())?,
        projects: projects.into_iter().map(|project| project.root).collect(),
    })
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

fn removal_of_tree(tree: &Tree) -> Removal {
    // Its contents are counted where they lie.
    Removal {
        what: tree.name.clone(),
        path: tree.path.clone(),
        size_bytes: 0,
        kind: RemovalKind::Tree,
    }
}

fn file(what: &str, path: PathBuf, size_bytes: u64) -> Removal {
    Removal { what: what.to_owned(), path, size_bytes, kind: RemovalKind::File }
}

/// The installed trees: `releases/<ns>/<name>/<version>/<variant>`.
fn trees(local: &Local) -> Result<Vec<Tree>, CacheError> {
    let needed = needed_trees(local);
    let mut trees = Vec::new();
    for namespace in folders(&local.home().releases())? {
        for package in folders(&namespace)? {
            for version in folders(&package)? {
                for tree in folders(&version)? {
                    trees.push(describe(local, tree, &needed)?);
                }
            }
        }
    }
    trees.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(trees)
}

fn describe(local: &Local, path: PathBuf, needed: &BTreeSet<TreeKey>) -> Result<Tree, CacheError> {
    let marker = Marker::read(&path);
    let name = path.strip_prefix(local.home().releases()).unwrap_or(&path).display().to_string();
    let key = marker
        .as_ref()
        .map(|marker| (marker.registry.clone(), marker.release, marker.variant.clone()));
    Ok(Tree {
        name,
        size_bytes: measure(&path)?.1,
        release: marker.as_ref().map(|marker| marker.release),
        variant: marker.and_then(|marker| marker.variant),
        is_needed: key.is_some_and(|key| needed.contains(&key)),
        path,
    })
}

type TreeKey = (RegistryId, Sha256, Option<VariantName>);

/// The trees that known projects need. Without a readable lock nothing is said to be unneeded later anyway.
fn needed_trees(local: &Local) -> BTreeSet<TreeKey> {
    let projects = usage::projects(local.home()).unwrap_or_default();
    let packages = projects.iter().flat_map(|project| &project.lock.packages);
    packages
        .map(|package| (package.registry.clone(), package.release, package.variant.clone()))
        .collect()
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
    let removal = |file: tare_store::files::StoredFile| Removal {
        what: format!("content {}", file.sha256),
        path: local.files().path(&file.sha256),
        size_bytes: file.size_bytes,
        kind: RemovalKind::Content(file.sha256),
    };
    Ok(unused.map(removal).collect())
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

fn gone(action: &'static str, path: &Path, outcome: io::Result<()>) -> Result<(), CacheError> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(CacheError::Io { action, path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// The folders in a folder; none when it is not there.
fn folders(folder: &Path) -> Result<Vec<PathBuf>, CacheError> {
    let entries = entries(folder)?;
    Ok(entries
        .into_iter()
        .filter(|(_, metadata)| metadata.is_dir())
        .map(|(path, _)| path)
        .collect())
}

/// How many files are below a folder, and their bytes.
fn measure(folder: &Path) -> Result<(usize, u64), CacheError> {
    let files = files_below(folder)?;
    Ok((files.len(), files.iter().map(|(_, size)| size).sum()))
}

fn files_below(folder: &Path) -> Result<Vec<(PathBuf, u64)>, CacheError> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for (path, metadata) in entries(&folder)? {
            if metadata.is_dir() {
                open.push(path);
            } else if metadata.is_file() {
                found.push((path, metadata.len()));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// What a folder holds, without following links; what vanishes meanwhile is left out.
fn entries(folder: &Path) -> Result<Vec<(PathBuf, fs::Metadata)>, CacheError> {
    let fail = |source| CacheError::Io { action: "read", path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(fail(source)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(fail)?;
        match entry.metadata() {
            Ok(metadata) => found.push((entry.path(), metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(fail(source)),
        }
    }
    Ok(found)
}
