//! Taking a takedown back. The bytes come from a copy of the public files: a backup, or a mirror that has kept them.
//!
//! Nothing of the copy is trusted: a file is taken when its chunks are the recipe's and together have the SHA-256 of the release
//! document. Bytes come first, then the event.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::Digest as _;
use tare_format::event::{BY_REGISTRY, Event, EventBody, Takedown};
use tare_format::location::Location;
use tare_format::pack::StoredChunk;
use tare_format::problem::Code;
use tare_format::recipe::Recipe;
use tare_format::release::{FileClass, Release};
use tare_format::{Blake3, ReleaseId, Sha256};
use tare_store::backend::read_all;
use tare_store::codec::{Decoder, Encoded};
use tare_store::pack::PackWriter;
use tare_store::{Content, ObjectKey, ObjectStore};

use super::find;
use super::plan::Targets;
use crate::db::takedowns;
use crate::db::{chunks, events, stale};
use crate::error::ApiError;
use crate::registry::Registry;
use crate::standing::settle_newest;

/// A file that is to come back.
struct Wanted {
    name: String,
    recipe: Blake3,
    sha256: Sha256,
}

/// What is to come back. Of the meta archives some may be there, because another release has them.
#[derive(Default)]
struct Missing {
    files: Vec<Wanted>,
    metas: Vec<(ObjectKey, String)>,
}

/// What taking a takedown back would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RestorePlan {
    /// The releases that the takedown names.
    pub releases: Vec<ReleaseId>,
    /// The files that would come from the copy, in words.
    pub files: Vec<String>,
    /// The meta archives that would be there again, in words.
    pub meta_archives: Vec<String>,
}

/// What came back.
#[derive(Default)]
struct Returned {
    files: Vec<ReturnedFile>,
    metas: Vec<ObjectKey>,
}

impl Returned {
    /// The objects that are not gone any more, besides packs.
    fn objects(&self) -> Vec<ObjectKey> {
        let recipes = self.files.iter().map(|file| file.wanted.recipe);
        let of_recipe = |recipe| [ObjectKey::Recipe(recipe), ObjectKey::Location(recipe)];
        recipes.flat_map(of_recipe).chain(self.metas.iter().cloned()).collect()
    }
}

/// A file that came back: its recipe, and the packs that were made of its chunks.
struct ReturnedFile {
    wanted: Wanted,
    recipe: Recipe,
    packs: Vec<(Blake3, Vec<StoredChunk>)>,
}

impl Registry {
    /// Takes a takedown back. What is missing of its releases is taken from `copy`, a folder with the public files of this
    /// registry. Gives the number of the event.
    ///
    /// # Errors
    /// `not-found` when the event is no takedown; `state-conflict` when it was taken back; `incomplete` when a file is missing
    /// here and in the copy. Nothing has changed for readers then.
    pub async fn restore(&self, takedown: u64, copy: Option<&Path>) -> Result<u64, ApiError> {
        let (payload, body) = self.takedown_in_force(takedown).await?;
        let others = {
            let mut db = self.db.read().await?;
            Targets::in_force_without(&mut db, Some(takedown)).await?
        };
        let returned = self.bring_back(&body, &others, copy).await?;
        let mut batch = self.batch(BY_REGISTRY).await?;
        let found = find(batch.db(), &body.releases).await?;
        let restore = EventBody::Restore { takedown, payload, releases: body.releases };
        let event = batch.append(restore).await?;
        takedowns::set_restored(batch.db(), takedown, event, &returned.objects()).await?;
        for file in &returned.files {
            let db = batch.db();
            for (pack, index) in &file.packs {
                chunks::publish_pack(db, *pack, index).await?;
            }
            let (recipe, count) = (file.wanted.recipe, file.recipe.chunks().len() as u64);
            chunks::insert_recipe(db, recipe, file.recipe.size(), count).await?;
            chunks::set_verified(db, recipe, file.wanted.sha256).await?;
            stale::mark(db, &ObjectKey::Location(recipe)).await?;
        }
        for row in &found {
            settle_newest(batch.db(), row.package).await?;
        }
        batch.commit().await?;
        Ok(event)
    }

    /// What a restoration would bring back. Nothing changes.
    ///
    /// # Errors
    /// As [`Registry::restore`], besides what only reading the copy's bytes can tell.
    pub async fn plan_restore(
        &self,
        takedown: u64,
        copy: Option<&Path>,
    ) -> Result<RestorePlan, ApiError> {
        let (_, body) = self.takedown_in_force(takedown).await?;
        let others = {
            let mut db = self.db.read().await?;
            Targets::in_force_without(&mut db, Some(takedown)).await?
        };
        let missing = self.missing(&body, &others).await?;
        for wanted in &missing.files {
            open(copy, &ObjectKey::Recipe(wanted.recipe), &wanted.name)?;
        }
        let files = missing.files.into_iter().map(|wanted| wanted.name).collect();
        let meta_archives = missing.metas.into_iter().map(|(_, what)| what).collect();
        Ok(RestorePlan { releases: body.releases, files, meta_archives })
    }

    async fn takedown_in_force(&self, index: u64) -> Result<(Sha256, Takedown), ApiError> {
        let mut db = self.db.read().await?;
        let absent = || ApiError::not_found(format!("event {index} is no takedown"));
        match takedowns::is_in_force(&mut db, index).await? {
            Some(true) => {}
            Some(false) => {
                let detail = format!("the takedown {index} was taken back already");
                return Err(ApiError::new(Code::StateConflict, detail));
            }
            None => return Err(absent()),
        }
        let row = events::find(&mut db, index).await?.ok_or_else(absent)?;
        let line = row.line.ok_or_else(|| {
            let detail = format!("the takedown {index} is redacted, so it cannot be taken back");
            ApiError::new(Code::StateConflict, detail)
        })?;
        match Event::from_line(&line).map_err(ApiError::internal)?.map(|event| event.body) {
            Some(EventBody::Takedown(takedown)) => Ok((row.payload, *takedown)),
            _ => Err(absent()),
        }
    }

    /// The release documents that a takedown is about, with their rows: those that it names, or all when it names files.
    async fn documents(&self, takedown: &Takedown) -> Result<Vec<(i64, Release)>, ApiError> {
        let rows = {
            let mut db = self.db.read().await?;
            let mut rows = takedowns::all_releases(&mut db, 0).await?;
            if takedown.files.is_empty() {
                let found = find(&mut db, &takedown.releases).await?;
                rows.retain(|(row, _)| found.iter().any(|found| found.release == *row));
            }
            rows
        };
        let cap = self.config.limits.release_size;
        self.blocking(move |store| {
            let read = |(row, digest)| {
                let bytes = read_all(store, &ObjectKey::Release(digest), cap)?;
                Ok((row, Release::from_bytes(&bytes).map_err(ApiError::internal)?))
            };
            rows.into_iter().map(read).collect::<Result<Vec<_>, ApiError>>()
        })
        .await
    }

    /// Puts everything of the takedown into the store that is not there, unless another takedown wants it gone.
    async fn bring_back(
        &self,
        takedown: &Takedown,
        others: &Targets,
        copy: Option<&Path>,
    ) -> Result<Returned, ApiError> {
        let Missing { files, metas } = self.missing(takedown, others).await?;
        let mut returned = Returned::default();
        for wanted in files {
            returned.files.push(self.bring_file(wanted, copy.map(Path::to_owned)).await?);
        }
        for (key, what) in metas {
            self.bring_object(key.clone(), what, copy.map(Path::to_owned)).await?;
            returned.metas.push(key);
        }
        Ok(returned)
    }

    /// What of a takedown is to be there when only `others` are in force: files that are not, and meta archives.
    async fn missing(&self, takedown: &Takedown, others: &Targets) -> Result<Missing, ApiError> {
        let (mut missing, mut seen) = (Missing::default(), HashSet::new());
        for (row, release) in self.documents(takedown).await? {
            let id = release.id();
            let is_named = takedown.releases.contains(&id);
            let mut meta_comes = is_named && !others.cover_release(row);
            for file in &release.files {
                let is_about = is_named || takedown.files.contains(&file.sha256);
                if !is_about || others.cover(row, file.sha256) {
                    continue;
                }
                let Some(recipe) = file.recipe.filter(|_| file.class == FileClass::Data) else {
                    meta_comes = true;
                    continue;
                };
                if seen.insert(recipe) && !self.has_recipe(recipe).await? {
                    let name = format!("`{}` of `{id}`", file.path);
                    missing.files.push(Wanted { name, recipe, sha256: file.sha256 });
                }
            }
            if meta_comes {
                let what = format!("the meta archive of `{id}`");
                missing.metas.push((ObjectKey::Meta(release.meta.sha256), what));
            }
        }
        Ok(missing)
    }

    async fn has_recipe(&self, recipe: Blake3) -> Result<bool, ApiError> {
        let mut db = self.db.read().await?;
        Ok(chunks::has_recipe(&mut db, recipe).await?)
    }

    async fn bring_object(
        &self,
        key: ObjectKey,
        what: String,
        copy: Option<PathBuf>,
    ) -> Result<(), ApiError> {
        let cap = self.config.limits.meta_packed_size;
        self.blocking(move |store| {
            if store.size(&key)?.is_some() {
                return Ok(());
            }
            let bytes = read_copy(copy.as_deref(), &key, &what, cap)?;
            if !key.path().ends_with(&Sha256::of(&bytes).hex()) {
                return Err(wrong(&what, "has other bytes than its name says"));
            }
            store.put(&key, Content::Bytes(&bytes))?;
            Ok(())
        })
        .await
    }

    async fn bring_file(
        &self,
        wanted: Wanted,
        copy: Option<PathBuf>,
    ) -> Result<ReturnedFile, ApiError> {
        let cap = self.config.limits.recipe_size;
        self.blocking(move |store| {
            let name = wanted.name.clone();
            let key = ObjectKey::Recipe(wanted.recipe);
            let bytes = read_copy(copy.as_deref(), &key, &name, cap)?;
            if Blake3::of(&bytes) != wanted.recipe {
                return Err(wrong(&name, "has a recipe with other bytes than its name says"));
            }
            let recipe = Recipe::from_bytes(&bytes).map_err(ApiError::internal)?;
            let location = ObjectKey::Location(wanted.recipe);
            let place = read_copy(copy.as_deref(), &location, &name, cap)?;
            let place = Location::from_bytes(&place)
                .map_err(|error| wrong(&name, &format!("has a bad location: {error}")))?;
            let packs = repack(store, copy.as_deref(), &wanted, &recipe, &place)?;
            store.put(&key, Content::Bytes(&bytes))?;
            Ok(ReturnedFile { wanted, recipe, packs })
        })
        .await
    }
}

/// Reads the chunks of a file from the copy and puts them into packs of their own, so that nothing else of the copy comes along.
fn repack(
    store: &dyn ObjectStore,
    copy: Option<&Path>,
    wanted: &Wanted,
    recipe: &Recipe,
    location: &Location,
) -> Result<Vec<(Blake3, Vec<StoredChunk>)>, ApiError> {
    if location.places().len() != recipe.chunks().len() {
        return Err(wrong(&wanted.name, "has a location that does not fit its recipe"));
    }
    let mut decoder = Decoder::new()?;
    let (mut hasher, mut seen) = (sha2::Sha256::new(), HashSet::new());
    let (mut packs, mut writer) = (Vec::new(), PackWriter::new(Vec::new()));
    for (chunk, place) in recipe.chunks().iter().zip(location.places()) {
        let pack = location.packs().get(place.pack as usize).copied();
        let pack = pack.ok_or_else(|| wrong(&wanted.name, "has a chunk in no pack"))?;
        let bytes = read_range(copy, pack, place.offset, place.stored_length, &wanted.name)?;
        let stored = StoredChunk {
            digest: chunk.digest,
            raw_length: chunk.length,
            stored_length: place.stored_length,
            codec: place.codec,
        };
        let raw = decoder
            .decode_verified(&stored, &bytes)
            .map_err(|error| wrong(&wanted.name, &format!("has a bad chunk: {error}")))?;
        hasher.update(raw);
        if !seen.insert(chunk.digest) {
            continue;
        }
        if !writer.has_room_for(bytes.len()) {
            let full = std::mem::replace(&mut writer, PackWriter::new(Vec::new()));
            packs.push(put_pack(store, full)?);
        }
        let encoded = Encoded { codec: place.codec, bytes: &bytes };
        writer.push(*chunk, encoded).map_err(ApiError::internal)?;
    }
    if !writer.is_empty() {
        packs.push(put_pack(store, writer)?);
    }
    if Sha256::from_bytes(hasher.finalize().into()) != wanted.sha256 {
        return Err(wrong(&wanted.name, "has chunks that make another file"));
    }
    Ok(packs)
}

fn put_pack(
    store: &dyn ObjectStore,
    writer: PackWriter<Vec<u8>>,
) -> Result<(Blake3, Vec<StoredChunk>), ApiError> {
    let pack = writer.finish().map_err(ApiError::internal)?;
    store.put(&ObjectKey::Pack(pack.digest), Content::Bytes(&pack.writer))?;
    Ok((pack.digest, pack.index.chunks().to_vec()))
}

/// Reads a small object of the copy.
fn read_copy(
    copy: Option<&Path>,
    key: &ObjectKey,
    what: &str,
    cap: u64,
) -> Result<Vec<u8>, ApiError> {
    let file = open(copy, key, what)?;
    let mut bytes = Vec::new();
    file.take(cap.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > cap {
        return Err(wrong(what, "is too large in the copy"));
    }
    Ok(bytes)
}

/// Reads the stored bytes of one chunk of the copy.
fn read_range(
    copy: Option<&Path>,
    pack: Blake3,
    offset: u64,
    length: u32,
    what: &str,
) -> Result<Vec<u8>, ApiError> {
    let mut file = open(copy, &ObjectKey::Pack(pack), what)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(u64::from(length)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn open(copy: Option<&Path>, key: &ObjectKey, what: &str) -> Result<File, ApiError> {
    let missing = |why: String| {
        ApiError::new(Code::Incomplete, format!("{what} is not here any more, {why}"))
            .help("give a folder with the public files that has it, with `--from`")
    };
    let Some(copy) = copy else { return Err(missing("and no copy was given".to_owned())) };
    let path = copy.join(key.path());
    File::open(&path).map_err(|error| missing(format!("and `{}`: {error}", path.display())))
}

fn wrong(what: &str, why: &str) -> ApiError {
    ApiError::new(Code::DigestMismatch, format!("{what} {why}, so the copy is not taken"))
}
