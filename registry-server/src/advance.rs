//! Keeping the public head current: writing what operators' commands appended, and asking those who cosign.
//!
//! A handler writes the public files of its own batch before it answers. What it does not wait for is here: cosignatures,
//! which come from other machines, and events that another process appended to the same database.

use std::time::Duration;

use tare_tlog::note::Note;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::db::tree::{self, Mark};
use crate::error::{ApiError, chain};
use crate::projection::{self, head};
use crate::registry::{App, Registry};
use crate::sequence::newest_root;

/// How often the database is looked at for events of another process.
const TICK: Duration = Duration::from_secs(1);
/// How long those who cosign are left in peace at most, when they did not answer.
const MOST_PATIENCE: Duration = Duration::from_secs(60);
/// How often they are asked again for what they have cosigned, so that on quiet days the head does not look old.
const HEARTBEAT: Duration = Duration::from_secs(600);

impl Registry {
    /// Brings the public files up to the newest event, and asks those who cosign if the head waits for them. Gives whether
    /// the head is current now. A server does this by itself.
    ///
    /// # Errors
    /// When the database or the store fails; what was done stays done.
    pub async fn advance(&self) -> Result<bool, ApiError> {
        projection::project(self).await?;
        if is_current(self).await? {
            return Ok(true);
        }
        gather(self).await?;
        is_current(self).await
    }
}

/// Advances for ever: when the log grows, and every second for what another process appended.
pub(crate) async fn for_ever(registry: App) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asking = Asking { last: Instant::now(), patience: TICK };
    loop {
        let has_grown = tokio::select! {
            _ = ticks.tick() => false,
            () = registry.grown.notified() => true,
        };
        if let Err(error) = asking.turn(&registry, has_grown).await {
            tracing::error!(cause = chain(&error), "the public files are behind the log");
        }
    }
}

/// When those who cosign were asked, and when to ask them next.
struct Asking {
    last: Instant,
    patience: Duration,
}

impl Asking {
    async fn turn(&mut self, registry: &Registry, has_grown: bool) -> Result<(), ApiError> {
        projection::project(registry).await?;
        let (waited, is_behind) = (self.last.elapsed(), !is_current(registry).await?);
        let is_due = is_behind && (has_grown || waited >= self.patience);
        if !is_due && waited < HEARTBEAT {
            return Ok(());
        }
        self.last = Instant::now();
        gather(registry).await?;
        self.patience = match is_current(registry).await? {
            true => TICK,
            false => (self.patience * 2).min(MOST_PATIENCE),
        };
        Ok(())
    }
}

async fn is_current(registry: &Registry) -> Result<bool, ApiError> {
    let mut db = registry.db.read().await?;
    let published = tree::mark(&mut db, Mark::Published).await?;
    Ok(published >= tree::mark(&mut db, Mark::Projected).await?)
}

/// Asks for cosignatures of what is in the public files, and publishes the head when they are enough.
async fn gather(registry: &Registry) -> Result<(), ApiError> {
    let (root, checkpoint) = {
        let mut db = registry.db.read().await?;
        let projected = tree::mark(&mut db, Mark::Projected).await?;
        (newest_root(&mut db).await?.1, tree::checkpoint(&mut db, projected).await?)
    };
    let Some(checkpoint) = checkpoint.filter(|_| !root.policy.witnesses().is_empty()) else {
        return Ok(());
    };
    let note = Note::parse(checkpoint.note.as_bytes()).map_err(ApiError::internal)?;
    let lines = registry.config.cosigners.gather(registry, &root, &note).await;
    head::add_cosignatures(registry, checkpoint.size, &lines).await
}

#[cfg(test)]
mod tests {
    use tare_format::event::{BY_REGISTRY, EventBody};
    use tare_store::ObjectKey;
    use tokio::time::timeout;

    use super::*;
    use crate::Config;

    #[tokio::test]
    async fn what_another_process_appended_becomes_public() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(folder.path().join("registry"));
        Registry::init(&config).await.unwrap();
        let server = Registry::open(config.clone()).await.unwrap();
        let advancing = tokio::spawn(for_ever(std::sync::Arc::clone(&server)));
        let command = Registry::attach(config).await.unwrap();
        let mut batch = command.batch(BY_REGISTRY).await.unwrap();
        let body =
            EventBody::Namespace { namespace: "lab".parse().unwrap(), owner: "ada".to_owned() };
        batch.append(body).await.unwrap();
        batch.commit().await.unwrap();

        let appears = async {
            let mut looks = interval(Duration::from_millis(20));
            while server.log_summary().await.unwrap().published < 4 {
                looks.tick().await;
            }
        };
        timeout(Duration::from_secs(20), appears).await.expect("it became public");
        advancing.abort();
        let page = ObjectKey::Namespace("lab".parse().unwrap());
        assert!(server.store.size(&page).unwrap().is_some());
    }
}
