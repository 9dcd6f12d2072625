//! Why there is no head that can be trusted.

use std::path::PathBuf;

use jiff::Timestamp;
use tare_format::Sha256;
use tare_format::registry::RegistryId;
use tare_store::durable::DurableError;
use tare_tlog::bundle::TlogProofError;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::policy::RefusedError;
use tare_tlog::proof::ProofError;
use url::Url;

use crate::error::{ClientError, ErrorKind};
use crate::registry::RegistryError;
use crate::root::RootChainError;

/// What is wrong with one answer to the question for the head.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It is not a proof.
    #[error("head cannot be read")]
    Form(#[from] TlogProofError),
    /// The log did not sign it, or too few witnesses saw it.
    #[error("head is not accepted")]
    Refused(#[from] RefusedError),
    /// Witnesses did see it, and all of them later than now.
    #[error(
        "head is cosigned at {found}, and the clock here says {now}: cosignatures from the future do not count"
    )]
    Future {
        /// The quorum's time.
        found: Timestamp,
        /// The clock.
        now: Timestamp,
    },
    /// It carries no state event.
    #[error(
        "head carries no state event, expected the one that its log ends with in its `extra` line"
    )]
    NoState,
    /// What it proves is not the end of the log.
    #[error("head proves entry {index} of a log of {size}, expected the last one")]
    NotLast {
        /// The entry's number.
        index: u64,
        /// The log's size.
        size: u64,
    },
    /// The state event is not in the log.
    #[error("head does not prove its state event")]
    Inclusion(#[from] ProofError),
    /// The state event is in the log and makes no sense.
    #[error("state event that the head proves cannot be used: {0}")]
    State(String),
    /// It is of a log that was replaced.
    #[error(
        "head is of the log `{origin}` with {size} events, which was replaced; expected one of {newest}"
    )]
    OldLog {
        /// The log.
        origin: String,
        /// How many events it has there.
        size: u64,
        /// The log that replaced it.
        newest: String,
    },
    /// It is of a log that was replaced, and says more of it than the root document lets it.
    #[error(
        "head is of the replaced log `{origin}`, which ended with {end} events, and has {size}"
    )]
    Replaced {
        /// The log.
        origin: String,
        /// Where it ended.
        end: u64,
        /// The head's size.
        size: u64,
    },
}

/// The size and the root hash of a log, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// How many events.
    pub size: u64,
    /// The root hash of the tree over them.
    pub root: Sha256,
}

impl Tip {
    pub(super) fn of(checkpoint: &Checkpoint) -> Self {
        Self { size: checkpoint.size(), root: Sha256::from_bytes(checkpoint.root().0) }
    }
}

impl std::fmt::Display for Tip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} events with root {}", self.size, self.root)
    }
}

/// Heads that stop short of what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// The registry.
    pub registry: RegistryId,
    /// What this machine has seen.
    pub seen: Tip,
    /// The newest that anybody shows.
    pub found: Tip,
    /// Who shows it.
    pub from: String,
    /// The file with both heads.
    pub evidence: PathBuf,
}

/// Two signed heads of one log that cannot both be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The registry.
    pub registry: RegistryId,
    /// What was seen before, or from somebody else.
    pub expected: Tip,
    /// What was found.
    pub found: Tip,
    /// Where it was found.
    pub from: String,
    /// The file with both and the proof.
    pub evidence: PathBuf,
}

/// Why there is no head that can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// The registry could not be asked.
    #[error(transparent)]
    Registry(Box<RegistryError>),
    /// No requests are allowed, and none was kept.
    #[error(
        "no head of the registry `{registry}` is on this machine, and requests are not allowed"
    )]
    Offline {
        /// The registry.
        registry: RegistryId,
    },
    /// It is not known which keys speak for the registry.
    #[error(transparent)]
    Root(Box<RootChainError>),
    /// Nobody serves one.
    #[error("there is no head in the registry at {base}")]
    Missing {
        /// The registry.
        base: Url,
    },
    /// What is served is refused.
    #[error("the head from {from} is refused")]
    Refused {
        /// Who served it.
        from: String,
        /// What is wrong with it.
        source: Box<LogError>,
    },
    /// The log was forked.
    #[error(
        "the log of the registry `{}` was forked: expected {}, found {} from {}; the evidence is in `{}`",
        _0.registry, _0.expected, _0.found, _0.from, _0.evidence.display()
    )]
    Fork(Box<Fork>),
    /// Everybody shows less than was seen, and nobody has what would show that it is the same log.
    #[error(
        "the registry `{}` went back: the head from {} has {}, this machine has seen {}; both heads are in `{}`",
        _0.registry, _0.from, _0.found, _0.seen, _0.evidence.display()
    )]
    Rollback(Box<Rollback>, #[source] Box<Self>),
    /// Some of the places are not to be trusted, though there is a head that is.
    #[error("{} of {asked} sources cannot be relied on: {}", told.len(), told.join("; "))]
    Sources {
        /// How many answered or should have.
        asked: usize,
        /// What is wrong with each that is named.
        told: Vec<String>,
        /// Whether one of them sent something that is refused, and not merely too old.
        refused: bool,
    },
    /// What somebody handed over is no head at all.
    #[error("{from} is not a head")]
    NoHead {
        /// What it is called.
        from: String,
        /// What is wrong with it.
        source: Box<TlogProofError>,
    },
    /// A head from elsewhere is older than what was seen, and nothing here can compare them.
    #[error(
        "{from} has a head of {found}, this machine has seen {seen}, and nothing here shows that they are of one log"
    )]
    Incomparable {
        /// Where it came from.
        from: String,
        /// Where it ends.
        found: Tip,
        /// What was seen.
        seen: Tip,
        /// Why the registry could not show it; none when it was not asked.
        source: Option<Box<Self>>,
    },
    /// The tiles prove nothing.
    #[error(
        "the tiles of the registry do not prove that its log of {new} continues that of {old}: {reason}"
    )]
    Unproven {
        /// The smaller tree.
        old: Tip,
        /// The larger one.
        new: Tip,
        /// Why not.
        reason: String,
    },
    /// The tiles do not prove that an event is where it should be.
    #[error("the tiles of the registry do not prove event {index} in its log of {size}: {reason}")]
    Entry {
        /// The event's number.
        index: u64,
        /// How many events the log has.
        size: u64,
        /// Why not.
        reason: String,
    },
    /// The tiles are not to be had.
    #[error("the tiles that the proof needs are not served")]
    Tiles(#[source] Box<RegistryError>),
    /// The head that was kept is of a log that the root document does not know.
    #[error(
        "the head that was seen last is of the log `{origin}`, which root document {version} does not list"
    )]
    UnknownLog {
        /// The log.
        origin: String,
        /// The root document's version.
        version: u32,
    },
    /// Too old to resolve anything under it.
    #[error(
        "the newest head is {age} old, and root document {version} allows {limit}: it was last seen by its witnesses at {time}"
    )]
    Stale {
        /// Its age, in words.
        age: String,
        /// The greatest age.
        limit: String,
        /// The quorum's time.
        time: Timestamp,
        /// The root document's version.
        version: u32,
    },
    /// The clock is wrong.
    #[error("the clock here is behind verified time: expected {verified} or later, found {now}")]
    Clock {
        /// The greatest time that a quorum stated.
        verified: Timestamp,
        /// The clock.
        now: Timestamp,
    },
    /// The head that was kept cannot be read.
    #[error("the head that was kept in `{}` cannot be read", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The local store failed.
    #[error("failed to keep what is known of the log")]
    Store(#[from] DurableError),
    /// A file of the local store failed.
    #[error("failed to use `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl HeadError {
    /// Tiles that are not there prove nothing, which is another matter than a registry that is away.
    pub(super) fn tiles(error: RegistryError) -> Self {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::Integrity => Self::Tiles(Box::new(error)),
            _ => Self::Registry(Box::new(error)),
        }
    }
}

impl From<RegistryError> for HeadError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(Box::new(error))
    }
}

impl From<RootChainError> for HeadError {
    fn from(error: RootChainError) -> Self {
        Self::Root(Box::new(error))
    }
}

impl ClientError for HeadError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Registry(error) => error.kind(),
            Self::Root(error) => error.kind(),
            Self::Offline { .. } => ErrorKind::Network,
            Self::Damaged { .. } | Self::Store(_) | Self::Io { .. } => ErrorKind::Failure,
            Self::NoHead { .. } => ErrorKind::Integrity,
            _ => ErrorKind::Trust,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Registry(error) => error.code(),
            Self::Root(error) => error.code(),
            Self::Offline { .. } => "E-OFFLINE",
            Self::Fork(_) => "E-FORK",
            Self::Stale { .. } | Self::Clock { .. } | Self::Sources { refused: false, .. } => {
                "E-STALE"
            }
            Self::Rollback(..) | Self::Incomparable { .. } => "E-ROLLBACK",
            Self::NoHead { .. } => "E-HEAD-FILE",
            Self::Sources { .. }
            | Self::Missing { .. }
            | Self::Refused { .. }
            | Self::Unproven { .. }
            | Self::Entry { .. }
            | Self::Tiles(_)
            | Self::UnknownLog { .. } => "E-LOG",
            Self::Damaged { .. } | Self::Store(_) | Self::Io { .. } => "E-STORE",
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Registry(error) => return error.help(),
            Self::Root(error) => return error.help(),
            Self::Offline { .. } => "run it once without `--offline`",
            Self::Fork(_) => {
                "somebody shows different histories to different people; send the evidence to whoever runs the registry and its mirrors, and compare heads with others: `tare registry head export`"
            }
            Self::Refused { source, .. } if matches!(**source, LogError::Future { .. }) => {
                "set the clock of this machine"
            }
            Self::Clock { .. } => "set the clock of this machine",
            Self::Stale { .. } => {
                "ask another mirror, or whoever runs the registry; what Tare.lock has can still be installed"
            }
            Self::Rollback(..) => {
                "a mirror that is behind: ask another source, `tare registry show` says what each of them has; a registry that was put back from a backup: whoever runs it finds what to do under Backups in docs/operating.md"
            }
            Self::Incomparable { .. } => {
                "do it again where the registry can be reached, whose tiles can show it, or get a newer one"
            }
            Self::Sources { refused: true, .. } => {
                "take it out of the configuration and tell whoever runs it; what the others serve is good"
            }
            Self::Sources { .. } => "tell whoever runs it; what the others serve is good",
            Self::NoHead { .. } => {
                "a head begins with the line `c2sp.org/tlog-proof@v1` and ends with signatures; `tare registry head export FILE` writes one"
            }
            Self::Refused { source, .. } if matches!(**source, LogError::OldLog { .. }) => {
                "this source has not heard of the new log yet: ask another one, or tell whoever runs it"
            }
            Self::Damaged { .. } => {
                "import the head of another machine of yours: `tare registry head import FILE`"
            }
            Self::Missing { .. }
            | Self::Refused { .. }
            | Self::Unproven { .. }
            | Self::Entry { .. }
            | Self::Tiles(_)
            | Self::UnknownLog { .. } => {
                "tell whoever runs the registry or mirror; nothing of this was kept"
            }
            Self::Store(_) | Self::Io { .. } => return None,
        };
        Some(help.to_owned())
    }
}
