//! Heads that come by another way than from a source: somebody else's, and that of a bundle (spec/log.md W-60, W-61).
//!
//! Such a head may well be older than what was seen here, from before a rotation of the log's key even. It is then a
//! beginning of what was seen, which the trees that were kept here say without anybody, and tiles of the registry else.

use bytes::Bytes;
use tare_format::registry::RegistryId;
use tare_tlog::bundle::TlogProof;

use super::judge::{Answers, Judged, Verdict};
use super::{Follower, HERE, expired};
use crate::head::Head;
use crate::head::error::{HeadError, Tip};
use crate::head::evidence::Side;
use crate::head::store::{LogStore, checkpoint_of};
use crate::home::Home;

/// What became of a head that somebody else has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// It continues the one that was kept here, and is kept in its place.
    Newer,
    /// It is the one that is kept here.
    Same,
    /// The one that is kept here continues it.
    Older,
}

impl Follower<'_> {
    /// Compares a head that somebody else has with the one that is kept here, and keeps the newer one.
    ///
    /// # Errors
    /// When it is none, is refused, contradicts what was seen here, or cannot be compared with it.
    pub async fn import(&self, head: &Bytes, from: &str) -> Result<Imported, HeadError> {
        let no_head = |error| HeadError::NoHead { from: from.to_owned(), source: Box::new(error) };
        TlogProof::parse(head).map_err(no_head)?;
        let kept = self.store.head();
        let judged = self.judge(Answers::one(from, head)).await?;
        if let Some(Verdict::Replaced(old)) = judged.sole() {
            self.import_replaced(old.side(from)).await?;
            return Ok(Imported::Older);
        }
        let kept = match kept {
            Err(HeadError::Damaged { .. }) => return self.import_over_damaged(judged),
            kept => kept?,
        };
        let Some(imported) = judged.newest().map(|(_, seen)| seen.clone()) else {
            return Err(self.settle(judged).await.err().unwrap_or_else(|| self.missing()));
        };
        if let Some(kept) = &kept
            && kept.checkpoint.origin() == imported.checkpoint.origin()
        {
            let side = Side { from, checkpoint: &imported.checkpoint, bytes: head };
            if side.checkpoint == &kept.checkpoint {
                return Ok(Imported::Same);
            }
            if side.checkpoint.size() < kept.checkpoint.size() {
                self.require_beginning(side, kept.side()).await?;
                return Ok(Imported::Older);
            }
        }
        let root = std::sync::Arc::clone(&judged.root);
        self.settle(judged).await?;
        match expired(&root, self.now) {
            Some(error) => Err(error),
            None => Ok(Imported::Newer),
        }
    }

    /// Insists that a head from a bundle, which its own root documents prove, is a beginning of what was seen here.
    ///
    /// # Errors
    /// When it is not, or nothing that may be asked can tell.
    pub async fn require_earlier(&self, head: &Head, from: &str) -> Result<(), HeadError> {
        let Some(kept) = self.store.head()? else { return Ok(()) };
        let side = Side { from, checkpoint: head.checkpoint(), bytes: head.to_bytes() };
        self.require_beginning(side, kept.side()).await
    }

    /// A head of a replaced log, from before that: whatever counts now continues it.
    async fn import_replaced(&self, old: Side<'_>) -> Result<(), HeadError> {
        let current = match self.kept_head() {
            Ok(kept) => std::sync::Arc::new(kept),
            Err(_) => self.survey().await?.head,
        };
        let (checkpoint, bytes) = (current.checkpoint(), current.to_bytes());
        self.require_beginning(old, Side { from: HERE, checkpoint, bytes }).await
    }

    fn import_over_damaged(&self, judged: Judged) -> Result<Imported, HeadError> {
        let Some((_, seen)) = judged.newest() else {
            return Err(judged.into_error(self.registry.base()));
        };
        if let Some(error) = expired(&judged.root, self.now) {
            return Err(error);
        }
        self.store.replace_damaged(&seen.bytes)?;
        Ok(Imported::Newer)
    }

    /// Insists that the tree of `kept` begins with that of `side`.
    async fn require_beginning(&self, side: Side<'_>, kept: Side<'_>) -> Result<(), HeadError> {
        if self.store.has_seen(side.checkpoint)? {
            return Ok(());
        }
        let compared = match self.offline {
            true if side.checkpoint.size() != kept.checkpoint.size() => Err(None),
            _ => self.insist(side, kept, side).await.map_err(Some),
        };
        match compared {
            Err(Some(fork @ HeadError::Fork(_))) => Err(fork),
            Err(reason) => Err(HeadError::Incomparable {
                from: side.from.to_owned(),
                found: Tip::of(side.checkpoint),
                seen: Tip::of(kept.checkpoint),
                source: reason.map(Box::new),
            }),
            Ok(()) => Ok(()),
        }
    }

    fn missing(&self) -> HeadError {
        HeadError::Missing { base: self.registry.base().clone() }
    }
}

/// Whether a head claims to be an earlier state of the log that was seen here: of the same log, or of one that it replaced,
/// and smaller. Nothing of the claim is verified; what it decides is how the head has to be proven.
///
/// # Errors
/// When what was kept cannot be read.
pub(crate) fn claims_earlier(home: &Home, id: &RegistryId, head: &[u8]) -> Result<bool, HeadError> {
    let store = LogStore::new(home, id.clone());
    let (Some(kept), Some(claimed)) = (store.head()?, checkpoint_of(head)) else {
        return Ok(false);
    };
    let is_old = |root: crate::root::TrustedRoot| {
        root.document().old_logs.iter().any(|old| old.key.name() == claimed.origin())
    };
    let is_known =
        claimed.origin() == kept.checkpoint.origin() || store.root()?.is_some_and(is_old);
    Ok(is_known && claimed.size() < kept.checkpoint.size())
}
