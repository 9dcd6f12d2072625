//! Where the rules of a policy are checked, whether it comes from text or from code (spec/log.md W-22, W-23).

use std::collections::BTreeSet;

use crate::excerpt::excerpt;
use crate::key::VerifierKey;

use super::text::{MAX_TOKEN, NO_URL, is_token};
use super::{Group, Log, Policy, Witness};

/// The most logs of a policy.
pub const MAX_LOGS: usize = 64;
/// The most witnesses of a policy.
pub const MAX_WITNESSES: usize = 64;
/// The most groups of a policy.
pub const MAX_GROUPS: usize = 64;

/// The quorum that asks for no witness. Nothing else can have this label.
const NONE: &str = "none";

/// Why something cannot be part of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// There are too many of a kind.
    #[error("policy has more than {limit} {kind}")]
    TooMany {
        /// `logs`, `witnesses` or `groups`.
        kind: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A label or a URL is not one word.
    #[error("`{found}` is not a label or URL: expected one word of at most {MAX_TOKEN} bytes")]
    Token {
        /// What stands there, cut to a readable length.
        found: String,
    },
    /// A key is for something else.
    #[error("key `{key}` cannot be a {role}'s: it has algorithm {}", key.algorithm())]
    Role {
        /// The key.
        key: Box<VerifierKey>,
        /// `log` or `witness`.
        role: &'static str,
    },
    /// Two keys are the same secret.
    #[error("key `{key}` is the same public key as `{first}`")]
    SameKey {
        /// The one that was there.
        first: Box<VerifierKey>,
        /// The other.
        key: Box<VerifierKey>,
    },
    /// A label is given away already.
    #[error("label `{label}` is given twice")]
    LabelTaken {
        /// The label.
        label: String,
    },
    /// The label that means "nobody" cannot be given to anybody.
    #[error("label `none` cannot be given to a witness or group, nor be a member")]
    LabelNone,
    /// A label is used that nothing above has.
    #[error("label `{label}` is of no witness or group above")]
    LabelUnknown {
        /// The label.
        label: String,
    },
    /// Something is a member twice.
    #[error("`{label}` is a member of a group twice")]
    MemberTwice {
        /// Its label.
        label: String,
    },
    /// Nobody said what the quorum is.
    #[error("policy has no `quorum`")]
    NoQuorum,
    /// There is a second quorum.
    #[error("`quorum` is said twice")]
    SecondQuorum,
    /// A group asks for more members than it has, or for none.
    #[error("group `{label}` asks for {needed} of {members} members")]
    Threshold {
        /// The group's label.
        label: String,
        /// How many it asks for.
        needed: usize,
        /// How many it has.
        members: usize,
    },
}

/// Makes a [`Policy`]. Each call checks what it adds against what is there, so only what was added before can be named.
#[derive(Debug, Default, Clone)]
pub struct PolicyBuilder {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    members: BTreeSet<String>,
    quorum: Option<Quorum>,
}

#[derive(Debug, Clone)]
enum Quorum {
    Nobody,
    Label(String),
}

impl PolicyBuilder {
    /// A policy with nobody in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a log.
    ///
    /// # Errors
    /// When its key is not a log's or is there already, its URL is not one word, or there are too many.
    pub fn log(&mut self, log: Log) -> Result<&mut Self, PolicyError> {
        self.check_key(&log.key, !log.key.algorithm().is_cosigner(), "log")?;
        check_url(log.url.as_deref())?;
        if self.logs.len() >= MAX_LOGS {
            return Err(PolicyError::TooMany { kind: "logs", limit: MAX_LOGS });
        }
        self.logs.push(log);
        Ok(self)
    }

    /// Adds a witness.
    ///
    /// # Errors
    /// When its key is not a cosigner's or is there already, its label is given, or there are too many.
    pub fn witness(&mut self, witness: Witness) -> Result<&mut Self, PolicyError> {
        self.check_key(&witness.key, witness.key.algorithm().is_cosigner(), "witness")?;
        self.check_label(&witness.label)?;
        check_url(witness.url.as_deref())?;
        if self.witnesses.len() >= MAX_WITNESSES {
            return Err(PolicyError::TooMany { kind: "witnesses", limit: MAX_WITNESSES });
        }
        self.witnesses.push(witness);
        Ok(self)
    }

    /// Adds a group of witnesses and groups that are there.
    ///
    /// # Errors
    /// When its label is given, a member is not there or is one elsewhere, or it asks for more members than it has.
    pub fn group(&mut self, group: Group) -> Result<&mut Self, PolicyError> {
        let Group { label, rule, members } = &group;
        self.check_label(label)?;
        if self.groups.len() >= MAX_GROUPS {
            return Err(PolicyError::TooMany { kind: "groups", limit: MAX_GROUPS });
        }
        let needed = rule.needed(members.len());
        if needed == 0 || needed > members.len() {
            let (label, members) = (label.clone(), members.len());
            return Err(PolicyError::Threshold { label, needed, members });
        }
        let mut taken = self.members.clone();
        for member in members {
            self.check_member(member)?;
            if !taken.insert(member.clone()) {
                return Err(PolicyError::MemberTwice { label: member.clone() });
            }
        }
        self.members = taken;
        self.groups.push(group);
        Ok(self)
    }

    /// Says whose cosignature is enough: the label of a witness or group, or `none`.
    ///
    /// # Errors
    /// When no witness or group has that label, or it was said already.
    pub fn quorum(&mut self, label: &str) -> Result<&mut Self, PolicyError> {
        if self.quorum.is_some() {
            return Err(PolicyError::SecondQuorum);
        }
        self.quorum = Some(if label == NONE {
            Quorum::Nobody
        } else {
            self.check_member(label)?;
            Quorum::Label(label.to_owned())
        });
        Ok(self)
    }

    /// The policy.
    ///
    /// # Errors
    /// When its quorum was not said.
    pub fn build(self) -> Result<Policy, PolicyError> {
        let Self { logs, witnesses, groups, quorum, members: _ } = self;
        let quorum = match quorum.ok_or(PolicyError::NoQuorum)? {
            Quorum::Nobody => None,
            Quorum::Label(label) => Some(label),
        };
        Ok(Policy { logs, witnesses, groups, quorum })
    }

    /// W-22: one public key stands in one place, whatever it is called there.
    fn check_key(
        &self,
        key: &VerifierKey,
        fits: bool,
        role: &'static str,
    ) -> Result<(), PolicyError> {
        if !fits {
            return Err(PolicyError::Role { key: Box::new(key.clone()), role });
        }
        let logs = self.logs.iter().map(|log| &log.key);
        let mut keys = logs.chain(self.witnesses.iter().map(|witness| &witness.key));
        match keys.find(|first| first.same_public_key(key)) {
            Some(first) => Err(PolicyError::SameKey {
                first: Box::new(first.clone()),
                key: Box::new(key.clone()),
            }),
            None => Ok(()),
        }
    }

    fn check_label(&self, label: &str) -> Result<(), PolicyError> {
        check_token(label)?;
        if label == NONE {
            return Err(PolicyError::LabelNone);
        }
        if self.has(label) {
            return Err(PolicyError::LabelTaken { label: label.to_owned() });
        }
        Ok(())
    }

    fn check_member(&self, label: &str) -> Result<(), PolicyError> {
        match label {
            NONE => Err(PolicyError::LabelNone),
            _ if self.has(label) => Ok(()),
            _ => Err(PolicyError::LabelUnknown { label: excerpt(label) }),
        }
    }

    fn has(&self, label: &str) -> bool {
        self.witnesses.iter().any(|witness| witness.label == label)
            || self.groups.iter().any(|group| group.label == label)
    }
}

impl From<Policy> for PolicyBuilder {
    /// Goes on from a policy; its quorum has to be given anew.
    fn from(policy: Policy) -> Self {
        let Policy { logs, witnesses, groups, quorum: _ } = policy;
        let members = groups.iter().flat_map(|group| group.members.clone()).collect();
        Self { logs, witnesses, groups, members, quorum: None }
    }
}

/// Whether a label or URL is one word that can stand in a line.
fn check_token(text: &str) -> Result<(), PolicyError> {
    if is_token(text) { Ok(()) } else { Err(PolicyError::Token { found: excerpt(text) }) }
}

fn check_url(url: Option<&str>) -> Result<(), PolicyError> {
    match url {
        // It would be read back as none.
        Some(NO_URL) => Err(PolicyError::Token { found: NO_URL.to_owned() }),
        Some(url) => check_token(url),
        None => Ok(()),
    }
}
