//! The files of the log: hashes of its tree, its entries, and the lines that the entries are the hashes of.
//!
//! Each is a function of the rows and of its own name, so it can be made anew at any time.

use tare_format::event::LeafEntry;
use tare_store::{LogPath, ObjectKey};
use tare_tlog::hash::{Hash, leaf_hash};
use tare_tlog::tile::{
    TILE_WIDTH, bundles_between, encode_bundle, encode_tile, pages_between, tiles_between,
};

use crate::db::events::EventRow;
use crate::db::{Connection, events, tree};
use crate::error::ApiError;

/// The entry of an event: the bytes that its leaf in the tree is the hash of.
pub(crate) fn entry(event: &EventRow) -> Vec<u8> {
    LeafEntry { event_type: event.kind.clone(), payload: event.payload }.to_bytes()
}

/// The leaf of an event in the tree.
pub(crate) fn leaf(event: &EventRow) -> Hash {
    leaf_hash(&entry(event))
}

/// The files that a log of `new` events has and one of `old` events had not.
///
/// # Errors
/// When the log is too large, or shrinks.
pub(crate) fn files(old: u64, new: u64) -> Result<Vec<ObjectKey>, ApiError> {
    let fail = ApiError::internal;
    let tiles = tiles_between(old, new).map_err(fail)?.map(|tile| {
        let at = LogPath::new(tile.index(), tile.width())?;
        Some(ObjectKey::Tile(tile.level(), at))
    });
    let bundles = bundles_between(old, new).map_err(fail)?;
    let bundles =
        bundles.map(|bundle| LogPath::new(bundle.index(), bundle.width()).map(ObjectKey::Entries));
    let pages = pages_between(old, new).map_err(fail)?;
    let pages = pages.map(|page| LogPath::new(page.index(), page.width()).map(ObjectKey::Events));
    let all: Option<Vec<ObjectKey>> = tiles.chain(bundles).chain(pages).collect();
    all.ok_or_else(|| ApiError::internal("a file of the log has no path"))
}

/// The sizes of the log, from the first to before the second, at which the place of a file was begun and not full.
pub(crate) fn sizes_of(full: &ObjectKey) -> (u64, u64) {
    let (level, at) = match full {
        ObjectKey::Tile(level, at) => (u32::from(*level), at),
        ObjectKey::Entries(at) | ObjectKey::Events(at) => (0, at),
        _ => return (0, 0),
    };
    let entries = u64::from(TILE_WIDTH).saturating_pow(level.saturating_add(1));
    let from = at.number().saturating_mul(entries);
    (from, from.saturating_add(entries))
}

/// The unfinished files that logs of these sizes have in the place of a full one.
pub(crate) fn unfinished(full: &ObjectKey, sizes: &[u64]) -> Vec<ObjectKey> {
    let part = |size: u64| match full {
        ObjectKey::Tile(level, at) => {
            let hashes = size.checked_shr(8 * u32::from(*level)).unwrap_or(0);
            partial(*at, hashes).map(|at| ObjectKey::Tile(*level, at))
        }
        ObjectKey::Entries(at) => partial(*at, size).map(ObjectKey::Entries),
        ObjectKey::Events(at) => partial(*at, size).map(ObjectKey::Events),
        _ => None,
    };
    let mut found: Vec<ObjectKey> = sizes.iter().filter_map(|size| part(*size)).collect();
    found.sort();
    found.dedup();
    found
}

/// The place `at` as it was when there were `count` things of its level in all; `None` when it was full or empty then.
fn partial(at: LogPath, count: u64) -> Option<LogPath> {
    let width = count.checked_sub(at.number().checked_mul(u64::from(TILE_WIDTH))?)?;
    let width = u16::try_from(width).ok().filter(|width| *width < TILE_WIDTH)?;
    LogPath::new(at.number(), width)
}

/// The bytes of a file of the log; `None` for another object.
///
/// # Errors
/// When rows are missing.
pub(crate) async fn bytes(
    db: &mut Connection,
    key: &ObjectKey,
) -> Result<Option<Vec<u8>>, ApiError> {
    let bytes = match key {
        ObjectKey::Tile(level, at) => encode_tile(&hashes(db, *level, *at).await?),
        ObjectKey::Entries(at) => {
            let entries: Vec<Vec<u8>> = rows(db, *at).await?.iter().map(entry).collect();
            encode_bundle(&entries).map_err(ApiError::internal)?
        }
        ObjectKey::Events(at) => {
            let lines = rows(db, *at).await?;
            let lines = lines.iter().flat_map(|event| [event.line_or_mark(), "\n"]);
            lines.collect::<String>().into_bytes()
        }
        _ => return Ok(None),
    };
    Ok(Some(bytes))
}

/// The hashes of a tile.
///
/// # Errors
/// When the log does not reach so far.
pub(crate) async fn hashes(
    db: &mut Connection,
    level: u8,
    at: LogPath,
) -> Result<Vec<Hash>, ApiError> {
    if level == 0 {
        return Ok(rows(db, at).await?.iter().map(leaf).collect());
    }
    let (from, to) = span(at);
    let hashes = tree::hashes(db, level, from, to).await?;
    complete(hashes, at)
}

async fn rows(db: &mut Connection, at: LogPath) -> Result<Vec<EventRow>, ApiError> {
    let (from, to) = span(at);
    let rows = events::range(db, from, to).await?;
    complete(rows, at)
}

/// The numbers of the first thing in a file, and of the first behind it. A path is of a number below 2^40.
fn span(at: LogPath) -> (u64, u64) {
    let from = at.number().saturating_mul(u64::from(TILE_WIDTH));
    (from, from.saturating_add(u64::from(at.width())))
}

fn complete<T>(found: Vec<T>, at: LogPath) -> Result<Vec<T>, ApiError> {
    if found.len() == usize::from(at.width()) {
        return Ok(found);
    }
    Err(ApiError::internal(format!("the log has {} of what `{at}` holds", found.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(keys: &[ObjectKey]) -> Vec<String> {
        keys.iter().map(ObjectKey::path).collect()
    }

    #[test]
    fn a_log_that_grows_gets_new_files_and_full_ones_once() {
        let small = paths(&files(0, 3).unwrap());
        assert_eq!(small, ["tile/0/000.p/3", "tile/entries/000.p/3", "events/000.p/3"]);
        let grown = paths(&files(3, 257).unwrap());
        for path in ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "events/000"] {
            assert!(grown.iter().any(|found| found == path), "{path} {grown:?}");
        }
    }

    #[test]
    fn unfinished_files_are_those_of_the_sizes_that_were_signed() {
        let of = |path: &str, sizes: &[u64]| paths(&unfinished(&path.parse().unwrap(), sizes));
        assert_eq!(of("tile/0/000", &[3, 200, 256]), ["tile/0/000.p/3", "tile/0/000.p/200"]);
        assert_eq!(of("tile/1/000", &[3, 256, 300, 70_000]), ["tile/1/000.p/1"]);
        assert_eq!(of("events/001", &[256, 257, 300]), ["events/001.p/1", "events/001.p/44"]);
        assert_eq!(sizes_of(&"tile/1/001".parse().unwrap()), (65_536, 131_072));
    }
}
