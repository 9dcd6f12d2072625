//! Making the text of a root document: the first one, and each next one from the one before.

use jiff::Timestamp;
use tare_tlog::key::{KeyName, NameError, VerifierKey};
use tare_tlog::policy::{Group, Log, Policy, PolicyBuilder, PolicyError, Witness};
use tare_tlog::root::{OldLog, RootDocument, RootError, RootKey, Span};

use super::parts::{Expiry, PartError, Quorum};
use super::words;

/// From what age on a head is worth a warning, in hours, unless the document says otherwise later.
const FRESH_WARN_HOURS: u64 = 36;
/// From what age on nothing new is taken from a head, in hours.
const FRESH_FAIL_HOURS: u64 = 14 * 24;
/// The most bytes of an entry of the log.
const MAX_ENTRY: u32 = 4096;

/// Why no draft was made.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// A part of it cannot be used.
    #[error(transparent)]
    Part(#[from] PartError),
    /// The witnesses and the quorum do not fit together.
    #[error("the witnesses and the quorum do not fit together")]
    Policy(#[from] PolicyError),
    /// The document breaks a rule.
    #[error("the root document would break a rule")]
    Root(#[from] RootError),
    /// A witness that is to go is not there.
    #[error("there is no witness `{label}`: the document has {known}")]
    NoWitness {
        /// The label.
        label: String,
        /// The labels that there are.
        known: String,
    },
    /// Witnesses come, and nobody said whether the quorum is to ask for them.
    #[error(
        "{added} would come and count for nothing while the quorum stays `{quorum}`: give one with `--quorum`, be it the same"
    )]
    QuorumUnsaid {
        /// The labels of the witnesses that come.
        added: String,
        /// The quorum of the document before, in words.
        quorum: String,
    },
    /// A policy in a file lists logs.
    #[error("the policy lists {found} logs, expected none: the log is the registry's own")]
    Logs {
        /// How many it lists.
        found: usize,
    },
    /// There can be no next version.
    #[error("version {version} of a root document is the last that there can be")]
    LastVersion {
        /// The version.
        version: u64,
    },
    /// A length of time is out of range.
    #[error("the freshness of heads is out of range")]
    Freshness,
}

/// What the first root document of a registry is made of.
#[derive(Debug)]
pub struct First {
    /// The registry's name.
    pub name: KeyName,
    /// How many of the keys have to sign.
    pub threshold: usize,
    /// The keys that sign.
    pub keys: Vec<RootKey>,
    /// How long it holds.
    pub expires: Expiry,
    /// The key of the registry's log.
    pub log: VerifierKey,
    /// Where the registry is, when that is to be said.
    pub url: Option<String>,
    /// Who cosigns, and whose word is enough.
    pub witnessing: Witnessing,
}

/// Who cosigns, and whose cosignatures are enough.
#[derive(Debug)]
pub enum Witnessing {
    /// As given one by one.
    Listed {
        /// The witnesses.
        witnesses: Vec<Witness>,
        /// The quorum.
        quorum: Quorum,
    },
    /// As in a file in the syntax of C2SP's tlog-policy.
    Policy(Policy),
}

impl First {
    /// The document.
    ///
    /// # Errors
    /// When its parts do not fit together.
    pub fn document(self, now: Timestamp) -> Result<RootDocument, DraftError> {
        let log = Log { key: self.log, url: self.url };
        let span = |hours| Span::hours(hours).map_err(|_| DraftError::Freshness);
        checked(RootDocument {
            registry: self.name,
            version: 1,
            expires: self.expires.from(now)?,
            threshold: self.threshold,
            root_keys: self.keys,
            old_logs: Vec::new(),
            policy: self.witnessing.policy(log)?,
            fresh_warn: span(FRESH_WARN_HOURS)?,
            fresh_fail: span(FRESH_FAIL_HOURS)?,
            max_entry: MAX_ENTRY,
        })
    }
}

impl Witnessing {
    fn policy(self, log: Log) -> Result<Policy, DraftError> {
        let (witnesses, groups, quorum) = match self {
            Self::Listed { witnesses, quorum } => {
                (witnesses, quorum.group.into_iter().collect(), quorum.label)
            }
            Self::Policy(policy) => {
                if !policy.logs().is_empty() {
                    return Err(DraftError::Logs { found: policy.logs().len() });
                }
                let quorum = policy.quorum().unwrap_or("none").to_owned();
                (policy.witnesses().to_vec(), policy.groups().to_vec(), quorum)
            }
        };
        build(log, witnesses, groups, &quorum)
    }
}

/// What is to be different in the next root document.
#[derive(Debug, Default)]
pub struct Changes {
    /// Other keys instead of those that there are.
    pub keys: Option<Vec<RootKey>>,
    /// Another threshold.
    pub threshold: Option<usize>,
    /// How long it holds.
    pub expires: Expiry,
    /// Witnesses that come.
    pub add_witnesses: Vec<Witness>,
    /// The labels of witnesses that go.
    pub remove_witnesses: Vec<String>,
    /// Another quorum.
    pub quorum: Option<Quorum>,
    /// Other witnesses and another quorum instead of all that there are.
    pub policy: Option<Policy>,
    /// A new key for the log, and where the log is frozen under its old one.
    pub rotate: Option<Rotation>,
}

/// A change of the log's key: the same tree goes on under another name.
#[derive(Debug)]
pub struct Rotation {
    /// The new key, whose name is the new origin.
    pub key: VerifierKey,
    /// Where the log ends under its old key.
    pub frozen: OldLog,
}

impl Changes {
    /// The document that follows `current`.
    ///
    /// # Errors
    /// When its parts do not fit together.
    pub fn apply(self, current: &RootDocument, now: Timestamp) -> Result<RootDocument, DraftError> {
        let version = current.version.checked_add(1);
        let version = version.ok_or(DraftError::LastVersion { version: current.version })?;
        let mut log =
            current.policy.logs().first().cloned().ok_or(DraftError::Logs { found: 0 })?;
        let mut old_logs = current.old_logs.clone();
        if let Some(Rotation { key, frozen }) = &self.rotate {
            old_logs.push(frozen.clone());
            log.key = key.clone();
        }
        let policy = match &self.policy {
            Some(policy) => Witnessing::Policy(policy.clone()).policy(log)?,
            None => self.listed(current, log)?,
        };
        checked(RootDocument {
            registry: current.registry.clone(),
            version,
            expires: self.expires.from(now)?,
            threshold: self.threshold.unwrap_or(current.threshold),
            root_keys: self.keys.unwrap_or_else(|| current.root_keys.clone()),
            old_logs,
            policy,
            fresh_warn: current.fresh_warn,
            fresh_fail: current.fresh_fail,
            max_entry: current.max_entry,
        })
    }

    /// The policy with the witnesses that come and go one by one. Those that come are asked for by a quorum that somebody
    /// chose: one that was made without them would go on without them, and nobody would notice.
    fn listed(&self, current: &RootDocument, log: Log) -> Result<Policy, DraftError> {
        let added = self.add_witnesses.clone();
        if !added.is_empty() && self.quorum.is_none() {
            let quorum = words::quorum(&current.policy);
            return Err(DraftError::QuorumUnsaid { added: labels(&added), quorum });
        }
        let witnesses = witnesses(&current.policy, added, &self.remove_witnesses)?;
        let (groups, quorum) = match self.quorum.clone() {
            Some(quorum) => (quorum.group.into_iter().collect(), quorum.label),
            None => {
                let quorum = current.policy.quorum().unwrap_or("none").to_owned();
                (current.policy.groups().to_vec(), quorum)
            }
        };
        build(log, witnesses, groups, &quorum)
    }
}

/// The origin that follows `origin`: the number at its end is one greater.
///
/// # Errors
/// When that is too long for a name.
pub fn next_origin(origin: &KeyName) -> Result<KeyName, NameError> {
    let text = origin.as_str();
    let stem = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let number: u64 = text.get(stem.len()..).and_then(|digits| digits.parse().ok()).unwrap_or(1);
    format!("{stem}{}", number.saturating_add(1)).parse()
}

fn witnesses(
    policy: &Policy,
    add: Vec<Witness>,
    remove: &[String],
) -> Result<Vec<Witness>, DraftError> {
    let mut witnesses = policy.witnesses().to_vec();
    for label in remove {
        let at = witnesses.iter().position(|witness| witness.label == *label);
        let at = at.ok_or_else(|| DraftError::NoWitness {
            label: label.clone(),
            known: labels(&witnesses),
        })?;
        witnesses.remove(at);
    }
    witnesses.extend(add);
    Ok(witnesses)
}

fn labels(witnesses: &[Witness]) -> String {
    if witnesses.is_empty() {
        return "none".to_owned();
    }
    let labels = witnesses.iter().map(|witness| format!("`{}`", witness.label));
    labels.collect::<Vec<_>>().join(", ")
}

fn build(
    log: Log,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: &str,
) -> Result<Policy, DraftError> {
    let mut builder = PolicyBuilder::new();
    builder.log(log)?;
    for witness in witnesses {
        builder.witness(witness)?;
    }
    for group in groups {
        builder.group(group)?;
    }
    builder.quorum(quorum)?;
    Ok(builder.build()?)
}

/// A document that has a text and so breaks no rule.
fn checked(document: RootDocument) -> Result<RootDocument, DraftError> {
    document.to_text()?;
    Ok(document)
}
