//! Events: the lines of a registry's append-only log (spec/events.md).
//!
//! Everything current is a function of the events before it. Each payload has 16 random bytes of salt, so that its hash
//! gives nothing away once the payload is redacted. The bytes of a line are kept as they were written: a reader that does
//! not know a field, or a type, passes over it. What an event *means* is in `tare-replay`.

mod leaf;
mod notice;
mod page_key;
mod published;
mod salt;

use jiff::Timestamp;
use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize, de};

use crate::advisory::Advisory;
use crate::digest::Sha256;
use crate::limits::EVENT_LINE_SIZE;
use crate::name::{Namespace, PackageName, ReleaseId};
use crate::strict;

pub use leaf::{LeafEntry, LeafError, REDACTED};
pub use notice::{Class, Residue, Scope, Takedown};
pub use page_key::PageKey;
pub use published::{Published, SignatureRef, SignerKey};
pub use salt::Salt;

/// The login under which the registry itself acts: its security role, and its log. No user has it.
pub const BY_REGISTRY: &str = "registry";

/// One event: when, by whom, and what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    /// 16 random bytes.
    pub salt: Salt,
    /// When the registry accepted it, in whole seconds.
    #[schemars(with = "String")]
    pub time: Timestamp,
    /// The login of who did it.
    pub by: String,
    /// What was done.
    #[serde(flatten)]
    pub body: EventBody,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum EventBody {
    /// A namespace was claimed.
    Namespace {
        /// Its name.
        namespace: Namespace,
        /// The login of its first owner.
        owner: String,
    },
    /// An owner of a namespace was added or removed.
    Owner {
        /// The namespace.
        namespace: Namespace,
        /// The owner's login.
        login: String,
        /// Whether the owner was added.
        change: Change,
    },
    /// A key that may sign the releases of a package was added or removed.
    Signer {
        /// The package.
        package: PackageName,
        /// The key.
        key: SignerKey,
        /// Whether the key was added.
        change: Change,
    },
    /// A version was published.
    Publish(Box<Published>),
    /// A version was hidden from new resolutions.
    Yank {
        /// The package.
        package: PackageName,
        /// The version.
        #[schemars(with = "String")]
        version: Version,
        /// Why.
        reason: String,
    },
    /// A yank was taken back.
    Unyank {
        /// The package.
        package: PackageName,
        /// The version.
        #[schemars(with = "String")]
        version: Version,
    },
    /// A version was withdrawn: it is not installable any more.
    Withdraw {
        /// The package.
        package: PackageName,
        /// The version.
        #[schemars(with = "String")]
        version: Version,
        /// Why.
        reason: String,
    },
    /// A root document was published.
    Root {
        /// Its version, from 1.
        version: u32,
        /// SHA-256 of the document's text, which its signatures are not part of.
        sha256: Sha256,
    },
    /// Something is to be known about releases or files.
    Advisory {
        /// What.
        advisory: Box<Advisory>,
    },
    /// Bytes have to go.
    Takedown(Box<Takedown>),
    /// A takedown was taken back.
    Restore {
        /// The number of the takedown's event.
        takedown: u64,
        /// SHA-256 of the takedown's line, by which pages know it.
        payload: Sha256,
        /// The takedown's releases, all of them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        releases: Vec<ReleaseId>,
    },
    /// An earlier line has to go.
    Redact {
        /// The line's number.
        index: u64,
        /// SHA-256 of the line, by which pages know it.
        payload: Sha256,
        /// Why.
        class: Class,
        /// What is left of it.
        residue: Residue,
    },
    /// What is current after all events before this one: the commitment of the state map.
    State {
        /// How many levels of nodes the map has.
        depth: u8,
        /// How many pages there are.
        count: u64,
        /// The hash of the map's top node.
        root: Sha256,
        /// The version of the newest root document.
        root_version: u32,
    },
}

impl EventBody {
    /// Every type that is known here.
    pub const TYPES: [&'static str; 13] = [
        "namespace",
        "owner",
        "signer",
        "publish",
        "yank",
        "unyank",
        "withdraw",
        "root",
        "advisory",
        "takedown",
        "restore",
        "redact",
        "state",
    ];

    /// The name of its type, as in the event and in its leaf.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Namespace { .. } => "namespace",
            Self::Owner { .. } => "owner",
            Self::Signer { .. } => "signer",
            Self::Publish(_) => "publish",
            Self::Yank { .. } => "yank",
            Self::Unyank { .. } => "unyank",
            Self::Withdraw { .. } => "withdraw",
            Self::Root { .. } => "root",
            Self::Advisory { .. } => "advisory",
            Self::Takedown(_) => "takedown",
            Self::Restore { .. } => "restore",
            Self::Redact { .. } => "redact",
            Self::State { .. } => "state",
        }
    }

    /// The package that it is about, when it is about one and no other page has it.
    #[must_use]
    pub fn package(&self) -> Option<&PackageName> {
        match self {
            Self::Signer { package, .. }
            | Self::Yank { package, .. }
            | Self::Unyank { package, .. }
            | Self::Withdraw { package, .. } => Some(package),
            Self::Publish(published) => Some(&published.package),
            _ => None,
        }
    }

    /// The pages that it stands on when it has an effect, each once (E-15).
    #[must_use]
    pub fn pages(&self) -> Vec<PageKey> {
        match self {
            Self::Namespace { namespace, .. } | Self::Owner { namespace, .. } => {
                vec![PageKey::Namespace(namespace.clone())]
            }
            Self::Root { .. } => vec![PageKey::Notices],
            Self::Advisory { advisory } => notice::notices_and(advisory.packages().iter()),
            Self::Takedown(takedown) => releases_and_notices(&takedown.releases),
            Self::Restore { releases, .. } => releases_and_notices(releases),
            Self::Redact { residue, .. } => {
                let mut pages = vec![PageKey::Notices];
                pages.extend(residue.pages().into_iter().filter(|page| *page != PageKey::Notices));
                pages
            }
            Self::State { .. } => Vec::new(),
            _ => self.package().map(|name| PageKey::Package(name.clone())).into_iter().collect(),
        }
    }
}

fn releases_and_notices(releases: &[ReleaseId]) -> Vec<PageKey> {
    notice::notices_and(releases.iter().map(|release| &release.name))
}

/// Whether something was added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Added.
    Add,
    /// Removed.
    Remove,
}

impl Event {
    /// Whether the registry itself did it.
    #[must_use]
    pub fn is_by_registry(&self) -> bool {
        self.by == BY_REGISTRY
    }

    /// The event as one line without the line feed.
    ///
    /// # Errors
    /// Only when a value cannot be JSON, which none of these can.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads one line, which must be [strict] JSON without control characters (E-9).
    /// An event of a type that this version does not know is `None`: it has no effect (E-5).
    ///
    /// # Errors
    /// When the line is too long, not a JSON object, has two meanings, or an event of a known type lacks a field.
    pub fn from_line(line: &str) -> Result<Option<Self>, serde_json::Error> {
        if line.len() as u64 > EVENT_LINE_SIZE {
            let (size, most) = (line.len(), EVENT_LINE_SIZE);
            let message = format_args!("the line has {size} bytes, {most} are allowed");
            return Err(de::Error::custom(message));
        }
        if line.bytes().any(|byte| byte.is_ascii_control()) {
            // A carriage return at the end would be part of the hash for one reader and not for another.
            return Err(de::Error::custom("the line has a control character"));
        }
        strict::check(line)?;
        Self::from_strict(line).map(Some).or_else(|error| match serde_json::from_str(line) {
            Ok(Head { kind }) if !EventBody::TYPES.contains(&kind.as_str()) => Ok(None),
            _ => Err(error),
        })
    }

    /// Reads a line of a known type. The two halves are read one after the other, because reading them in one go means
    /// to keep all members of the object first, and a replay reads every line of a log.
    fn from_strict(line: &str) -> Result<Self, serde_json::Error> {
        let body = serde_json::from_str(line)?;
        let Start { salt, time, by } = serde_json::from_str(line)?;
        Ok(Self { salt, time, by, body })
    }

    /// The bytes of the log's leaf for a payload line: `<type> <sha256 hex>` and a line feed (E-10).
    #[must_use]
    pub fn leaf_entry(event_type: &str, line: &str) -> Vec<u8> {
        LeafEntry::of(event_type, line).to_bytes()
    }
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Start {
    salt: Salt,
    time: Timestamp,
    by: String,
}

#[cfg(test)]
mod tests;
