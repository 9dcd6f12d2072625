//! The log's tree in rows: its right edge, and the hashes that tiles above the lowest are made of.

use tare_store::LogPath;
use tare_tlog::hash::Hash;
use tare_tlog::tile::TILE_WIDTH;
use tare_tlog::tree::Edge;

use crate::db::{Connection, events, tree};
use crate::error::ApiError;
use crate::projection::log;

/// The tree as the newest checkpoint has it.
///
/// # Errors
/// When the rows do not fit together.
pub(crate) async fn edge(db: &mut Connection) -> Result<Edge, ApiError> {
    let Some(checkpoint) = tree::newest_checkpoint(db).await? else { return Ok(Edge::new()) };
    let fail = |what| ApiError::internal(format!("the checkpoint of {what} is damaged"));
    let last = checkpoint.size.checked_sub(1).ok_or_else(|| fail(checkpoint.size))?;
    let mut edge = Edge::from_parts(last, checkpoint.edge).map_err(ApiError::internal)?;
    let event = events::find(db, last).await?.ok_or_else(|| fail(checkpoint.size))?;
    edge.append(log::leaf(&event)).map_err(ApiError::internal)?;
    if edge.root() == checkpoint.root { Ok(edge) } else { Err(fail(checkpoint.size)) }
}

/// Adds a leaf, whose event is in its row already, and keeps the roots of the tiles that it fills.
pub(super) async fn grow(db: &mut Connection, edge: &mut Edge, leaf: Hash) -> Result<(), ApiError> {
    edge.append(leaf).map_err(ApiError::internal)?;
    let mut count = edge.size();
    let mut level: u8 = 0;
    while count > 0 && count.is_multiple_of(u64::from(TILE_WIDTH)) {
        count /= u64::from(TILE_WIDTH);
        let number = count - 1;
        let at = LogPath::full(number).ok_or_else(|| ApiError::internal("the log is full"))?;
        let mut tile = Edge::new();
        for hash in log::hashes(db, level, at).await? {
            tile.append(hash).map_err(ApiError::internal)?;
        }
        level += 1;
        tree::insert_hash(db, level, number, &tile.root()).await?;
    }
    Ok(())
}
