//! The trees of installed releases, and where they lie.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tare_format::Sha256;
use tare_format::VariantName;
use tare_format::lock::LockedPackage;
use tare_format::path::MARKER;
use tare_format::release::Release;
use tare_store::tree::{Materialized, Ownership, TreeFile, differences, materialize};

use super::contents::insert;
use super::{InstallError, Installed, Marker, Wanted};
use crate::fetch::blocking;
use crate::home::Home;
use crate::local::Local;

/// The tree of a locked release, if there is one that is marked as that release.
#[must_use]
pub fn installed_path(home: &Home, package: &LockedPackage) -> Option<PathBuf> {
    let marker = Marker {
        registry: package.registry.clone(),
        release: package.release,
        variant: package.variant.clone(),
    };
    home.trees(package).into_iter().find(|tree| Marker::read(tree).as_ref() == Some(&marker))
}

/// Whether the tree of a locked release is there, with every file in its size. Nothing is read.
#[must_use]
pub fn is_complete(home: &Home, package: &LockedPackage, document: &Release) -> bool {
    let tree = installed_path(home, package);
    tree.is_some_and(|tree| has_all_files(&tree, document, package.variant.as_ref()))
}

/// The files of a variant, as a tree has them, without the marker.
pub(crate) fn files_of(document: &Release, variant: Option<&VariantName>) -> Vec<TreeFile> {
    let file = |file: &tare_format::release::ReleaseFile| TreeFile {
        path: file.path.to_string(),
        sha256: file.sha256,
        size_bytes: file.size,
    };
    document.files_of(variant).map(file).collect()
}

/// The complete tree of a release, if it is there.
pub(super) fn find_complete(
    local: &Local,
    wanted: &Wanted,
) -> Result<Option<PathBuf>, InstallError> {
    let marker = Marker::of(wanted);
    let marked = places(local.home(), wanted)
        .into_iter()
        .find(|tree| Marker::read(tree).as_ref() == Some(&marker));
    Ok(marked.filter(|tree| has_all_files(tree, wanted.document(), wanted.variant.as_ref())))
}

/// Makes the tree of a release whose contents are in the store, unless it is complete.
pub(super) async fn make(local: &Local, wanted: Wanted) -> Result<Installed, InstallError> {
    if let Some(path) = find_complete(local, &wanted)? {
        return Ok(installed(&wanted, path, false));
    }
    let marker = Marker::of(&wanted).to_text();
    let mut files = files_of(wanted.document(), wanted.variant.as_ref());
    let (sha256, size_bytes) = (Sha256::of(marker.as_bytes()), marker.len() as u64);
    files.push(TreeFile { path: MARKER.to_owned(), sha256, size_bytes });
    let path = free_place(local.home(), &wanted);
    let (store, target) = (Arc::clone(local.files()), path.clone());
    let made = blocking(move || {
        insert(&store, marker.as_bytes()).map_err(InstallError::Store)?;
        Ok::<_, InstallError>(materialize(&store, &files, &target, Ownership::Shared))
    });
    let made = made.await.map_err(|_| InstallError::Stopped)??;
    made.map_err(|source| InstallError::Tree {
        id: wanted.signed.id().clone(),
        source: Box::new(source),
    })?;
    Ok(installed(&wanted, path, true))
}

/// Makes a tree of files of its own at `folder`, without a marker: it is the user's from then on.
pub(super) async fn make_at(
    local: &Local,
    wanted: Wanted,
    folder: &Path,
) -> Result<Installed, InstallError> {
    let files = files_of(wanted.document(), wanted.variant.as_ref());
    let (store, target) = (Arc::clone(local.files()), folder.to_owned());
    let made = blocking(move || materialize(&store, &files, &target, Ownership::Own));
    let made = made.await.map_err(|_| InstallError::Stopped)?;
    let made = made.map_err(|source| InstallError::Tree {
        id: wanted.signed.id().clone(),
        source: Box::new(source),
    })?;
    Ok(installed(&wanted, folder.to_owned(), made != Materialized::AlreadyThere))
}

/// Refuses a folder that holds anything but this release: making a tree there would remove it.
pub(super) fn check_free(
    local: &Local,
    wanted: &Wanted,
    folder: &Path,
) -> Result<(), InstallError> {
    let occupied = |first| Err(InstallError::Occupied { folder: folder.to_owned(), first });
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(InstallError::Io { path: folder.to_owned(), source }),
    };
    if entries.next().is_none() {
        return Ok(());
    }
    let files = files_of(wanted.document(), wanted.variant.as_ref());
    let found = differences(local.files(), &files, folder).map_err(|source| {
        InstallError::Tree { id: wanted.signed.id().clone(), source: Box::new(source) }
    })?;
    // What is there says more than what is not.
    let foreign =
        found.iter().find(|difference| difference.ends_with("does not belong to the package"));
    foreign.or(found.first()).cloned().map_or(Ok(()), occupied)
}

fn installed(wanted: &Wanted, path: PathBuf, changed: bool) -> Installed {
    Installed {
        id: wanted.signed.id().clone(),
        variant: wanted.variant.clone(),
        size_bytes: wanted.size_bytes(),
        path,
        changed,
    }
}

/// Where the tree may lie, the plain place first.
fn places(home: &Home, wanted: &Wanted) -> [PathBuf; 2] {
    let (id, variant) = (wanted.signed.id(), wanted.variant.as_ref());
    [home.tree(id, variant, None), home.tree(id, variant, Some(&wanted.signed.digest()))]
}

/// The plain place, unless a release of another registry has it (I-5).
fn free_place(home: &Home, wanted: &Wanted) -> PathBuf {
    let [plain, other] = places(home, wanted);
    let taken = Marker::read(&plain).is_some_and(|marker| marker.release != wanted.signed.digest());
    if taken { other } else { plain }
}

fn has_all_files(tree: &Path, document: &Release, variant: Option<&VariantName>) -> bool {
    document.files_of(variant).all(|file| {
        let there = fs::symlink_metadata(tree.join(file.path.as_str()));
        there.is_ok_and(|there| there.is_file() && there.len() == file.size)
    })
}
