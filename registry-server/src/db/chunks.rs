//! Which chunk lies where: those of published packs, and those that a session has promised.

use std::collections::HashMap;

use sqlx::FromRow;
use tare_format::pack::{Codec, PackIndex, StoredChunk};
use tare_format::recipe::Recipe;
use tare_format::{Blake3, Sha256};

use super::{Connection, bytes32, integer, unsigned};
use crate::error::ApiError;

/// How many chunks one statement looks up.
const BATCH: usize = 4096;

/// Where a chunk lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkPlace {
    pub pack: Blake3,
    pub offset: u64,
    pub stored_length: u32,
    pub raw_length: u32,
    pub codec: Codec,
}

#[derive(FromRow)]
struct PlaceRow {
    digest: Vec<u8>,
    pack: Vec<u8>,
    offset: i64,
    stored_length: i64,
    raw_length: i64,
    codec: i64,
}

impl PlaceRow {
    fn read(self) -> Result<(Blake3, ChunkPlace), ApiError> {
        let small = |value: i64| u32::try_from(value).map_err(ApiError::internal);
        let code = u8::try_from(self.codec).map_err(ApiError::internal)?;
        let codec = Codec::from_code(code)
            .ok_or_else(|| ApiError::internal(format!("codec {code} in the database")))?;
        let place = ChunkPlace {
            pack: Blake3::from_bytes(bytes32(self.pack)?),
            offset: unsigned(self.offset)?,
            stored_length: small(self.stored_length)?,
            raw_length: small(self.raw_length)?,
            codec,
        };
        Ok((Blake3::from_bytes(bytes32(self.digest)?), place))
    }
}

// `CROSS JOIN` fixes the order: SQLite would walk the list of names anew for each chunk of a session.
const PUBLISHED: &str =
    "SELECT c.digest, p.digest AS pack, c.offset, c.stored_length, c.raw_length, c.codec
     FROM json_each(?) j CROSS JOIN chunk c ON c.digest = unhex(j.value) JOIN pack p ON p.id = c.pack";
const PROMISED: &str =
    "SELECT c.digest, p.digest AS pack, c.offset, c.stored_length, c.raw_length, c.codec
     FROM json_each(?1) j CROSS JOIN session_chunk c ON c.session = ?2 AND c.digest = unhex(j.value)
     JOIN session_pack p ON p.id = c.pack";

/// Where the chunks of a recipe lie: in published packs, else in those of `session`. What is missing has no entry.
pub(crate) async fn locate(
    db: &mut Connection,
    recipe: &Recipe,
    session: Option<&str>,
) -> Result<HashMap<Blake3, ChunkPlace>, ApiError> {
    let mut found = HashMap::with_capacity(recipe.chunks().len());
    for batch in recipe.chunks().chunks(BATCH) {
        let names: Vec<String> = batch.iter().map(|chunk| chunk.digest.hex()).collect();
        let names = serde_json::to_string(&names).map_err(ApiError::internal)?;
        if let Some(session) = session {
            let rows: Vec<PlaceRow> =
                sqlx::query_as(PROMISED).bind(&names).bind(session).fetch_all(&mut *db).await?;
            for row in rows {
                found.extend([row.read()?]);
            }
        }
        let rows: Vec<PlaceRow> =
            sqlx::query_as(PUBLISHED).bind(&names).fetch_all(&mut *db).await?;
        for row in rows {
            found.extend([row.read()?]);
        }
    }
    Ok(found)
}

/// Keeps the chunks of a pack that a session has uploaded.
pub(crate) async fn promise(
    db: &mut Connection,
    session: &str,
    pack: Blake3,
    index: &PackIndex,
) -> Result<(), ApiError> {
    let id: Option<i64> = sqlx::query_scalar(
        "INSERT INTO session_pack (session, digest, size) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(session)
    .bind(pack.as_bytes().as_slice())
    .bind(integer(index.pack_size())?)
    .fetch_optional(&mut *db)
    .await?;
    // A second upload of the same pack is no change.
    let Some(id) = id else { return Ok(()) };
    let mut offset = 0_u64;
    for batch in index.chunks().chunks(BATCH) {
        let mut rows = Vec::with_capacity(batch.len());
        for chunk in batch {
            let (stored, raw) = (chunk.stored_length, chunk.raw_length);
            rows.push((chunk.digest.hex(), offset, stored, raw, chunk.codec.code()));
            offset = offset.saturating_add(u64::from(stored));
        }
        sqlx::query(
            "INSERT OR IGNORE INTO session_chunk (session, digest, pack, offset, stored_length, raw_length, codec)
             SELECT ?1, unhex(value ->> 0), ?2, value ->> 1, value ->> 2, value ->> 3, value ->> 4
             FROM json_each(?3)",
        )
        .bind(session)
        .bind(id)
        .bind(serde_json::to_string(&rows).map_err(ApiError::internal)?)
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Makes the packs `used` of a session packs of the registry. A chunk that another commit brought first stays there.
pub(crate) async fn publish_packs(
    db: &mut Connection,
    session: &str,
    used: &[Blake3],
) -> Result<(), ApiError> {
    for pack in used {
        let digest = pack.as_bytes().as_slice();
        sqlx::query(
            "INSERT INTO pack (digest, size) SELECT digest, size FROM session_pack WHERE session = ? AND digest = ?
             ON CONFLICT DO NOTHING",
        )
        .bind(session)
        .bind(digest)
        .execute(&mut *db)
        .await?;
        sqlx::query(
            "INSERT INTO chunk (digest, pack, offset, stored_length, raw_length, codec)
             SELECT c.digest, p.id, c.offset, c.stored_length, c.raw_length, c.codec
             FROM session_pack sp JOIN session_chunk c ON c.pack = sp.id JOIN pack p ON p.digest = sp.digest
             WHERE sp.session = ? AND sp.digest = ? ON CONFLICT DO NOTHING",
        )
        .bind(session)
        .bind(digest)
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Keeps a pack of the registry with its chunks. A chunk that lies elsewhere already stays there.
pub(crate) async fn publish_pack(
    db: &mut Connection,
    pack: Blake3,
    index: &[StoredChunk],
) -> Result<(), ApiError> {
    let size: u64 = index.iter().map(|chunk| u64::from(chunk.stored_length)).sum();
    let digest = pack.as_bytes().as_slice();
    sqlx::query("INSERT INTO pack (digest, size) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(digest)
        .bind(integer(size)?)
        .execute(&mut *db)
        .await?;
    let mut offset = 0_u64;
    for chunk in index {
        sqlx::query(
            "INSERT INTO chunk (digest, pack, offset, stored_length, raw_length, codec)
             SELECT ?, id, ?, ?, ?, ? FROM pack WHERE digest = ? ON CONFLICT DO NOTHING",
        )
        .bind(chunk.digest.as_bytes().as_slice())
        .bind(integer(offset)?)
        .bind(chunk.stored_length)
        .bind(chunk.raw_length)
        .bind(chunk.codec.code())
        .bind(digest)
        .execute(&mut *db)
        .await?;
        offset = offset.saturating_add(u64::from(chunk.stored_length));
    }
    Ok(())
}

pub(crate) async fn insert_recipe(
    db: &mut Connection,
    digest: Blake3,
    size: u64,
    chunks: u64,
) -> Result<(), ApiError> {
    sqlx::query(
        "INSERT INTO recipe (digest, size, chunks) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(digest.as_bytes().to_vec())
    .bind(integer(size)?)
    .bind(integer(chunks)?)
    .execute(db)
    .await?;
    Ok(())
}

/// Whether a published release uses the recipe.
pub(crate) async fn has_recipe(db: &mut Connection, digest: Blake3) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM recipe WHERE digest = ?)")
        .bind(digest.as_bytes().to_vec())
        .fetch_one(db)
        .await
}

/// Every published recipe.
pub(crate) async fn recipes(db: &mut Connection) -> Result<Vec<Blake3>, ApiError> {
    let rows: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT digest FROM recipe ORDER BY digest").fetch_all(db).await?;
    rows.into_iter().map(|row| Ok(Blake3::from_bytes(bytes32(row)?))).collect()
}

/// Every published pack with its size in bytes.
pub(crate) async fn packs(db: &mut Connection) -> Result<Vec<(Blake3, u64)>, ApiError> {
    let rows: Vec<(Vec<u8>, i64)> =
        sqlx::query_as("SELECT digest, size FROM pack ORDER BY digest").fetch_all(db).await?;
    let read = |(digest, size)| Ok((Blake3::from_bytes(bytes32(digest)?), unsigned(size)?));
    rows.into_iter().map(read).collect()
}

pub(crate) async fn is_verified(
    db: &mut Connection,
    recipe: Blake3,
    sha256: Sha256,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM verified_file WHERE recipe = ? AND sha256 = ?)",
    )
    .bind(recipe.as_bytes().to_vec())
    .bind(sha256.as_bytes().to_vec())
    .fetch_one(db)
    .await
}

pub(crate) async fn set_verified(
    db: &mut Connection,
    recipe: Blake3,
    sha256: Sha256,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO verified_file (recipe, sha256) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(recipe.as_bytes().to_vec())
        .bind(sha256.as_bytes().to_vec())
        .execute(db)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::*;
    use crate::db::Database;

    #[tokio::test]
    async fn a_chunk_is_searched_and_no_list_is_walked_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("test.sqlite")).await.unwrap();
        let mut db = database.read().await.unwrap();
        for sql in [PUBLISHED, PROMISED] {
            let plan: Vec<(i64, i64, i64, String)> =
                sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
                    .bind("[]")
                    .bind("session")
                    .fetch_all(&mut *db)
                    .await
                    .unwrap();
            let steps: Vec<&str> = plan.iter().map(|(_, _, _, step)| step.as_str()).collect();
            assert!(steps[0].starts_with("SCAN j"), "{steps:?}");
            assert!(steps[1..].iter().all(|step| step.starts_with("SEARCH")), "{steps:?}");
        }
    }
}
