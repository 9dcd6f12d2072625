//! The public files that are made from the database: `registry.json`, package pages, locations.
//!
//! They are written after the transaction that changed their rows, so nothing public is ever ahead of the log. A page
//! comes last, because it is what makes a release visible. What a crash left unwritten is in the table `stale`, and is
//! written when the registry opens again.

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use tare_format::location::{Location, Place};
use tare_format::pack::Codec;
use tare_format::recipe::Recipe;
use tare_format::registry::{REGISTRY_FORMAT, Registry as RegistryDocument};
use tare_format::{Blake3, PackageName};
use tare_store::ObjectKey;
use tare_store::backend::read_all;

use crate::db::chunks::{self, ChunkPlace};
use crate::db::events::Stale;
use crate::db::{Connection, events, names};
use crate::error::ApiError;
use crate::registry::Registry;

/// How many files are written at once: each waits for the disk, and the disk does many such waits together.
const AT_A_TIME: usize = 32;

/// How many files are written before one transaction says so.
const BATCH: usize = 1024;

/// Writes `registry.json` when it is missing or says something else.
///
/// # Errors
/// When the store fails.
pub(crate) async fn write_registry(registry: &Registry) -> Result<(), ApiError> {
    let bytes = registry_bytes(registry)?;
    let cap = registry.config.limits.json_size;
    registry
        .blocking(move |store| {
            let key = ObjectKey::Registry;
            let there = store.size(&key)?.is_some();
            if there && read_all(store, &key, cap)? == bytes {
                return Ok(());
            }
            store.replace(&key, &bytes)
        })
        .await
}

/// What `registry.json` has to be.
pub(crate) fn registry_bytes(registry: &Registry) -> Result<Vec<u8>, ApiError> {
    let document = RegistryDocument {
        format: REGISTRY_FORMAT.to_owned(),
        id: registry.id.clone(),
        api: Some("api/v1".to_owned()),
        codecs: registry
            .config
            .codecs
            .iter()
            .map(|codec: &Codec| codec.name().to_owned())
            .collect(),
        limits: registry.config.limits.clone(),
    };
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(ApiError::internal)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Writes every public file that is stale: locations first, pages last.
///
/// # Errors
/// At the first file that fails. It stays stale, and the next call tries again.
pub(crate) async fn catch_up(registry: &Registry) -> Result<(), ApiError> {
    let _only = registry.projecting.lock().await;
    let stale = {
        let mut db = registry.db.read().await?;
        events::stale(&mut db).await?
    };
    let (pages, rest): (Vec<_>, Vec<_>) =
        stale.into_iter().partition(|entry| matches!(entry.key, ObjectKey::Package(_)));
    for batch in rest.chunks(BATCH).chain(pages.chunks(BATCH)) {
        let one = async |entry: &Stale| write(registry, &entry.key).await;
        stream::iter(batch).map(one).buffer_unordered(AT_A_TIME).try_collect::<()>().await?;
        let mut tx = registry.db.begin().await?;
        for entry in batch {
            events::clear_stale(&mut tx, entry).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

async fn write(registry: &Registry, key: &ObjectKey) -> Result<(), ApiError> {
    let Some(bytes) = expected(registry, key).await? else { return Ok(()) };
    let key = key.clone();
    registry.blocking(move |store| store.replace(&key, &bytes)).await
}

/// The bytes that a public file made from the database has to have. `None` for files that are not made from it.
///
/// # Errors
/// When the rows, or the recipe of a location, cannot be read.
pub(crate) async fn expected(
    registry: &Registry,
    key: &ObjectKey,
) -> Result<Option<Vec<u8>>, ApiError> {
    match key {
        ObjectKey::Registry => registry_bytes(registry).map(Some),
        ObjectKey::Package(name) => {
            let mut db = registry.db.read().await?;
            page(&mut db, name).await.map(Some)
        }
        ObjectKey::Location(recipe) => location_bytes(registry, *recipe).await.map(Some),
        _ => Ok(None),
    }
}

/// A package's event lines, each with its line feed.
async fn page(db: &mut Connection, name: &PackageName) -> Result<Vec<u8>, ApiError> {
    let Some(row) = names::package(db, &name.key()).await? else {
        return Err(ApiError::internal(format!("the package `{name}` has no row")));
    };
    let mut page = String::new();
    for line in events::of_package(db, row.id).await? {
        page.push_str(&line);
        page.push('\n');
    }
    Ok(page.into_bytes())
}

async fn location_bytes(registry: &Registry, digest: Blake3) -> Result<Vec<u8>, ApiError> {
    let recipe = read_recipe(registry, digest).await?;
    let mut db = registry.db.read().await?;
    let places = chunks::locate(&mut db, &recipe, None).await?;
    Ok(location(&recipe, &places)?.to_bytes())
}

/// Reads a recipe from the store and checks its name.
///
/// # Errors
/// When it is not there, or not itself.
pub(crate) async fn read_recipe(registry: &Registry, digest: Blake3) -> Result<Recipe, ApiError> {
    let cap = registry.config.limits.recipe_size;
    let bytes =
        registry.blocking(move |store| read_all(store, &ObjectKey::Recipe(digest), cap)).await?;
    if Blake3::of(&bytes) != digest {
        return Err(ApiError::internal(format!(
            "the recipe {digest} in the store has other bytes"
        )));
    }
    Recipe::from_bytes(&bytes).map_err(ApiError::internal)
}

/// The location of a recipe whose chunks all have a place.
///
/// # Errors
/// When one has none, or a place says that the chunk has another length.
pub(crate) fn location(
    recipe: &Recipe,
    found: &HashMap<Blake3, ChunkPlace>,
) -> Result<Location, ApiError> {
    let mut packs: Vec<Blake3> = Vec::new();
    let mut numbers: HashMap<Blake3, u32> = HashMap::new();
    let mut places = Vec::with_capacity(recipe.chunks().len());
    for chunk in recipe.chunks() {
        let place = found.get(&chunk.digest).filter(|place| place.raw_length == chunk.length);
        let place = place.ok_or_else(|| {
            ApiError::internal(format!("the chunk {} of a recipe has no place", chunk.digest))
        })?;
        let next = u32::try_from(packs.len()).map_err(ApiError::internal)?;
        let pack = *numbers.entry(place.pack).or_insert_with(|| {
            packs.push(place.pack);
            next
        });
        places.push(Place {
            pack,
            offset: place.offset,
            stored_length: place.stored_length,
            codec: place.codec,
        });
    }
    Location::new(packs, places).map_err(ApiError::internal)
}
