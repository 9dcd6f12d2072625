//! What the answers are beside each other, and beside what was seen before (spec/log.md W-49 to W-52).

use std::sync::Arc;

use jiff::Timestamp;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::hash::Hash;
use tare_tlog::policy::QuorumTime;

use super::judge::{Answered, Judged, Outcome, Signed, Verdict};
use super::{Follower, HERE, refused};
use crate::error::chain;
use crate::head::check::{Seen, check, timestamp};
use crate::head::compare::{Comparison, compare};
use crate::head::error::{Fork, HeadError, Rollback, Tip};
use crate::head::evidence::{self, Side};
use crate::head::store::KeptHead;
use crate::root::TrustedRoot;

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

impl Signed {
    pub(super) fn side<'a>(&'a self, from: &'a str) -> Side<'a> {
        Side { from, checkpoint: &self.checkpoint, bytes: &self.bytes }
    }
}

impl KeptHead {
    pub(super) fn side(&self) -> Side<'_> {
        Side { from: HERE, checkpoint: &self.checkpoint, bytes: &self.bytes }
    }
}

impl Follower<'_> {
    /// Finds the head that counts, and keeps it unless the root document has expired.
    pub(super) async fn settle(&self, judged: Judged) -> Result<Settled, HeadError> {
        let Some((from, seen)) = judged.newest() else {
            if let Some(kept) = self.store.head()? {
                self.check_refused(&judged, kept.side()).await?;
            }
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
            self.check_refused(&judged, Candidate { from: HERE, seen: &seen }.side()).await?;
            let root = Arc::clone(&judged.root);
            // W-43: what was seen stays as it is, and nothing new takes its place.
            if root.document().is_expired(self.verified_now()?) {
                let kept = kept.and_then(|kept| {
                    check(&kept.bytes, root.document(), self.verified_now().ok()?).ok()
                });
                return Ok(Settled { root, seen: kept.unwrap_or(seen), answers });
            }
            // Another process that kept a head meanwhile wins: what was compared is not what is there any more.
            if self.store.keep_head(kept.as_ref(), &seen.bytes, seen.seconds())? {
                mark_stale(&mut answers, newest, &seen);
                return Ok(Settled { root, seen, answers });
            }
        }
    }

    /// What is refused counts for nothing; but if the log signed it and it contradicts `counted`, the log was forked,
    /// however few cosigned it (W-51).
    async fn check_refused(&self, judged: &Judged, counted: Side<'_>) -> Result<(), HeadError> {
        for (from, verdict) in &judged.verdicts {
            let Verdict::Bad(_, Some(signed)) = verdict else { continue };
            if signed.checkpoint.origin() != counted.checkpoint.origin() {
                continue;
            }
            let side = signed.side(from);
            // What cannot be compared is refused all the same, for its own reason.
            if let Err(fork @ HeadError::Fork(_)) = self.insist(side, counted, side).await {
                return Err(fork);
            }
        }
        Ok(())
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
                    Outcome::Stale { tip: Tip::of(&seen.checkpoint), time: time_of(seen) }
                }
                Verdict::Replaced(log) => {
                    self.insist(log.side(from), newest.side(), log.side(from)).await?;
                    Outcome::Stale { tip: Tip::of(&log.checkpoint), time: None }
                }
                Verdict::Bad(error, _) => Outcome::Refused(chain(error).join(": ")),
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
        let proven = self.insist(newest.side(), kept.side(), newest.side()).await;
        proven.map_err(|error| self.rollback(kept, newest, error))?;
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
        // What was seen of it is no beginning of the new one.
        self.store.forget_seen()?;
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
    pub(super) async fn insist(
        &self,
        old: Side<'_>,
        new: Side<'_>,
        found: Side<'_>,
    ) -> Result<(), HeadError> {
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

    /// That the newest head is smaller than the kept one, and that nobody serves the tiles that would show whether it is of
    /// the same log.
    fn rollback(&self, kept: &KeptHead, newest: Candidate<'_>, error: HeadError) -> HeadError {
        if !matches!(error, HeadError::Tiles(_) | HeadError::Unproven { .. }) {
            return error;
        }
        let (seen, found) = (Tip::of(&kept.checkpoint), Tip::of(&newest.seen.checkpoint));
        let name = format!("rollback-{}-{}.txt", seen.size, found.size);
        let text = evidence::rollback(&self.id, self.now, [kept.side(), newest.side()]);
        match self.store.keep_rollback(&name, &text) {
            Ok(evidence) => {
                let (registry, from) = (self.id.clone(), newest.from.to_owned());
                let told = Rollback { registry, seen, found, from, evidence };
                HeadError::Rollback(Box::new(told), Box::new(error))
            }
            Err(error) => error,
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

fn time_of(seen: &Seen) -> Option<Timestamp> {
    match seen.time {
        QuorumTime::At(seconds) => Some(timestamp(seconds)),
        QuorumTime::NotRequired => None,
    }
}

/// When what was kept is newer than the newest answer, nobody answered with the newest.
fn mark_stale(answers: &mut [Answered], newest: Candidate<'_>, settled: &Seen) {
    if newest.seen.checkpoint.size() >= settled.checkpoint.size() {
        return;
    }
    for answered in answers {
        if answered.outcome == Outcome::Newest {
            let tip = Tip::of(&newest.seen.checkpoint);
            answered.outcome = Outcome::Stale { tip, time: time_of(newest.seen) };
        }
    }
}
