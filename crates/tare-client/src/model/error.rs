//! Why a model was not signed, or is not known to be the one that was.

use std::io;
use std::path::PathBuf;

use tare_sign::SigningError;
use tare_sign::model::ModelSignatureError;
use tare_store::durable::DurableError;
use tare_store::walk::WalkError;

use crate::error::{ClientError, ErrorKind};

/// Why a model was not signed, or is not known to be the one that was.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// There is nothing there.
    #[error("there is no model at `{}`", path.display())]
    Missing {
        /// Where nothing is.
        path: PathBuf,
    },
    /// There is no signature.
    #[error("the model is not signed: there is no `{}`", path.display())]
    Unsigned {
        /// Where none is.
        path: PathBuf,
    },
    /// The signature is too large to be one.
    #[error("`{}` has {found} bytes, a model signature has at most {limit}", path.display())]
    SignatureSize {
        /// The signature file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The signature is none of those who are trusted.
    #[error("`{}` does not sign this model", path.display())]
    Signature {
        /// The signature file.
        path: PathBuf,
        /// What was found and what was expected.
        source: ModelSignatureError,
    },
    /// The folder of the model holds what no signature can speak of, or cannot be walked.
    #[error("`{}` cannot be looked at as a model", path.display())]
    Walk {
        /// The folder.
        path: PathBuf,
        /// What is there.
        source: WalkError,
    },
    /// The folder holds what was not signed and could not have been.
    #[error("`{}` is not the model that was signed", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// What is there.
        source: WalkError,
    },
    /// The model has no name, or one that is no text.
    #[error("`{}` has no name that a signature could hold: expected UTF-8", path.display())]
    Name {
        /// The model.
        path: PathBuf,
    },
    /// There is nothing to sign.
    #[error("`{}` holds no file to sign", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A path that is to be left out leads out of the model.
    #[error("`{path}` is not a path inside the model")]
    Ignored {
        /// The path.
        path: String,
    },
    /// A file is not what it was when the model was looked at.
    #[error("`{}` changed while it was read", path.display())]
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
    /// The signer did not sign.
    #[error("the model was not signed")]
    Sign(#[from] SigningError),
    /// The signature cannot be written.
    #[error("failed to write the signature")]
    Write(#[from] DurableError),
    /// The thread that did the work died.
    #[error("the work on a file was stopped")]
    Stopped,
}

impl ClientError for ModelError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing { .. } => ErrorKind::NotFound,
            Self::Unsigned { .. }
            | Self::SignatureSize { .. }
            | Self::Signature { .. }
            | Self::Foreign { .. } => ErrorKind::Trust,
            Self::Walk { source: WalkError::Io { .. }, .. }
            | Self::Read { .. }
            | Self::Write(_)
            | Self::Stopped
            | Self::Sign(_)
            | Self::Changed { .. } => ErrorKind::Failure,
            Self::Walk { .. } | Self::Name { .. } | Self::Empty { .. } | Self::Ignored { .. } => {
                ErrorKind::Usage
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unsigned { .. } => "E-MODEL-UNSIGNED",
            Self::SignatureSize { .. } | Self::Signature { .. } => "E-MODEL-SIGNATURE",
            Self::Foreign { .. } => "E-MODEL-DIFFERS",
            Self::Sign(_) => "E-SIGN",
            _ => "E-MODEL",
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Unsigned { .. } => {
                "ask its maker for a signature; where it lies elsewhere, name it with `--signature FILE`"
            }
            Self::Signature { .. } => {
                "do not use the model; ask its maker which key they sign with"
            }
            Self::Walk { source: WalkError::Symlink { .. }, .. } => {
                "put the file itself there, or let the signature cover links to files with `--allow-symlinks`"
            }
            Self::Changed { .. } => "run the command again when nothing writes to the model",
            _ => return None,
        };
        Some(help.to_owned())
    }
}
