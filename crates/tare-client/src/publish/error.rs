//! Why something was not published.

use std::io;
use std::path::PathBuf;

use tare_format::problem::Code;
use tare_format::{ReleaseId, Sha256};
use tare_sign::{KeyId, SigningError};
use tare_store::durable::DurableError;
use tare_store::pack::PackError;

use crate::error::{ClientError, ErrorKind};
use crate::head::{HeadError, WaitError};
use crate::pages::PagesError;
use crate::registry::RegistryError;

const MAKE_ROOM: &str =
    "make room on the disk, and run `tare publish` again: it goes on where it stopped";

/// Why something was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The registry could not be asked, or said no.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The manifest does not let the package go there.
    #[error("the manifest does not let this package go to the registry `{registry}`")]
    Destination {
        /// The registry.
        registry: String,
        /// Those that it may go to.
        allowed: Vec<String>,
    },
    /// One release is given twice.
    #[error("`{release}` is given twice")]
    Twice {
        /// The release.
        release: ReleaseId,
    },
    /// Nobody signs.
    #[error("there is no key to sign with")]
    NoSigner,
    /// The key may not sign this package.
    #[error("the key {key} is not one of those that may sign `{release}`")]
    NotASigner {
        /// The key.
        key: KeyId,
        /// The release.
        release: Box<ReleaseId>,
        /// The keys that may.
        accepted: Vec<Sha256>,
    },
    /// The key cannot be used.
    #[error("the release was not signed")]
    Sign(#[from] SigningError),
    /// The registry opened a session for something else.
    #[error("the registry's session does not hold `{release}`")]
    Session {
        /// What it should hold.
        release: ReleaseId,
    },
    /// A file is not any more what it was when it was hashed.
    #[error("`{}` changed while it was published", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A pack cannot be made.
    #[error("a pack was not made")]
    Pack(#[from] PackError),
    /// Packs on their way cannot be kept.
    #[error("failed to keep what is on its way")]
    Staging(#[from] DurableError),
    /// The encoder has no memory.
    #[error("failed to set up compression")]
    Encoder(#[source] io::Error),
    /// There is no head that could prove it.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The page cannot be proven.
    #[error(transparent)]
    Pages(#[from] PagesError),
    /// The log does not come to it.
    #[error(transparent)]
    Wait(#[from] WaitError),
    /// The registry says it is published, and it cannot be seen.
    #[error("the registry says that `{release}` is published, and does not show it: {reason}")]
    NotShown {
        /// The release.
        release: ReleaseId,
        /// What is shown instead.
        reason: String,
    },
}

impl PublishError {
    /// Whether a session is of no more use after this.
    pub(super) fn ends_session(&self) -> bool {
        let Self::Registry(error) = self else { return false };
        matches!(
            error.problem(),
            Some(
                Code::SessionExpired
                    | Code::SessionState
                    | Code::ReleaseMismatch
                    | Code::InvalidDocument
                    | Code::VersionExists
                    | Code::NameTaken
            )
        )
    }
}

impl ClientError for PublishError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Registry(error) => error.kind(),
            Self::Head(error) => error.kind(),
            Self::Pages(error) => error.kind(),
            Self::Wait(error) => error.kind(),
            Self::Destination { .. } | Self::Twice { .. } | Self::NoSigner => ErrorKind::Usage,
            Self::NotASigner { .. } | Self::Sign(_) => ErrorKind::Trust,
            Self::NotShown { .. } | Self::Session { .. } => ErrorKind::Integrity,
            _ => ErrorKind::Failure,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Registry(error) => error.code(),
            Self::Head(error) => error.code(),
            Self::Pages(error) => error.code(),
            Self::Wait(error) => error.code(),
            Self::Destination { .. } => "E-DESTINATION",
            Self::Twice { .. } => "E-USAGE",
            Self::NoSigner => "E-NO-KEY",
            Self::NotASigner { .. } => "E-NOT-A-SIGNER",
            Self::Sign(_) => "E-SIGN",
            Self::Session { .. } | Self::NotShown { .. } => "E-RECEIPT",
            Self::Changed { .. } => "E-CHANGED",
            Self::Read { .. } | Self::Pack(_) | Self::Staging(_) | Self::Encoder(_) => "E-FILE",
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Registry(error) => return error.help(),
            Self::Head(error) => return error.help(),
            Self::Pages(error) => return error.help(),
            Self::Wait(error) => return error.help(),
            Self::Destination { allowed, .. } if allowed.is_empty() => {
                "`publish = false` keeps it at home; remove that line if it may go out".to_owned()
            }
            Self::Destination { allowed, .. } => {
                format!(
                    "choose one of {} with `--registry`, or change `publish`",
                    allowed.join(", ")
                )
            }
            Self::NoSigner => {
                "make one with `tare keygen`, or name one with `--key FILE`".to_owned()
            }
            Self::NotASigner { release, accepted, .. } => {
                let accepted: Vec<_> = accepted.iter().map(ToString::to_string).collect();
                format!(
                    "sign with {}, or let an owner run `tare signer add {} KEY.pub`",
                    accepted.join(" or "),
                    release.name
                )
            }
            Self::Changed { .. } => {
                "wait until nothing writes to it, and run `tare publish` again".to_owned()
            }
            Self::Staging(DurableError::Full { .. }) => MAKE_ROOM.to_owned(),
            Self::Pack(PackError::Io { source, .. })
                if source.kind() == io::ErrorKind::StorageFull =>
            {
                MAKE_ROOM.to_owned()
            }
            Self::NotShown { .. } => {
                "tell whoever runs the registry; run `tare publish` again to look once more"
                    .to_owned()
            }
            _ => return None,
        };
        Some(help)
    }
}
