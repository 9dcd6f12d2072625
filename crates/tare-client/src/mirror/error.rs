//! Why a mirror did not do what was asked.

use std::io;
use std::path::PathBuf;

use tare_replay::ReplayError;
use tare_store::StoreError;
use tare_store::durable::DurableError;
use tare_tlog::hash::Hash;

use super::guard::MassDelete;
use super::inventory::InventoryError;
use super::pace::Stop;
use crate::error::{ClientError, ErrorKind};
use crate::registry::RegistryError;
use crate::root::RootChainError;

/// Why a mirror did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The folder is no mirror.
    #[error("`{}` is not a mirror", folder.display())]
    NotOne {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder is a mirror already.
    #[error("`{}` is a mirror already", folder.display())]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// Another process changes the mirror.
    #[error("another process is at work on the mirror in `{}`", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// `mirror.toml` has a mistake.
    #[error("`{}` is not the configuration of a mirror: {message}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A key cannot be made or used.
    #[error("the mirror's key `{file}` cannot be used: {reason}")]
    Key {
        /// The key's file.
        file: String,
        /// Why.
        reason: String,
    },
    /// A file cannot be read.
    #[error("failed to use `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("failed to write the mirror")]
    Write(#[from] DurableError),
    /// The inventory failed.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// No source sent something.
    #[error(transparent)]
    Registry(Box<RegistryError>),
    /// What the sources show of the log makes no sense.
    #[error("the log cannot be followed: {0}")]
    Log(String),
    /// Something that the mirror wrote is not what it was.
    #[error("the mirror's own `{path}` is missing or damaged")]
    Damaged {
        /// The file.
        path: String,
    },
    /// A replay of the log does not come to what the log says.
    #[error("the log's events do not lead to the state that it signed")]
    Differs {
        /// How.
        source: Box<ReplayError<Self>>,
        /// Where it was written down.
        evidence: Option<PathBuf>,
    },
    /// Nobody's events are those that the log signed.
    #[error("no source has the {size} events that the log signed with the root {root}: {told}")]
    Events {
        /// How many there are.
        size: u64,
        /// Their root.
        root: Hash,
        /// What each source has instead.
        told: String,
    },
    /// The log signed two histories.
    #[error("the log `{origin}` contradicts what this mirror holds: {reason}")]
    Fork {
        /// The log.
        origin: String,
        /// What was expected and found.
        reason: String,
        /// Where it was written down.
        evidence: Option<PathBuf>,
    },
    /// The root documents cannot be followed.
    #[error(transparent)]
    Root(Box<RootChainError>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A limit of the run is reached; what came so far is kept.
    #[error("{0}")]
    Paused(Stop),
    /// A thread of this process died.
    #[error("a worker of the mirror was stopped")]
    Stopped,
    /// Too much would be deleted.
    #[error("the mirror would lose too much")]
    MassDelete(#[from] MassDelete),
}

impl MirrorError {
    /// The log makes no sense, for this reason.
    pub(super) fn log(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Log(crate::error::chain(error).join(": "))
    }
}

impl From<RootChainError> for MirrorError {
    fn from(error: RootChainError) -> Self {
        Self::Root(Box::new(error))
    }
}

impl From<RegistryError> for MirrorError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(Box::new(error))
    }
}

impl ClientError for MirrorError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotOne { .. } | Self::Exists { .. } | Self::Config { .. } => ErrorKind::Usage,
            Self::Registry(error) => error.kind(),
            Self::MassDelete(_) => ErrorKind::Denied,
            Self::Log(_) | Self::Events { .. } | Self::Differs { .. } | Self::Fork { .. } => {
                ErrorKind::Trust
            }
            Self::Root(error) => error.kind(),
            Self::Damaged { .. } => ErrorKind::Integrity,
            _ => ErrorKind::Failure,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotOne { .. } | Self::Exists { .. } => "E-MIRROR",
            Self::Busy { .. } => "E-MIRROR-BUSY",
            Self::Config { .. } => "E-CONFIG",
            Self::Registry(error) => error.code(),
            Self::MassDelete(_) => "E-MASS-DELETE",
            Self::Log(_) | Self::Events { .. } => "E-LOG",
            Self::Differs { .. } => "E-STATE",
            Self::Fork { .. } => "E-FORK",
            Self::Root(error) => error.code(),
            Self::Damaged { .. } => "E-MIRROR-DAMAGED",
            Self::Paused(_) => "E-MIRROR-PAUSED",
            _ => "E-STORE",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::NotOne { .. } => {
                Some("make one with `tare mirror init DIR --from NAME|URL`".to_owned())
            }
            Self::Registry(error) => error.help(),
            Self::Root(error) => error.help(),
            Self::Damaged { .. } => {
                Some("run `tare mirror scrub`; if it stays, make the mirror anew".to_owned())
            }
            Self::Differs { evidence: Some(path), .. }
            | Self::Fork { evidence: Some(path), .. } => Some(format!(
                "this mirror does not cosign it; show `{}` to whoever runs the registry and to its other mirrors",
                path.display()
            )),
            Self::MassDelete(_) => Some(
                "look at `tare mirror plan`; if it is meant, run again with `--allow-mass-delete`"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
