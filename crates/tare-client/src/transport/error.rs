//! Why a request got no answer.

use std::error::Error;

use url::Url;

use super::redirect::RedirectRefused;
use crate::error::{ClientError, ErrorKind, chain};
use crate::origin::Origin;

/// Why a request got no answer, or an answer that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The client cannot be set up.
    #[error("failed to set up HTTP: a proxy or a certificate is wrong")]
    Setup(#[source] reqwest::Error),
    /// No requests are allowed.
    #[error("`{url}` is needed, and requests are not allowed")]
    Offline {
        /// What would have been asked for.
        url: Url,
    },
    /// No connection came about.
    #[error("failed to connect to {origin}")]
    Connect {
        /// To whom.
        origin: Origin,
        /// Why.
        source: Cause,
    },
    /// The connection cannot be trusted.
    #[error("failed to make a secure connection to {origin}")]
    Tls {
        /// To whom.
        origin: Origin,
        /// Why.
        source: Cause,
    },
    /// Nothing moved for too long.
    #[error("`{url}` stood still for {seconds} seconds")]
    Idle {
        /// What was asked for.
        url: Url,
        /// For how long.
        seconds: u64,
    },
    /// Something is sent, and too little of it.
    #[error("`{url}` comes with less than {throughput} bytes a second over {seconds} seconds")]
    Slow {
        /// What was asked for.
        url: Url,
        /// The fewest bytes a second.
        throughput: u64,
        /// Over how long that was measured.
        seconds: u64,
    },
    /// A small document took too long as a whole.
    #[error("`{url}` did not arrive within {seconds} seconds")]
    Deadline {
        /// What was asked for.
        url: Url,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The connection broke.
    #[error("the connection broke while talking to `{url}`")]
    Broken {
        /// What was asked for.
        url: Url,
        /// Why.
        source: Cause,
    },
    /// The answer is larger than anything that may be there.
    #[error("`{url}` is larger than the {cap} bytes that are allowed there")]
    TooLarge {
        /// What was asked for.
        url: Url,
        /// The most bytes.
        cap: u64,
    },
    /// A redirect was not followed.
    #[error("`{url}` redirects in a way that is not followed")]
    Redirect {
        /// What was asked for.
        url: Box<Url>,
        /// Why.
        #[source]
        reason: RedirectRefused,
    },
    /// The token cannot stand in a header.
    #[error("the token has characters that no token has")]
    Token,
}

/// What lies at the bottom of a failure. The layers above it only say that there is one below.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Cause(String);

impl Cause {
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        Self(chain(error).pop().unwrap_or_default())
    }
}

impl TransportError {
    pub(super) fn exchange(url: &Url, origin: &Origin, error: reqwest::Error) -> Self {
        let (is_connect, source) = (error.is_connect(), Cause::of(&error));
        if !is_connect {
            return Self::Broken { url: url.clone(), source };
        }
        // The TLS library's own error is private to it; its sentence is not.
        let text = source.0.to_lowercase();
        let tls = ["certificate", "tls", "handshake", "corrupt message", "unknownissuer"];
        if tls.iter().any(|word| text.contains(word)) {
            Self::Tls { origin: origin.clone(), source }
        } else {
            Self::Connect { origin: origin.clone(), source }
        }
    }

    /// Whether another attempt may go better.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. } | Self::Idle { .. } | Self::Slow { .. } | Self::Broken { .. }
        )
    }
}

impl ClientError for TransportError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Setup(_) | Self::Token => ErrorKind::Usage,
            Self::TooLarge { .. } => ErrorKind::Integrity,
            _ => ErrorKind::Network,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Setup(_) | Self::Token => "E-CONFIG",
            Self::Offline { .. } => "E-OFFLINE",
            Self::Connect { .. } => "E-CONNECT",
            Self::Tls { .. } => "E-TLS",
            Self::Idle { .. } | Self::Slow { .. } | Self::Deadline { .. } => "E-TIMEOUT",
            Self::Broken { .. } => "E-CONNECTION-BROKEN",
            Self::TooLarge { .. } => "E-TOO-LARGE",
            Self::Redirect { .. } => "E-REDIRECT",
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Offline { .. } => "run it once without `--offline`, so that everything is there",
            Self::Connect { .. } => {
                "check that the registry runs and that its URL is right, `tare registry list`; behind a proxy, set HTTPS_PROXY"
            }
            Self::Tls { source, .. } => {
                let text = &source.0;
                return Some(
                    if text.contains("InvalidContentType") || text.contains("corrupt message") {
                        "the other side does not speak TLS: a registry without a certificate has an `http://` URL".to_owned()
                    } else {
                        "if its certificate is from your own authority, name the authority's PEM file in SSL_CERT_FILE".to_owned()
                    },
                );
            }
            Self::Idle { .. } | Self::Slow { .. } | Self::Deadline { .. } | Self::Broken { .. } => {
                "run the command again: it goes on where it stopped"
            }
            Self::Redirect { .. } => "ask whoever runs the registry; its URL may have moved",
            _ => return None,
        };
        Some(help.to_owned())
    }
}
