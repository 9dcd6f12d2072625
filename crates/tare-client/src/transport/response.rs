//! Answers, read with a cap and an end to every wait.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, HeaderName};
use tokio::time::Instant;
use url::Url;

use super::TransportError;
use super::error::Cause;
use super::pace::Pace;

/// As much as is read of why something went wrong, in bytes.
const EXPLANATION_CAP: usize = 1 << 20;

/// An answer whose body is still to be read.
#[derive(Debug)]
pub struct Response {
    inner: reqwest::Response,
    idle: Duration,
    pace: Pace,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Bytes,
    /// Where it came from, after all redirects.
    pub url: Url,
}

impl Fetched {
    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Response {
    pub(super) fn new(inner: reqwest::Response, idle: Duration, pace: Pace) -> Self {
        Self { inner, idle, pace }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.inner.status().as_u16()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.inner.headers().get(name)?.to_str().ok()
    }

    /// Where it came from, after all redirects.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.inner.url()
    }

    /// The next bytes as they come; `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks, stands still, or is too slow.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        let begin = Instant::now();
        loop {
            let left = self.idle.saturating_sub(begin.elapsed());
            let wait = self.pace.left().min(left);
            let asked = Instant::now();
            let came = match tokio::time::timeout(wait, self.inner.chunk()).await {
                Ok(Ok(Some(chunk))) => Some(chunk),
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(error)) => {
                    let source = Cause::of(&error);
                    return Err(TransportError::Broken { url: self.url().clone(), source });
                }
                Err(_) => None,
            };
            if came.is_none() && begin.elapsed() >= self.idle {
                let seconds = self.idle.as_secs();
                return Err(TransportError::Idle { url: self.url().clone(), seconds });
            }
            self.look(asked.elapsed(), came.as_ref().map_or(0, Bytes::len))?;
            if came.is_some() {
                return Ok(came);
            }
        }
    }

    /// Whether the place is still fast enough, now that `bytes` came after `waited`.
    fn look(&mut self, waited: Duration, bytes: usize) -> Result<(), TransportError> {
        if self.pace.is_kept(waited, bytes as u64) {
            return Ok(());
        }
        let (throughput, seconds) = self.pace.rule();
        Err(TransportError::Slow { url: self.url().clone(), throughput, seconds })
    }

    /// Reads the body, of at most `cap` bytes. A larger one is refused before it is read, where it says so. The body of
    /// an answer that is no success is only an explanation: as much of it is read as can be.
    ///
    /// # Errors
    /// When it is larger, or the connection breaks or stands still.
    pub async fn read(mut self, cap: u64) -> Result<Fetched, TransportError> {
        if self.inner.status().is_client_error() || self.inner.status().is_server_error() {
            return Ok(self.explanation().await);
        }
        let too_large = |url: &Url| TransportError::TooLarge { url: url.clone(), cap };
        if self.inner.content_length().is_some_and(|length| length > cap) {
            return Err(too_large(self.url()));
        }
        let mut bytes = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if bytes.len() as u64 + chunk.len() as u64 > cap {
                return Err(too_large(self.url()));
            }
            bytes.extend_from_slice(&chunk);
        }
        let (status, url) = (self.status(), self.url().clone());
        Ok(Fetched { status, headers: self.inner.headers().clone(), bytes: bytes.freeze(), url })
    }

    async fn explanation(mut self) -> Fetched {
        let mut bytes = BytesMut::new();
        while bytes.len() < EXPLANATION_CAP
            && let Ok(Some(chunk)) = self.chunk().await
        {
            bytes.extend_from_slice(&chunk);
        }
        let (status, url) = (self.status(), self.url().clone());
        Fetched { status, headers: self.inner.headers().clone(), bytes: bytes.freeze(), url }
    }
}
