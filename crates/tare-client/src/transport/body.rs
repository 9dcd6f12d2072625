//! Bodies that can be sent again, and the watch over their way out.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, Stream};
use reqwest::RequestBuilder;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use crate::event::Task;

/// How much is handed to the connection at a time, in bytes.
const PIECE: usize = 256 << 10;

/// What a request carries. It can be sent more than once, as a second attempt must.
#[derive(Debug, Clone)]
pub enum Body {
    /// Nothing.
    Empty,
    /// A JSON document.
    Json(Bytes),
    /// Bytes in memory.
    Bytes(Bytes),
    /// Some bytes in memory, then a file of `size` bytes; what has been sent is counted by `task`.
    File {
        /// What comes first.
        prefix: Bytes,
        /// The file.
        path: PathBuf,
        /// How many bytes of it.
        size: u64,
        /// Who counts.
        task: Option<Arc<Task>>,
    },
}

impl Body {
    pub(super) async fn attach(
        &self,
        builder: RequestBuilder,
        activity: &Activity,
    ) -> io::Result<RequestBuilder> {
        match self {
            Self::Empty => Ok(builder),
            Self::Json(bytes) => {
                let json = HeaderValue::from_static("application/json");
                Ok(builder.header(CONTENT_TYPE, json).body(bytes.clone()))
            }
            Self::Bytes(bytes) => Ok(builder.body(bytes.clone())),
            Self::File { prefix, path, size, task } => {
                let file = File::open(path).await?;
                let length = prefix.len() as u64 + size;
                let counted =
                    Counted { task: task.clone(), counted: 0, activity: activity.clone() };
                let pieces =
                    stream::once(std::future::ready(Ok(prefix.clone()))).chain(pieces(file, *size));
                let body = reqwest::Body::wrap_stream(counted.count(pieces));
                Ok(builder.header(CONTENT_LENGTH, length).body(body))
            }
        }
    }
}

fn pieces(file: File, size: u64) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold((file, size), async |(mut file, left)| {
        if left == 0 {
            return Ok(None);
        }
        let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; length];
        file.read_exact(&mut piece).await?;
        Ok(Some((Bytes::from(piece), (file, left - length as u64))))
    })
}

/// Counts what goes out; what one attempt sent in vain is taken back.
struct Counted {
    task: Option<Arc<Task>>,
    counted: u64,
    activity: Activity,
}

impl Counted {
    fn count(
        mut self,
        pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        pieces.map(move |piece| {
            if let Ok(piece) = &piece {
                self.add(piece.len() as u64);
            }
            piece
        })
    }

    fn add(&mut self, amount: u64) {
        self.activity.0.fetch_add(1, Ordering::Relaxed);
        self.counted += amount;
        if let Some(task) = &self.task {
            task.advance(amount);
        }
    }
}

/// Whether anything has gone out lately: a long upload is not idle although no answer has begun.
#[derive(Debug, Clone, Default)]
pub(super) struct Activity(Arc<AtomicU64>);

impl Activity {
    /// Waits for `answer` as long as something goes out; `None` when nothing has for `idle`.
    pub(super) async fn watch<T>(
        &self,
        answer: impl Future<Output = T>,
        idle: Duration,
    ) -> Option<T> {
        let mut answer = pin!(answer);
        loop {
            let before = self.0.load(Ordering::Relaxed);
            if let Ok(answer) = tokio::time::timeout(idle, &mut answer).await {
                return Some(answer);
            }
            if before == self.0.load(Ordering::Relaxed) {
                return None;
            }
        }
    }
}
