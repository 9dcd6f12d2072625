//! Removing what is not needed any more: what dead publish sessions left behind, and old nodes of the state map.

use tare_format::Sha256;
use tare_store::{ObjectKey, StoreError};

use crate::db::{seconds, sessions, state};
use crate::error::ApiError;
use crate::publish::session::Session;
use crate::registry::Registry;

/// How long a node of the state map stays after it was replaced, in seconds: two weeks, in which every head that is fresh
/// enough to be used still leads to all of its nodes.
const NODE_LIFETIME: i64 = 14 * 24 * 60 * 60;

impl Registry {
    /// Ends the publish sessions that are past their time, and removes the objects that only dead ones brought. Gives
    /// how many sessions were removed. A server does this by itself every ten minutes.
    ///
    /// A session is marked dead before anything of it is removed, so that no request goes on with it; its rows go last,
    /// so that a crash in between is made good by the next run.
    ///
    /// # Errors
    /// When the database or the store fails; what was done stays done.
    pub async fn collect(&self) -> Result<usize, ApiError> {
        let mut tx = self.db.begin().await?;
        sessions::kill_expired(&mut tx, seconds(self.clock.now())).await?;
        tx.commit().await?;
        let dead = {
            let mut db = self.db.read().await?;
            sessions::dead(&mut db).await?
        };
        for session in &dead {
            remove(self, session).await?;
        }
        self.collect_nodes().await?;
        Ok(dead.len())
    }

    /// Removes the files of nodes that were replaced long ago. Nothing is projected meanwhile, so a node that comes back is
    /// written after it was removed and not before.
    async fn collect_nodes(&self) -> Result<(), ApiError> {
        let _only = self.projecting.lock().await;
        let since = seconds(self.clock.now()).saturating_sub(NODE_LIFETIME);
        let mut db = self.db.read().await?;
        let old = state::garbage(&mut db, since).await?;
        drop(db);
        let keys = old.into_iter().map(|hash| ObjectKey::State(Sha256::from_bytes(hash.0)));
        let keys: Vec<ObjectKey> = keys.collect();
        if keys.is_empty() {
            return Ok(());
        }
        self.blocking(move |store| keys.iter().try_for_each(|key| store.remove(key))).await?;
        let mut tx = self.db.begin().await?;
        state::clear_garbage(&mut tx, since).await?;
        Ok(tx.commit().await?)
    }
}

/// Ends a session at its publisher's wish. What was committed stays.
///
/// # Errors
/// When the database or the store fails.
pub(crate) async fn close(registry: &Registry, session: &Session) -> Result<(), ApiError> {
    let mut tx = registry.db.begin().await?;
    sessions::update(&mut tx, &session.row.id, "dead", session.row.expires).await?;
    tx.commit().await?;
    remove(registry, &session.row.id).await
}

async fn remove(registry: &Registry, session: &str) -> Result<(), ApiError> {
    // Nobody puts an object meanwhile, so what nobody else has noted is needed by nobody.
    let _guard = registry.collecting.write().await;
    let mut db = registry.db.read().await?;
    let mut unneeded: Vec<ObjectKey> = Vec::new();
    for key in sessions::own_objects(&mut db, session).await? {
        if !sessions::is_published(&mut db, &key).await? {
            unneeded.push(key);
        }
    }
    drop(db);
    registry
        .blocking(move |store| {
            unneeded.iter().try_for_each(|key| store.remove(key))?;
            Ok::<_, StoreError>(())
        })
        .await?;
    let mut tx = registry.db.begin().await?;
    sessions::delete(&mut tx, session).await?;
    Ok(tx.commit().await?)
}
