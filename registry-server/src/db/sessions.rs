//! Publish sessions: what they are to publish, and which objects they brought.

use semver::Version;
use sqlx::FromRow;
use tare_format::event::SignerKey;
use tare_format::{Blake3, PackageName, Sha256};
use tare_store::ObjectKey;

use super::{Connection, bytes32};
use crate::error::ApiError;

/// One session.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct SessionRow {
    /// 32 hex digits.
    pub id: String,
    /// Who opened it.
    pub user: i64,
    /// When it ends.
    pub expires: i64,
    /// `open`, `committed` or `dead`.
    pub state: String,
}

/// One release of a session.
#[derive(Debug, Clone)]
pub(crate) struct SessionRelease {
    pub position: i64,
    pub package: PackageName,
    pub version: Version,
    pub digest: Sha256,
    pub meta: Sha256,
    /// The bundle, once it is there.
    pub signature: Option<Sha256>,
}

pub(crate) async fn insert(
    db: &mut Connection,
    new: &SessionRow,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO session (id, user, created, expires, state) VALUES (?, ?, ?, ?, ?)")
        .bind(&new.id)
        .bind(new.user)
        .bind(now)
        .bind(new.expires)
        .bind(&new.state)
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn find(db: &mut Connection, id: &str) -> Result<Option<SessionRow>, sqlx::Error> {
    sqlx::query_as("SELECT id, user, expires, state FROM session WHERE id = ?")
        .bind(id)
        .fetch_optional(db)
        .await
}

pub(crate) async fn insert_release(
    db: &mut Connection,
    session: &str,
    release: &SessionRelease,
    recipes: &[Blake3],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO session_release (session, position, package, version, digest, meta) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(session)
    .bind(release.position)
    .bind(release.package.as_str())
    .bind(release.version.to_string())
    .bind(release.digest.as_bytes().as_slice())
    .bind(release.meta.as_bytes().as_slice())
    .execute(&mut *db)
    .await?;
    for recipe in recipes {
        sqlx::query(
            "INSERT INTO session_recipe (session, position, recipe) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(session)
        .bind(release.position)
        .bind(recipe.as_bytes().to_vec())
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// The releases of a session in the order in which they were given.
pub(crate) async fn releases(
    db: &mut Connection,
    session: &str,
) -> Result<Vec<SessionRelease>, ApiError> {
    #[derive(FromRow)]
    struct Row {
        position: i64,
        package: String,
        version: String,
        digest: Vec<u8>,
        meta: Vec<u8>,
        signature: Option<Vec<u8>>,
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT position, package, version, digest, meta, signature FROM session_release
         WHERE session = ? ORDER BY position",
    )
    .bind(session)
    .fetch_all(db)
    .await?;
    let read = |row: Row| {
        Ok(SessionRelease {
            position: row.position,
            package: row.package.parse().map_err(ApiError::internal)?,
            version: row.version.parse().map_err(ApiError::internal)?,
            digest: Sha256::from_bytes(bytes32(row.digest)?),
            meta: Sha256::from_bytes(bytes32(row.meta)?),
            signature: row.signature.map(bytes32).transpose()?.map(Sha256::from_bytes),
        })
    };
    rows.into_iter().map(read).collect()
}

/// The recipes that one release of a session names.
pub(crate) async fn recipes(
    db: &mut Connection,
    session: &str,
    position: i64,
) -> Result<Vec<Blake3>, ApiError> {
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT recipe FROM session_recipe WHERE session = ? AND position = ? ORDER BY recipe",
    )
    .bind(session)
    .bind(position)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|row| Ok(Blake3::from_bytes(bytes32(row)?))).collect()
}

/// Whether the session names the recipe.
pub(crate) async fn names_recipe(
    db: &mut Connection,
    session: &str,
    recipe: Blake3,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM session_recipe WHERE session = ? AND recipe = ?)",
    )
    .bind(session)
    .bind(recipe.as_bytes().to_vec())
    .fetch_one(db)
    .await
}

pub(crate) async fn set_signature(
    db: &mut Connection,
    session: &str,
    release: Sha256,
    bundle: Sha256,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE session_release SET signature = ? WHERE session = ? AND digest = ?")
        .bind(bundle.as_bytes().to_vec())
        .bind(session)
        .bind(release.as_bytes().to_vec())
        .execute(db)
        .await?;
    Ok(())
}

/// Keeps a key that the publisher offers for packages without a signer.
pub(crate) async fn insert_signer(
    db: &mut Connection,
    session: &str,
    key: &SignerKey,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO session_signer (session, id, pem) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(session)
    .bind(key.id.as_bytes().as_slice())
    .bind(&key.pem)
    .execute(db)
    .await?;
    Ok(())
}

/// The keys that the publisher offers, sorted by id.
pub(crate) async fn signers(
    db: &mut Connection,
    session: &str,
) -> Result<Vec<SignerKey>, ApiError> {
    let rows: Vec<(Vec<u8>, String)> =
        sqlx::query_as("SELECT id, pem FROM session_signer WHERE session = ? ORDER BY id")
            .bind(session)
            .fetch_all(db)
            .await?;
    let read = |(id, pem)| Ok(SignerKey { id: Sha256::from_bytes(bytes32(id)?), pem });
    rows.into_iter().map(read).collect()
}

/// Notes that the session puts an object into the store.
pub(crate) async fn insert_object(
    db: &mut Connection,
    session: &str,
    key: &ObjectKey,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO session_object (session, path) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(session)
        .bind(key.path())
        .execute(db)
        .await?;
    Ok(())
}

/// Whether the session put the object into the store.
pub(crate) async fn has_object(
    db: &mut Connection,
    session: &str,
    key: &ObjectKey,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM session_object WHERE session = ? AND path = ?)",
    )
    .bind(session)
    .bind(key.path())
    .fetch_one(db)
    .await
}

/// Moves the session's end, or its state.
pub(crate) async fn update(
    db: &mut Connection,
    id: &str,
    state: &str,
    expires: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE session SET state = ?, expires = ? WHERE id = ?")
        .bind(state)
        .bind(expires)
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// Marks as dead every session that is past its end. They take nothing any more.
pub(crate) async fn kill_expired(db: &mut Connection, now: i64) -> Result<u64, sqlx::Error> {
    let done =
        sqlx::query("UPDATE session SET state = 'dead' WHERE state <> 'dead' AND expires <= ?")
            .bind(now)
            .execute(db)
            .await?;
    Ok(done.rows_affected())
}

/// The dead sessions.
pub(crate) async fn dead(db: &mut Connection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT id FROM session WHERE state = 'dead' ORDER BY id")
        .fetch_all(db)
        .await
}

/// The objects of a session that no other session brought as well.
pub(crate) async fn own_objects(
    db: &mut Connection,
    session: &str,
) -> Result<Vec<ObjectKey>, ApiError> {
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT path FROM session_object o WHERE session = ?1
         AND NOT EXISTS (SELECT 1 FROM session_object other WHERE other.path = o.path AND other.session <> ?1)",
    )
    .bind(session)
    .fetch_all(db)
    .await?;
    rows.iter().map(|path| path.parse().map_err(ApiError::internal)).collect()
}

/// Whether anything published needs the object.
pub(crate) async fn is_published(
    db: &mut Connection,
    key: &ObjectKey,
) -> Result<bool, sqlx::Error> {
    let (sql, digest): (&'static str, Vec<u8>) = match key {
        ObjectKey::Release(digest) => {
            ("SELECT EXISTS (SELECT 1 FROM release WHERE digest = ?)", digest.as_bytes().to_vec())
        }
        ObjectKey::Meta(digest) => {
            ("SELECT EXISTS (SELECT 1 FROM release WHERE meta = ?)", digest.as_bytes().to_vec())
        }
        ObjectKey::Signature(digest) => (
            "SELECT EXISTS (SELECT 1 FROM release WHERE signature = ?)",
            digest.as_bytes().to_vec(),
        ),
        ObjectKey::Recipe(digest) | ObjectKey::Location(digest) => {
            ("SELECT EXISTS (SELECT 1 FROM recipe WHERE digest = ?)", digest.as_bytes().to_vec())
        }
        ObjectKey::Pack(digest) => {
            ("SELECT EXISTS (SELECT 1 FROM pack WHERE digest = ?)", digest.as_bytes().to_vec())
        }
        // Sessions bring nothing else.
        _ => return Ok(true),
    };
    sqlx::query_scalar(sql).bind(digest).fetch_one(db).await
}

/// Forgets a session and all that is its own.
pub(crate) async fn delete(db: &mut Connection, id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM session WHERE id = ?").bind(id).execute(db).await?;
    Ok(())
}
