//! Objects that lie on this machine, answered as a registry would: the same checks are made of them, by the same code.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use futures::stream;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use reqwest::{Body, ResponseBuilderExt as _};
use tokio::task::spawn_blocking;
use url::Url;

use super::Request;
use super::body::read_at;

/// How much is read at a time, in bytes.
const PIECE: usize = 256 << 10;

/// A run of bytes of a file.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) file: Arc<File>,
    /// Where it begins, in bytes.
    pub(crate) offset: u64,
    /// How long it is, in bytes.
    pub(crate) size: u64,
}

/// A set of objects by their path in the public layout of a registry.
pub(crate) trait Shelf: fmt::Debug + Send + Sync {
    /// The URL below which they are asked for. Its scheme is nobody's on the network.
    fn base(&self) -> &Url;

    /// The object at a path.
    fn find(&self, path: &str) -> Option<Run>;
}

/// Whether the request is for the shelf, and what the shelf answers.
pub(super) fn answer(shelf: &dyn Shelf, request: &Request, url: &Url) -> Option<reqwest::Response> {
    let path = url.as_str().strip_prefix(shelf.base().as_str())?;
    let answer = http::Response::builder().url(url.clone());
    let Some(run) = shelf.find(path) else {
        return answer.status(404).body(Body::default()).ok().map(Into::into);
    };
    let range = request.headers.get(RANGE).and_then(|range| parse(range.to_str().ok()?, run.size));
    let (status, range) = range.map_or((200, 0..run.size), |range| (206, range));
    let mut answer = answer.status(status).header(CONTENT_LENGTH, range.end - range.start);
    if status == 206 {
        let (first, last) = (range.start, range.end - 1);
        answer = answer.header(CONTENT_RANGE, format!("bytes {first}-{last}/{}", run.size));
    }
    answer.body(Body::wrap_stream(pieces(run, range))).ok().map(Into::into)
}

/// A single range that lies inside of `size` bytes.
fn parse(text: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let range = first.parse().ok()?..last.parse::<u64>().ok()?.checked_add(1)?;
    (range.start < range.end && range.end <= size).then_some(range)
}

fn pieces(run: Run, range: Range<u64>) -> impl futures::Stream<Item = io::Result<bytes::Bytes>> {
    stream::try_unfold(range.start, move |at| {
        let (file, offset, end) = (Arc::clone(&run.file), run.offset, range.end);
        async move {
            let length = usize::try_from(end.saturating_sub(at)).unwrap_or(PIECE).min(PIECE);
            if length == 0 {
                return Ok(None);
            }
            let start = offset.saturating_add(at);
            let read = spawn_blocking(move || read_at(&file, start, length));
            let piece = read.await.map_err(io::Error::other)??;
            Ok(Some((piece, at.saturating_add(length as u64))))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_lie_inside() {
        assert_eq!(parse("bytes=0-9", 10), Some(0..10));
        assert_eq!(parse("bytes=3-3", 10), Some(3..4));
        for bad in [
            "bytes=0-10",
            "bytes=5-4",
            "bytes=-5",
            "bytes=0-",
            "0-9",
            "bytes=0-18446744073709551615",
        ] {
            assert_eq!(parse(bad, 10), None, "{bad}");
        }
    }
}
