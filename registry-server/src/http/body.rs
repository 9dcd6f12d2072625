//! Reading a request's body: never more than its cap, and never waiting for ever (spec/api.md Q-9).

use std::io::{self, Read};
use std::time::Duration;

use axum::body::Body;
use bytes::{Buf, Bytes};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use tare_format::problem::Code;
use tokio::sync::mpsc;

use crate::error::ApiError;

/// Reads a whole body of at most `cap` bytes.
///
/// # Errors
/// `too-large`, or when the client stops sending.
pub(crate) async fn collect(body: Body, cap: u64, patience: Duration) -> Result<Bytes, ApiError> {
    let mut frames = Frames::new(body, cap, patience)?;
    let mut all = Vec::new();
    while let Some(bytes) = frames.next().await? {
        all.extend_from_slice(&bytes);
    }
    Ok(all.into())
}

/// Reads a body that is one JSON document.
///
/// # Errors
/// As [`collect`], and when the bytes are not that document.
pub(crate) async fn json<T: DeserializeOwned>(
    body: Body,
    cap: u64,
    patience: Duration,
) -> Result<T, ApiError> {
    let bytes = collect(body, cap, patience).await?;
    serde_json::from_slice(&bytes).map_err(|error| {
        ApiError::bad_request(format!("the body is not what is expected here: {error}"))
    })
}

/// A body piece by piece.
pub(crate) struct Frames {
    body: Body,
    left: u64,
    cap: u64,
    patience: Duration,
}

impl Frames {
    /// Looks at the declared length first: a body that is too large by its own word is refused unread.
    pub(crate) fn new(body: Body, cap: u64, patience: Duration) -> Result<Self, ApiError> {
        let declared = http_body::Body::size_hint(&body).lower();
        if declared > cap {
            return Err(too_large(cap));
        }
        Ok(Self { body, left: cap, cap, patience })
    }

    /// The next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            let frame = tokio::time::timeout(self.patience, self.body.frame()).await;
            let frame = frame.map_err(|_| ApiError::bad_request("the body stopped coming"))?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|error| {
                ApiError::bad_request("the body ends before its length").caused_by(error)
            })?;
            // Trailers say nothing here.
            let Ok(bytes) = frame.into_data() else { continue };
            let length = bytes.len() as u64;
            self.left = self.left.checked_sub(length).ok_or_else(|| too_large(self.cap))?;
            return Ok(Some(bytes));
        }
    }
}

fn too_large(cap: u64) -> ApiError {
    ApiError::new(
        Code::TooLarge,
        format!("the body has more than the {cap} bytes that are allowed here"),
    )
    .help("the limits of a registry are in its `registry.json`")
}

/// A body as a blocking reader, for work on a thread that may block. It ends early when the body fails; who sent the
/// pieces knows why.
pub(crate) struct PieceReader {
    pieces: mpsc::Receiver<Bytes>,
    piece: Bytes,
}

impl PieceReader {
    /// A reader, and where the pieces go in. A few wait in between, so that network and disk work at the same time.
    pub(crate) fn new() -> (mpsc::Sender<Bytes>, Self) {
        let (sender, pieces) = mpsc::channel(16);
        (sender, Self { pieces, piece: Bytes::new() })
    }
}

impl Read for PieceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let length = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
