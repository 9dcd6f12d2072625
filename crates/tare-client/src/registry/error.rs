//! What can go wrong between a client and a registry.

use std::error::Error;

use tare_format::problem::{Code, Problems};
use tare_format::registry::RegistryId;
use url::Url;

use crate::error::{ClientError, ErrorKind};
use crate::origin::Origin;
use crate::transport::{Fetched, TransportError};

/// Why a registry did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It could not be asked.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// There is no registry.
    #[error("there is no registry at {base}")]
    NotOne {
        /// Where none is.
        base: Url,
    },
    /// It speaks another language.
    #[error(
        "the registry at {base} has the format `{found}`, and this tare reads `tare-registry/1`"
    )]
    Format {
        /// The registry.
        base: Url,
        /// Its format.
        found: String,
    },
    /// Another registry is at the URL than was there before.
    #[error("another registry is at {base}: expected `{expected}`, found `{found}`")]
    Another {
        /// The URL.
        base: Box<Url>,
        /// Which registry was there.
        expected: RegistryId,
        /// Which is there now.
        found: RegistryId,
    },
    /// It is a copy that takes no changes.
    #[error("{base} is a read-only copy of a registry")]
    ReadOnly {
        /// The copy.
        base: Url,
    },
    /// There is no token for it.
    #[error("there is no token for {origin}")]
    NoToken {
        /// The registry.
        base: Url,
        /// Whom a token is needed for.
        origin: Origin,
    },
    /// There is no such thing.
    #[error("{what} is not in the registry at {base}")]
    NotFound {
        /// What was asked for.
        what: String,
        /// The registry.
        base: Url,
    },
    /// The registry says no, and why.
    #[error("{}{detail}", prefix(action, *code))]
    Refused {
        /// What was asked for, as a verb and an object.
        action: String,
        /// Which kind of reason.
        code: Code,
        /// The reason.
        detail: String,
        /// What the registry says to do.
        help: Option<String>,
        /// The request, to find it in the registry's log.
        request_id: Option<String>,
    },
    /// The answer makes no sense.
    #[error("the registry answered with status {status} when asked to {action}")]
    Status {
        /// What was asked for.
        action: String,
        /// The HTTP status.
        status: u16,
    },
    /// Bytes are not what their name says.
    #[error("{what} is not what its name says: expected {expected}, found {found}")]
    Digest {
        /// What was read.
        what: String,
        /// The digest in its name.
        expected: String,
        /// The digest of the bytes.
        found: String,
    },
    /// Bytes have the right name and cannot be read.
    #[error("{what} cannot be read")]
    Document {
        /// What was read.
        what: String,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Other bytes came than were asked for.
    #[error("{what}: asked for bytes {start} to {end}, and got {found}")]
    Range {
        /// What was read.
        what: String,
        /// The first byte asked for.
        start: u64,
        /// The first byte after those asked for.
        end: u64,
        /// What came.
        found: String,
    },
}

impl RegistryError {
    pub(super) fn not_one(base: &Url) -> Self {
        Self::NotOne { base: base.clone() }
    }

    /// From an answer that is not a success.
    pub(super) fn of(action: &str, fetched: &Fetched) -> Self {
        let problems: Option<Problems> = serde_json::from_slice(&fetched.bytes).ok();
        match problems.and_then(|problems| problems.errors.into_iter().next()) {
            Some(problem) => Self::Refused {
                action: action.to_owned(),
                code: problem.code,
                detail: problem.detail,
                help: problem.help,
                request_id: problem.request_id,
            },
            None => Self::Status { action: action.to_owned(), status: fetched.status },
        }
    }

    /// The registry's code, when it gave one.
    #[must_use]
    pub fn problem(&self) -> Option<Code> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }
}

impl ClientError for RegistryError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Transport(error) => error.kind(),
            Self::NotOne { .. } => ErrorKind::Network,
            Self::Format { .. } | Self::ReadOnly { .. } => ErrorKind::Failure,
            Self::Another { .. } => ErrorKind::Trust,
            Self::NoToken { .. } => ErrorKind::Authentication,
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Refused { code, .. } => kind_of(*code),
            Self::Status { status, .. } => match status {
                401 | 403 => ErrorKind::Authentication,
                404 => ErrorKind::NotFound,
                _ => ErrorKind::Network,
            },
            Self::Digest { .. } | Self::Document { .. } | Self::Range { .. } => {
                ErrorKind::Integrity
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Transport(error) => error.code(),
            Self::NotOne { .. } => "E-NO-REGISTRY",
            Self::Format { .. } => "E-REGISTRY-FORMAT",
            Self::Another { .. } => "E-ANOTHER-REGISTRY",
            Self::ReadOnly { .. } => "E-READ-ONLY",
            Self::NoToken { .. } => "E-NO-TOKEN",
            Self::NotFound { .. } => "E-NOT-FOUND",
            Self::Refused { code, .. } => code_of(*code),
            Self::Status { .. } => "E-REGISTRY-ANSWER",
            Self::Digest { .. } => "E-DIGEST",
            Self::Document { .. } => "E-DOCUMENT",
            Self::Range { .. } => "E-RANGE",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Transport(error) => error.help(),
            Self::NotOne { .. } => {
                Some("check the URL: `registry.json` must be right below it".to_owned())
            }
            Self::Format { .. } => Some("use a newer tare".to_owned()),
            Self::Another { base, .. } => Some(format!(
                "ask whoever runs it; if it was really set up anew, run `tare registry remove NAME` and `tare login --registry {base}`"
            )),
            Self::ReadOnly { .. } => Some("use the URL of the registry itself".to_owned()),
            Self::NoToken { base, .. } => Some(format!("run `tare login --registry {base}`")),
            Self::NotFound { .. } => {
                Some("check the spelling, or look with `tare search`".to_owned())
            }
            Self::Refused { code, help, request_id, .. } => {
                help.clone().or_else(|| help_for(*code)).or_else(|| {
                    // A mistake of the caller is nothing that the operator could mend.
                    let id = request_id.as_ref().filter(|_| is_failure(*code))?;
                    Some(format!(
                        "whoever runs the registry finds this in its log as request `{id}`"
                    ))
                })
            }
            Self::Status { .. } => Some("check that the URL is that of a registry".to_owned()),
            Self::Digest { .. } | Self::Document { .. } | Self::Range { .. } => Some(
                "tell whoever runs the registry or mirror; nothing of this was kept".to_owned(),
            ),
        }
    }
}

/// Whether the registry failed, rather than whoever asked.
fn is_failure(code: Code) -> bool {
    code.status() >= 500
}

/// What was asked for, where the detail does not tell: the registry explains a mistake of the caller by itself.
fn prefix(action: &str, code: Code) -> String {
    if is_failure(code) { format!("the registry did not {action}: ") } else { String::new() }
}

fn kind_of(code: Code) -> ErrorKind {
    match code {
        Code::Unauthenticated | Code::TokenExpired | Code::ScopeMissing | Code::NotOwner => {
            ErrorKind::Authentication
        }
        Code::NotFound | Code::MissingDependency => ErrorKind::NotFound,
        Code::RateLimited | Code::Internal | Code::Unavailable | Code::StorageFull => {
            ErrorKind::Network
        }
        Code::DigestMismatch => ErrorKind::Integrity,
        Code::SignatureRefused => ErrorKind::Trust,
        _ => ErrorKind::Failure,
    }
}

fn code_of(code: Code) -> &'static str {
    match code {
        Code::BadRequest => "E-BAD-REQUEST",
        Code::InvalidDocument => "E-INVALID-DOCUMENT",
        Code::ReleaseMismatch => "E-RELEASE-MISMATCH",
        Code::Unauthenticated => "E-UNAUTHENTICATED",
        Code::TokenExpired => "E-TOKEN-EXPIRED",
        Code::ScopeMissing => "E-SCOPE-MISSING",
        Code::NotOwner => "E-NOT-OWNER",
        Code::NotFound => "E-NOT-FOUND",
        Code::MethodNotAllowed => "E-METHOD-NOT-ALLOWED",
        Code::VersionExists => "E-VERSION-EXISTS",
        Code::NameTaken => "E-NAME-TAKEN",
        Code::SessionState => "E-SESSION-STATE",
        Code::StateConflict => "E-STATE-CONFLICT",
        Code::SessionExpired => "E-SESSION-EXPIRED",
        Code::TooLarge => "E-TOO-LARGE",
        Code::DigestMismatch => "E-DIGEST",
        Code::Incomplete => "E-INCOMPLETE",
        Code::MissingDependency => "E-MISSING-DEPENDENCY",
        Code::SignatureRefused => "E-SIGNATURE-REFUSED",
        Code::RateLimited => "E-RATE-LIMITED",
        Code::Internal => "E-REGISTRY-FAILED",
        Code::Unavailable => "E-UNAVAILABLE",
        Code::StorageFull => "E-STORAGE-FULL",
        Code::Other => "E-REFUSED",
    }
}

fn help_for(code: Code) -> Option<String> {
    let help = match code {
        Code::Unauthenticated | Code::TokenExpired => {
            "get a new token from the registry and run `tare login`"
        }
        Code::ScopeMissing => {
            "use a token whose scopes cover this; `tare whoami` shows those of yours"
        }
        Code::NotOwner => "ask an owner of the namespace to add you with `tare owner add`",
        Code::VersionExists => "a version never changes: raise `version` in Tare.toml",
        Code::NameTaken => "choose another name",
        Code::NotFound => "check the spelling, or look with `tare search`",
        Code::SessionExpired | Code::SessionState | Code::Incomplete => "run `tare publish` again",
        Code::MissingDependency => {
            "publish what it needs first, or both together: `tare publish ../other .`"
        }
        Code::SignatureRefused => {
            "sign with a key from `tare signer list`, or let an owner add yours with `tare signer add`"
        }
        Code::RateLimited | Code::Unavailable => "try again in a minute",
        Code::StorageFull => "tell whoever runs the registry: its disk is full",
        _ => return None,
    };
    Some(help.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: Code) -> RegistryError {
        RegistryError::Refused {
            action: "open a publish session".to_owned(),
            code,
            detail: "it is so".to_owned(),
            help: None,
            request_id: Some("01JD".to_owned()),
        }
    }

    #[test]
    fn the_log_is_named_when_the_registry_failed_and_never_for_a_mistake_of_the_caller() {
        for code in Code::ALL {
            let error = refused(*code);
            let help = error.help().unwrap_or_default();
            assert!(code.status() >= 500 || !help.contains("01JD"), "{code}: {help}");
            assert_eq!(error.to_string() == "it is so", code.status() < 500, "{error}");
        }
        assert!(refused(Code::Internal).help().unwrap().contains("`01JD`"));
        assert!(refused(Code::NotFound).help().unwrap().contains("`tare search`"));
    }
}
