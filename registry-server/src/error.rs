//! What a request can fail with: one type with a stable code, so that there is one envelope (spec/api.md Q-10).
//!
//! `detail` and `help` go to the caller, the `source` only to the log: what the database or the disk said is of no use
//! to a publisher, and may name paths of the machine.

use std::error::Error;
use std::fmt;
use std::io;

use tare_format::problem::Code;
use tare_store::StoreError;

/// A failed request.
#[derive(Debug)]
pub struct ApiError {
    code: Code,
    detail: String,
    help: Option<String>,
    event: Option<u64>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// A failure of kind `code`; `detail` names the object, what was found and what was expected.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), help: None, event: None, source: None }
    }

    /// The request itself is wrong.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, detail)
    }

    /// A document breaks its chapter of the specification.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidDocument, detail)
    }

    /// Nothing is there.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(Code::NotFound, detail)
    }

    /// The registry failed; `source` goes to the log.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal, "the registry failed").caused_by(source)
    }

    /// Adds what the caller can do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the event of the log that is the reason.
    #[must_use]
    pub const fn event(mut self, event: u64) -> Self {
        self.event = Some(event);
        self
    }

    /// Adds what goes to the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Which kind it is.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The sentence for the caller.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What the caller can do.
    #[must_use]
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The event of the log that is the reason.
    #[must_use]
    pub const fn event_index(&self) -> Option<u64> {
        self.event
    }

    fn full(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::StorageFull, "the registry has no room for this")
            .help("try again when its operator has made room")
            .caused_by(source)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        // SQLITE_FULL is 13, SQLITE_BUSY 5; extended codes keep the primary one in their low byte.
        let primary = error
            .as_database_error()
            .and_then(|database| database.code()?.parse::<u32>().ok())
            .map(|code| code & 0xff);
        match primary {
            Some(13) => Self::full(error),
            Some(5) => Self::new(Code::Unavailable, "the registry is busy")
                .help("try again")
                .caused_by(error),
            _ => Self::internal(error),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.is_full() { Self::full(error) } else { Self::internal(error) }
    }
}

impl From<io::Error> for ApiError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::full(error),
            _ => Self::internal(error),
        }
    }
}

/// An error and its causes in one line, for the log.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
