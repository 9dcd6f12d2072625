//! Why a bundle or a trust root is not accepted.

use std::io;
use std::path::PathBuf;

use tare_format::Sha256;
use tare_sign::sigstore::{SigstoreError, TrustRootError};
use tare_store::durable::DurableError;

use crate::config::ConfigError;
use crate::error::{ClientError, ErrorKind};
use crate::keys::KeyFileError;

/// Why a file does not count as signed.
#[derive(Debug, thiserror::Error)]
pub enum BundleCheckError {
    /// A file cannot be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The public key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// There is no trust root to check under.
    #[error(transparent)]
    Trust(#[from] TrustFileError),
    /// The bundle does not hold.
    #[error("`{}` does not count", path.display())]
    Bundle {
        /// The file of the bundle.
        path: PathBuf,
        /// Why.
        source: SigstoreError,
    },
}

impl ClientError for BundleCheckError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                ErrorKind::Usage
            }
            Self::Read { .. } => ErrorKind::Failure,
            Self::Key(error) => error.kind(),
            Self::Trust(error) => error.kind(),
            Self::Bundle { source: SigstoreError::Read(_), .. } => ErrorKind::Failure,
            Self::Bundle { .. } => ErrorKind::Trust,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "E-FILE",
            Self::Key(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Bundle { source, .. } => match source {
                SigstoreError::Form(_) => "E-BUNDLE-FORM",
                SigstoreError::Identity { .. } | SigstoreError::Issuer { .. } => "E-IDENTITY",
                SigstoreError::Artifact { .. } => "E-BUNDLE-FILE",
                SigstoreError::UnknownLog { .. } | SigstoreError::NoClock { .. } => "E-TRUST-STALE",
                SigstoreError::Future { .. } => "E-CLOCK",
                SigstoreError::Read(_) => "E-FILE",
                _ => "E-SIGNATURE",
            },
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Read { .. } => None,
            Self::Key(error) => error.help(),
            Self::Trust(error) => error.help(),
            Self::Bundle { source, .. } => source.help().map(str::to_owned),
        }
    }
}

/// Why there is no trust root.
#[derive(Debug, thiserror::Error)]
pub enum TrustFileError {
    /// The file cannot be read.
    #[error("failed to read the trust root `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is something else.
    #[error("`{}` is not a trust root", path.display())]
    Root {
        /// The file.
        path: PathBuf,
        /// Why.
        source: TrustRootError,
    },
    /// The one that is built in cannot be used.
    #[error("the built-in trust root cannot be used")]
    BuiltIn {
        /// Why.
        source: TrustRootError,
    },
    /// It is not the one that was pinned.
    #[error("the trust root `{}` is {found}, expected {expected}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// Its digest.
        found: Sha256,
        /// The digest that was pinned.
        expected: Sha256,
    },
    /// The configuration cannot be read or changed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It cannot be saved.
    #[error("failed to save the trust root")]
    Write(#[from] DurableError),
}

impl ClientError for TrustFileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                ErrorKind::Usage
            }
            Self::Read { .. } | Self::BuiltIn { .. } | Self::Write(_) => ErrorKind::Failure,
            Self::Root { .. } => ErrorKind::Usage,
            Self::Other { .. } => ErrorKind::Trust,
            Self::Config(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Config(error) => error.code(),
            _ => "E-TRUST-ROOT",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Other { .. } => Some(
                "compare with the digest that whoever runs the instance gives you by another way; `tare trust use FILE` \
                 pins the file that has it"
                    .to_owned(),
            ),
            Self::Config(error) => error.help(),
            _ => None,
        }
    }
}
