//! What the answers are beside each other, and beside what was seen before (spec/log.md W-49 to W-52).

use std::sync::Arc;

use bytes::Bytes;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::hash::Hash;

use super::judge::{Answered, Answers, Judged, Outcome, Verdict};
use super::{Follower, HERE, refused};
use crate::error::chain;
use crate::head::check::{Seen, check};
use crate::head::compare::{Comparison, compare};
use crate::head::error::{Fork, HeadError, Tip};
use crate::head::evidence::{self, Side};
use crate::head::store::KeptHead;
use crate::root::TrustedRoot;

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

/// The head that counts.
pub(super) struct Settled {
    pub(super) root: Arc<TrustedRoot>,
    pub(super) seen: Seen,
    pub(super) answers: Vec<Answered>,
}

/// A head, and where it is from.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    from: &'a str,
    seen: &'a Seen,
}

impl<'a> Candidate<'a> {
    fn side(self) -> Side<'a> {
        Side { from: self.from, checkpoint: &self.seen.checkpoint, bytes: &self.seen.bytes }
    }
}

impl KeptHead {
    fn side(&self) -> Side<'_> {
        Side { from: HERE, checkpoint: &self.checkpoint, bytes: &self.bytes }
    }
}

impl Follower<'_> {
    /// Compares a head that somebody else has with the one that is kept here, and keeps the newer one.
    ///
    /// # Errors
    /// When it is refused, or contradicts what was seen here.
    pub async fn import(&self, head: &Bytes, from: &str) -> Result<Imported, HeadError> {
        let kept = self.store.head();
        let judged = self.judge(Answers::one(from, head)).await?;
        let kept = match kept {
            Err(HeadError::Damaged { .. }) => {
                let Some((_, seen)) = judged.newest() else {
                    return Err(judged.into_error(self.registry.base()));
                };
                self.store.replace_damaged(&seen.bytes)?;
                return Ok(Imported::Newer);
            }
            kept => kept?,
        };
        let before = kept.map(|kept| kept.checkpoint);
        let imported = judged.newest().map(|(_, seen)| seen.checkpoint.clone());
        let settled = self.settle(judged).await?.seen.checkpoint;
        Ok(match before {
            Some(before) if imported.as_ref() == Some(&before) => Imported::Same,
            _ if imported.as_ref() == Some(&settled) => Imported::Newer,
            _ => Imported::Older,
        })
    }

    /// Finds the head that counts, and keeps it.
    pub(super) async fn settle(&self, judged: Judged) -> Result<Settled, HeadError> {
        let Some((from, seen)) = judged.newest() else {
            return Err(judged.into_error(self.registry.base()));
        };
        let newest = Candidate { from, seen };
        let mut answers = self.compare_answers(&judged, newest).await?;
        answers.extend(judged.silent());
        loop {
            let kept = self.store.head()?;
            let seen = match &kept {
                Some(kept) => self.beside_kept(&judged.root, newest, kept).await?,
                None => {
                    self.check_old_logs(&judged.root, newest).await?;
                    newest.seen.clone()
                }
            };
            // Another process that kept a head meanwhile wins: what was compared is not what is there any more.
            if self.store.keep_head(kept.as_ref(), &seen.bytes, seen.seconds())? {
                mark_stale(&mut answers, newest, &seen);
                return Ok(Settled { root: Arc::clone(&judged.root), seen, answers });
            }
        }
    }

    /// Every answer has to be where the newest one came from.
    async fn compare_answers(
        &self,
        judged: &Judged,
        newest: Candidate<'_>,
    ) -> Result<Vec<Answered>, HeadError> {
        let mut answers = Vec::new();
        for (from, verdict) in &judged.verdicts {
            let outcome = match verdict {
                Verdict::Good(seen) if seen.checkpoint == newest.seen.checkpoint => Outcome::Newest,
                Verdict::Good(seen) => {
                    let other = Candidate { from, seen };
                    self.insist(other.side(), newest.side(), newest.side()).await?;
                    Outcome::Stale(Tip::of(&seen.checkpoint))
                }
                Verdict::Replaced(log) => Outcome::Stale(Tip::of(log)),
                Verdict::Bad(error) => Outcome::Refused(chain(error).join(": ")),
            };
            answers.push(Answered { from: from.clone(), outcome });
        }
        Ok(answers)
    }

    /// The head that counts when another was kept: the newer of both, when the one continues the other.
    async fn beside_kept(
        &self,
        root: &TrustedRoot,
        newest: Candidate<'_>,
        kept: &KeptHead,
    ) -> Result<Seen, HeadError> {
        let found = &newest.seen.checkpoint;
        if kept.checkpoint.origin() != found.origin() {
            self.leave_log(root, newest, kept).await?;
            return Ok(newest.seen.clone());
        }
        if kept.checkpoint.size() <= found.size() {
            self.insist(kept.side(), newest.side(), newest.side()).await?;
            if kept.checkpoint.size() < found.size() {
                return Ok(newest.seen.clone());
            }
            // The same tree: whichever was seen as the newest later.
            let seen = check(&kept.bytes, root.document(), self.verified_now()?).ok();
            let later = seen.filter(|seen| seen.seconds() >= newest.seen.seconds());
            return Ok(later.unwrap_or_else(|| newest.seen.clone()));
        }
        self.insist(newest.side(), kept.side(), newest.side()).await?;
        let seen = check(&kept.bytes, root.document(), self.verified_now()?);
        seen.map_err(|source| refused(HERE, source))
    }

    /// The kept head is of a log that was replaced (W-52): as far as the root document follows that log, the new one has
    /// to continue it; what it said beyond that counts no more.
    async fn leave_log(
        &self,
        root: &TrustedRoot,
        newest: Candidate<'_>,
        kept: &KeptHead,
    ) -> Result<(), HeadError> {
        let origin = kept.checkpoint.origin();
        let old = root.document().old_logs.iter().find(|old| old.key.name() == origin);
        let Some(old) = old else {
            let (origin, version) = (origin.to_string(), root.version());
            return Err(HeadError::UnknownLog { origin, version });
        };
        self.check_old_logs(root, newest).await?;
        if kept.checkpoint.size() <= old.size {
            return self.insist(kept.side(), newest.side(), newest.side()).await;
        }
        self.progress.warn(&format!(
            "the log `{origin}` was replaced by `{}`: it ended with {} events, and what was seen here, {}, is dropped",
            newest.seen.checkpoint.origin(),
            old.size,
            Tip::of(&kept.checkpoint)
        ));
        Ok(())
    }

    /// The log continues every log that it replaced, from where the root document says that each ended.
    async fn check_old_logs(
        &self,
        root: &TrustedRoot,
        newest: Candidate<'_>,
    ) -> Result<(), HeadError> {
        for old in &root.document().old_logs {
            let end =
                Checkpoint::new(old.key.name().clone(), old.size, old.root).map_err(|error| {
                    refused(newest.from, crate::head::LogError::Refused(error.into()))
                })?;
            let from = format!("root document {}", root.version());
            let end = Side { from: &from, checkpoint: &end, bytes: &[] };
            self.insist(end, newest.side(), newest.side()).await?;
        }
        Ok(())
    }

    /// Insists that `new` continues `old`; `found` is the one of both that was not known before.
    async fn insist(&self, old: Side<'_>, new: Side<'_>, found: Side<'_>) -> Result<(), HeadError> {
        let (old, new) =
            if old.checkpoint.size() <= new.checkpoint.size() { (old, new) } else { (new, old) };
        match compare(self.registry, old.checkpoint, new.checkpoint).await? {
            Comparison::Continues => Ok(()),
            Comparison::Forks { prefix, hashes } => {
                let expected = if found.bytes == new.bytes { old } else { new };
                Err(self.fork([expected, found], &prefix, &hashes))
            }
        }
    }

    /// Writes down what proves a fork.
    fn fork(&self, [expected, found]: [Side<'_>; 2], prefix: &Hash, hashes: &[Hash]) -> HeadError {
        let text = evidence::text(&self.id, self.now, [expected, found], prefix, hashes);
        match self.store.keep_evidence(self.now.as_second(), &text) {
            Ok(evidence) => HeadError::Fork(Box::new(Fork {
                registry: self.id.clone(),
                expected: Tip::of(expected.checkpoint),
                found: Tip::of(found.checkpoint),
                from: found.from.to_owned(),
                evidence,
            })),
            Err(error) => error,
        }
    }
}

/// When what was kept is newer than the newest answer, nobody answered with the newest.
fn mark_stale(answers: &mut [Answered], newest: Candidate<'_>, settled: &Seen) {
    if newest.seen.checkpoint.size() >= settled.checkpoint.size() {
        return;
    }
    for answered in answers {
        if answered.outcome == Outcome::Newest {
            answered.outcome = Outcome::Stale(Tip::of(&newest.seen.checkpoint));
        }
    }
}
