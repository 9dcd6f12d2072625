//! How far a mirror is: the size of the log that it holds, and the edge of its tree.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tare_tlog::hash::Hash;
use tare_tlog::tree::Edge;

use super::MirrorError;
use super::inventory::{Change, Inventory, InventoryError};

const SETTING: &str = "position";

/// Where a mirror stands in the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// Its tree.
    pub(super) edge: Edge,
    /// The time of the newest state event.
    pub(super) last_time: Option<Timestamp>,
    /// The checkpoint's text; empty when there is none yet.
    pub(super) checkpoint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Stored {
    size: u64,
    edge: Vec<String>,
    last_time: Option<Timestamp>,
    checkpoint: String,
}

impl Position {
    /// The position as of the last commit; the beginning when there is none.
    pub(super) async fn load(inventory: &Inventory) -> Result<Self, MirrorError> {
        let Some(text) = inventory.setting(SETTING).await? else { return Ok(Self::default()) };
        let damaged = |problem: String| MirrorError::from(InventoryError::Damaged(problem));
        let stored: Stored =
            serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let hashes = stored.edge.iter().map(|hash| Hash::from_hex(hash)).collect::<Result<_, _>>();
        let hashes = hashes.map_err(|error| damaged(error.to_string()))?;
        let edge = Edge::from_parts(stored.size, hashes);
        Ok(Self {
            edge: edge.map_err(|error| damaged(error.to_string()))?,
            last_time: stored.last_time,
            checkpoint: stored.checkpoint,
        })
    }

    /// Makes this the position, as part of a change.
    pub(super) async fn store(&self, change: &mut Change) -> Result<(), MirrorError> {
        let stored = Stored {
            size: self.edge.size(),
            edge: self.edge.hashes().iter().map(Hash::hex).collect(),
            last_time: self.last_time,
            checkpoint: self.checkpoint.clone(),
        };
        let text = serde_json::to_string(&stored)
            .map_err(|error| InventoryError::Damaged(error.to_string()))?;
        Ok(change.set(SETTING, &text).await?)
    }
}
