//! The log's tree, what was signed of it, and how far it is in the public files.

use sqlx::FromRow;
use tare_tlog::hash::Hash;

use super::{Connection, bytes32, integer, unsigned};
use crate::error::ApiError;

/// What was signed when the log had one size.
#[derive(Debug, Clone)]
pub(crate) struct CheckpointRow {
    /// How many events the log had.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
    /// The right edge of the tree without its last entry, the largest subtree first.
    pub edge: Vec<Hash>,
    /// The checkpoint with the log's signature.
    pub note: String,
}

#[derive(FromRow)]
struct Row {
    size: i64,
    root: Vec<u8>,
    edge: Vec<u8>,
    note: String,
}

impl Row {
    fn read(self) -> Result<CheckpointRow, ApiError> {
        let (edge, rest) = self.edge.as_chunks();
        if !rest.is_empty() {
            return Err(ApiError::internal("an edge in the database is not a list of hashes"));
        }
        Ok(CheckpointRow {
            size: unsigned(self.size)?,
            root: Hash(bytes32(self.root)?),
            edge: edge.iter().copied().map(Hash).collect(),
            note: self.note,
        })
    }
}

/// Keeps a checkpoint. There must be none of its size.
pub(crate) async fn insert_checkpoint(
    db: &mut Connection,
    row: &CheckpointRow,
) -> Result<(), ApiError> {
    let edge: Vec<u8> = row.edge.iter().flat_map(|hash| hash.0).collect();
    sqlx::query("INSERT INTO checkpoint (size, root, edge, note) VALUES (?, ?, ?, ?)")
        .bind(integer(row.size)?)
        .bind(row.root.0.as_slice())
        .bind(edge)
        .bind(&row.note)
        .execute(db)
        .await?;
    Ok(())
}

/// The newest checkpoint; `None` in a log that was not begun.
pub(crate) async fn newest_checkpoint(
    db: &mut Connection,
) -> Result<Option<CheckpointRow>, ApiError> {
    const SQL: &str = "SELECT size, root, edge, note FROM checkpoint ORDER BY size DESC LIMIT 1";
    let row: Option<Row> = sqlx::query_as(SQL).fetch_optional(db).await?;
    row.map(Row::read).transpose()
}

/// The checkpoint of a size, when one was signed.
pub(crate) async fn checkpoint(
    db: &mut Connection,
    size: u64,
) -> Result<Option<CheckpointRow>, ApiError> {
    const SQL: &str = "SELECT size, root, edge, note FROM checkpoint WHERE size = ?";
    let row: Option<Row> = sqlx::query_as(SQL).bind(integer(size)?).fetch_optional(db).await?;
    row.map(Row::read).transpose()
}

/// The sizes that were signed, from `from` to before `to`.
pub(crate) async fn sizes(db: &mut Connection, from: u64, to: u64) -> Result<Vec<u64>, ApiError> {
    let rows: Vec<i64> =
        sqlx::query_scalar("SELECT size FROM checkpoint WHERE size >= ? AND size < ?")
            .bind(integer(from)?)
            .bind(integer(to)?)
            .fetch_all(db)
            .await?;
    rows.into_iter().map(unsigned).collect()
}

/// Keeps the root of a full tile.
pub(crate) async fn insert_hash(
    db: &mut Connection,
    level: u8,
    idx: u64,
    hash: &Hash,
) -> Result<(), ApiError> {
    sqlx::query("INSERT INTO tree_hash (level, idx, hash) VALUES (?, ?, ?)")
        .bind(level)
        .bind(integer(idx)?)
        .bind(hash.0.as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// The hashes on a level from 1, from place `from` to before `to`, in order.
pub(crate) async fn hashes(
    db: &mut Connection,
    level: u8,
    from: u64,
    to: u64,
) -> Result<Vec<Hash>, ApiError> {
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT hash FROM tree_hash WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx",
    )
    .bind(level)
    .bind(integer(from)?)
    .bind(integer(to)?)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|hash| bytes32(hash).map(Hash)).collect()
}

/// Keeps a signature line over the checkpoint of a size, instead of the one that the same key made before.
pub(crate) async fn put_cosignature(
    db: &mut Connection,
    size: u64,
    key: &str,
    line: &str,
) -> Result<(), ApiError> {
    sqlx::query(
        "INSERT INTO cosignature (size, key, line) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET line = excluded.line",
    )
    .bind(integer(size)?)
    .bind(key)
    .bind(line)
    .execute(db)
    .await?;
    Ok(())
}

/// The signature lines over the checkpoint of a size, sorted by key.
pub(crate) async fn cosignatures(db: &mut Connection, size: u64) -> Result<Vec<String>, ApiError> {
    Ok(sqlx::query_scalar("SELECT line FROM cosignature WHERE size = ? ORDER BY key")
        .bind(integer(size)?)
        .fetch_all(db)
        .await?)
}

/// The size of the newest checkpoint that this key has cosigned.
pub(crate) async fn last_cosigned(db: &mut Connection, key: &str) -> Result<Option<u64>, ApiError> {
    let size: Option<i64> = sqlx::query_scalar("SELECT max(size) FROM cosignature WHERE key = ?")
        .bind(key)
        .fetch_one(db)
        .await?;
    size.map(unsigned).transpose()
}

/// How far something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The size that the public head has.
    Published,
    /// The size up to which everything but the head is in the public files.
    Projected,
}

/// Reads a mark; 0 when it was never set.
pub(crate) async fn mark(db: &mut Connection, mark: Mark) -> Result<u64, ApiError> {
    let sql = match mark {
        Mark::Published => "SELECT size FROM published",
        Mark::Projected => "SELECT size FROM projected",
    };
    let size: Option<i64> = sqlx::query_scalar(sql).fetch_optional(db).await?;
    unsigned(size.unwrap_or(0))
}

/// Sets a mark.
pub(crate) async fn set_mark(db: &mut Connection, mark: Mark, size: u64) -> Result<(), ApiError> {
    let sql = match mark {
        Mark::Published => {
            "INSERT INTO published (singleton, size) VALUES (1, ?)
             ON CONFLICT DO UPDATE SET size = excluded.size"
        }
        Mark::Projected => {
            "INSERT INTO projected (singleton, size) VALUES (1, ?)
             ON CONFLICT DO UPDATE SET size = excluded.size"
        }
    };
    sqlx::query(sql).bind(integer(size)?).execute(db).await?;
    Ok(())
}
