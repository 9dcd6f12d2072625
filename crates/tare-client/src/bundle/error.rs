//! Why a bundle was not made, or not taken.

use std::io;
use std::path::PathBuf;

use tare_format::registry::RegistryId;

use crate::documents::DocumentError;
use crate::error::{ClientError, ErrorKind};
use crate::head::HeadError;
use crate::install::InstallError;
use crate::local::LocalError;
use crate::pages::PagesError;
use crate::registry::RegistryError;
use crate::transport::TransportError;

/// Why a bundle was not made, or not taken.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The disk failed.
    #[error("failed to {action} `{}`", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is something in the way.
    #[error("`{}` is there already", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// The file is no bundle, or a damaged one.
    #[error("`{}` is not a whole bundle: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found, and what was expected.
        problem: String,
    },
    /// The lock has nothing from a registry in it.
    #[error("the lock has no package, so there is nothing to bundle")]
    Empty,
    /// The lock names several registries.
    #[error(
        "the lock has packages of the registries {expected} and {found}, expected those of one registry"
    )]
    Registries {
        /// The first that it names.
        expected: RegistryId,
        /// Another one.
        found: RegistryId,
    },
    /// An object that is needed is nowhere.
    #[error("`{path}` is needed, and neither the bundle nor any source of its registry has it")]
    Missing {
        /// Its path.
        path: String,
    },
    /// The registry did not send something.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A connection could not be set up.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The head is not to be trusted.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// A page is not to be trusted.
    #[error(transparent)]
    Pages(#[from] PagesError),
    /// A document is not there.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A release is not accepted, or not complete.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The local store failed.
    #[error(transparent)]
    Local(#[from] LocalError),
}

impl ClientError for BundleError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { .. } | Self::Exists { .. } => ErrorKind::Failure,
            Self::Empty | Self::Registries { .. } => ErrorKind::Usage,
            Self::Damaged { .. } => ErrorKind::Integrity,
            Self::Missing { .. } => ErrorKind::NotFound,
            Self::Registry(error) => error.kind(),
            Self::Transport(error) => error.kind(),
            Self::Head(error) => error.kind(),
            Self::Pages(error) => error.kind(),
            Self::Document(error) => error.kind(),
            Self::Install(error) => error.kind(),
            Self::Local(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } | Self::Exists { .. } | Self::Empty | Self::Registries { .. } => {
                "E-BUNDLE-IO"
            }
            Self::Damaged { .. } | Self::Missing { .. } => "E-BUNDLE",
            Self::Registry(error) => error.code(),
            Self::Transport(error) => error.code(),
            Self::Head(error) => error.code(),
            Self::Pages(error) => error.code(),
            Self::Document(error) => error.code(),
            Self::Install(error) => error.code(),
            Self::Local(error) => error.code(),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Io { .. } => None,
            Self::Registries { .. } => Some(
                "make a project for the packages of each registry, and a bundle of each".to_owned(),
            ),
            Self::Exists { .. } => Some("choose another name, or remove it first".to_owned()),
            Self::Empty => Some("add a dependency and run `tare install` first".to_owned()),
            Self::Damaged { .. } => {
                Some("bring the file over again; nothing of it was kept".to_owned())
            }
            Self::Missing { .. } => Some("tell whoever runs the registry or mirror".to_owned()),
            Self::Registry(error) => error.help(),
            Self::Transport(error) => error.help(),
            Self::Head(error) => error.help(),
            Self::Pages(error) => error.help(),
            Self::Document(error) => error.help(),
            Self::Install(error) => error.help(),
            Self::Local(error) => error.help(),
        }
    }
}
