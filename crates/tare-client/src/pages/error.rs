//! Why the pages that are needed are not there.

use tare_format::PackageName;
use tare_format::event::PageKey;
use tare_replay::PageError as ReplayPageError;

use crate::error::{ClientError, ErrorKind};
use crate::head::HeadError;
use crate::registry::RegistryError;
use crate::resolve::page::PageError;

/// Why the pages that are needed are not there.
#[derive(Debug, thiserror::Error)]
pub enum PagesError {
    /// There is no head that they could be proven by.
    #[error(transparent)]
    Head(Box<HeadError>),
    /// The registry could not be asked.
    #[error(transparent)]
    Registry(Box<RegistryError>),
    /// No requests are allowed, and the page was never fetched.
    #[error("what the registry says in `{0}` is not in the cache, and requests are not allowed")]
    Offline(PageKey),
    /// What is served is not what the head says.
    #[error("`{page}` cannot be proven by the state of the registry: {reason}")]
    State {
        /// The page.
        page: PageKey,
        /// What was expected, and what was found.
        reason: String,
    },
    /// A page is proven, and is no page.
    #[error("the registry's page of `{name}` cannot be used")]
    Page {
        /// The package.
        name: PackageName,
        /// Why.
        source: PageError,
    },
    /// A page is proven, and breaks the rules of pages.
    #[error("the registry's page `{page}` cannot be used")]
    Rules {
        /// The page.
        page: PageKey,
        /// Why.
        source: Box<ReplayPageError>,
    },
}

impl PagesError {
    pub(super) fn state(page: &PageKey, reason: String) -> Self {
        Self::State { page: page.clone(), reason }
    }

    /// Wrong bytes under a proven name are a lie about the state; a registry that is away is not.
    pub(super) fn served(page: &PageKey, error: RegistryError) -> Self {
        match error.kind() {
            ErrorKind::Integrity => Self::state(page, crate::error::chain(&error).join(": ")),
            _ => Self::Registry(Box::new(error)),
        }
    }
}

impl From<HeadError> for PagesError {
    fn from(error: HeadError) -> Self {
        Self::Head(Box::new(error))
    }
}

impl ClientError for PagesError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Head(error) => error.kind(),
            Self::Registry(error) => error.kind(),
            Self::Offline(_) => ErrorKind::Network,
            // Whoever signed the head vouches for a page that is none.
            Self::State { .. } | Self::Page { .. } | Self::Rules { .. } => ErrorKind::Trust,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Head(error) => error.code(),
            Self::Registry(error) => error.code(),
            Self::Offline(_) => "E-OFFLINE",
            Self::State { .. } => "E-STATE",
            Self::Page { .. } | Self::Rules { .. } => "E-PAGE",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Head(error) => error.help(),
            Self::Registry(error) => error.help(),
            Self::Offline(_) => Some("run it once without `--offline`".to_owned()),
            Self::State { .. } => Some(
                "tell whoever runs the registry or mirror; nothing of this was kept".to_owned(),
            ),
            Self::Page { .. } | Self::Rules { .. } => Some(
                "tell whoever runs the registry: its own log says so, whoever serves it".to_owned(),
            ),
        }
    }
}
