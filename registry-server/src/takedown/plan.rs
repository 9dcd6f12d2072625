//! What goes and what stays, worked out from every release document and every recipe.
//!
//! It reads all of them, whatever the takedown is about: only so is it certain that nothing else needs a chunk. A registry takes
//! down rarely, and an index that could be wrong would be wrong in the worst place.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use tare_format::recipe::Recipe;
use tare_format::release::{FileClass, Release};
use tare_format::{Blake3, ReleaseId, Sha256};
use tare_store::backend::read_all;
use tare_store::{ObjectKey, ObjectStore, StoreError};

use crate::db::Connection;
use crate::db::takedowns::{self, PackedChunk};
use crate::error::ApiError;
use crate::registry::Registry;

/// A file that a takedown removes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedFile {
    /// A release that has it.
    pub release: String,
    /// Where it lies in the package.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its name.
    pub sha256: Sha256,
}

/// What a takedown removes.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TakedownPlan {
    /// The data files whose bytes go.
    pub files: Vec<PlannedFile>,
    /// The data files that stay, because another release has them.
    pub kept: Vec<PlannedFile>,
    /// The meta archives that go.
    pub meta_archives: Vec<Sha256>,
    /// How many chunks go: those that no file has that stays.
    pub chunks: usize,
    /// How many packs go for good.
    pub packs_removed: usize,
    /// How many packs are written anew without what goes.
    pub packs_rewritten: usize,
    /// How many stored bytes go.
    pub bytes: u64,
}

/// The releases and files that are to be gone.
#[derive(Debug, Default)]
pub(super) struct Targets {
    releases: HashSet<i64>,
    files: HashSet<Sha256>,
}

impl Targets {
    /// Those of the takedowns in force.
    pub(super) async fn in_force(db: &mut Connection) -> Result<Self, ApiError> {
        Self::in_force_without(db, None).await
    }

    /// Those of the takedowns in force, but for one.
    pub(super) async fn in_force_without(
        db: &mut Connection,
        event: Option<u64>,
    ) -> Result<Self, ApiError> {
        let releases = takedowns::releases_down(db, event).await?;
        Ok(Self { releases, files: takedowns::files_down(db, event).await? })
    }

    pub(super) fn with(mut self, releases: impl Iterator<Item = i64>, files: &[Sha256]) -> Self {
        self.releases.extend(releases);
        self.files.extend(files);
        self
    }

    /// Whether a file of a release is to be gone.
    pub(super) fn cover(&self, release: i64, file: Sha256) -> bool {
        self.releases.contains(&release) || self.files.contains(&file)
    }

    /// Whether a whole release is to be gone.
    pub(super) fn cover_release(&self, release: i64) -> bool {
        self.releases.contains(&release)
    }

    pub(super) fn clear(&mut self) {
        self.releases.clear();
        self.files.clear();
    }
}

/// A pack that changes.
#[derive(Debug)]
pub(super) struct ChangedPack {
    pub row: i64,
    pub digest: Blake3,
    /// All its chunks.
    pub chunks: Vec<PackedChunk>,
}

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The newest release that was looked at.
    pub last_release: i64,
    /// The recipes that go, with the files that they make.
    pub recipes: BTreeMap<Blake3, PlannedFile>,
    /// The files that stay although a takedown names their release.
    pub kept: BTreeMap<Blake3, PlannedFile>,
    /// The meta archives that go.
    pub metas: BTreeSet<Sha256>,
    /// The chunks that go.
    pub chunks: HashSet<Blake3>,
    /// The packs that hold them, or bytes that no row names.
    pub packs: Vec<ChangedPack>,
    /// The recipes that stay and have chunks in those packs.
    pub moved: BTreeSet<Blake3>,
}

impl Scan {
    /// What of a pack stays.
    pub(super) fn kept_of<'p>(
        &'p self,
        pack: &'p ChangedPack,
    ) -> impl Iterator<Item = &'p PackedChunk> {
        pack.chunks.iter().filter(|chunk| !self.chunks.contains(&chunk.digest))
    }
}

/// What a takedown would remove, in words.
///
/// # Errors
/// When a document or a recipe cannot be read.
pub(super) async fn preview(
    registry: &Registry,
    targets: &Targets,
) -> Result<TakedownPlan, ApiError> {
    let scan = scan(registry, targets).await?;
    let (recipes, metas) = (scan.recipes.clone(), scan.metas.clone());
    // What earlier takedowns have removed does not go again.
    let (files, meta_archives) = registry
        .blocking(move |store| {
            let mut files = Vec::new();
            for (recipe, file) in recipes {
                files.extend(store.size(&ObjectKey::Recipe(recipe))?.map(|_| file));
            }
            let mut archives = Vec::new();
            for meta in metas {
                archives.extend(store.size(&ObjectKey::Meta(meta))?.map(|_| meta));
            }
            Ok::<_, StoreError>((files, archives))
        })
        .await?;
    let mut plan = TakedownPlan {
        files,
        kept: scan.kept.values().cloned().collect(),
        meta_archives,
        chunks: scan.chunks.len(),
        ..TakedownPlan::default()
    };
    for pack in &scan.packs {
        match scan.kept_of(pack).next() {
            Some(_) => plan.packs_rewritten += 1,
            None => plan.packs_removed += 1,
        }
        let gone = pack.chunks.iter().filter(|chunk| scan.chunks.contains(&chunk.digest));
        plan.bytes += gone.map(|chunk| u64::from(chunk.stored_length)).sum::<u64>();
    }
    Ok(plan)
}

/// Works out what is to be done.
///
/// # Errors
/// When a document or a recipe cannot be read: what it needs is then not known.
pub(super) async fn scan(registry: &Registry, targets: &Targets) -> Result<Scan, ApiError> {
    let releases = {
        let mut db = registry.db.read().await?;
        takedowns::all_releases(&mut db, 0).await?
    };
    let last_release = releases.last().map_or(0, |(id, _)| *id);
    if targets.releases.is_empty() && targets.files.is_empty() {
        return Ok(Scan { last_release, ..Scan::default() });
    }
    let (down, files) = (targets.releases.clone(), targets.files.clone());
    let limits = registry.config.limits.clone();
    let (mut uses, candidates) = registry
        .blocking(move |store| {
            let mut uses = Uses::default();
            for (row, digest) in releases {
                let bytes = read_all(store, &ObjectKey::Release(digest), limits.release_size)?;
                let release = Release::from_bytes(&bytes).map_err(ApiError::internal)?;
                uses.take(&release, down.contains(&row), &files);
            }
            uses.settle();
            let candidates = chunks_of(store, uses.doomed.keys(), limits.recipe_size)?;
            Ok::<_, ApiError>((uses, candidates))
        })
        .await?;
    let packs = packs(registry, &candidates).await?;
    let lying: HashSet<Blake3> =
        packs.iter().flat_map(|pack| &pack.chunks).map(|chunk| chunk.digest).collect();
    let needed = std::mem::take(&mut uses.needed);
    let cap = registry.config.limits.recipe_size;
    let (chunks, moved) = registry
        .blocking(move |store| {
            let (mut chunks, mut moved) = (candidates, BTreeSet::new());
            for recipe in needed {
                for chunk in recipe_chunks(store, recipe, cap)?.unwrap_or_default() {
                    chunks.remove(&chunk);
                    if lying.contains(&chunk) {
                        moved.insert(recipe);
                    }
                }
            }
            Ok::<_, ApiError>((chunks, moved))
        })
        .await?;
    // A pack whose candidates all stay, and that has no other bytes, does not change.
    let packs = packs
        .into_iter()
        .filter(|pack| {
            pack.has_holes || pack.chunks.iter().any(|chunk| chunks.contains(&chunk.digest))
        })
        .map(|pack| ChangedPack { row: pack.row, digest: pack.digest, chunks: pack.chunks })
        .collect();
    let Uses { doomed: recipes, kept, metas, .. } = uses;
    Ok(Scan { last_release, recipes, kept, metas, chunks, packs, moved })
}

/// Who uses what.
#[derive(Debug, Default)]
struct Uses {
    doomed: BTreeMap<Blake3, PlannedFile>,
    kept: BTreeMap<Blake3, PlannedFile>,
    needed: HashSet<Blake3>,
    metas: BTreeSet<Sha256>,
    needed_metas: HashSet<Sha256>,
}

impl Uses {
    fn take(&mut self, release: &Release, is_down: bool, files: &HashSet<Sha256>) {
        let id: ReleaseId = release.id();
        let mut meta_goes = is_down;
        for file in &release.files {
            let goes = is_down || files.contains(&file.sha256);
            match (file.class, file.recipe) {
                (FileClass::Data, Some(recipe)) if goes => {
                    self.doomed.entry(recipe).or_insert_with(|| PlannedFile {
                        release: id.to_string(),
                        path: file.path.to_string(),
                        size: file.size,
                        sha256: file.sha256,
                    });
                }
                (FileClass::Data, Some(recipe)) => {
                    self.needed.insert(recipe);
                }
                // A file of the meta archive cannot go without the archive.
                _ => meta_goes |= goes,
            }
        }
        if meta_goes {
            self.metas.insert(release.meta.sha256);
        } else {
            self.needed_metas.insert(release.meta.sha256);
        }
    }

    /// What somebody needs stays.
    fn settle(&mut self) {
        let (doomed, kept) = std::mem::take(&mut self.doomed)
            .into_iter()
            .partition(|(recipe, _)| !self.needed.contains(recipe));
        (self.doomed, self.kept) = (doomed, kept);
        self.metas.retain(|meta| !self.needed_metas.contains(meta));
    }
}

fn chunks_of<'r>(
    store: &dyn ObjectStore,
    recipes: impl Iterator<Item = &'r Blake3>,
    cap: u64,
) -> Result<HashSet<Blake3>, ApiError> {
    let mut chunks = HashSet::new();
    for recipe in recipes {
        chunks.extend(recipe_chunks(store, *recipe, cap)?.unwrap_or_default());
    }
    Ok(chunks)
}

/// The chunks of a recipe; `None` for one that went with an earlier takedown.
fn recipe_chunks(
    store: &dyn ObjectStore,
    recipe: Blake3,
    cap: u64,
) -> Result<Option<Vec<Blake3>>, ApiError> {
    let bytes = match read_all(store, &ObjectKey::Recipe(recipe), cap) {
        Err(StoreError::Missing { .. }) => return Ok(None),
        read => read?,
    };
    let recipe = Recipe::from_bytes(&bytes).map_err(ApiError::internal)?;
    Ok(Some(recipe.chunks().iter().map(|chunk| chunk.digest).collect()))
}

/// A pack that may change.
struct Candidate {
    row: i64,
    digest: Blake3,
    chunks: Vec<PackedChunk>,
    has_holes: bool,
}

async fn packs(
    registry: &Registry,
    candidates: &HashSet<Blake3>,
) -> Result<Vec<Candidate>, ApiError> {
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let mut db = registry.db.read().await?;
    let mut packs = Vec::new();
    for (row, digest) in takedowns::packs_with(&mut db, candidates).await? {
        let chunks = takedowns::chunks_of(&mut db, row).await?;
        let has_holes = takedowns::has_holes(&mut db, row).await?;
        packs.push(Candidate { row, digest, chunks, has_holes });
    }
    Ok(packs)
}
