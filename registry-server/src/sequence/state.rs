//! The state map in rows: what a batch changes of it.

use std::collections::{BTreeMap, HashMap};

use tare_format::Sha256;
use tare_format::event::{Event, EventBody, PageKey};
use tare_format::problem::Code;
use tare_tlog::hash::Hash;
use tare_tlog::map::{Commitment, Key, Prefix, Value, build, plan, rewrite};

use crate::db::{Connection, events, state};
use crate::error::ApiError;
use crate::projection::pages;

/// What the last event of a log of this size says of the map: every batch ends in a state event.
///
/// # Errors
/// When it says nothing.
pub(crate) async fn commitment(db: &mut Connection, size: u64) -> Result<Commitment, ApiError> {
    let Some(last) = size.checked_sub(1) else { return Ok(Commitment::EMPTY) };
    let line = events::find(db, last).await?.and_then(|event| event.line).unwrap_or_default();
    let event = Event::from_line(&line).map_err(ApiError::internal)?;
    match event.map(|event| event.body) {
        Some(EventBody::State { depth, count, root, .. }) => {
            Commitment::new(depth, count, Hash(*root.as_bytes())).map_err(ApiError::internal)
        }
        _ => Err(ApiError::internal(format!("event {last} ends a batch and is no state"))),
    }
}

/// Brings the rows of these pages up to date at the time `now`, and the nodes above them. Gives the new commitment.
///
/// # Errors
/// `too-large` for a page of more than `limit` bytes; when the rows do not fit together.
pub(super) async fn update(
    db: &mut Connection,
    old: Commitment,
    pages: &[PageKey],
    limit: u64,
    now: i64,
) -> Result<Commitment, ApiError> {
    let mut changes: BTreeMap<Key, Option<Value>> = BTreeMap::new();
    let mut rows = Vec::with_capacity(pages.len());
    for page in pages {
        let bytes = pages::bytes(db, page).await?;
        check_size(page, bytes.len() as u64, limit)?;
        let hash = Sha256::of(&bytes);
        let (key, value) = (Key(page.state_key()), Value(*hash.as_bytes()));
        changes.insert(key, Some(value));
        rows.push((key, value, page.path()));
    }
    let needs = plan(old.depth(), changes.keys());
    let mut buckets = HashMap::new();
    for place in needs.buckets {
        buckets.insert(place, state::rows(db, &place).await?);
    }
    let mut inner = HashMap::new();
    for place in needs.inner {
        inner.insert(place, state::children(db, &place).await?);
    }
    for (key, value, path) in &rows {
        state::set_row(db, key, value, path).await?;
    }
    let rows_of = |place: &Prefix| buckets.get(place).cloned();
    let children_of = |place: &Prefix| inner.get(place).copied();
    let rewritten = rewrite(&old, &changes, rows_of, children_of).map_err(ApiError::internal)?;
    let Some(new) = rewritten.commitment else { return rebuild(db, rewritten.count, now).await };
    for node in &rewritten.nodes {
        state::set_node(db, &node.prefix, &node.hash, now).await?;
    }
    Ok(new)
}

/// A page that a reader would not take must not come to be.
fn check_size(page: &PageKey, size: u64, limit: u64) -> Result<(), ApiError> {
    if size <= limit {
        return Ok(());
    }
    let detail = format!("the page `{page}` would have {size} bytes, {limit} are allowed");
    Err(ApiError::new(Code::TooLarge, detail).help("go on under another name"))
}

/// Makes the nodes anew, which the number of rows asks for a few times in a registry's life.
async fn rebuild(db: &mut Connection, count: u64, now: i64) -> Result<Commitment, ApiError> {
    let rows = state::rows(db, &Prefix::ROOT).await?;
    let mut nodes = Vec::new();
    let commitment = build(count, rows, |node| nodes.push((node.prefix, node.hash)));
    let commitment = commitment.map_err(ApiError::internal)?;
    state::forget_nodes(db, now).await?;
    for (place, hash) in &nodes {
        state::set_node(db, place, hash, now).await?;
    }
    Ok(commitment)
}
