//! Proofs that the log goes on, from the rows of the database.

use tare_store::LogPath;
use tare_tlog::hash::Hash;
use tare_tlog::tile::{TileSet, encode_tile, plan_consistency, prove_consistency};

use crate::error::ApiError;
use crate::projection::log;
use crate::registry::Registry;

/// The proof that the log of `new` events continues that of `old`; empty from the empty one.
///
/// # Errors
/// When the log has not as many events, or the rows cannot be read.
pub(crate) async fn consistency(
    registry: &Registry,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, ApiError> {
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let mut tiles = TileSet::default();
    let mut db = registry.db.read().await?;
    for tile in plan_consistency(old, new).map_err(ApiError::internal)? {
        let at = LogPath::new(tile.index(), tile.width());
        let at = at.ok_or_else(|| ApiError::internal(format!("`{tile}` has no path")))?;
        let hashes = log::hashes(&mut db, tile.level(), at).await?;
        tiles.insert(tile, &encode_tile(&hashes)).map_err(ApiError::internal)?;
    }
    prove_consistency(old, new, &tiles).map_err(ApiError::internal)
}
