//! Bodies that can be sent again, and the watch over their way out.

use std::fs::File;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use reqwest::RequestBuilder;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use tokio::task::spawn_blocking;

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
    /// Some bytes in memory, then a file.
    File(FileBody),
}

/// Some bytes in memory, then a file.
#[derive(Debug, Clone)]
pub struct FileBody {
    /// What comes first.
    prefix: Bytes,
    /// The file. It is read by position, because a first attempt may still be reading when the second begins.
    file: Arc<File>,
    /// How many bytes of it.
    size: u64,
    counter: Counter,
}

impl FileBody {
    /// `prefix`, then the first `size` bytes of `file`. What has been sent is counted by `task`.
    #[must_use]
    pub fn new(prefix: Bytes, file: Arc<File>, size: u64, task: Option<Arc<Task>>) -> Self {
        Self { prefix, file, size, counter: Counter { task, attempt: Arc::default() } }
    }

    fn stream(
        &self,
        activity: &Activity,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        self.counter.begin();
        let (counter, activity) = (self.counter.clone(), activity.clone());
        let prefix = stream::once(std::future::ready(Ok(self.prefix.clone())));
        prefix.chain(pieces(Arc::clone(&self.file), self.size)).inspect_ok(move |piece| {
            activity.0.fetch_add(1, Ordering::Relaxed);
            counter.add(piece.len() as u64);
        })
    }
}

/// Counts what goes out.
#[derive(Debug, Clone)]
struct Counter {
    task: Option<Arc<Task>>,
    /// What the latest attempt has sent.
    attempt: Arc<AtomicU64>,
}

impl Counter {
    /// What the attempt before sent, it sent in vain.
    fn begin(&self) {
        let before = self.attempt.swap(0, Ordering::Relaxed);
        if let Some(task) = &self.task {
            task.retreat(before);
        }
    }

    fn add(&self, amount: u64) {
        self.attempt.fetch_add(amount, Ordering::Relaxed);
        if let Some(task) = &self.task {
            task.advance(amount);
        }
    }
}

impl Body {
    pub(super) fn attach(&self, builder: RequestBuilder, activity: &Activity) -> RequestBuilder {
        match self {
            Self::Empty => builder,
            Self::Json(bytes) => {
                let json = HeaderValue::from_static("application/json");
                builder.header(CONTENT_TYPE, json).body(bytes.clone())
            }
            Self::Bytes(bytes) => builder.body(bytes.clone()),
            Self::File(file) => {
                let length = file.prefix.len() as u64 + file.size;
                let body = reqwest::Body::wrap_stream(file.stream(activity));
                builder.header(CONTENT_LENGTH, length).body(body)
            }
        }
    }
}

fn pieces(file: Arc<File>, size: u64) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold(0, move |start| {
        let file = Arc::clone(&file);
        async move {
            let left = size.saturating_sub(start);
            if left == 0 {
                return Ok(None);
            }
            let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let read = spawn_blocking(move || read_at(&file, start, length));
            let piece = read.await.map_err(io::Error::other)??;
            Ok(Some((piece, start + length as u64)))
        }
    })
}

/// The `length` bytes of a file from `start` on.
#[cfg(unix)]
pub(crate) fn read_at(file: &File, start: u64, length: usize) -> io::Result<Bytes> {
    use std::os::unix::fs::FileExt as _;
    let mut piece = vec![0; length];
    file.read_exact_at(&mut piece, start)?;
    Ok(piece.into())
}

/// The `length` bytes of a file from `start` on.
#[cfg(windows)]
pub(crate) fn read_at(file: &File, start: u64, length: usize) -> io::Result<Bytes> {
    use std::os::windows::fs::FileExt as _;
    let mut piece = vec![0; length];
    let mut done = 0;
    while done < length {
        match file.seek_read(&mut piece[done..], start + done as u64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => done += read,
        }
    }
    Ok(piece.into())
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
