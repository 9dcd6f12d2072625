//! Why there is no configuration, or why it was not changed.

use std::io;
use std::path::PathBuf;

use tare_store::durable::DurableError;
use url::Url;

use super::url_without_scheme;
use crate::error::{ClientError, ErrorKind};
use crate::origin::UrlError;

/// Why there is no configuration, or why it was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not a configuration.
    #[error("`{}` is not a configuration: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The place and the reason.
        message: String,
        /// The nearest known key.
        help: Option<String>,
    },
    /// A registry's URL is wrong.
    #[error("registry `{name}` in `{}` has a wrong URL", path.display())]
    Url {
        /// The file.
        path: PathBuf,
        /// The registry's name.
        name: String,
        /// What is wrong.
        source: UrlError,
    },
    /// A registry's name is wrong.
    #[error("`{name}` is not a name for a registry: use letters, digits, `-` and `_`")]
    Name {
        /// The name.
        name: String,
    },
    /// No registry has that name.
    #[error("there is no registry named `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// No registry was chosen and there is no default.
    #[error("no registry is chosen, and there is no default")]
    NoDefault,
    /// A file of a project wants to choose the program that signs.
    #[error("`{}` names a program that signs, expected that only in the home folder of tare", path.display())]
    SigningElsewhere {
        /// The file.
        path: PathBuf,
    },
    /// The name is taken by another registry.
    #[error("registry `{name}` is already known at {url}")]
    Taken {
        /// The name.
        name: String,
        /// Where it is.
        url: Url,
    },
    /// A project's file pins a trust root.
    #[error("`{}` pins a trust root, expected that only in the configuration at home", path.display())]
    TrustElsewhere {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("failed to save the configuration")]
    Write(#[from] DurableError),
}

impl ClientError for ConfigError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { .. } | Self::Write(_) => ErrorKind::Failure,
            _ => ErrorKind::Usage,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } | Self::NoDefault => "E-REGISTRY-UNKNOWN",
            _ => "E-CONFIG",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Syntax { help, .. } => help.clone(),
            Self::Unknown { name, known } => Some(match (url_without_scheme(name), &known[..]) {
                (Some(url), _) => format!("did you mean {url}?"),
                (None, []) => format!("add it with `tare registry add {name} URL`"),
                (None, known) => format!("the known ones are {}", known.join(", ")),
            }),
            Self::NoDefault => Some(
                "add one with `tare login --registry URL` or `tare registry add NAME URL`"
                    .to_owned(),
            ),
            Self::TrustElsewhere { .. } => Some(
                "remove `[trust]` there; whoever trusts that root pins it with `tare trust use FILE`"
                    .to_owned(),
            ),
            Self::Taken { name, .. } => Some(format!(
                "choose another name, or remove it with `tare registry remove {name}`"
            )),
            Self::SigningElsewhere { .. } => {
                Some("remove the table `[signing]` there, or move it if you trust it".to_owned())
            }
            _ => None,
        }
    }
}
