//! Answers, read with a cap and an end to every wait.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, HeaderName};
use url::Url;

use super::TransportError;
use super::error::Cause;

/// An answer whose body is still to be read.
#[derive(Debug)]
pub struct Response {
    inner: reqwest::Response,
    idle: Duration,
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
    pub(super) fn new(inner: reqwest::Response, idle: Duration) -> Self {
        Self { inner, idle }
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
    /// When the connection breaks or stands still.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        match tokio::time::timeout(self.idle, self.inner.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => {
                Err(TransportError::Broken { url: self.url().clone(), source: Cause::of(&error) })
            }
            Err(_) => {
                Err(TransportError::Idle { url: self.url().clone(), seconds: self.idle.as_secs() })
            }
        }
    }

    /// Reads the body, of at most `cap` bytes. A larger one is refused before it is read, where it says so.
    ///
    /// # Errors
    /// When it is larger, or the connection breaks or stands still.
    pub async fn read(mut self, cap: u64) -> Result<Fetched, TransportError> {
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
}
