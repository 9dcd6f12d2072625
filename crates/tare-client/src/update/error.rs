//! Why there is no new lock.

use tare_format::PackageName;
use tare_format::registry::RegistryId;

use crate::error::{ClientError, ErrorKind};
use crate::lock::OutOfDate;
use crate::pages::PagesError;
use crate::resolve::{IndexError, Unsolvable};
use crate::suggest::nearest;
use crate::trust::{TrustError, accept_signer};

/// Why there is no new lock.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The lock would have to change, and may not.
    #[error("`Tare.lock` is out of date, and may not be changed")]
    Locked(#[source] OutOfDate),
    /// The requirements cannot be met.
    #[error("{}", explained.title)]
    Unsolvable {
        /// What is in the way, and what to change.
        explained: Box<Unsolvable>,
        /// How it comes about, line by line.
        source: Option<Box<Reason>>,
    },
    /// A page cannot be resolved from.
    #[error(transparent)]
    Index(IndexError),
    /// A page is not to be had.
    #[error(transparent)]
    Pages(Box<PagesError>),
    /// A release is not accepted.
    #[error(transparent)]
    Trust(Box<TrustError>),
    /// The lock is for another registry.
    #[error("`Tare.lock` is for the registry `{locked}`, and `{meant}` is the one to be used")]
    OtherRegistry {
        /// The registry in the lock.
        locked: RegistryId,
        /// The registry that was chosen.
        meant: RegistryId,
    },
    /// A package that is to be updated is not in the lock.
    #[error("`{name}` is not in `Tare.lock`")]
    NotLocked {
        /// The package.
        name: PackageName,
        /// The names that are there.
        known: Vec<PackageName>,
    },
}

impl From<PagesError> for UpdateError {
    fn from(error: PagesError) -> Self {
        Self::Pages(Box::new(error))
    }
}

impl From<TrustError> for UpdateError {
    fn from(error: TrustError) -> Self {
        Self::Trust(Box::new(error))
    }
}

impl ClientError for UpdateError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Locked(_) => ErrorKind::Outdated,
            Self::Unsolvable { .. } | Self::NotLocked { .. } => ErrorKind::NotFound,
            Self::Index(_) => ErrorKind::Integrity,
            Self::Pages(error) => error.kind(),
            Self::Trust(error) => error.kind(),
            Self::OtherRegistry { .. } => ErrorKind::Usage,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Locked(_) => "E-LOCKED",
            Self::Unsolvable { .. } => "E-UNRESOLVABLE",
            Self::NotLocked { .. } => "E-NOT-LOCKED",
            Self::Index(_) => "E-PAGE",
            Self::Pages(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::OtherRegistry { .. } => "E-OTHER-REGISTRY",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Locked(_) => Some("run `tare lock` and commit the change".to_owned()),
            Self::Unsolvable { explained, .. } => {
                (!explained.help.is_empty()).then(|| explained.help.join("; "))
            }
            Self::NotLocked { name, known } => {
                let near = nearest(name.as_str(), known.iter().map(PackageName::as_str))?;
                Some(format!("did you mean `{near}`?"))
            }
            Self::Index(_) => None,
            Self::Pages(error) => error.help(),
            Self::Trust(error) => match &**error {
                // What brings a lock up to date is more than one command, and each has the flag.
                TrustError::OtherSigner { id, .. } => {
                    let how = format!("the same command with `--accept-signer {}`", id.name);
                    Some(accept_signer(&id.name, &how))
                }
                error => error.help(),
            },
            Self::OtherRegistry { .. } => Some(
                "choose that registry with `--registry`; to move to another one, remove Tare.lock"
                    .to_owned(),
            ),
        }
    }
}

/// One line of an explanation, and the lines after it.
#[derive(Debug, thiserror::Error)]
#[error("{line}")]
pub struct Reason {
    line: String,
    source: Option<Box<Self>>,
}

impl UpdateError {
    pub(super) fn unsolvable(explained: Box<Unsolvable>) -> Self {
        let chain = |source, line: &String| Some(Box::new(Reason { line: line.clone(), source }));
        let source = explained.details.iter().rev().fold(None, chain);
        Self::Unsolvable { explained, source }
    }
}
