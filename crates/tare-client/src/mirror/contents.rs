//! The contents of releases: archives, recipes, packs and locations, each hashed before it counts.
//!
//! ```text
//! release document ─► archive
//!                  └► data file ─► recipe ─► location ─► packs ─► the file put together and hashed
//! ```
//! A location is written only when every file that it is for came out right from the packs that are here, so a mirror never
//! says that it has a file which nobody can install from it. What no source has is entered as missing, and the rest goes on.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use tare_format::limits::Limits;
use tare_format::location::Location;
use tare_format::recipe::Recipe;
use tare_format::release::{FileClass, Release};
use tare_format::{Blake3, Sha256};
use tare_store::assemble::hash_file;
use tare_store::{FolderStore, ObjectKey};

use super::MirrorError;
use super::folder::Folder;
use super::inventory::Inventory;
use super::select::Level;
use super::upstream::{Got, Upstream};
use crate::event::Progress;

/// Where the time comes from.
pub type Clock = fn() -> Timestamp;

/// Fetches the contents of releases.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contents<'a> {
    pub(super) upstream: Upstream<'a>,
    pub(super) folder: &'a Folder,
    pub(super) inventory: &'a Inventory,
    pub(super) clock: Clock,
    pub(super) progress: &'a Progress,
}

/// What a data file is made from.
struct Source {
    sha256: Sha256,
    recipe: Recipe,
    location: Location,
}

/// What one release needs, and what of it no source has.
#[derive(Default)]
struct Found {
    needs: BTreeSet<String>,
    missing: BTreeMap<String, String>,
}

impl Found {
    fn need(&mut self, key: &ObjectKey, got: Got<()>) -> bool {
        self.needs.insert(key.path());
        match got {
            Got::There(()) => true,
            Got::Nowhere(reason) => {
                self.missing.insert(key.path(), reason);
                false
            }
        }
    }
}

impl Contents<'_> {
    /// Sees to it that a release is held at `level`. Objects of `forbidden` are left out as if they were not part of it.
    pub(super) async fn hold(
        &self,
        release: &Sha256,
        level: Level,
        why: &str,
        forbidden: &BTreeSet<String>,
    ) -> Result<(), MirrorError> {
        let document = self.document(release)?;
        let mut found = Found::default();
        let meta = ObjectKey::Meta(document.meta.sha256);
        if !forbidden.contains(&meta.path()) {
            let got = self.fetch(&meta, Limits::default().meta_packed_size, why).await?;
            found.need(&meta, got);
        }
        if level == Level::Contents {
            self.hold_files(&document, why, forbidden, &mut found).await?;
        }
        let needs: Vec<String> = found.needs.into_iter().collect();
        let mut change = self.inventory.change().await?;
        change.hold(release, Some(level), &needs).await?;
        for (path, reason) in &found.missing {
            change.put_missing(path, release, reason).await?;
        }
        change.commit().await?;
        for (path, reason) in &found.missing {
            let id = document.id();
            self.progress.warn(&format!("`{path}` of {id} is left out for now: {reason}"));
        }
        Ok(())
    }

    async fn hold_files(
        &self,
        document: &Release,
        why: &str,
        forbidden: &BTreeSet<String>,
        found: &mut Found,
    ) -> Result<(), MirrorError> {
        let files: BTreeMap<Blake3, Sha256> = document
            .files
            .iter()
            .filter(|file| file.class == FileClass::Data)
            .filter_map(|file| Some((file.recipe?, file.sha256)))
            .filter(|(recipe, _)| !forbidden.contains(&ObjectKey::Recipe(*recipe).path()))
            .collect();
        let mut sources = Vec::new();
        for (recipe, sha256) in files {
            sources.extend(self.source(recipe, sha256, why, found).await?);
        }
        let packs: BTreeSet<Blake3> =
            sources.iter().flat_map(|(_, source)| used_packs(&source.location)).collect();
        let got: Vec<(Blake3, Got<()>)> = futures::stream::iter(packs)
            .map(async |pack| Ok::<_, MirrorError>((pack, self.pack(&pack, why, forbidden).await?)))
            .buffer_unordered(self.upstream.pace.connections())
            .try_collect()
            .await?;
        let lacking: BTreeSet<Blake3> = got
            .into_iter()
            .filter_map(|(pack, got)| (!found.need(&ObjectKey::Pack(pack), got)).then_some(pack))
            .collect();
        for (recipe, source) in sources {
            if used_packs(&source.location).is_disjoint(&lacking) {
                self.settle(recipe, source, why, found).await?;
            } else {
                let problem = Got::Nowhere("one of its packs is not here".to_owned());
                found.need(&ObjectKey::Location(recipe), problem);
            }
        }
        Ok(())
    }

    /// The recipe and the location of a data file.
    async fn source(
        &self,
        digest: Blake3,
        sha256: Sha256,
        why: &str,
        found: &mut Found,
    ) -> Result<Option<(Blake3, Source)>, MirrorError> {
        let cap = Limits::default().recipe_size;
        let key = ObjectKey::Recipe(digest);
        let got = self.fetch(&key, cap, why).await?;
        if !found.need(&key, got) {
            return Ok(None);
        }
        let bytes = self.folder.read(&key.path(), cap)?.unwrap_or_default();
        let recipe = Recipe::from_bytes(&bytes).map_err(|error| MirrorError::log(&error))?;
        let place = ObjectKey::Location(digest);
        if self.inventory.has(&place.path()).await? {
            let bytes = self.folder.read(&place.path(), cap)?.unwrap_or_default();
            if let Ok(location) = Location::from_bytes(&bytes) {
                return Ok(Some((digest, Source { sha256, recipe, location })));
            }
        }
        let chunks = recipe.chunks().len();
        let check = |bytes: &Bytes| match Location::from_bytes(bytes) {
            Ok(location) if location.places().len() == chunks => Ok(()),
            Ok(location) => {
                Err(format!("it has {} places for {chunks} chunks", location.places().len()))
            }
            Err(error) => Err(error.to_string()),
        };
        match self.upstream.object(&place, cap, check).await? {
            Got::There(bytes) => {
                let location = Location::from_bytes(&bytes).unwrap_or_default();
                Ok(Some((digest, Source { sha256, recipe, location })))
            }
            Got::Nowhere(reason) => {
                found.need(&place, Got::Nowhere(reason));
                Ok(None)
            }
        }
    }

    /// Puts a file together from what is here, and writes its location when it comes out right.
    async fn settle(
        &self,
        recipe: Blake3,
        source: Source,
        why: &str,
        found: &mut Found,
    ) -> Result<(), MirrorError> {
        let key = ObjectKey::Location(recipe);
        if self.inventory.has(&key.path()).await? {
            found.need(&key, Got::There(()));
            return Ok(());
        }
        let store = FolderStore::open(self.folder.root(), &self.folder.staging())?;
        let (expected, bytes) = (source.sha256, source.location.to_bytes());
        let hashed = tokio::task::spawn_blocking(move || {
            hash_file(&source.recipe, &source.location, &store)
        });
        let hashed = hashed.await.map_err(|_| MirrorError::Stopped)?;
        let problem = match hashed {
            Ok(hash) if hash == expected => None,
            Ok(hash) => Some(format!("the file comes out as {hash}, expected {expected}")),
            Err(error) => Some(crate::error::chain(&error).join(": ")),
        };
        if let Some(problem) = problem {
            found.need(&key, Got::Nowhere(problem));
            return Ok(());
        }
        self.enter(&key, &bytes, why).await?;
        found.need(&key, Got::There(()));
        Ok(())
    }

    /// An object that is named by its bytes.
    pub(super) async fn fetch(
        &self,
        key: &ObjectKey,
        cap: u64,
        why: &str,
    ) -> Result<Got<()>, MirrorError> {
        if self.inventory.has(&key.path()).await? {
            return Ok(Got::There(()));
        }
        self.upstream.pace.check((self.clock)()).map_err(MirrorError::Paused)?;
        match self.upstream.object(key, cap, |bytes| check_name(key, bytes)).await? {
            Got::There(bytes) => {
                self.enter(key, &bytes, why).await?;
                Ok(Got::There(()))
            }
            Got::Nowhere(reason) => Ok(Got::Nowhere(reason)),
        }
    }

    /// A document that the log itself needs, whatever the limits of the run: it is small.
    pub(super) async fn fetch_log_object(
        &self,
        key: &ObjectKey,
        cap: u64,
    ) -> Result<(), MirrorError> {
        if self.inventory.has(&key.path()).await? {
            return Ok(());
        }
        let check = |bytes: &Bytes| check_name(key, bytes);
        let bytes = self.upstream.required(key, cap, check).await?;
        self.enter(key, &bytes, "log").await
    }

    async fn pack(
        &self,
        pack: &Blake3,
        why: &str,
        forbidden: &BTreeSet<String>,
    ) -> Result<Got<()>, MirrorError> {
        let path = ObjectKey::Pack(*pack).path();
        if forbidden.contains(&path) && !self.was_spared(&path).await? {
            return Ok(Got::Nowhere("it holds something that was taken down".to_owned()));
        }
        if self.inventory.has(&path).await? {
            return Ok(Got::There(()));
        }
        self.upstream.pace.check((self.clock)()).map_err(MirrorError::Paused)?;
        let staged = match self.upstream.pack(pack, &self.folder.staging()).await? {
            Got::There(staged) => staged,
            Got::Nowhere(reason) => return Ok(Got::Nowhere(reason)),
        };
        let fail = |source| MirrorError::Read { path: staged.clone(), source };
        let size = std::fs::metadata(&staged).map_err(fail)?.len();
        self.folder.adopt(&staged, &path)?;
        let mut change = self.inventory.change().await?;
        change.put_object(&path, size, why, (self.clock)()).await?;
        change.commit().await?;
        Ok(Got::There(()))
    }

    /// Whether the origin kept a pack that a takedown forbids here: a fresh location names it, and what only the takedown's
    /// own releases are made of is at no source any more. Then another release needs all of it, and nothing forbids it.
    async fn was_spared(&self, pack: &str) -> Result<bool, MirrorError> {
        let cap = Limits::default().recipe_size.max(Limits::default().meta_packed_size);
        for takedown in self.inventory.takedowns_of(pack).await? {
            let own = self.inventory.tombstones_of(&takedown).await?;
            let own = own.iter().filter(|path| !path.starts_with("packs/"));
            for key in own.filter_map(|path| path.parse::<ObjectKey>().ok()) {
                if let Got::There(_) = self.upstream.object(&key, cap, |_| Ok(())).await? {
                    return Ok(false);
                }
            }
        }
        let mut change = self.inventory.change().await?;
        change.remove_tombstone(pack).await?;
        change.commit().await?;
        Ok(true)
    }

    /// Writes an object and enters it.
    pub(super) async fn enter(
        &self,
        key: &ObjectKey,
        bytes: &[u8],
        why: &str,
    ) -> Result<(), MirrorError> {
        let path = key.path();
        self.folder.write(&path, bytes)?;
        let mut change = self.inventory.change().await?;
        change.put_object(&path, bytes.len() as u64, why, (self.clock)()).await?;
        Ok(change.commit().await?)
    }

    /// The document of a release, which every mirror has.
    pub(super) fn document(&self, release: &Sha256) -> Result<Release, MirrorError> {
        document(self.folder, release)
    }
}

/// The document of a release, which every mirror has.
pub(super) fn document(folder: &Folder, release: &Sha256) -> Result<Release, MirrorError> {
    let path = ObjectKey::Release(*release).path();
    let bytes = folder.read(&path, Limits::default().release_size)?;
    let bytes = bytes.ok_or_else(|| MirrorError::Damaged { path: path.clone() })?;
    Release::from_bytes(&bytes).map_err(|_| MirrorError::Damaged { path })
}

/// The packs in which a chunk lies.
pub(super) fn used_packs(location: &Location) -> BTreeSet<Blake3> {
    let used = location.places().iter().map(|place| place.pack);
    let packs = location.packs();
    used.filter_map(|pack| packs.get(usize::try_from(pack).ok()?).copied()).collect()
}

/// Whether bytes are what a key that is named by content says.
pub(super) fn check_name(key: &ObjectKey, bytes: &[u8]) -> Result<(), String> {
    let compare = |expected: String, found: String| {
        if expected == found { Ok(()) } else { Err(format!("expected {expected}, found {found}")) }
    };
    match key {
        ObjectKey::Release(digest)
        | ObjectKey::Meta(digest)
        | ObjectKey::Signature(digest)
        | ObjectKey::State(digest) => compare(digest.to_string(), Sha256::of(bytes).to_string()),
        ObjectKey::Recipe(digest) | ObjectKey::Pack(digest) => {
            compare(digest.to_string(), Blake3::of(bytes).to_string())
        }
        _ => Ok(()),
    }
}
