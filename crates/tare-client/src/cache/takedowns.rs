//! What of the local store has to go because it was taken down (I-12), as far as the notices that were last seen say so.
//!
//! A takedown names releases and single files. Of a release goes what no other release here needs; a file goes from every
//! release. Whole trees go with either, because a tree without one of its files is none. Release documents and signatures
//! stay, so that a lock still says what it had.

use std::collections::{BTreeMap, BTreeSet};

use tare_format::registry::RegistryId;
use tare_format::release::Release;
use tare_format::{ReleaseId, Sha256};
use tare_replay::NoticesState;

use super::folders::{files_below, folders};
use super::prune::{Removal, content, file, removal_of_tree};
use super::{CacheError, Tree, trees};
use crate::local::Local;
use crate::pages::last_notices;
use crate::trust::Evidence;

/// What a removal of it is called.
const FILE: &str = "a file that was taken down";

/// Everything here that was taken down: trees, contents, unfinished downloads and meta archives.
///
/// # Errors
/// When a folder cannot be read.
pub fn taken_down(local: &Local) -> Result<Vec<Removal>, CacheError> {
    let gone = Gone::new(local)?;
    let mut removals = Vec::new();
    for tree in trees(local)? {
        if gone.has_tree(local, &tree) {
            removals.push(removal_of_tree(&tree));
        }
    }
    for stored in local.files().list()? {
        if gone.contents.contains(&stored.sha256) {
            removals.push(content(local, &stored));
        }
    }
    for folder in [local.home().root().join("partial"), local.home().documents().join("meta")] {
        for (path, size) in files_below(&folder)? {
            let name = path.file_stem().and_then(|name| name.to_str());
            let digest = name.and_then(|hex| Sha256::from_hex(hex).ok());
            if digest.is_some_and(|digest| gone.contents.contains(&digest)) {
                removals.push(file(FILE, path, size));
            }
        }
    }
    Ok(removals)
}

/// The contents of the store that were taken down.
pub(crate) fn contents_taken_down(local: &Local) -> Result<BTreeSet<Sha256>, CacheError> {
    Ok(Gone::new(local)?.contents)
}

/// What has to go, by the notices of every registry that was ever seen.
struct Gone {
    /// Digests of release documents.
    releases: BTreeSet<Sha256>,
    /// Names of releases, for trees that were never finished.
    names: BTreeSet<ReleaseId>,
    contents: BTreeSet<Sha256>,
}

impl Gone {
    fn new(local: &Local) -> Result<Self, CacheError> {
        let notices = all_notices(local)?;
        let takedowns = || notices.values().flat_map(NoticesState::takedowns_in_force);
        let names = takedowns().flat_map(|known| known.releases.iter().cloned()).collect();
        let files = takedowns().filter_map(|known| known.takedown.as_deref());
        let files: BTreeSet<Sha256> =
            files.flat_map(|takedown| takedown.files.iter().copied()).collect();
        let mut gone = Self { releases: BTreeSet::new(), names, contents: BTreeSet::new() };
        if gone.names.is_empty() && files.is_empty() {
            return Ok(gone);
        }
        let mut kept = BTreeSet::new();
        for (digest, release) in releases(local)? {
            let contents = release.files.iter().map(|file| file.sha256);
            let contents = contents.chain([release.meta.sha256]);
            if is_taken_down(local, &notices, &digest, &release) {
                gone.releases.insert(digest);
                gone.contents.extend(contents);
            } else {
                kept.extend(contents);
            }
        }
        gone.contents = gone.contents.difference(&kept).copied().chain(files).collect();
        Ok(gone)
    }

    fn has_tree(&self, local: &Local, tree: &Tree) -> bool {
        let Some(digest) = tree.release else {
            return self.names.iter().any(|id| {
                let path = local.home().tree(id, None, None);
                path.parent().is_some_and(|version| tree.path.starts_with(version))
            });
        };
        let of_release = local.documents().local_release(&digest).is_ok_and(|release| {
            let mut files = release.files_of(tree.variant.as_ref());
            files.any(|file| self.contents.contains(&file.sha256))
        });
        of_release || self.releases.contains(&digest)
    }
}

fn all_notices(local: &Local) -> Result<BTreeMap<RegistryId, NoticesState>, CacheError> {
    let mut notices = BTreeMap::new();
    for folder in folders(&local.home().cache())? {
        let name = folder.file_name().and_then(|name| name.to_str());
        let Some(registry) = name.and_then(|name| name.parse::<RegistryId>().ok()) else {
            continue;
        };
        if let Some(known) = last_notices(local.home(), &registry) {
            notices.insert(registry, known);
        }
    }
    Ok(notices)
}

/// The releases whose documents are here.
fn releases(local: &Local) -> Result<Vec<(Sha256, Release)>, CacheError> {
    let documents = files_below(&local.home().documents().join("releases"))?;
    let read = |(path, _): (std::path::PathBuf, u64)| {
        let digest = Sha256::from_hex(path.file_name()?.to_str()?).ok()?;
        Some((digest, local.documents().local_release(&digest).ok()?))
    };
    Ok(documents.into_iter().filter_map(read).collect())
}

/// Whether its own registry took it down. Where nobody knows whose it is, anybody's word counts.
fn is_taken_down(
    local: &Local,
    notices: &BTreeMap<RegistryId, NoticesState>,
    digest: &Sha256,
    release: &Release,
) -> bool {
    let (id, evidence) = (release.id(), Evidence::load(&local.home().evidence(digest)));
    notices.iter().any(|(registry, known)| {
        evidence.as_ref().is_none_or(|evidence| evidence.registry == *registry)
            && known.takedowns_in_force().any(|takedown| takedown.releases.contains(&id))
    })
}
