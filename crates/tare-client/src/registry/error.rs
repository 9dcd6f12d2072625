//! What can go wrong between a client and a registry.

mod code;
mod told;

use std::error::Error;

use tare_format::problem::{Code, Problem, Problems};
use tare_format::registry::RegistryId;
use url::Url;

use code::{code_of, help_for, kind_of};
use told::{because, plain};

use super::sources::{Failure, Fault, Verdict, told, worst};
use crate::error::{ClientError, ErrorKind};
use crate::origin::Origin;
use crate::transport::{Fetched, TransportError, is_passing};

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
    /// Somebody says that it was taken down. That is no proof: what the log proves to be taken down is not asked for.
    #[error(
        "{what} is not served by {base}, which says with status {status} that it was taken down{}; no takedown that was verified says so",
        because(reason.as_deref(), *event)
    )]
    Gone {
        /// What was asked for.
        what: String,
        /// Who says so.
        base: Box<Url>,
        /// 410, or 451 for legal reasons.
        status: u16,
        /// Why, when it says that.
        reason: Option<String>,
        /// The event of the log that took it down, when it says that.
        event: Option<u64>,
    },
    /// What came is refused by whoever asked for it.
    #[error("{what} from {base} is wrong: {problem}")]
    Wrong {
        /// What was asked for.
        what: String,
        /// Who sent it.
        base: Box<Url>,
        /// What was expected, and what was found.
        problem: String,
    },
    /// What came is encoded, which its name does not cover.
    #[error("{what} from {base} has the content encoding `{found}`, and it is served as it is")]
    Encoded {
        /// What was asked for.
        what: String,
        /// Who sent it.
        base: Box<Url>,
        /// The encoding.
        found: String,
    },
    /// There is nobody to ask.
    #[error(
        "there is nobody to ask for {what}: every source serves another registry than the one that is meant"
    )]
    NoSource {
        /// What was asked for.
        what: String,
    },
    /// Several places were asked, and none had it.
    #[error("no source has {what}; {}", told(failures))]
    Sources {
        /// What was asked for.
        what: String,
        /// What each of them did.
        failures: Vec<Failure<Self>>,
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
        let problem = problems.and_then(|problems| problems.errors.into_iter().next());
        // A file server says with its status what it does; a body that says something else is of no registry.
        let fits = |problem: &Problem| {
            problem.code == Code::Other || problem.code.status() == fetched.status
        };
        match problem.filter(fits) {
            Some(problem) => Self::Refused {
                action: action.to_owned(),
                code: problem.code,
                detail: plain(&problem.detail),
                help: problem.help.as_deref().map(plain),
                request_id: problem.request_id.as_deref().map(plain),
            },
            None => Self::Status { action: action.to_owned(), status: fetched.status },
        }
    }

    /// From an answer that says that something was taken away.
    pub(super) fn gone(what: String, base: &Url, fetched: &Fetched) -> Self {
        let (reason, event) = told::takedown(&fetched.bytes);
        let (base, status) = (Box::new(base.clone()), fetched.status);
        Self::Gone { what, base, status, reason, event }
    }

    /// That nobody had `what`.
    pub(crate) fn nobody(what: String, mut failures: Vec<Failure<Self>>) -> Self {
        let is_offline = |failure: &Failure<Self>| {
            matches!(failure.error, Self::Transport(TransportError::Offline { .. }))
        };
        match failures.len() {
            0 => Self::NoSource { what },
            1 => failures.remove(0).error,
            // That nobody may be asked is one reason, and not one for each place.
            _ if failures.iter().all(is_offline) => failures.remove(0).error,
            _ => Self::Sources { what, failures },
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

impl Fault for RegistryError {
    fn verdict(&self) -> Verdict {
        let busy = |status| if is_passing(status) { Verdict::Passing } else { Verdict::Failing };
        match self {
            Self::Another { .. } => Verdict::Foreign,
            Self::Digest { .. }
            | Self::Document { .. }
            | Self::Range { .. }
            | Self::Wrong { .. }
            | Self::Encoded { .. }
            | Self::Transport(TransportError::TooLarge { .. }) => Verdict::Wrong,
            Self::Gone { .. } => Verdict::Gone,
            Self::NotFound { .. } => Verdict::Lacking,
            Self::Transport(error) if error.is_passing() => Verdict::Passing,
            Self::Status { status, .. } => busy(*status),
            Self::Refused { code, .. } => busy(code.status()),
            Self::Sources { failures, .. } => {
                worst(failures).map_or(Verdict::Failing, Fault::verdict)
            }
            _ => Verdict::Failing,
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
            Self::NotFound { .. } | Self::Gone { .. } => ErrorKind::NotFound,
            Self::NoSource { .. } => ErrorKind::Network,
            Self::Sources { failures, .. } => {
                worst(failures).map_or(ErrorKind::Network, ClientError::kind)
            }
            Self::Refused { code, .. } => kind_of(*code),
            Self::Status { status, .. } => match status {
                401 | 403 => ErrorKind::Authentication,
                404 => ErrorKind::NotFound,
                _ => ErrorKind::Network,
            },
            Self::Digest { .. }
            | Self::Document { .. }
            | Self::Wrong { .. }
            | Self::Encoded { .. }
            | Self::Range { .. } => ErrorKind::Integrity,
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
            Self::NoSource { .. } => "E-NO-SOURCE",
            Self::Gone { .. } => "E-GONE",
            Self::Wrong { .. } => "E-WRONG-BYTES",
            Self::Encoded { .. } => "E-ENCODED",
            Self::Sources { failures, .. } => {
                worst(failures).map_or("E-NO-SOURCE", ClientError::code)
            }
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
            Self::NoSource { .. } => Some(
                "compare the sources with `tare registry list`, and the id with what their operators say"
                    .to_owned(),
            ),
            Self::Gone { .. } => {
                Some("ask another mirror, or whoever runs this one why it is gone".to_owned())
            }
            Self::Sources { failures, .. } => worst(failures).and_then(ClientError::help),
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
            Self::Digest { .. }
            | Self::Document { .. }
            | Self::Wrong { .. }
            | Self::Encoded { .. }
            | Self::Range { .. } => Some(
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
