//! Whether one signed tree continues another (spec/log.md W-49 to W-51).
//!
//! Tiles come from places that nobody trusts, so they are proof only by what they lead to. Three things can come out:
//! the larger tree continues the smaller one; the tiles lead to the larger root and show *another* smaller tree, which is
//! a fork that anybody can check; or they lead nowhere, which says something of whoever sent them and nothing of the log.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::future::try_join_all;
use tare_store::{LogPath, ObjectKey};
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::hash::{EMPTY_ROOT, Hash, node_hash};
use tare_tlog::proof::{ProofError, verify_consistency};
use tare_tlog::tile::{
    TileId, TileSet, inclusion_checked, plan_consistency, plan_inclusion, prove_consistency,
};
use url::Url;

use super::error::{HeadError, Tip};
use crate::registry::{RegistryClient, RegistryError};

/// The bytes of a full tile.
const TILE_BYTES: u64 = 256 * 32;

/// What became of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// The larger tree continues the smaller one.
    Continues,
    /// It does not, and these hashes prove it: by them the larger tree begins with `prefix`, not with the smaller one.
    Forks { prefix: Hash, hashes: Vec<Hash> },
}

/// Tiles as they were sent.
type Tiles = BTreeMap<TileId, Bytes>;

/// Compares a smaller tree with a larger one of the same log, by tiles that are fetched from `registry`.
///
/// # Errors
/// When the tiles are not to be had, or nobody's prove anything.
pub(crate) async fn compare(
    registry: &RegistryClient,
    old: &Checkpoint,
    new: &Checkpoint,
) -> Result<Comparison, HeadError> {
    let unproven = |reason| HeadError::Unproven { old: Tip::of(old), new: Tip::of(new), reason };
    if old.size() == new.size() || old.size() == 0 {
        return Ok(by_roots(old, new));
    }
    let plan = plan(old, new).map_err(unproven)?;
    let mut reason = match judged(old, new, &fetch(registry, &plan).await?) {
        Ok(proven) => return Ok(proven),
        Err(reason) => reason,
    };
    // The tiles may have come from several places, one of which lies: each gets its own hearing.
    for (base, tiles) in fetch_by_source(registry, &plan).await {
        match judged(old, new, &tiles) {
            Ok(proven) => return Ok(proven),
            Err(other) => reason = format!("{base}: {other}"),
        }
    }
    Err(unproven(reason))
}

/// Proves by tiles that the entry with this leaf hash has the number `index` in the log (W-53).
///
/// # Errors
/// When the tiles are not to be had, or do not prove it.
pub(crate) async fn prove_entry(
    registry: &RegistryClient,
    leaf: &Hash,
    index: u64,
    log: &Checkpoint,
) -> Result<(), HeadError> {
    let (size, root) = (log.size(), log.root());
    let refuse = |reason: String| HeadError::Entry { index, size, reason };
    let plan = plan_inclusion(index, size).map_err(|error| refuse(error.to_string()))?;
    let prove = |tiles: &Tiles| {
        let tiles = tile_set(tiles)?;
        let proven = inclusion_checked(leaf, index, size, &root, &tiles);
        proven.map(drop).map_err(|error| crate::error::chain(&error).join(": "))
    };
    let Err(mut reason) = prove(&fetch(registry, &plan).await?) else { return Ok(()) };
    for (base, tiles) in fetch_by_source(registry, &plan).await {
        match prove(&tiles) {
            Ok(()) => return Ok(()),
            Err(other) => reason = format!("{base}: {other}"),
        }
    }
    Err(refuse(reason))
}

/// Trees of one size are the same tree or a fork, and every tree continues the empty one.
fn by_roots(old: &Checkpoint, new: &Checkpoint) -> Comparison {
    if old.size() == 0 || old.root() == new.root() {
        return Comparison::Continues;
    }
    Comparison::Forks { prefix: new.root(), hashes: Vec::new() }
}

/// What has to be fetched: the tiles of the proof, and that of the smaller tree's own root where the proof leaves it out.
fn plan(old: &Checkpoint, new: &Checkpoint) -> Result<Vec<TileId>, String> {
    let mut plan = plan_consistency(old.size(), new.size()).map_err(|error| error.to_string())?;
    if let Some((tile, _)) = perfect(old.size(), new.size())
        && !plan.contains(&tile)
    {
        plan.push(tile);
    }
    Ok(plan)
}

/// Where the root of a perfect tree of `old` entries lies in the tiles of a log of `new`: in which tile, and over how
/// many of its first hashes. None when `old` is no power of two.
fn perfect(old: u64, new: u64) -> Option<(TileId, usize)> {
    if !old.is_power_of_two() {
        return None;
    }
    let height = old.trailing_zeros();
    let level = u8::try_from(height / 8).ok()?;
    let hashes = new.checked_shr(u32::from(level) * 8)?;
    let width = u16::try_from(hashes.min(256)).ok()?;
    Some((TileId::new(level, 0, width)?, 1 << (height % 8)))
}

/// What tiles prove. An error says why they prove nothing.
fn judged(old: &Checkpoint, new: &Checkpoint, tiles: &Tiles) -> Result<Comparison, String> {
    let (old_size, new_size) = (old.size(), new.size());
    let set = tile_set(tiles)?;
    let hashes = prove_consistency(old_size, new_size, &set).map_err(|error| error.to_string())?;
    let verify = |root: &Hash| verify_consistency(old_size, root, new_size, &new.root(), &hashes);
    let Err(wrong) = verify(&old.root()) else { return Ok(Comparison::Continues) };
    // What the larger tree begins with, if the tiles are its own: the smaller root that they lead to.
    let prefix = match perfect(old_size, new_size) {
        Some((tile, count)) => first_hashes(tiles, &tile, count),
        None => match verify(&EMPTY_ROOT) {
            Err(ProofError::Root { size, found, .. }) if size == old_size => Some(found),
            _ => None,
        },
    };
    match prefix {
        Some(prefix) if prefix != old.root() && verify(&prefix).is_ok() => {
            Ok(Comparison::Forks { prefix, hashes })
        }
        _ => Err(wrong.to_string()),
    }
}

/// The hash over the first `count` hashes of a tile, which is a power of two.
fn first_hashes(tiles: &Tiles, tile: &TileId, count: usize) -> Option<Hash> {
    let bytes = tiles.get(tile)?.get(..count.checked_mul(32)?)?;
    let mut level: Vec<Hash> = bytes.as_chunks().0.iter().map(|hash| Hash(*hash)).collect();
    while level.len() > 1 {
        level = level.as_chunks().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    level.pop()
}

fn tile_set(tiles: &Tiles) -> Result<TileSet, String> {
    let mut set = TileSet::new();
    for (tile, bytes) in tiles {
        set.insert(*tile, bytes).map_err(|error| error.to_string())?;
    }
    Ok(set)
}

/// All tiles of a plan, from whichever place has each.
async fn fetch(registry: &RegistryClient, plan: &[TileId]) -> Result<Tiles, HeadError> {
    let one = async |tile: &TileId| {
        let missing = || {
            let (what, base) = (format!("`{tile}`"), registry.base().clone());
            RegistryError::NotFound { what, base }
        };
        let whole = async |tile: &TileId| {
            registry.fetch_object(&key(tile).ok_or_else(missing)?, TILE_BYTES).await
        };
        let mut bytes = whole(tile).await?;
        // A tile that has become full may have lost its smaller forms.
        if bytes.is_none()
            && tile.is_partial()
            && let Some(full) = tile.full()
        {
            bytes = whole(&full).await?.map(|bytes| cut(tile, &bytes));
        }
        Ok::<_, RegistryError>((*tile, bytes.ok_or_else(missing)?))
    };
    let tiles = try_join_all(plan.iter().map(one)).await;
    Ok(tiles.map_err(HeadError::tiles)?.into_iter().collect())
}

/// The tiles of a plan as each place has them; a place that lacks one is left out.
async fn fetch_by_source(registry: &RegistryClient, plan: &[TileId]) -> BTreeMap<Url, Tiles> {
    let mut by_source: BTreeMap<Url, Tiles> = BTreeMap::new();
    for tile in plan {
        let forms = [Some(*tile), tile.full().filter(|_| tile.is_partial())];
        for form in forms.iter().flatten() {
            let Some(key) = key(form) else { continue };
            for (base, answer) in registry.every_source(&key, TILE_BYTES).await {
                if let Ok(Some(bytes)) = answer {
                    let tiles = by_source.entry(base).or_default();
                    tiles.entry(*tile).or_insert_with(|| cut(tile, &bytes));
                }
            }
        }
    }
    by_source.retain(|_, tiles| tiles.len() == plan.len());
    by_source
}

fn cut(tile: &TileId, full: &Bytes) -> Bytes {
    tile.truncate(full).map_or_else(|_| full.clone(), Bytes::copy_from_slice)
}

fn key(tile: &TileId) -> Option<ObjectKey> {
    Some(ObjectKey::Tile(tile.level(), LogPath::new(tile.index(), tile.width())?))
}
