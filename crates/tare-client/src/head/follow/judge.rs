//! What each place answered when it was asked for the head, and what that is worth by itself.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tare_tlog::checkpoint::Checkpoint;
use url::Url;

use super::{Follower, refused};
use crate::error::chain;
use crate::head::Head;
use crate::head::check::{Seen, check, check_replaced, signed_checkpoint};
use crate::head::error::{HeadError, LogError, Tip};
use crate::registry::RegistryError;
use crate::root::{RootChainError, TrustedRoot};

/// How many root documents are walked through at most.
const MAX_STEPS: u32 = 64;

/// The answers as they came.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Who sent something, and what.
    heads: Vec<(String, Bytes)>,
    /// Who could not be asked, and why.
    silent: Vec<(String, RegistryError)>,
    /// Who has none.
    missing: Vec<String>,
}

impl Answers {
    pub(super) fn one(from: &str, head: &Bytes) -> Self {
        Self { heads: vec![(from.to_owned(), head.clone())], ..Self::default() }
    }

    pub(super) fn all(answers: Vec<(Url, Result<Option<Bytes>, RegistryError>)>) -> Self {
        let mut all = Self::default();
        for (base, answer) in answers {
            let from = base.to_string();
            match answer {
                Ok(Some(head)) => all.heads.push((from, head)),
                Ok(None) => all.missing.push(from),
                Err(error) => all.silent.push((from, error)),
            }
        }
        all
    }
}

/// What something that was sent is by itself.
#[derive(Debug)]
pub(super) enum Verdict {
    /// A head.
    Good(Box<Seen>),
    /// A head of a log that was replaced, from before that.
    Replaced(Signed),
    /// None; and what its log signed nevertheless.
    Bad(LogError, Option<Signed>),
}

/// What a log signed, in a file that counts for nothing more.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) checkpoint: Checkpoint,
    pub(super) bytes: Bytes,
}

/// All answers, and the root document that they were judged under.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) root: Arc<TrustedRoot>,
    pub(super) verdicts: Vec<(String, Verdict)>,
    answers: Answers,
}

/// What one place answered, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Which place.
    pub from: String,
    /// What it answered.
    pub outcome: Outcome,
}

/// What an answer is beside the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The newest head.
    Newest,
    /// A head that the newest one continues.
    Stale {
        /// Where it ends.
        tip: Tip,
        /// Since when its witnesses know it; none when there are none, or when it is of a log that was replaced.
        time: Option<Timestamp>,
    },
    /// Nothing that counts.
    Refused(String),
    /// No answer.
    Silent(String),
    /// There is none.
    Missing,
}

impl Answered {
    /// What is to be said of it beside `head`, if anything.
    #[must_use]
    pub fn warning(&self, head: &Head) -> Option<String> {
        let from = &self.from;
        match &self.outcome {
            // A place that is away is told of by whoever asks it for more than this.
            Outcome::Newest | Outcome::Silent(_) => None,
            Outcome::Stale { tip, .. } => Some(format!(
                "{from} is stale: it serves the log with {} events, and {} are known",
                tip.size,
                head.size()
            )),
            Outcome::Refused(reason) => Some(format!("the head from {from} is refused: {reason}")),
            Outcome::Missing => Some(format!("{from} has no head")),
        }
    }
}

impl Judged {
    /// The newest head among the answers, and who sent it: the largest; of equal ones the one that was seen last.
    pub(super) fn newest(&self) -> Option<(&str, &Seen)> {
        let good = self.verdicts.iter().filter_map(|(from, verdict)| match verdict {
            Verdict::Good(seen) => Some((from.as_str(), &**seen)),
            _ => None,
        });
        good.max_by_key(|(_, seen)| (seen.checkpoint.size(), seen.seconds()))
    }

    /// What the only answer is.
    pub(super) fn sole(&self) -> Option<&Verdict> {
        let [(_, verdict)] = &self.verdicts[..] else { return None };
        Some(verdict)
    }

    /// Why there is no head among the answers.
    pub(super) fn into_error(self, base: &Url) -> HeadError {
        if let Some((from, verdict)) = self.verdicts.into_iter().next() {
            return match verdict {
                Verdict::Bad(error, _) => refused(&from, error),
                Verdict::Replaced(log) => {
                    let origin = log.checkpoint.origin().to_string();
                    let logs = self.root.document().policy.logs().iter();
                    let newest = logs.map(|log| format!("`{}`", log.key.name())).collect();
                    let size = log.checkpoint.size();
                    refused(&from, LogError::OldLog { origin, size, newest })
                }
                // Then there is one.
                Verdict::Good(_) => HeadError::Missing { base: base.clone() },
            };
        }
        match self.answers.silent.into_iter().next() {
            Some((_, error)) => error.into(),
            None => HeadError::Missing { base: base.clone() },
        }
    }

    /// Whether nobody sent anything.
    fn is_empty(&self) -> bool {
        self.verdicts.is_empty()
    }

    /// Whether an answer is well formed and by somebody unknown: the root document may not be the newest, and whoever is
    /// stale must not hold back whoever is not.
    fn is_puzzling(&self) -> bool {
        let is_unknown =
            |verdict: &Verdict| matches!(verdict, Verdict::Bad(LogError::Refused(_), _));
        self.verdicts.iter().any(|(_, verdict)| is_unknown(verdict))
    }

    /// What the places answered that sent no head.
    pub(super) fn silent(&self) -> impl Iterator<Item = Answered> {
        let silent = self
            .answers
            .silent
            .iter()
            .map(|(from, error)| (from, Outcome::Silent(chain(error).join(": "))));
        let missing = self.answers.missing.iter().map(|from| (from, Outcome::Missing));
        silent.chain(missing).map(|(from, outcome)| Answered { from: from.clone(), outcome })
    }
}

impl Follower<'_> {
    /// Judges all answers under the newest root document that there is reason to look for (W-42): the log names a newer
    /// one, the known one expired, or no answer is good under it.
    pub(super) async fn judge(&self, answers: Answers) -> Result<Judged, HeadError> {
        let now = self.verified_now()?;
        let mut root = Arc::new(self.root().await?);
        let first = root.version();
        loop {
            let verdicts =
                answers.heads.iter().map(|(from, head)| (from.clone(), verdict(head, &root, now)));
            let judged = Judged {
                root: Arc::clone(&root),
                verdicts: verdicts.collect(),
                answers: Answers::default(),
            };
            let named = judged.newest().map(|(_, seen)| seen.root_version);
            let is_settled = named.is_some_and(|named| named <= root.version())
                && !root.document().is_expired(now)
                && !judged.is_puzzling();
            if is_settled || judged.is_empty() {
                return self.settled_under(judged, answers);
            }
            if root.version().saturating_sub(first) >= MAX_STEPS {
                return Err(RootChainError::TooLong { from: first, most: MAX_STEPS }.into());
            }
            match root.next(self.registry).await? {
                Some(next) => root = Arc::new(next),
                None => return self.settled_under(judged, answers),
            }
        }
    }

    /// Insists that the root document is the one that the log names, and keeps it, which is good whatever the answers are.
    fn settled_under(&self, judged: Judged, answers: Answers) -> Result<Judged, HeadError> {
        let named = judged.newest().map(|(_, seen)| seen.root_version);
        if let Some(expected) = named.filter(|named| *named > judged.root.version()) {
            let (found, base) = (judged.root.version(), self.registry.base().clone());
            return Err(RootChainError::Withheld { expected, found, base }.into());
        }
        self.store.keep_root(&judged.root)?;
        Ok(Judged { answers, ..judged })
    }
}

fn verdict(head: &Bytes, root: &TrustedRoot, now: u64) -> Verdict {
    let error = match check(head, root.document(), now) {
        Ok(seen) => return Verdict::Good(Box::new(seen)),
        Err(error) => error,
    };
    let signed = |checkpoint| Signed { checkpoint, bytes: head.clone() };
    match check_replaced(head, root.document()) {
        Ok(Some(log)) => Verdict::Replaced(signed(log)),
        Ok(None) => Verdict::Bad(error, signed_checkpoint(head, root.document()).map(signed)),
        Err(error) => Verdict::Bad(error, None),
    }
}
