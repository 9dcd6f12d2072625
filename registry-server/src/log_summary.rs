//! What the log is at a glance, for its operator.

use jiff::Timestamp;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::key::KeyName;
use tare_tlog::note::Note;

use crate::db::tree::{self, Mark};
use crate::db::{events, timestamp};
use crate::error::ApiError;
use crate::projection::{self, head::cosigner};
use crate::registry::Registry;
use crate::sequence::newest_root;

/// The log at a glance.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogSummary {
    /// Which log.
    pub origin: String,
    /// How many events it has.
    pub size: u64,
    /// The root of its tree, in base64.
    pub root: String,
    /// When its last event was accepted.
    pub time: Timestamp,
    /// The version of the newest root document.
    pub root_version: u32,
    /// The size that the public head has.
    pub published: u64,
    /// Those whom the newest root document names, in its order.
    pub witnesses: Vec<WitnessSummary>,
    /// How many events there are of each type, sorted by type.
    pub events: Vec<(String, u64)>,
}

/// How far a witness is.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct WitnessSummary {
    /// What the root document calls it.
    pub label: String,
    /// The size of the newest checkpoint that it has cosigned, as far as this registry knows.
    pub cosigned: Option<u64>,
}

impl Registry {
    /// The log at a glance.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn log_summary(&self) -> Result<LogSummary, ApiError> {
        let mut db = self.db.read().await?;
        let newest = tree::newest_checkpoint(&mut db).await?;
        let newest = newest.ok_or_else(|| ApiError::internal("the log was not begun"))?;
        let note = Note::parse(newest.note.as_bytes()).map_err(ApiError::internal)?;
        let checkpoint: Checkpoint = note.text().parse().map_err(ApiError::internal)?;
        let origin: &KeyName = checkpoint.origin();
        let count = |(kind, count)| Ok((kind, crate::db::unsigned(count)?));
        let by_type = events::count_by_type(&mut db).await?;
        let (root_version, root) = newest_root(&mut db).await?;
        let mut witnesses = Vec::new();
        for witness in root.policy.witnesses() {
            let cosigned = tree::last_cosigned(&mut db, &cosigner(&witness.key)).await?;
            witnesses.push(WitnessSummary { label: witness.label.clone(), cosigned });
        }
        Ok(LogSummary {
            origin: origin.to_string(),
            size: newest.size,
            root: newest.root.to_string(),
            time: timestamp(events::last_time(&mut db).await?.unwrap_or(0))?,
            root_version,
            published: tree::mark(&mut db, Mark::Published).await?,
            witnesses,
            events: by_type.into_iter().map(count).collect::<Result<_, ApiError>>()?,
        })
    }

    /// Writes every public file anew from the database.
    ///
    /// # Errors
    /// When the database or the store fails; what was written stays.
    pub async fn project_anew(&self) -> Result<(), ApiError> {
        projection::forget(self).await?;
        projection::write_registry(self).await?;
        projection::project(self).await
    }
}
