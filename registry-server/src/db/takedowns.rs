//! Takedowns, what they concern, and the objects that are gone for them.

use std::collections::HashSet;

use sqlx::FromRow;
use tare_format::event::Class;
use tare_format::{Blake3, Sha256};
use tare_store::ObjectKey;

use super::{Connection, bytes32, integer, unsigned};
use crate::error::ApiError;

/// A takedown that is to be kept.
#[derive(Debug)]
pub(crate) struct NewTakedown<'t> {
    pub event: u64,
    pub class: Class,
    pub here: bool,
    pub releases: &'t [i64],
    pub files: &'t [Sha256],
}

/// Keeps a takedown with what it concerns. Must be in the transaction of its event.
pub(crate) async fn insert(db: &mut Connection, new: &NewTakedown<'_>) -> Result<(), ApiError> {
    let event = integer(new.event)?;
    sqlx::query("INSERT INTO takedown (event, class, here) VALUES (?, ?, ?)")
        .bind(event)
        .bind(new.class.as_str())
        .bind(new.here)
        .execute(&mut *db)
        .await?;
    for release in new.releases {
        sqlx::query("INSERT INTO takedown_release (event, release) VALUES (?, ?)")
            .bind(event)
            .bind(release)
            .execute(&mut *db)
            .await?;
    }
    for file in new.files {
        insert_file(db, new.event, *file).await?;
    }
    Ok(())
}

/// Says that a file went with a takedown.
pub(crate) async fn insert_file(
    db: &mut Connection,
    event: u64,
    file: Sha256,
) -> Result<(), ApiError> {
    sqlx::query("INSERT INTO takedown_file (event, sha256) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(integer(event)?)
        .bind(file.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// The takedowns whose bytes are to go from here and are not known to be gone, oldest first.
pub(crate) async fn unfinished(db: &mut Connection) -> Result<Vec<u64>, ApiError> {
    const SQL: &str = "SELECT event FROM takedown WHERE here = 1 AND done = 0 AND restored IS NULL ORDER BY event";
    let rows: Vec<i64> = sqlx::query_scalar(SQL).fetch_all(db).await?;
    rows.into_iter().map(unsigned).collect()
}

/// Says that the bytes of a takedown are gone.
pub(crate) async fn set_done(db: &mut Connection, event: u64) -> Result<(), ApiError> {
    sqlx::query("UPDATE takedown SET done = 1 WHERE event = ?")
        .bind(integer(event)?)
        .execute(db)
        .await?;
    Ok(())
}

/// Says that a takedown was taken back. What has not come back is gone for another takedown.
pub(crate) async fn set_restored(
    db: &mut Connection,
    event: u64,
    by: u64,
    came_back: &[ObjectKey],
) -> Result<(), ApiError> {
    let event = integer(event)?;
    sqlx::query("UPDATE takedown SET restored = ? WHERE event = ?")
        .bind(integer(by)?)
        .bind(event)
        .execute(&mut *db)
        .await?;
    for key in came_back {
        forget_gone(db, key).await?;
    }
    for sql in [
        "DELETE FROM takedown_file WHERE event = ?",
        // Chunks that came back lie in packs of their own.
        "DELETE FROM gone WHERE event = ? AND path LIKE 'packs/%'",
        "UPDATE gone SET event = coalesce(
             (SELECT max(d.event) FROM takedown d WHERE d.here = 1 AND d.restored IS NULL), event)
         WHERE event = ?",
        "DELETE FROM gone WHERE event = ?",
    ] {
        sqlx::query(sql).bind(event).execute(&mut *db).await?;
    }
    Ok(())
}

/// Whether a takedown is in force; `None` for an event that is none.
pub(crate) async fn is_in_force(db: &mut Connection, event: u64) -> Result<Option<bool>, ApiError> {
    // No event has a number that the database cannot hold.
    let Ok(event) = i64::try_from(event) else { return Ok(None) };
    Ok(sqlx::query_scalar("SELECT restored IS NULL FROM takedown WHERE event = ?")
        .bind(event)
        .fetch_optional(db)
        .await?)
}

/// How far takedowns are. Whoever has seen bytes when they were elsewhere has to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub(crate) struct Progress {
    newest: i64,
    rounds: i64,
}

/// How far takedowns are now.
pub(crate) async fn progress(db: &mut Connection) -> Result<Progress, sqlx::Error> {
    const SQL: &str = "SELECT coalesce(max(event), -1) AS newest, coalesce(sum(rounds), 0) AS rounds FROM takedown";
    sqlx::query_as(SQL).fetch_one(db).await
}

/// Says that chunks are being taken out of the rows for a takedown.
pub(crate) async fn count_round(db: &mut Connection, event: u64) -> Result<(), ApiError> {
    sqlx::query("UPDATE takedown SET rounds = rounds + 1 WHERE event = ?")
        .bind(integer(event)?)
        .execute(db)
        .await?;
    Ok(())
}

/// The releases whose bytes are to be gone from here, for another takedown than `except`.
pub(crate) async fn releases_down(
    db: &mut Connection,
    except: Option<u64>,
) -> Result<HashSet<i64>, ApiError> {
    const SQL: &str =
        "SELECT t.release FROM takedown_release t JOIN takedown d ON d.event = t.event
         WHERE d.here = 1 AND d.restored IS NULL AND d.event IS NOT ?";
    let except = except.map(integer).transpose()?;
    let rows: Vec<i64> = sqlx::query_scalar(SQL).bind(except).fetch_all(db).await?;
    Ok(rows.into_iter().collect())
}

/// The files whose bytes are to be gone from here, for another takedown than `except`.
pub(crate) async fn files_down(
    db: &mut Connection,
    except: Option<u64>,
) -> Result<HashSet<Sha256>, ApiError> {
    const SQL: &str = "SELECT f.sha256 FROM takedown_file f JOIN takedown d ON d.event = f.event
         WHERE d.here = 1 AND d.restored IS NULL AND d.event IS NOT ?";
    let except = except.map(integer).transpose()?;
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(SQL).bind(except).fetch_all(db).await?;
    rows.into_iter().map(|row| Ok(Sha256::from_bytes(bytes32(row)?))).collect()
}

/// The takedown in force that a file is gone for.
pub(crate) async fn of_file(db: &mut Connection, file: Sha256) -> Result<Option<u64>, ApiError> {
    const SQL: &str = "SELECT f.event FROM takedown_file f JOIN takedown d ON d.event = f.event
         WHERE f.sha256 = ? AND d.here = 1 AND d.restored IS NULL ORDER BY f.event LIMIT 1";
    let event: Option<i64> =
        sqlx::query_scalar(SQL).bind(file.as_bytes().as_slice()).fetch_optional(db).await?;
    event.map(unsigned).transpose()
}

/// Why an object is gone.
#[derive(Debug, FromRow)]
pub(crate) struct Gone {
    /// The takedown's event.
    pub event: i64,
    /// Its class.
    pub class: String,
}

/// Why an object is gone; `None` for one that is not, or that only lies elsewhere.
pub(crate) async fn gone(
    db: &mut Connection,
    key: &ObjectKey,
) -> Result<Option<Gone>, sqlx::Error> {
    const SQL: &str = "SELECT g.event, d.class FROM gone g JOIN takedown d ON d.event = g.event
         WHERE g.path = ? AND g.rewritten = 0";
    sqlx::query_as(SQL).bind(key.path()).fetch_optional(db).await
}

/// Says that an object is to go for a takedown. One that is gone already stays so for the first reason.
pub(crate) async fn insert_gone(
    db: &mut Connection,
    event: u64,
    key: &ObjectKey,
    rewritten: bool,
) -> Result<(), ApiError> {
    sqlx::query(
        "INSERT INTO gone (path, event, rewritten) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET rewritten = excluded.rewritten, removed = 0",
    )
    .bind(key.path())
    .bind(integer(event)?)
    .bind(rewritten)
    .execute(db)
    .await?;
    Ok(())
}

/// The objects that are to go and may still be in the store.
pub(crate) async fn to_remove(db: &mut Connection) -> Result<Vec<ObjectKey>, ApiError> {
    let rows: Vec<String> =
        sqlx::query_scalar("SELECT path FROM gone WHERE removed = 0 ORDER BY path")
            .fetch_all(db)
            .await?;
    rows.iter().map(|path| path.parse().map_err(ApiError::internal)).collect()
}

/// The objects that are to be gone for takedowns in force, unless somebody else's pack has the same bytes.
pub(crate) async fn all_gone(db: &mut Connection) -> Result<Vec<ObjectKey>, ApiError> {
    const SQL: &str = "SELECT g.path FROM gone g WHERE g.path NOT IN
         (SELECT 'packs/' || lower(substr(hex(digest), 1, 2)) || '/' || lower(hex(digest)) FROM pack) ORDER BY g.path";
    let rows: Vec<String> = sqlx::query_scalar(SQL).fetch_all(db).await?;
    rows.iter().map(|path| path.parse().map_err(ApiError::internal)).collect()
}

/// Says that an object is not in the store any more.
pub(crate) async fn set_removed(db: &mut Connection, key: &ObjectKey) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE gone SET removed = 1 WHERE path = ?").bind(key.path()).execute(db).await?;
    Ok(())
}

/// Says that an object is there: whoever puts one that was gone before.
pub(crate) async fn forget_gone(db: &mut Connection, key: &ObjectKey) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM gone WHERE path = ?").bind(key.path()).execute(db).await?;
    Ok(())
}

/// A chunk in a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PackedChunk {
    pub digest: Blake3,
    pub offset: u64,
    pub stored_length: u32,
}

/// The rows of packs that hold one of these chunks, or bytes that no row names: two sessions that brought the same chunk at
/// once have left one of them so.
pub(crate) async fn packs_with(
    db: &mut Connection,
    chunks: &HashSet<Blake3>,
) -> Result<Vec<(i64, Blake3)>, ApiError> {
    const SQL: &str = "SELECT p.id, p.digest FROM pack p WHERE p.id IN
             (SELECT c.pack FROM json_each(?) j CROSS JOIN chunk c ON c.digest = unhex(j.value))
         OR p.size <> (SELECT coalesce(sum(c.stored_length), 0) FROM chunk c WHERE c.pack = p.id)
         ORDER BY p.id";
    let names: Vec<String> = chunks.iter().map(Blake3::hex).collect();
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(SQL)
        .bind(serde_json::to_string(&names).map_err(ApiError::internal)?)
        .fetch_all(db)
        .await?;
    rows.into_iter().map(|(id, digest)| Ok((id, Blake3::from_bytes(bytes32(digest)?)))).collect()
}

/// Whether a pack has bytes that no row names.
pub(crate) async fn has_holes(db: &mut Connection, pack: i64) -> Result<bool, sqlx::Error> {
    const SQL: &str = "SELECT p.size <> (SELECT coalesce(sum(c.stored_length), 0) FROM chunk c WHERE c.pack = p.id)
         FROM pack p WHERE p.id = ?";
    sqlx::query_scalar(SQL).bind(pack).fetch_one(db).await
}

/// The chunks of a pack in the order in which they lie.
pub(crate) async fn chunks_of(
    db: &mut Connection,
    pack: i64,
) -> Result<Vec<PackedChunk>, ApiError> {
    let rows: Vec<(Vec<u8>, i64, i64)> = sqlx::query_as(
        "SELECT digest, offset, stored_length FROM chunk WHERE pack = ? ORDER BY offset",
    )
    .bind(pack)
    .fetch_all(db)
    .await?;
    let read = |(digest, offset, stored_length)| {
        Ok(PackedChunk {
            digest: Blake3::from_bytes(bytes32(digest)?),
            offset: unsigned(offset)?,
            stored_length: u32::try_from(stored_length).map_err(ApiError::internal)?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Puts the chunks of one pack into another, at these places; what has no place there is forgotten, and so is the pack.
pub(crate) async fn move_chunks(
    db: &mut Connection,
    from: i64,
    to: Option<(Blake3, u64)>,
    kept: &[PackedChunk],
) -> Result<(), ApiError> {
    if let Some((digest, size)) = to {
        sqlx::query("INSERT INTO pack (digest, size) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(digest.as_bytes().to_vec())
            .bind(integer(size)?)
            .execute(&mut *db)
            .await?;
        let places: Vec<(String, u64)> =
            kept.iter().map(|chunk| (chunk.digest.hex(), chunk.offset)).collect();
        sqlx::query(
            "UPDATE chunk SET offset = j.value ->> 1, pack = (SELECT id FROM pack WHERE digest = ?)
             FROM json_each(?) j WHERE chunk.digest = unhex(j.value ->> 0)",
        )
        .bind(digest.as_bytes().to_vec())
        .bind(serde_json::to_string(&places).map_err(ApiError::internal)?)
        .execute(&mut *db)
        .await?;
    }
    sqlx::query("DELETE FROM chunk WHERE pack = ?").bind(from).execute(&mut *db).await?;
    sqlx::query("DELETE FROM pack WHERE id = ?").bind(from).execute(&mut *db).await?;
    Ok(())
}

/// Forgets a recipe, and what it was once verified to make.
pub(crate) async fn forget_recipe(db: &mut Connection, recipe: Blake3) -> Result<(), sqlx::Error> {
    for sql in ["DELETE FROM recipe WHERE digest = ?", "DELETE FROM verified_file WHERE recipe = ?"]
    {
        sqlx::query(sql).bind(recipe.as_bytes().to_vec()).execute(&mut *db).await?;
    }
    Ok(())
}

/// Ends the publish sessions that brought one of these chunks or objects.
pub(crate) async fn end_sessions(
    db: &mut Connection,
    chunks: &HashSet<Blake3>,
    objects: &[ObjectKey],
) -> Result<u64, ApiError> {
    const SQL: &str = "UPDATE session SET state = 'dead' WHERE state <> 'dead' AND id IN
         (SELECT c.session FROM session_chunk c WHERE hex(c.digest) IN (SELECT upper(value) FROM json_each(?1))
          UNION SELECT o.session FROM session_object o WHERE o.path IN (SELECT value FROM json_each(?2)))";
    let names: Vec<String> = chunks.iter().map(Blake3::hex).collect();
    let paths: Vec<String> = objects.iter().map(ObjectKey::path).collect();
    let done = sqlx::query(SQL)
        .bind(serde_json::to_string(&names).map_err(ApiError::internal)?)
        .bind(serde_json::to_string(&paths).map_err(ApiError::internal)?)
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}

/// The releases after a row, each with its document.
pub(crate) async fn all_releases(
    db: &mut Connection,
    after: i64,
) -> Result<Vec<(i64, Sha256)>, ApiError> {
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT id, digest FROM release WHERE id > ? ORDER BY id")
            .bind(after)
            .fetch_all(db)
            .await?;
    rows.into_iter().map(|(id, digest)| Ok((id, Sha256::from_bytes(bytes32(digest)?)))).collect()
}

/// Whether a takedown has not been done, or an object that is to go is still here.
pub(crate) async fn is_pending(db: &mut Connection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM takedown WHERE here = 1 AND done = 0 AND restored IS NULL)
         OR EXISTS (SELECT 1 FROM gone WHERE removed = 0)",
    )
    .fetch_one(db)
    .await
}
