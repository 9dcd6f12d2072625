//! Root documents: which keys speak for a registry (spec/log.md W-25 to W-31).
//!
//! ```text
//! tare-root/v1
//! registry hub.example.org
//! version 3
//! expires 2028-05-22T00:00:00Z
//! threshold 2
//! rootkey alice hub.example.org/root/alice+1a2b3c4d+AQ…          held offline; `threshold` of them sign
//! rootkey bob hub.example.org/root/bob+…
//! log hub.example.org/log1+ba070862+AepK… https://hub.example.org/
//! oldlog hub.example.org/log0+… 812345 <root hash>               where a log that was replaced ended
//! witness W1 w1.example.net/w+63fbd762+BP0X… -                   `-`: no URL
//! group … / quorum …                                             as in a policy
//! fresh-warn 36h                                                 how old a head may be
//! fresh-fail 14d
//! max-entry 4096                                                 bytes of an entry of the log
//! ```
//! A root document is a note. The first one is trusted because its hash is known; each later one because enough keys of
//! the one before *and* enough of its own signed it. So keys can be replaced, and a thief of fewer than the threshold
//! can neither replace them nor lock anybody out. It is the only thing in a registry that somebody has to be told.
//!
//! One document has one text: what parses prints as the same bytes, and what cannot be parsed again is not printed.

use std::fmt;

use crate::hash::{Hash, HashError};
use crate::key::{KeyError, KeyName, NameError, VerifierKey};
use crate::note::{MAX_NOTE, NoteError};
use crate::policy::{Log, Policy, PolicyLineError};

mod check;
mod span;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod verify;

pub use span::Span;
pub use time::Time;

/// The most keys of a root document.
pub const MAX_ROOT_KEYS: usize = 32;
/// The most replaced logs of a root document.
pub const MAX_OLD_LOGS: usize = 64;
/// The most bytes that `max-entry` can allow, which is what the files of a log can hold.
pub const MAX_ENTRY: u32 = 65_535;

/// A key that signs root documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootKey {
    /// What the document calls its holder.
    pub label: String,
    /// The key.
    pub key: VerifierKey,
}

/// A log that was replaced. What it says of a larger tree does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldLog {
    /// Its key.
    pub key: VerifierKey,
    /// How many entries its tree had in the end.
    pub size: u64,
    /// The root hash of that tree.
    pub root: Hash,
}

/// What a root document says.
///
/// The fields are open so that the next version can be made from this one; [`to_text`](Self::to_text) checks them. A value
/// that is to be trusted comes from [`verify_first`](Self::verify_first) or [`verify_next`](Self::verify_next).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootDocument {
    /// The registry's name. It is for people; the registry's id is the hash of its first root document.
    pub registry: KeyName,
    /// 1 for the first, then one more each time.
    pub version: u64,
    /// From when on nothing new may be taken on this document's word.
    pub expires: Time,
    /// How many of the root keys have to sign.
    pub threshold: usize,
    /// The keys that sign this document and the next.
    pub root_keys: Vec<RootKey>,
    /// The logs that were replaced, oldest first.
    pub old_logs: Vec<OldLog>,
    /// The one log, the witnesses and the quorum.
    pub policy: Policy,
    /// From what age on a head is worth a warning.
    pub fresh_warn: Span,
    /// From what age on a head is not used for anything new.
    pub fresh_fail: Span,
    /// The most bytes of an entry of the log.
    pub max_entry: u32,
}

/// Why a text is not a root document, or one cannot be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// It is too large.
    #[error("root document has {found} bytes, the limit is {MAX_NOTE}")]
    Size {
        /// Its size in bytes.
        found: usize,
    },
    /// A line is missing or stands elsewhere.
    #[error("line {number} of the root document is {found}, expected `{expected}`")]
    Expected {
        /// Which line, from 1.
        number: usize,
        /// How the line begins that was expected.
        expected: &'static str,
        /// What stands there, cut to a readable length.
        found: String,
    },
    /// A line has a value that cannot be read.
    #[error("line {number} of the root document has a bad value")]
    Line {
        /// Which line, from 1.
        number: usize,
        /// What is wrong with it.
        source: RootLineError,
    },
    /// The parts do not fit together.
    #[error("root document breaks a rule")]
    Rule {
        /// Which one.
        #[from]
        source: RootRuleError,
    },
    /// It says something in another way than the only one.
    #[error("line {number} of the root document is not in canonical form, expected `{expected}`")]
    NotCanonical {
        /// Which line, from 1.
        number: usize,
        /// The line as it would have to be.
        expected: String,
    },
    /// A signature is not valid.
    #[error("signatures of the root document are not valid")]
    Note {
        /// What is wrong with them.
        #[from]
        source: NoteError,
    },
    /// Too few keys signed.
    #[error(
        "root document {version} is signed by {found} of the root keys of version {keys_of}, expected at least {threshold}"
    )]
    Threshold {
        /// The version of the document that was to be trusted.
        version: u64,
        /// The version whose keys were counted.
        keys_of: u64,
        /// How many of them signed.
        found: usize,
        /// How many have to.
        threshold: usize,
    },
    /// It is not the one that comes next.
    #[error("root document has version {found}, expected {expected}")]
    Version {
        /// Its version.
        found: u64,
        /// The version that was expected.
        expected: u64,
    },
    /// It is another registry's.
    #[error("root document is of registry `{found}`, expected `{expected}`")]
    Registry {
        /// The name in it.
        found: KeyName,
        /// The name that was expected.
        expected: KeyName,
    },
    /// It forgets a log that others still have heads of.
    #[error(
        "root document does not list `{log}` as `oldlog`, which the version before has as its log or `oldlog`"
    )]
    LogForgotten {
        /// The key of that log.
        log: Box<VerifierKey>,
    },
}

/// Why a line of a root document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootLineError {
    /// It does not have the parts of such a line.
    #[error("line has another form, expected `{expected}`")]
    Form {
        /// The form that was expected.
        expected: &'static str,
    },
    /// Not a number in the range.
    #[error("`{found}` is not {expected}")]
    Value {
        /// What stands there, cut to a readable length.
        found: String,
        /// What was expected.
        expected: &'static str,
    },
    /// The registry's name is no name.
    #[error("registry has a bad name")]
    Name {
        /// What is wrong with it.
        #[from]
        source: NameError,
    },
    /// A key cannot be read.
    #[error("line has a bad key")]
    Key {
        /// What is wrong with it.
        #[from]
        source: KeyError,
    },
    /// A hash cannot be read.
    #[error("line has a bad hash")]
    Hash {
        /// What is wrong with it.
        #[from]
        source: HashError,
    },
    /// A line of the policy is wrong.
    #[error(transparent)]
    Policy {
        /// What is wrong with it.
        #[from]
        source: PolicyLineError,
    },
}

/// A rule that the parts of a root document break together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootRuleError {
    /// A number is out of range.
    #[error("`{field}` is {found}, expected {expected}")]
    Range {
        /// The field.
        field: &'static str,
        /// Its value.
        found: u64,
        /// What was expected.
        expected: String,
    },
    /// A label is not one word, or another root key has it.
    #[error("label `{label}` of a root key is not one word, or is given twice")]
    Label {
        /// The label.
        label: String,
    },
    /// A key is for something else.
    #[error("key `{key}` cannot be a {role} key: it has algorithm {}", key.algorithm())]
    Role {
        /// The key.
        key: Box<VerifierKey>,
        /// What it was to be.
        role: &'static str,
    },
    /// A log has the origin of one that was replaced.
    #[error("two logs have the origin `{origin}`")]
    SameOrigin {
        /// The origin, which is the name of their keys.
        origin: KeyName,
    },
    /// Two keys are the same secret.
    #[error("key `{key}` is the same public key as `{first}`")]
    SameKey {
        /// The one that comes first.
        first: Box<VerifierKey>,
        /// The other.
        key: Box<VerifierKey>,
    },
    /// A head would be refused before it is warned of.
    #[error("`fresh-warn` {warn} is greater than `fresh-fail` {fail}")]
    Freshness {
        /// The age from which on there is a warning.
        warn: Span,
        /// The age from which on a head is refused.
        fail: Span,
    },
}

impl RootDocument {
    /// The log whose heads count. `None` only for a draft whose policy has none or several.
    #[must_use]
    pub fn log(&self) -> Option<&Log> {
        match self.policy.logs() {
            [log] => Some(log),
            _ => None,
        }
    }

    /// Whether the document is too old, at a time in seconds since 1970, to take anything new on its word (W-30).
    #[must_use]
    pub const fn is_expired(&self, now: u64) -> bool {
        now >= self.expires.seconds()
    }

    /// The SHA-256 of the text, without signatures. That of version 1 identifies the registry (W-31).
    ///
    /// # Errors
    /// When the fields break a rule, so that there is no text.
    pub fn digest(&self) -> Result<Hash, RootError> {
        Ok(Hash::of(self.to_text()?.as_bytes()))
    }
}

impl fmt::Display for OldLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.key, self.size, self.root)
    }
}
