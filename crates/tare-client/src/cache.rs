//! How much the local store holds, and what of it nobody needs any more.

mod folders;
mod prune;
mod takedowns;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use tare_format::registry::RegistryId;
use tare_format::{Sha256, VariantName};
use tare_store::files::FileStoreError;

use crate::error::{ClientError, ErrorKind};
use crate::install::Marker;
use crate::local::Local;
use crate::usage;
use folders::{folders, measure};

pub use prune::{Removal, remove, unneeded};
pub use takedowns::taken_down;

pub(crate) use prune::remove_tree;
pub(crate) use takedowns::contents_taken_down;

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
