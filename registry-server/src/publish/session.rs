//! An open session: finding it, and saying what it still lacks.

use tare_format::api;
use tare_format::problem::Code;
use tare_format::scope::Action;
use tare_format::{Blake3, PackageName};
use tare_store::ObjectKey;

use crate::auth::{Principal, Resource, authorize};
use crate::db::sessions::{self, SessionRelease, SessionRow};
use crate::db::{self, Connection, chunks, names, releases};
use crate::error::ApiError;
use crate::projection;
use crate::registry::Registry;

/// A session that its publisher has asked for.
#[derive(Debug)]
pub(crate) struct Session {
    pub row: SessionRow,
    pub releases: Vec<SessionRelease>,
}

impl Session {
    /// Finds a session of `principal`, and checks that the token covers every package of it: a session is no way
    /// around a scope.
    ///
    /// # Errors
    /// `not-found` for a session of somebody else as for none; `session-expired`; what [`authorize`] says.
    pub(crate) async fn find(
        registry: &Registry,
        principal: &Principal,
        id: &str,
    ) -> Result<Self, ApiError> {
        let mut db = registry.db.read().await?;
        let row = sessions::find(&mut db, id).await?.filter(|row| row.user == principal.user);
        let row = row.ok_or_else(|| ApiError::not_found("there is no such publish session"))?;
        if row.state == "dead" || row.expires <= db::seconds(registry.clock.now()) {
            return Err(ApiError::new(Code::SessionExpired, "the publish session has ended")
                .help("publish again: what the registry already has is not sent twice"));
        }
        let releases = sessions::releases(&mut db, id).await?;
        for release in &releases {
            authorize_publish(&mut db, principal, &release.package).await?;
        }
        Ok(Self { row, releases })
    }

    /// Insists that the session still takes bytes.
    pub(crate) fn require_open(&self) -> Result<(), ApiError> {
        if self.row.state == "open" {
            return Ok(());
        }
        Err(ApiError::new(
            Code::SessionState,
            "the publish session is committed and takes nothing more",
        ))
    }
}

/// Whether `principal` may publish `package` now.
pub(crate) async fn authorize_publish(
    db: &mut Connection,
    principal: &Principal,
    package: &PackageName,
) -> Result<(), ApiError> {
    let owners = names::owners(db, &tare_format::name::fold(package.namespace())).await?;
    let owners: Vec<i64> = owners.into_iter().map(|(id, _)| id).collect();
    let resource = Resource::Package { name: package, owners: &owners };
    authorize(principal, Action::Publish, &resource)
}

/// What the session holds and lacks.
///
/// # Errors
/// When the database or the store fails.
pub(crate) async fn describe(
    registry: &Registry,
    session: &Session,
) -> Result<api::Session, ApiError> {
    let mut described = Vec::with_capacity(session.releases.len());
    for release in &session.releases {
        described.push(describe_release(registry, &session.row.id, release).await?);
    }
    Ok(api::Session {
        id: session.row.id.clone(),
        expires: db::timestamp(session.row.expires)?,
        releases: described,
    })
}

async fn describe_release(
    registry: &Registry,
    session: &str,
    release: &SessionRelease,
) -> Result<api::SessionRelease, ApiError> {
    let mut db = registry.db.read().await?;
    let there = releases::find(&mut db, &release.package.key(), &release.version).await?;
    let published = there.is_some_and(|row| row.digest == release.digest.as_bytes());
    let (mut missing_meta, mut missing_recipes) = (None, Vec::new());
    if !published {
        if !releases::has_meta(&mut db, release.meta).await?
            && !has(registry, &mut db, session, ObjectKey::Meta(release.meta)).await?
        {
            missing_meta = Some(release.meta);
        }
        for recipe in sessions::recipes(&mut db, session, release.position).await? {
            if !has_recipe(registry, &mut db, session, recipe).await? {
                missing_recipes.push(recipe);
            }
        }
    }
    Ok(api::SessionRelease {
        package: release.package.clone(),
        version: release.version.clone(),
        release: release.digest,
        published,
        missing_meta,
        missing_recipes,
        signed: published || release.signature.is_some(),
    })
}

/// Whether the session brought an object. It is noted before it is put, so the store is asked too.
async fn has(
    registry: &Registry,
    db: &mut Connection,
    session: &str,
    key: ObjectKey,
) -> Result<bool, ApiError> {
    Ok(sessions::has_object(db, session, &key).await?
        && registry.blocking(move |store| store.size(&key)).await?.is_some())
}

/// Whether a recipe is there: published, or brought by this session.
pub(crate) async fn has_recipe(
    registry: &Registry,
    db: &mut Connection,
    session: &str,
    recipe: Blake3,
) -> Result<bool, ApiError> {
    Ok(chunks::has_recipe(db, recipe).await?
        || has(registry, db, session, ObjectKey::Recipe(recipe)).await?)
}

/// One bit for each chunk of a recipe, lowest first, set when the chunk is missing.
///
/// # Errors
/// `not-found` when no release of the session names the recipe; `incomplete` when it was not uploaded.
pub(crate) async fn missing_chunks(
    registry: &Registry,
    session: &Session,
    recipe: Blake3,
) -> Result<Vec<u8>, ApiError> {
    let mut db = registry.db.read().await?;
    let id = &session.row.id;
    if !sessions::names_recipe(&mut db, id, recipe).await? {
        return Err(ApiError::not_found(format!(
            "no release of the session names the recipe {recipe}"
        )));
    }
    if !has_recipe(registry, &mut db, id, recipe).await? {
        return Err(ApiError::new(
            Code::Incomplete,
            format!("the recipe {recipe} was not uploaded"),
        ));
    }
    let recipe = projection::read_recipe(registry, recipe).await?;
    let there = chunks::locate(&mut db, &recipe, Some(id)).await?;
    let mut bits = vec![0_u8; recipe.chunks().len().div_ceil(8)];
    for (index, chunk) in recipe.chunks().iter().enumerate() {
        let byte = bits.get_mut(index / 8).filter(|_| !there.contains_key(&chunk.digest));
        if let Some(byte) = byte {
            *byte |= 1 << (index % 8);
        }
    }
    Ok(bits)
}
