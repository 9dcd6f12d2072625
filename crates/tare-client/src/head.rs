//! The head of a registry's log: what is current, as its log signed it and its witnesses saw it (spec/log.md W-44 on).
//!
//! ```text
//! root document ─► log signature ─► quorum, time ─► last event ─► state map ─► page ─► release
//!                         │
//!                         └─► continues the head that was seen before, or somebody is shown another history
//! ```
//! Only [`Follower`] makes a [`Head`], and everything that a command says of a registry hangs from one. A follower keeps
//! the newest head of each registry and the greatest time that a quorum stated, under a lock between processes, so that
//! nobody can take this machine back: what is older is a stale source, what contradicts is a fork, and a fork is written
//! down and never adopted.
//!
//! A head that has not changed costs one request. Nothing here reads the clock; the time is passed in.

mod age;
mod check;
mod compare;
mod error;
mod evidence;
mod follow;
mod store;
mod wait;

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tare_format::Sha256;
use tare_format::lock::LockedHead;
use tare_format::registry::RegistryId;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::map::Commitment;
use tare_tlog::policy::QuorumTime;

use crate::root::TrustedRoot;
use check::Seen;

pub use age::Freshness;
pub use error::{Fork, HeadError, LogError, Rollback, Tip};
pub use follow::{Answered, Follower, Imported, Outcome, Survey, expired_root, kept_head};
pub use wait::{WaitError, wait_for};

pub(crate) use check::check as check_head;
pub(crate) use compare::{Comparison, compare, prove_entry};
pub(crate) use follow::claims_earlier;

/// How far ahead the clock of a witness may be, in seconds.
const FUTURE_SECONDS: u64 = 600;

/// The head of a registry's log, verified.
#[derive(Debug, Clone)]
pub struct Head {
    registry: RegistryId,
    root: Arc<TrustedRoot>,
    seen: Seen,
}

impl Head {
    fn new(registry: RegistryId, root: Arc<TrustedRoot>, seen: Seen) -> Self {
        Self { registry, root, seen }
    }

    /// The registry.
    #[must_use]
    pub fn registry(&self) -> &RegistryId {
        &self.registry
    }

    /// The root document that it was verified under.
    #[must_use]
    pub fn root_document(&self) -> &TrustedRoot {
        &self.root
    }

    /// The name of the log that signed it.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.seen.checkpoint.origin().as_str()
    }

    /// How many events the log has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.seen.checkpoint.size()
    }

    /// The root hash of the tree over them.
    #[must_use]
    pub fn tree_root(&self) -> Sha256 {
        Sha256::from_bytes(self.seen.checkpoint.root().0)
    }

    /// The map of what is current.
    #[must_use]
    pub fn state(&self) -> Commitment {
        self.seen.state
    }

    /// Since when it is known to be the newest, by its quorum; none when the registry asks for no witness.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        match self.seen.time {
            QuorumTime::At(seconds) => Some(check::timestamp(seconds)),
            QuorumTime::NotRequired => None,
        }
    }

    /// When its last event was logged. Only the log says so.
    #[must_use]
    pub fn logged(&self) -> Timestamp {
        self.seen.logged
    }

    /// How old it is at `now`, and what that means.
    #[must_use]
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        Freshness::of(self, now)
    }

    /// What a lock says of it.
    #[must_use]
    pub fn locked(&self) -> LockedHead {
        LockedHead { registry: self.registry.clone(), size: self.size(), root: self.tree_root() }
    }

    /// The file itself, to be compared by somebody else.
    #[must_use]
    pub fn to_bytes(&self) -> &Bytes {
        &self.seen.bytes
    }

    pub(crate) fn checkpoint(&self) -> &Checkpoint {
        &self.seen.checkpoint
    }
}

#[cfg(test)]
pub(crate) mod tests;
