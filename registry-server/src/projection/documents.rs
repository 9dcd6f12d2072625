//! The public documents beside the log: `registry.json`, and where the chunks of recipes lie.

use std::collections::HashMap;

use tare_format::Blake3;
use tare_format::location::{Location, Place};
use tare_format::pack::Codec;
use tare_format::recipe::Recipe;
use tare_format::registry::{REGISTRY_FORMAT, Registry as RegistryDocument};
use tare_store::backend::read_all;
use tare_store::{ObjectKey, StoreError};

use crate::db::chunks::{self, ChunkPlace};
use crate::db::{Connection, state};
use crate::error::ApiError;
use crate::registry::Registry;

/// Writes `registry.json` when it is missing or says something else.
///
/// # Errors
/// When the store fails.
pub(crate) async fn write_registry(registry: &Registry) -> Result<(), ApiError> {
    let bytes = registry_bytes(registry).await?;
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

/// What `registry.json` has to be. Which mirrors it names is up to who starts the server; everybody else leaves those that
/// are there.
///
/// # Errors
/// When the store fails.
pub(crate) async fn registry_bytes(registry: &Registry) -> Result<Vec<u8>, ApiError> {
    let mirrors = match &registry.config.mirrors {
        Some(mirrors) => mirrors.clone(),
        None => written_mirrors(registry).await?,
    };
    let document = RegistryDocument {
        format: REGISTRY_FORMAT.to_owned(),
        id: registry.id.clone(),
        api: Some("api/v1".to_owned()),
        mirrors,
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

/// The mirrors that `registry.json` names; none when it is missing or damaged.
async fn written_mirrors(registry: &Registry) -> Result<Vec<String>, ApiError> {
    let cap = registry.config.limits.json_size;
    registry
        .blocking(move |store| {
            let key = ObjectKey::Registry;
            if store.size(&key)?.is_none() {
                return Ok::<_, StoreError>(Vec::new());
            }
            let bytes = read_all(store, &key, cap)?;
            let written = serde_json::from_slice::<RegistryDocument>(&bytes);
            Ok(written.map(|written| written.mirrors).unwrap_or_default())
        })
        .await
}

/// Every page and every location that there has to be, pages last.
///
/// # Errors
/// When the database fails.
pub(crate) async fn all(db: &mut Connection) -> Result<Vec<ObjectKey>, ApiError> {
    let mut keys: Vec<ObjectKey> =
        chunks::recipes(db).await?.into_iter().map(ObjectKey::Location).collect();
    for path in state::paths(db).await? {
        keys.push(path.parse().map_err(ApiError::internal)?);
    }
    Ok(keys)
}

/// The bytes of a location.
///
/// # Errors
/// When the recipe cannot be read, or a chunk of it has no place.
pub(super) async fn location_bytes(
    registry: &Registry,
    db: &mut Connection,
    digest: Blake3,
) -> Result<Vec<u8>, ApiError> {
    let recipe = read_recipe(registry, digest).await?;
    let places = chunks::locate(db, &recipe, None).await?;
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
