//! The state map as rows: what every page is the hash of, and the nodes above.

use std::ops::Range;

use tare_tlog::hash::{EMPTY_ROOT, Hash};
use tare_tlog::map::{FAN_OUT, Key, Prefix, Value};

use super::{Connection, bytes32, integer, unsigned};
use crate::error::ApiError;

/// Sets the value of a key. `path` is that of the page's file, and stays what it was first.
pub(crate) async fn set_row(
    db: &mut Connection,
    key: &Key,
    value: &Value,
    path: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO state_row (key, value, path) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET value = excluded.value",
    )
    .bind(key.0.as_slice())
    .bind(value.0.as_slice())
    .bind(path)
    .execute(db)
    .await?;
    Ok(())
}

/// The paths of all pages, sorted.
pub(crate) async fn paths(db: &mut Connection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT path FROM state_row ORDER BY path").fetch_all(db).await
}

/// The rows of a place in the map, sorted by key.
pub(crate) async fn rows(
    db: &mut Connection,
    place: &Prefix,
) -> Result<Vec<(Key, Value)>, ApiError> {
    let (first, last) = place.range();
    let rows: Vec<(Vec<u8>, Vec<u8>)> =
        sqlx::query_as("SELECT key, value FROM state_row WHERE key >= ? AND key <= ? ORDER BY key")
            .bind(first.0.as_slice())
            .bind(last.0.as_slice())
            .fetch_all(db)
            .await?;
    rows.into_iter().map(|(key, value)| Ok((Key(bytes32(key)?), Value(bytes32(value)?)))).collect()
}

/// The hashes of the children of an inner node. A bucket without rows has no node of its own.
pub(crate) async fn children(
    db: &mut Connection,
    place: &Prefix,
) -> Result<[Hash; FAN_OUT], ApiError> {
    let Range { start, end } = below(place);
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT prefix, hash FROM state_node WHERE level = ? AND prefix >= ? AND prefix < ?",
    )
    .bind(place.level() + 1)
    .bind(integer(start)?)
    .bind(integer(end)?)
    .fetch_all(db)
    .await?;
    let mut children = [EMPTY_ROOT; FAN_OUT];
    for (bits, hash) in rows {
        let slot = usize::try_from(unsigned(bits)?.saturating_sub(start)).unwrap_or(FAN_OUT);
        if let Some(child) = children.get_mut(slot) {
            *child = Hash(bytes32(hash)?);
        }
    }
    Ok(children)
}

/// The first bits of the children of a node: six more than its own, which are 36 at most.
fn below(place: &Prefix) -> Range<u64> {
    let start = place.bits() << 6;
    start..start + FAN_OUT as u64
}

/// Keeps a node that changed at the time `now`. Its file is to be written, and that of the node before it to go some day.
pub(crate) async fn set_node(
    db: &mut Connection,
    place: &Prefix,
    hash: &Hash,
    now: i64,
) -> Result<(), ApiError> {
    sqlx::query(
        "INSERT INTO state_garbage (hash, since)
         SELECT hash, ? FROM state_node WHERE level = ? AND prefix = ? AND hash <> ?
         ON CONFLICT DO UPDATE SET since = excluded.since",
    )
    .bind(now)
    .bind(place.level())
    .bind(integer(place.bits())?)
    .bind(hash.0.as_slice())
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "INSERT INTO state_node (level, prefix, hash, dirty) VALUES (?, ?, ?, 1)
         ON CONFLICT DO UPDATE SET hash = excluded.hash, dirty = 1",
    )
    .bind(place.level())
    .bind(integer(place.bits())?)
    .bind(hash.0.as_slice())
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets every node, because the map is built anew at the time `now`.
pub(crate) async fn forget_nodes(db: &mut Connection, now: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO state_garbage (hash, since) SELECT DISTINCT hash, ? FROM state_node WHERE true
         ON CONFLICT DO UPDATE SET since = excluded.since",
    )
    .bind(now)
    .execute(&mut *db)
    .await?;
    sqlx::query("DELETE FROM state_node").execute(db).await?;
    Ok(())
}

/// Says that the file of every node is to be written.
pub(crate) async fn mark_all(db: &mut Connection) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE state_node SET dirty = 1").execute(db).await?;
    Ok(())
}

/// The nodes that were replaced at the time `since` or before, and have not come back.
pub(crate) async fn garbage(db: &mut Connection, since: i64) -> Result<Vec<Hash>, ApiError> {
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT hash FROM state_garbage g WHERE since <= ?
         AND NOT EXISTS (SELECT 1 FROM state_node n WHERE n.hash = g.hash)",
    )
    .bind(since)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|hash| bytes32(hash).map(Hash)).collect()
}

/// Says that the files of what was replaced at the time `since` or before are gone, or needed again.
pub(crate) async fn clear_garbage(db: &mut Connection, since: i64) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM state_garbage WHERE since <= ?").bind(since).execute(db).await?;
    Ok(())
}

/// A node as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodeRow {
    /// Its place.
    pub place: Prefix,
    /// The hash of its bytes, which is also its name.
    pub hash: Hash,
}

/// The nodes whose files are to be written; with `all` every node.
pub(crate) async fn nodes(db: &mut Connection, all: bool) -> Result<Vec<NodeRow>, ApiError> {
    let sql = match all {
        true => "SELECT level, prefix, hash FROM state_node ORDER BY level DESC, prefix",
        false => {
            "SELECT level, prefix, hash FROM state_node WHERE dirty = 1 ORDER BY level DESC, prefix"
        }
    };
    let rows: Vec<(u8, i64, Vec<u8>)> = sqlx::query_as(sql).fetch_all(db).await?;
    let node = |(level, bits, hash): (u8, i64, Vec<u8>)| {
        let place = Prefix::new(level, unsigned(bits)?);
        let place =
            place.ok_or_else(|| ApiError::internal("a node of the state map has no place"))?;
        Ok(NodeRow { place, hash: Hash(bytes32(hash)?) })
    };
    rows.into_iter().map(node).collect()
}

/// Whether a node is still as it was read.
pub(crate) async fn is_current(db: &mut Connection, node: &NodeRow) -> Result<bool, ApiError> {
    const SQL: &str =
        "SELECT EXISTS (SELECT 1 FROM state_node WHERE level = ? AND prefix = ? AND hash = ?)";
    Ok(sqlx::query_scalar(SQL)
        .bind(node.place.level())
        .bind(integer(node.place.bits())?)
        .bind(node.hash.0.as_slice())
        .fetch_one(db)
        .await?)
}

/// Says that the file of a node is there. A node that changed meanwhile stays to be written.
pub(crate) async fn clear_dirty(db: &mut Connection, node: &NodeRow) -> Result<(), ApiError> {
    sqlx::query("UPDATE state_node SET dirty = 0 WHERE level = ? AND prefix = ? AND hash = ?")
        .bind(node.place.level())
        .bind(integer(node.place.bits())?)
        .bind(node.hash.0.as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// The bytes of a node's file.
///
/// # Errors
/// When they do not have the hash that the node has.
pub(crate) async fn node_bytes(
    db: &mut Connection,
    depth: u8,
    node: &NodeRow,
) -> Result<Vec<u8>, ApiError> {
    let bytes: Vec<u8> = if node.place.level() < depth {
        children(db, &node.place).await?.iter().flat_map(|child| child.0).collect()
    } else {
        rows(db, &node.place)
            .await?
            .iter()
            .flat_map(|(key, value)| [key.0, value.0])
            .flatten()
            .collect()
    };
    if Hash::of(&bytes) == node.hash {
        return Ok(bytes);
    }
    Err(ApiError::internal(format!("the node {} of the state map is not what it was", node.place)))
}
