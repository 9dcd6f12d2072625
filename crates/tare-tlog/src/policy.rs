//! Policies: which log's checkpoints count, and which witnesses have to have cosigned them (spec/log.md W-21 to W-24).
//!
//! ```text
//! log hub.example.org/log1+ba070862+Aep… https://hub.example.org/
//! witness W1 w1.example.net/w+63fbd762+BP0… https://w1.example.net/
//! witness MA mirror.asf.example/m+…
//! witness MB mirror.gnu.example/m+…
//! group mirrors any MA MB                    members `all`, `any` or how many
//! group everyone all W1 mirrors              only what stands above can be a member, and only once
//! quorum everyone                            or `none`
//! ```
//! The syntax is C2SP's tlog-policy. A witness counts in one place only, and one key is one witness, so nobody gets two
//! voices by being written down twice.

use std::collections::BTreeMap;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::cosignature::{self, CosignatureError};
use crate::excerpt::excerpt;
use crate::key::{KeyName, VerifierKey};
use crate::note::Note;

mod builder;
#[cfg(test)]
mod tests;
mod text;
mod words;

pub use builder::{MAX_GROUPS, MAX_LOGS, MAX_WITNESSES, PolicyBuilder, PolicyError};
pub(crate) use text::{NO_URL, add_line, is_token, write_groups};
pub use text::{PolicyLineError, PolicyTextError};

/// How many keys a message names.
const NAMED_KEYS: usize = 4;

/// A log whose checkpoints count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its key, whose name is the log's origin.
    pub key: VerifierKey,
    /// Where it is, if that is said.
    pub url: Option<String>,
}

/// Somebody who cosigns checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// What the policy calls it.
    pub label: String,
    /// Its key.
    pub key: VerifierKey,
    /// Where it is, if that is said.
    pub url: Option<String>,
}

/// How many members of a group are enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Each of them.
    All,
    /// One.
    Any,
    /// This many.
    AtLeast(usize),
}

impl Rule {
    const fn needed(self, members: usize) -> usize {
        match self {
            Self::All => members,
            Self::Any => 1,
            Self::AtLeast(needed) => needed,
        }
    }
}

/// Several witnesses or groups that count as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What the policy calls it.
    pub label: String,
    /// How many members are enough.
    pub rule: Rule,
    /// The labels of its members.
    pub members: Vec<String>,
}

/// Whose word is enough: logs, witnesses, and the quorum of witnesses. Made by [`PolicyBuilder`] or from text, so its
/// rules hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<String>,
}

/// How new a checkpoint is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuorumTime {
    /// The policy asks for no witness, so nobody but the log says when.
    NotRequired,
    /// A quorum saw it as the newest at this time or later, in seconds since 1970.
    At(u64),
}

/// A checkpoint that a policy accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The key of the log that signed it.
    pub log: VerifierKey,
    /// How new it is known to be.
    pub time: QuorumTime,
}

/// Why a policy does not accept a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedError {
    /// It is not a checkpoint of a log that the policy lists.
    #[error("checkpoint is not accepted")]
    Checkpoint {
        /// What is wrong.
        #[from]
        source: CheckpointError,
    },
    /// No listed log has that origin and signed it.
    #[error("checkpoint has origin `{origin}` and is signed by {found}, expected {expected}")]
    Log {
        /// The origin in the checkpoint.
        origin: KeyName,
        /// The keys that signed it, by name and id.
        found: String,
        /// The keys of the logs that the policy lists, by name and id.
        expected: String,
    },
    /// A cosignature is not valid.
    #[error("checkpoint is not accepted")]
    Cosignature {
        /// What is wrong.
        #[from]
        source: CosignatureError,
    },
    /// Too few witnesses cosigned it.
    #[error("checkpoint is cosigned by {found}, which does not satisfy the quorum `{quorum}`")]
    Quorum {
        /// The label of the quorum.
        quorum: String,
        /// The labels of the witnesses that did.
        found: String,
    },
}

impl Policy {
    /// The logs, in their order.
    #[must_use]
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses, in their order.
    #[must_use]
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// The groups; each only has members that are witnesses or stand before it.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The label of the witness or group that has to have cosigned, if any has to.
    #[must_use]
    pub fn quorum(&self) -> Option<&str> {
        self.quorum.as_deref()
    }

    /// The keys of all witnesses.
    #[must_use]
    pub fn witness_keys(&self) -> Vec<VerifierKey> {
        self.witnesses.iter().map(|witness| witness.key.clone()).collect()
    }

    /// The greatest time such that the cosignatures of that time or later satisfy the quorum (W-24).
    ///
    /// `None` when all of them together do not. A key counts once, with its newest time; unknown keys do not count.
    #[must_use]
    pub fn quorum_time(&self, cosignatures: &[(&VerifierKey, u64)]) -> Option<QuorumTime> {
        let Some(quorum) = &self.quorum else { return Some(QuorumTime::NotRequired) };
        let newest = |witness: &Witness| {
            let own = cosignatures.iter().filter(|(key, _)| **key == witness.key);
            own.map(|(_, time)| *time).max()
        };
        let mut times: BTreeMap<&str, u64> = self
            .witnesses
            .iter()
            .filter_map(|witness| Some((witness.label.as_str(), newest(witness)?)))
            .collect();
        // A group has the time that enough of its members have reached. Its members stand before it.
        for group in &self.groups {
            let members = group.members.iter();
            let mut reached: Vec<u64> =
                members.filter_map(|member| times.get(member.as_str()).copied()).collect();
            reached.sort_unstable_by(|a, b| b.cmp(a));
            let last = group.rule.needed(group.members.len()).checked_sub(1);
            if let Some(time) = last.and_then(|last| reached.get(last)) {
                times.insert(&group.label, *time);
            }
        }
        times.get(quorum.as_str()).copied().map(QuorumTime::At)
    }

    /// What a note says if a listed log signed it and the quorum cosigned it.
    ///
    /// Cosignatures of a time above `latest` (seconds since 1970) do not count: they are from a clock that is ahead.
    ///
    /// # Errors
    /// When the note is no checkpoint, is not signed by the log it names, has a signature by a listed key that is not
    /// valid, or the quorum is not satisfied.
    pub fn open(&self, note: &Note, latest: u64) -> Result<Accepted, RefusedError> {
        let claimed: Checkpoint = note.text().parse()?;
        let signed = |log: &&Log| {
            log.key.name() == claimed.origin()
                && note.signatures().iter().any(|signature| signature.is_by(&log.key))
        };
        let Some(log) = self.logs.iter().find(signed) else {
            let found = note.signatures().iter().map(|found| (found.name(), found.id()));
            let expected = self.logs.iter().map(|log| (log.key.name(), log.key.id()));
            return Err(RefusedError::Log {
                origin: claimed.origin().clone(),
                found: keys_for_message(found),
                expected: keys_for_message(expected),
            });
        };
        let checkpoint = Checkpoint::open(note, &log.key)?;
        let keys = self.witness_keys();
        let mut cosignatures = cosignature::times(note, &keys)?;
        cosignatures.retain(|(_, time)| *time <= latest);
        match self.quorum_time(&cosignatures) {
            Some(time) => Ok(Accepted { checkpoint, log: log.key.clone(), time }),
            None => Err(RefusedError::Quorum {
                quorum: self.quorum.clone().unwrap_or_default(),
                found: self.labels(&cosignatures),
            }),
        }
    }

    /// Who cosigned, for a message.
    fn labels(&self, cosignatures: &[(&VerifierKey, u64)]) -> String {
        let found: Vec<_> = self
            .witnesses
            .iter()
            .filter(|witness| cosignatures.iter().any(|(key, _)| **key == witness.key))
            .map(|witness| format!("`{}`", witness.label))
            .collect();
        if found.is_empty() { "nobody".to_owned() } else { found.join(", ") }
    }
}

/// The first few keys, for a message. A stranger can sign with a hundred.
fn keys_for_message<'k>(keys: impl Iterator<Item = (&'k KeyName, u32)>) -> String {
    let mut told: Vec<String> = keys
        .take(NAMED_KEYS.saturating_add(1))
        .map(|(name, id)| format!("`{}+{id:08x}`", excerpt(name.as_str())))
        .collect();
    if told.len() > NAMED_KEYS {
        told.truncate(NAMED_KEYS);
        told.push("others".to_owned());
    }
    told.join(", ")
}
