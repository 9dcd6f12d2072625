//! The public files, as any file server would serve them, with what makes caches and resumed downloads work
//! (spec/registry.md Y-10 to Y-16).

use std::ops::Range;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Uri};
use tare_format::{PackageName, Sha256};
use tare_store::backend::read_all;
use tare_store::{ObjectKey, ObjectKind, StoreError};

use crate::App;
use crate::db::names;
use crate::error::ApiError;
use crate::takedown;

/// How much of a file is read at once, in bytes.
const PIECE: u64 = 1 << 20;
/// What a cache is told of a file that never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// How many pieces are read ahead of the socket.
const AHEAD: usize = 2;

/// One public file. The path is read as a key of the store, so nothing else can be asked for.
pub(super) async fn object(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let absent = || ApiError::not_found(format!("there is no file `{path}`"));
    let key: ObjectKey = path.parse().map_err(|_| absent())?;
    let there = {
        let key = key.clone();
        app.blocking(move |store| store.size(&key)).await?
    };
    let Some(size) = there else {
        return match &key {
            ObjectKey::Package(name) => other_spelling(&app, name).await?.ok_or_else(absent),
            _ => Err(takedown::gone(&app, &key).await?.unwrap_or_else(absent)),
        };
    };
    // What is not named by its content is read whole, so that its tag is that of the bytes that are sent.
    if key.is_named_by_content() {
        immutable(app, key, size, &headers)
    } else {
        whole(&app, key, &headers).await
    }
}

/// Where a package is whose name folds to this one.
async fn other_spelling(app: &App, name: &PackageName) -> Result<Option<Response>, ApiError> {
    let mut db = app.db.read().await?;
    let row = names::package(&mut db, &name.key()).await?;
    let Some(row) = row.filter(|row| row.name != name.as_str()) else { return Ok(None) };
    let target =
        HeaderValue::from_str(&format!("/packages/{}", row.name)).map_err(ApiError::internal)?;
    let headers =
        [(header::LOCATION, target), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    Ok(Some(answer(StatusCode::PERMANENT_REDIRECT, headers, Body::empty())))
}

async fn whole(app: &App, key: ObjectKey, headers: &HeaderMap) -> Result<Response, ApiError> {
    let (kind, cache) = (key.kind(), if key.is_mutable() { "no-cache" } else { FOR_EVER });
    let limits = &app.config.limits;
    let cap = limits.page_size.max(limits.recipe_size);
    let (bytes, tag) = app
        .blocking(move |store| {
            let bytes = read_all(store, &key, cap)?;
            let tag = Sha256::of(&bytes).hex();
            Ok::<_, StoreError>((bytes, tag))
        })
        .await?;
    let (tag, cache) = (tag_of(&tag)?, HeaderValue::from_static(cache));
    if matches(headers, header::IF_NONE_MATCH, &tag) {
        return Ok(not_modified(tag, cache));
    }
    let fields = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type(kind))),
        (header::CONTENT_LENGTH, HeaderValue::from(bytes.len())),
    ];
    Ok(answer(StatusCode::OK, fields, Body::from(bytes)))
}

fn immutable(
    app: App,
    key: ObjectKey,
    size: u64,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let path = key.path();
    let tag = tag_of(path.rsplit('/').next().unwrap_or_default())?;
    let cache = HeaderValue::from_static(FOR_EVER);
    if matches(headers, header::IF_NONE_MATCH, &tag) {
        return Ok(not_modified(tag, cache));
    }
    // Without `If-Range`, or with the right one, a range is of this very file.
    let wants_range =
        !headers.contains_key(header::IF_RANGE) || matches(headers, header::IF_RANGE, &tag);
    let range = headers.get(header::RANGE).filter(|_| wants_range);
    let range = range.and_then(|text| Asked::parse(text.to_str().ok()?, size));
    let (status, range) = match range {
        None => (StatusCode::OK, 0..size),
        Some(Asked::Part(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(Asked::Beyond) => {
            let field = (header::CONTENT_RANGE, content_range("*", size)?);
            return Ok(answer(StatusCode::RANGE_NOT_SATISFIABLE, [field], Body::empty()));
        }
    };
    let length = range.end - range.start;
    let mut fields = vec![
        (header::ETAG, tag),
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type(key.kind()))),
        (header::CONTENT_LENGTH, HeaderValue::from(length)),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    ];
    if status == StatusCode::PARTIAL_CONTENT {
        let part = format!("{}-{}", range.start, range.end - 1);
        fields.push((header::CONTENT_RANGE, content_range(&part, size)?));
    }
    Ok(answer(status, fields, stream_of(app, key, range)))
}

/// The bytes of a range, read in pieces on threads that may block.
fn stream_of(app: App, key: ObjectKey, range: Range<u64>) -> Body {
    let starts = (range.start..range.end).step_by(usize::try_from(PIECE).unwrap_or(usize::MAX));
    let pieces = stream::iter(starts).map(move |start| {
        let (app, key) = (app.clone(), key.clone());
        let piece = start..start.saturating_add(PIECE).min(range.end);
        async move { app.blocking(move |store| store.read(&key, piece)).await.map(Bytes::from) }
    });
    Body::from_stream(pieces.buffered(AHEAD))
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// One range of the file, not empty.
    Part(Range<u64>),
    /// Nothing that the file has.
    Beyond,
}

impl Asked {
    /// Reads a `Range` header. Several ranges at once, other units, and what cannot be read are `None`: the whole file
    /// is then the answer (RFC 9110 14.2 allows it).
    fn parse(text: &str, size: u64) -> Option<Self> {
        let (start, end) = text.strip_prefix("bytes=")?.trim().split_once('-')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().unwrap_or(u64::MAX))
        };
        let range = match (number(start), number(end)) {
            (Some(start), Some(last)) if last < start => return None,
            (Some(start), Some(last)) => start..last.saturating_add(1).min(size),
            (Some(start), None) if end.is_empty() => start..size,
            (None, Some(length)) if start.is_empty() => size.saturating_sub(length)..size,
            _ => return None,
        };
        Some(if range.is_empty() { Self::Beyond } else { Self::Part(range) })
    }
}

fn media_type(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Registry | ObjectKind::Release | ObjectKind::Signature => "application/json",
        ObjectKind::Head | ObjectKind::PendingHead | ObjectKind::Checkpoint | ObjectKind::Root => {
            super::TEXT
        }
        ObjectKind::Events | ObjectKind::Namespace | ObjectKind::Notices | ObjectKind::Package => {
            super::NDJSON
        }
        ObjectKind::Meta => "application/gzip",
        ObjectKind::Tile
        | ObjectKind::Entries
        | ObjectKind::State
        | ObjectKind::Recipe
        | ObjectKind::Location
        | ObjectKind::Pack => super::OCTETS,
    }
}

fn tag_of(digest: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(&format!("\"{digest}\"")).map_err(ApiError::internal)
}

fn content_range(part: &str, size: u64) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(&format!("bytes {part}/{size}")).map_err(ApiError::internal)
}

/// Whether a header that lists tags has this one, or is `*`.
fn matches(headers: &HeaderMap, name: HeaderName, tag: &HeaderValue) -> bool {
    let tag = tag.to_str().unwrap_or_default();
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value
            .split(',')
            .map(str::trim)
            .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
    })
}

fn not_modified(tag: HeaderValue, cache: HeaderValue) -> Response {
    let fields = [(header::ETAG, tag), (header::CACHE_CONTROL, cache)];
    answer(StatusCode::NOT_MODIFIED, fields, Body::empty())
}

fn answer(
    status: StatusCode,
    fields: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    body: Body,
) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().extend(fields);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_cut_to_the_file() {
        for (text, expected) in [
            ("bytes=0-0", Some(Asked::Part(0..1))),
            ("bytes=2-5", Some(Asked::Part(2..6))),
            ("bytes=8-99999999999999999999", Some(Asked::Part(8..10))),
            ("bytes=4-", Some(Asked::Part(4..10))),
            ("bytes=-3", Some(Asked::Part(7..10))),
            ("bytes=-99", Some(Asked::Part(0..10))),
            ("bytes=10-", Some(Asked::Beyond)),
            ("bytes=10-12", Some(Asked::Beyond)),
            ("bytes=-0", Some(Asked::Beyond)),
        ] {
            assert_eq!(Asked::parse(text, 10), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_one_range_is_the_whole_file() {
        for text in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=0-1,3-4",
            "items=0-1",
            "bytes=+1-2",
        ] {
            assert_eq!(Asked::parse(text, 10), None, "{text}");
        }
    }
}
