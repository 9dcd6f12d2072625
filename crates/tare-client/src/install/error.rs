//! Why something was not installed.

use std::path::PathBuf;

use tare_format::ReleaseId;
use tare_format::archive::ArchiveError;
use tare_format::path::FilePath;
use tare_format::registry::RegistryId;
use tare_store::durable::DurableError;
use tare_store::files::FileStoreError;
use tare_store::tree::TreeError;

use crate::audit::AuditError;
use crate::documents::DocumentError;
use crate::error::{ClientError, ErrorKind};
use crate::fetch::FetchError;
use crate::trust::TrustError;

/// Why something was not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A release is not accepted.
    #[error(transparent)]
    Trust(Box<TrustError>),
    /// A document is not to be had, or wrong.
    #[error(transparent)]
    Document(Box<DocumentError>),
    /// What an advisory means for the lock cannot be said.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// An advisory forbids it.
    #[error("{message}")]
    Advised {
        /// Which release, which advisory, and what that says.
        message: String,
        /// What can be done.
        fix: String,
    },
    /// A file was not fetched.
    #[error("`{id}` is not complete")]
    Fetch {
        /// The release.
        id: ReleaseId,
        /// Why.
        source: Box<FetchError>,
    },
    /// A locked release is of another registry.
    #[error("`{id}` is locked in the registry `{locked}`, and `{meant}` is the one to be used")]
    OtherRegistry {
        /// The release.
        id: ReleaseId,
        /// The registry in the lock.
        locked: RegistryId,
        /// The registry that was chosen.
        meant: RegistryId,
    },
    /// The release is not in the lock.
    #[error("`{id}` is not in the lock")]
    NotLocked {
        /// The release.
        id: ReleaseId,
    },
    /// The lock says something else than the release.
    #[error("`{field}` of `{id}` in Tare.lock is not what its release document says")]
    Disagreement {
        /// The release.
        id: ReleaseId,
        /// The field of the lock.
        field: &'static str,
    },
    /// A meta archive breaks a rule.
    #[error("the meta archive of `{id}` is refused")]
    Archive {
        /// The release.
        id: ReleaseId,
        /// The rule.
        source: Box<ArchiveError>,
    },
    /// A meta archive does not hold what the release document says.
    #[error(
        "the meta archive of `{id}` and its release document contradict each other about `{path}`"
    )]
    Meta {
        /// The release.
        id: ReleaseId,
        /// The file.
        path: FilePath,
    },
    /// The disk has no room.
    #[error("`{}` has room for {free} bytes, and {needed} are needed", folder.display())]
    NoSpace {
        /// Where.
        folder: PathBuf,
        /// How many bytes are needed.
        needed: u64,
        /// How many are free.
        free: u64,
    },
    /// The local store failed.
    #[error("failed to use the local store")]
    Store(#[from] FileStoreError),
    /// A tree was not made.
    #[error("failed to put `{id}` in place")]
    Tree {
        /// The release.
        id: ReleaseId,
        /// Why.
        source: Box<TreeError>,
    },
    /// A folder of the user's is in the way.
    #[error("`{}` holds other files: {first}", folder.display())]
    Occupied {
        /// The folder.
        folder: PathBuf,
        /// The first of them, or how it differs.
        first: String,
    },
    /// A link in the project was not made.
    #[error("failed to link the packages into the project")]
    Link(#[source] DurableError),
    /// A file or folder of the project cannot be used.
    #[error("failed to use `{}`", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The thread that did the work died.
    #[error("the work on a release was stopped")]
    Stopped,
}

impl From<TrustError> for InstallError {
    fn from(error: TrustError) -> Self {
        Self::Trust(Box::new(error))
    }
}

impl From<DocumentError> for InstallError {
    fn from(error: DocumentError) -> Self {
        Self::Document(Box::new(error))
    }
}

impl ClientError for InstallError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Trust(error) => error.kind(),
            Self::Document(error) => match error.kind() {
                // The release was found, so a part of it that is not there makes it incomplete.
                ErrorKind::NotFound => ErrorKind::Integrity,
                kind => kind,
            },
            Self::Audit(error) => error.kind(),
            Self::Advised { .. } => ErrorKind::Trust,
            Self::Fetch { source, .. } => source.kind(),
            Self::OtherRegistry { .. } | Self::Occupied { .. } => ErrorKind::Usage,
            Self::NotLocked { .. } => ErrorKind::NotFound,
            Self::Disagreement { .. } | Self::Archive { .. } | Self::Meta { .. } => {
                ErrorKind::Integrity
            }
            _ => ErrorKind::Failure,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Trust(error) => error.code(),
            Self::Document(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Advised { .. } => "E-ADVISORY",
            Self::Fetch { source, .. } => source.code(),
            Self::OtherRegistry { .. } => "E-OTHER-REGISTRY",
            Self::NotLocked { .. } => "E-NOT-LOCKED",
            Self::Disagreement { .. } => "E-LOCK-EDITED",
            Self::Archive { .. } | Self::Meta { .. } => "E-META",
            Self::NoSpace { .. } => "E-DISK-FULL",
            Self::Occupied { .. } => "E-FOLDER-OCCUPIED",
            Self::Store(_) | Self::Tree { .. } | Self::Stopped => "E-STORE",
            Self::Link(_) | Self::Io { .. } => "E-FILE",
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Trust(error) => return error.help(),
            Self::Document(error) => return error.help(),
            Self::Audit(error) => return error.help(),
            Self::Advised { fix, .. } => return Some(fix.clone()),
            Self::Fetch { source, .. } => return source.help(),
            Self::OtherRegistry { .. } => "choose that registry with `--registry`",
            Self::NotLocked { .. } => "run `tare lock`",
            Self::Disagreement { .. } => {
                "Tare.lock is not meant to be edited by hand: restore it, or remove it and run `tare lock`"
            }
            Self::Archive { .. } | Self::Meta { .. } => {
                "tell the publisher; nothing of this was kept"
            }
            Self::NoSpace { .. } => {
                "make room, for instance with `tare cache prune`, or set TARE_HOME to a larger disk"
            }
            Self::Occupied { .. } => "choose a new or empty folder",
            _ => return None,
        };
        Some(help.to_owned())
    }
}
