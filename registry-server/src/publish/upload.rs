//! What a session takes besides packs: meta archives, recipes, signatures, and the keys that made them.

use bytes::Bytes;
use tare_format::problem::Code;
use tare_format::recipe::Recipe;
use tare_format::{Blake3, Sha256};
use tare_sign::{Bundle, PublicKey};
use tare_store::{Content, ObjectKey};

use super::session::Session;
use crate::db::{seconds, sessions};
use crate::error::{ApiError, chain};
use crate::registry::Registry;

/// Takes a meta archive that a release of the session names.
///
/// # Errors
/// `not-found` when none does; `digest-mismatch`.
pub(crate) async fn meta(
    registry: &Registry,
    session: &Session,
    digest: Sha256,
    bytes: Bytes,
) -> Result<(), ApiError> {
    if !session.releases.iter().any(|release| release.meta == digest) {
        return Err(not_named("meta archive", digest));
    }
    check_digest("meta archive", digest, Sha256::of(&bytes))?;
    keep(registry, session, ObjectKey::Meta(digest), bytes).await
}

/// Takes a recipe that a release of the session names.
///
/// # Errors
/// `not-found` when none does; `digest-mismatch`; `invalid-document`.
pub(crate) async fn recipe(
    registry: &Registry,
    session: &Session,
    digest: Blake3,
    bytes: Bytes,
) -> Result<(), ApiError> {
    let mut db = registry.db.read().await?;
    if !sessions::names_recipe(&mut db, &session.row.id, digest).await? {
        return Err(not_named("recipe", digest));
    }
    drop(db);
    check_digest("recipe", digest, Blake3::of(&bytes))?;
    Recipe::from_bytes(&bytes)
        .map_err(|error| ApiError::invalid(format!("the recipe {digest} is refused: {error}")))?;
    keep(registry, session, ObjectKey::Recipe(digest), bytes).await
}

/// Takes the signature bundle of a release of the session. A later one takes its place.
///
/// # Errors
/// `not-found` when the session has no such release; `invalid-document` when it is no bundle.
pub(crate) async fn signature(
    registry: &Registry,
    session: &Session,
    release: Sha256,
    bytes: Bytes,
) -> Result<(), ApiError> {
    if !session.releases.iter().any(|entry| entry.digest == release) {
        return Err(not_named("release", release));
    }
    Bundle::parse(&bytes).map_err(|error| {
        ApiError::invalid(format!("the signature of {release} is refused: {}", chain(&error)))
    })?;
    let bundle = Sha256::of(&bytes);
    keep(registry, session, ObjectKey::Signature(bundle), bytes).await?;
    let mut tx = registry.db.begin().await?;
    sessions::set_signature(&mut tx, &session.row.id, release, bundle).await?;
    Ok(tx.commit().await?)
}

/// Takes a key as PEM. It becomes a signer of the packages of the session that have none yet and that it signed.
///
/// # Errors
/// `invalid-document` when it is no key that can sign; `digest-mismatch` when it has another id.
pub(crate) async fn signer(
    registry: &Registry,
    session: &Session,
    id: Sha256,
    pem: &[u8],
) -> Result<(), ApiError> {
    let refused = |reason: String| ApiError::invalid(format!("the key {id} is refused: {reason}"));
    let text = std::str::from_utf8(pem).map_err(|_| refused("it is not text".to_owned()))?;
    let key = PublicKey::from_pem(text).map_err(|error| refused(chain(&error)))?;
    check_digest("key", id, key.id().digest())?;
    let mut tx = registry.db.begin().await?;
    sessions::insert_signer(&mut tx, &session.row.id, &key.to_signer_key()).await?;
    touch(registry, &mut tx, session).await?;
    Ok(tx.commit().await?)
}

/// Notes an object, then puts it into the store. In this order a crash leaves a note without an object, which is
/// harmless, and never an object that nobody would collect.
async fn keep(
    registry: &Registry,
    session: &Session,
    key: ObjectKey,
    bytes: Bytes,
) -> Result<(), ApiError> {
    let _guard = registry.collecting.read().await;
    note(registry, session, &key).await?;
    registry.blocking(move |store| store.put(&key, Content::Bytes(&bytes))).await?;
    Ok(())
}

/// Notes that the session is about to put an object.
pub(crate) async fn note(
    registry: &Registry,
    session: &Session,
    key: &ObjectKey,
) -> Result<(), ApiError> {
    let mut tx = registry.db.begin().await?;
    sessions::insert_object(&mut tx, &session.row.id, key).await?;
    touch(registry, &mut tx, session).await?;
    Ok(tx.commit().await?)
}

/// Moves the session's end on, unless it ended or was committed meanwhile.
pub(crate) async fn touch(
    registry: &Registry,
    db: &mut crate::db::Connection,
    session: &Session,
) -> Result<(), ApiError> {
    let now = sessions::find(db, &session.row.id).await?;
    if now.is_none_or(|row| row.state != "open") {
        return Err(ApiError::new(Code::SessionState, "the publish session takes nothing more"));
    }
    let lifetime = i64::try_from(registry.config.session_lifetime.as_secs()).unwrap_or(i64::MAX);
    let expires = seconds(registry.clock.now()).saturating_add(lifetime);
    Ok(sessions::update(db, &session.row.id, "open", expires).await?)
}

fn not_named(what: &str, digest: impl std::fmt::Display) -> ApiError {
    ApiError::not_found(format!("no release of the session names the {what} {digest}"))
}

fn check_digest<D: PartialEq + std::fmt::Display>(
    what: &str,
    expected: D,
    found: D,
) -> Result<(), ApiError> {
    if expected == found {
        return Ok(());
    }
    Err(ApiError::new(
        Code::DigestMismatch,
        format!("the {what} has the digest {found}, expected {expected}"),
    )
    .help("the bytes changed on the way or were made anew: send them again"))
}
