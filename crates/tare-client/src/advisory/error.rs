//! Why advisories were not read or written.

use tare_format::advisory::AdvisoryId;
use tare_store::durable::DurableError;

use crate::error::{ClientError, ErrorKind};
use crate::pages::PagesError;

/// Why advisories were not read or written.
#[derive(Debug, thiserror::Error)]
pub enum AdvisoryError {
    /// The notices or a page cannot be proven.
    #[error(transparent)]
    Pages(Box<PagesError>),
    /// There is no such advisory.
    #[error("the registry has no advisory {id}")]
    NotFound {
        /// Its name.
        id: AdvisoryId,
    },
    /// A file was not written.
    #[error("failed to write an advisory")]
    Write(#[from] DurableError),
    /// An advisory has no JSON form.
    #[error("failed to write an advisory")]
    Json(#[from] serde_json::Error),
}

impl From<PagesError> for AdvisoryError {
    fn from(error: PagesError) -> Self {
        Self::Pages(Box::new(error))
    }
}

impl ClientError for AdvisoryError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Pages(error) => error.kind(),
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Write(_) | Self::Json(_) => ErrorKind::Failure,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Pages(error) => error.code(),
            Self::NotFound { .. } => "E-NO-ADVISORY",
            Self::Write(_) | Self::Json(_) => "E-FILE",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Pages(error) => error.help(),
            Self::NotFound { .. } => Some("`tare advisory list` shows those there are".to_owned()),
            Self::Write(_) | Self::Json(_) => None,
        }
    }
}
