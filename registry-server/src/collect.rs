//! Removing what dead publish sessions left behind.

use tare_store::{ObjectKey, StoreError};

use crate::db::{seconds, sessions};
use crate::error::ApiError;
use crate::publish::session::Session;
use crate::registry::Registry;

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
        Ok(dead.len())
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
