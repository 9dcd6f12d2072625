//! Why it is not known which keys speak for a registry.

use url::Url;

use crate::error::{ClientError, ErrorKind};
use crate::registry::RegistryError;

/// Why there is no root document that follows from the registry's id.
#[derive(Debug, thiserror::Error)]
pub enum RootChainError {
    /// The registry could not be asked.
    #[error(transparent)]
    Registry(Box<RegistryError>),
    /// Nobody serves it.
    #[error("root document {version} is not in the registry at {base}")]
    Missing {
        /// Its version.
        version: u32,
        /// The registry.
        base: Url,
    },
    /// Nobody serves one that is accepted.
    #[error("root document {version} is refused")]
    NotAccepted {
        /// Its version.
        version: u32,
        /// What was served instead.
        source: Box<RegistryError>,
    },
    /// It does not follow from what is trusted.
    #[error("root document {version} is refused: {reason}")]
    Refused {
        /// Its version.
        version: u32,
        /// What is wrong with it.
        reason: String,
    },
    /// The log says that there is a newer one, and nobody serves it.
    #[error(
        "the log names root document {expected} as the newest, and the registry at {base} ends with {found}"
    )]
    Withheld {
        /// The version in the log.
        expected: u32,
        /// The newest that is served.
        found: u32,
        /// The registry.
        base: Url,
    },
    /// There are more than anybody should have to walk through.
    #[error("there are more than {most} root documents after version {from}")]
    TooLong {
        /// Where the walk began.
        from: u32,
        /// How many are allowed.
        most: u32,
    },
    /// The pinned one is another.
    #[error(
        "the first root document is another than the pinned one: expected {expected}, found {found}"
    )]
    Pinned {
        /// The digest that was asked for.
        expected: tare_format::Sha256,
        /// The digest of what is served.
        found: tare_format::Sha256,
    },
    /// It is too old to resolve anything on its word.
    #[error(
        "root document {version} of the registry expired on {expires}, and there is no newer one: nothing new is taken on its word"
    )]
    Expired {
        /// Its version.
        version: u32,
        /// From when on it counts no more.
        expires: String,
    },
}

impl RootChainError {
    /// Wrong bytes are a failure of trust; a registry that is away is not.
    pub(super) fn of(version: u32, source: RegistryError) -> Self {
        match source.kind() {
            ErrorKind::Integrity => Self::NotAccepted { version, source: Box::new(source) },
            _ => Self::Registry(Box::new(source)),
        }
    }
}

impl ClientError for RootChainError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Registry(error) => error.kind(),
            _ => ErrorKind::Trust,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Registry(error) => error.code(),
            _ => "E-ROOT",
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Registry(error) => return error.help(),
            Self::Expired { version, .. } => {
                return Some(format!(
                    "whoever runs the registry has to sign and publish version {} with a later date (`tare-registry root`); what Tare.lock has can still be installed",
                    version.saturating_add(1)
                ));
            }
            Self::Withheld { .. } | Self::Missing { .. } => {
                "ask whoever runs the registry or mirror; nothing is resolved until it is served"
            }
            Self::Pinned { .. } => {
                "compare the digest with the one that whoever runs the registry tells you by another way"
            }
            _ => "tell whoever runs the registry or mirror; nothing of this was kept",
        };
        Some(help.to_owned())
    }
}
