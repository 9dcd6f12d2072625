//! Removing the bytes of takedowns. Everything can be cut off and done again.

use tare_format::Blake3;
use tare_store::{Content, ObjectKey, ObjectStore, StoreError};

use super::plan::{self, ChangedPack, Scan, Targets};
use crate::db::takedowns::{self, PackedChunk};
use crate::db::{Connection, stale};
use crate::error::ApiError;
use crate::projection;
use crate::registry::Registry;

/// How often the plan is made anew because something was published meanwhile.
const TRIES: u32 = 8;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Removed {
    /// How many packs were written anew.
    pub packs_rewritten: usize,
    /// How many objects are not in the store any more.
    pub objects: usize,
}

impl Registry {
    /// Removes what takedowns have left, and says how much that was. Asked again, it goes on where it was cut off; a server
    /// does so when it opens. Beside a running server, `alone` is false: the public files are that server's to write.
    ///
    /// # Errors
    /// When the database, the store or a document cannot be read; what was removed stays removed.
    pub async fn remove_taken_down(&self, alone: bool) -> Result<Removed, ApiError> {
        let mut removed = Removed::default();
        let events = {
            let mut db = self.db.read().await?;
            if !takedowns::is_pending(&mut db).await? {
                return Ok(removed);
            }
            takedowns::unfinished(&mut db).await?
        };
        if let Some(newest) = events.last() {
            let mut tries = 0;
            while !forget(self, *newest, &mut removed).await? {
                tries += 1;
                if tries == TRIES {
                    let busy = "the registry changes faster than the takedown can be worked out";
                    return Err(ApiError::internal(busy));
                }
            }
        }
        if alone {
            // So that nobody is sent to a pack that is about to go.
            projection::project(self).await?;
            // What ended sessions had brought. A server does it itself: it knows who is putting something right now.
            self.collect().await?;
        }
        removed.objects = remove_objects(self).await?;
        let mut tx = self.db.begin().await?;
        for event in events {
            takedowns::set_done(&mut tx, event).await?;
        }
        tx.commit().await?;
        Ok(removed)
    }
}

/// Takes the doomed chunks out of the rows, with new packs for those that stay. Gives false when something was published
/// meanwhile that may need one of them; nothing has changed then.
async fn forget(registry: &Registry, event: u64, removed: &mut Removed) -> Result<bool, ApiError> {
    let targets = {
        let mut db = registry.db.read().await?;
        Targets::in_force(&mut db).await?
    };
    let scan = plan::scan(registry, &targets).await?;
    let mut moves = Vec::with_capacity(scan.packs.len());
    for pack in &scan.packs {
        moves.push(rewrite(registry, &scan, pack).await?);
    }
    let mut tx = registry.db.begin().await?;
    if !takedowns::all_releases(&mut tx, scan.last_release).await?.is_empty() {
        return Ok(false);
    }
    for pack in &scan.packs {
        if takedowns::chunks_of(&mut tx, pack.row).await? != pack.chunks {
            return Ok(false);
        }
    }
    for (pack, moved) in scan.packs.iter().zip(&moves) {
        takedowns::move_chunks(&mut tx, pack.row, moved.pack, &moved.chunks).await?;
        let key = ObjectKey::Pack(pack.digest);
        takedowns::insert_gone(&mut tx, event, &key, moved.pack.is_some()).await?;
    }
    for (pack, _) in moves.iter().filter_map(|moved| moved.pack) {
        takedowns::forget_gone(&mut tx, &ObjectKey::Pack(pack)).await?;
    }
    takedowns::count_round(&mut tx, event).await?;
    note(&mut tx, event, &scan).await?;
    tx.commit().await?;
    removed.packs_rewritten = moves.iter().filter(|moved| moved.pack.is_some()).count();
    Ok(true)
}

/// What is gone besides packs, and what is to be written anew.
async fn note(db: &mut Connection, event: u64, scan: &Scan) -> Result<(), ApiError> {
    for (recipe, file) in &scan.recipes {
        takedowns::insert_file(db, event, file.sha256).await?;
        takedowns::forget_recipe(db, *recipe).await?;
        let location = ObjectKey::Location(*recipe);
        stale::forget(db, &location).await?;
        for key in [ObjectKey::Recipe(*recipe), location] {
            takedowns::insert_gone(db, event, &key, false).await?;
        }
    }
    let metas: Vec<ObjectKey> = scan.metas.iter().copied().map(ObjectKey::Meta).collect();
    for key in &metas {
        takedowns::insert_gone(db, event, key, false).await?;
    }
    for recipe in &scan.moved {
        stale::mark(db, &ObjectKey::Location(*recipe)).await?;
    }
    takedowns::end_sessions(db, &scan.chunks, &metas).await?;
    Ok(())
}

/// Where the chunks lie that stay of a pack; nowhere when none does.
struct Moved {
    pack: Option<(Blake3, u64)>,
    chunks: Vec<PackedChunk>,
}

/// Writes the pack anew without what goes. The bytes are copied as they are: whether they are right is for `fsck`, and must not
/// hold up a takedown.
async fn rewrite(registry: &Registry, scan: &Scan, pack: &ChangedPack) -> Result<Moved, ApiError> {
    let kept: Vec<PackedChunk> = scan.kept_of(pack).cloned().collect();
    if kept.is_empty() {
        return Ok(Moved { pack: None, chunks: kept });
    }
    let old = ObjectKey::Pack(pack.digest);
    registry
        .blocking(move |store| {
            let (bytes, chunks) = copy(store, &old, kept)?;
            let digest = Blake3::of(&bytes);
            store.put(&ObjectKey::Pack(digest), Content::Bytes(&bytes))?;
            Ok::<_, ApiError>(Moved { pack: Some((digest, bytes.len() as u64)), chunks })
        })
        .await
}

/// The bytes of a pack of these chunks. A pack is small enough to be held.
fn copy(
    store: &dyn ObjectStore,
    old: &ObjectKey,
    kept: Vec<PackedChunk>,
) -> Result<(Vec<u8>, Vec<PackedChunk>), ApiError> {
    let (mut bytes, mut chunks) = (Vec::new(), Vec::with_capacity(kept.len()));
    for chunk in kept {
        let end = chunk.offset.saturating_add(u64::from(chunk.stored_length));
        let offset = bytes.len() as u64;
        bytes.extend(store.read(old, chunk.offset..end)?);
        chunks.push(PackedChunk { offset, ..chunk });
    }
    Ok((bytes, chunks))
}

/// Removes what the rows do not name any more.
async fn remove_objects(registry: &Registry) -> Result<usize, ApiError> {
    let keys = {
        let mut db = registry.db.read().await?;
        takedowns::to_remove(&mut db).await?
    };
    let doomed = keys.clone();
    registry
        .blocking(move |store| {
            doomed.iter().try_for_each(|key| store.remove(key))?;
            Ok::<_, StoreError>(())
        })
        .await?;
    let mut tx = registry.db.begin().await?;
    for key in &keys {
        takedowns::set_removed(&mut tx, key).await?;
    }
    tx.commit().await?;
    Ok(keys.len())
}
