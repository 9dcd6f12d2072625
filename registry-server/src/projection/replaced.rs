//! What a log that was replaced has left in the public folder.
//!
//! A database that was put back from a backup may go on only under another key, with a root document that freezes the log
//! where the database has it. What the old log said beyond that is then of no log: its files would stand in the way of those
//! that the same places get now, and never change by themselves. Only such a document allows their removal. Without one they
//! are evidence, and the writing of other bytes fails.

use tare_store::{LogPath, ObjectKey, ObjectKind};
use tare_tlog::tile::TILE_WIDTH;

use super::forget;
use crate::error::ApiError;
use crate::guard::public_checkpoint;
use crate::registry::Registry;
use crate::sequence::newest_root;

/// Removes the files of a replaced log beyond the size at which it was frozen, when the public heads are still of it and say
/// more, and sees to it that the next [`project`](super::project) writes everything. A crash on the way is made up for by the
/// next call: the heads are written last.
///
/// # Errors
/// When the database or the store fails.
pub(crate) async fn remove_replaced(registry: &Registry) -> Result<(), ApiError> {
    let root = {
        let mut db = registry.db.read().await?;
        newest_root(&mut db).await?.1
    };
    let (Some(log), Some(old)) = (root.log(), root.old_logs.last()) else { return Ok(()) };
    let pending = ObjectKey::PendingHead;
    if public_checkpoint(registry, &pending, &log.key).await?.is_some() {
        return Ok(());
    }
    let mut said = 0;
    for key in [pending, ObjectKey::Head, ObjectKey::Checkpoint] {
        let found = public_checkpoint(registry, &key, &old.key).await?;
        said = said.max(found.map_or(0, |checkpoint| checkpoint.size()));
    }
    let frozen = old.size;
    if said <= frozen {
        return Ok(());
    }
    let removed = registry.blocking(move |store| {
        let mut removed = 0_u64;
        for kind in [ObjectKind::Tile, ObjectKind::Entries, ObjectKind::Events] {
            for object in store.list(kind)?.iter().filter(|object| end(&object.key) > frozen) {
                store.remove(&object.key)?;
                removed += 1;
            }
        }
        Ok::<_, ApiError>(removed)
    });
    let (removed, log) = (removed.await?, old.key.name());
    tracing::warn!(%log, frozen, said, removed, "removed what a replaced log said beyond its end");
    forget(registry).await
}

/// How many events a log has at least that has this file.
fn end(key: &ObjectKey) -> u64 {
    let (level, at): (u8, &LogPath) = match key {
        ObjectKey::Tile(level, at) => (*level, at),
        ObjectKey::Entries(at) | ObjectKey::Events(at) => (0, at),
        _ => return 0,
    };
    let width = u64::from(TILE_WIDTH);
    let things = at.number().saturating_mul(width).saturating_add(u64::from(at.width()));
    things.saturating_mul(width.saturating_pow(u32::from(level)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_how_large_its_log_is() {
        let at = |number, width| LogPath::new(number, width).unwrap();
        assert_eq!(end(&ObjectKey::Events(at(0, 18))), 18);
        assert_eq!(end(&ObjectKey::Entries(at(2, 256))), 768);
        assert_eq!(end(&ObjectKey::Tile(0, at(1, 1))), 257);
        assert_eq!(end(&ObjectKey::Tile(1, at(0, 3))), 768);
        assert_eq!(end(&ObjectKey::Registry), 0);
    }
}
