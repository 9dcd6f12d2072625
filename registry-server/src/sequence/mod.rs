//! The sequencer: the only way by which events come into the log.
//!
//! A [`Batch`] is one transaction of the database. It holds the events, their effects in other rows, the state event that
//! ends it, the new hashes of tree and map, and the signed checkpoint; so there is a moment before which none of it is there
//! and after which all of it is. Nothing public is written before that moment, and everything public can be made from what
//! it leaves ([`projection`](crate::projection)). Two processes may append at once: SQLite gives its write lock to one of
//! them, and the other begins where that one ended.

mod judge;
pub(crate) mod state;
mod tree;

use std::collections::BTreeMap;

use sqlx::{Sqlite, Transaction};
use tare_format::Sha256;
use tare_format::event::{BY_REGISTRY, Event, EventBody, PageKey, Salt};
use tare_format::limits::EVENT_LINE_SIZE;
use tare_format::problem::Code;
use tare_store::{LogPath, ObjectKey};
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::hash::Hash;
use tare_tlog::map::Commitment;
use tare_tlog::note::Note;
use tare_tlog::root::RootDocument;
use tare_tlog::tile::TILE_WIDTH;
use tare_tlog::tree::Edge;

use crate::db::events::EventRow;
use crate::db::tree::CheckpointRow;
use crate::db::{Connection, events, roots, seconds, stale, timestamp};
use crate::entropy::random;
use crate::error::ApiError;
use crate::projection::log::leaf;
use crate::registry::Registry;

use judge::Bench;

/// Events on their way into the log. Dropping it undoes everything.
pub(crate) struct Batch<'r> {
    registry: &'r Registry,
    tx: Transaction<'static, Sqlite>,
    by: String,
    /// The time of the event before, in seconds since 1970: times never go back, whatever the clock does.
    time: i64,
    /// The size of the log with what was appended.
    size: u64,
    /// The tree before the batch.
    edge: Edge,
    /// The map before the batch.
    commitment: Commitment,
    /// The leaves of what was appended.
    leaves: Vec<Hash>,
    /// The pages that changed, by their key in the map.
    pages: BTreeMap<[u8; 32], PageKey>,
    /// What the events are judged by.
    bench: Bench,
}

impl Registry {
    /// Begins a batch of events by `by`.
    ///
    /// # Errors
    /// When the database fails, or what it says of the log cannot be read.
    pub(crate) async fn batch(&self, by: &str) -> Result<Batch<'_>, ApiError> {
        let mut tx = self.db.begin().await?;
        let edge = tree::edge(&mut tx).await?;
        let size = edge.size();
        let last = events::last_time(&mut tx).await?;
        Ok(Batch {
            by: by.to_owned(),
            time: last.unwrap_or(i64::MIN),
            bench: Bench::new(last.map(timestamp).transpose()?),
            size,
            commitment: state::commitment(&mut tx, size).await?,
            edge,
            leaves: Vec::new(),
            pages: BTreeMap::new(),
            registry: self,
            tx,
        })
    }
}

impl Batch<'_> {
    /// The transaction, for the rows that are the events' effects. An event is to be appended *before* its effect: it is
    /// judged by the rows as they were.
    pub(crate) fn db(&mut self) -> &mut Connection {
        &mut self.tx
    }

    /// Lets the registry itself be who does what is appended from now on: an administrator moderates in its name.
    pub(crate) fn act_as_registry(&mut self) {
        BY_REGISTRY.clone_into(&mut self.by);
    }

    /// Appends one event and gives its number.
    ///
    /// # Errors
    /// `internal` with the reason when the event would have no effect: whoever appends has checked before, with better
    /// words. `too-large` for a line above the limit.
    pub(crate) async fn append(&mut self, body: EventBody) -> Result<u64, ApiError> {
        let by = self.by.clone();
        self.append_by(by, body).await
    }

    async fn append_by(&mut self, by: String, body: EventBody) -> Result<u64, ApiError> {
        self.time = self.time.max(seconds(self.registry.clock.now()));
        let salt = Salt(random(self.registry.entropy.as_ref())?);
        let event = Event { salt, time: timestamp(self.time)?, by, body };
        let line = event.to_line().map_err(ApiError::internal)?;
        if line.len() as u64 > EVENT_LINE_SIZE {
            let (size, kind) = (line.len(), event.body.type_name());
            let detail =
                format!("the `{kind}` event has {size} bytes, {EVENT_LINE_SIZE} are allowed");
            return Err(ApiError::new(Code::TooLarge, detail));
        }
        let row = EventRow {
            idx: self.size,
            kind: event.body.type_name().to_owned(),
            payload: Sha256::of(line.as_bytes()),
            line: Some(line),
        };
        let (pages, redacted) = (event.body.pages(), redacted(&event.body));
        let judged =
            self.bench.require_effective(self.registry, &mut self.tx, row.idx, row.payload, event);
        judged.await?;
        events::insert(&mut self.tx, &row, self.time).await?;
        for page in pages {
            events::insert_page(&mut self.tx, &page, row.idx).await?;
            self.pages.insert(page.state_key(), page);
        }
        if let Some(index) = redacted {
            self.erase(index).await?;
        }
        self.leaves.push(leaf(&row));
        self.size += 1;
        Ok(row.idx)
    }

    /// Ends the batch with its state event, signs, and makes all of it durable. A batch without events only commits its rows.
    ///
    /// # Errors
    /// When the log cannot be signed or the database fails; nothing has happened then.
    pub(crate) async fn commit(mut self) -> Result<(), ApiError> {
        let has_grown = !self.leaves.is_empty();
        if has_grown {
            self.close().await?;
        }
        self.tx.commit().await?;
        if has_grown {
            self.registry.grown.notify_one();
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<(), ApiError> {
        let pages: Vec<PageKey> = self.pages.values().cloned().collect();
        let limit = self.registry.config.limits.page_size;
        let old = self.commitment;
        self.commitment = state::update(&mut self.tx, old, &pages, limit, self.time).await?;
        let (root_version, document) = newest_root(&mut self.tx).await?;
        let state = EventBody::State {
            depth: self.commitment.depth(),
            count: self.commitment.count(),
            root: Sha256::from_bytes(self.commitment.root().0),
            root_version,
        };
        self.append_by(BY_REGISTRY.to_owned(), state).await?;
        for page in &pages {
            stale::mark(&mut self.tx, &object_key(page)).await?;
        }
        let Some((last, others)) = self.leaves.split_last() else { return Ok(()) };
        for leaf in others {
            tree::grow(&mut self.tx, &mut self.edge, *leaf).await?;
        }
        let before = self.edge.hashes().to_vec();
        tree::grow(&mut self.tx, &mut self.edge, *last).await?;
        self.sign(&document, before).await
    }

    async fn sign(&mut self, document: &RootDocument, edge: Vec<Hash>) -> Result<(), ApiError> {
        let key = self.registry.log_key(document)?;
        let origin = key.verifier().name().clone();
        let (size, root) = (self.edge.size(), self.edge.root());
        let checkpoint = Checkpoint::new(origin, size, root).map_err(ApiError::internal)?;
        let note = Note::sign(checkpoint.to_string(), &[&key]).map_err(ApiError::internal)?;
        let note = String::from_utf8(note.to_bytes()).map_err(ApiError::internal)?;
        let row = CheckpointRow { size, root, edge, note };
        crate::db::tree::insert_checkpoint(&mut self.tx, &row).await
    }

    /// Takes a line out, and says which public files had it.
    async fn erase(&mut self, index: u64) -> Result<(), ApiError> {
        events::erase_line(&mut self.tx, index).await?;
        let (number, width) = (index / u64::from(TILE_WIDTH), index % u64::from(TILE_WIDTH));
        let widths = u16::try_from(width).unwrap_or(0).saturating_add(1)..=TILE_WIDTH;
        for at in widths.filter_map(|width| LogPath::new(number, width)) {
            stale::mark(&mut self.tx, &ObjectKey::Events(at)).await?;
        }
        Ok(())
    }
}

/// The number of the event whose line goes, when the event is a redaction.
const fn redacted(body: &EventBody) -> Option<u64> {
    match body {
        EventBody::Redact { index, .. } => Some(*index),
        _ => None,
    }
}

/// The file of a page.
pub(crate) fn object_key(page: &PageKey) -> ObjectKey {
    match page {
        PageKey::Package(name) => ObjectKey::Package(name.clone()),
        PageKey::Namespace(name) => ObjectKey::Namespace(name.clone()),
        PageKey::Notices => ObjectKey::Notices,
    }
}

/// The newest root document, with its version.
///
/// # Errors
/// When there is none, or it cannot be read.
pub(crate) async fn newest_root(db: &mut Connection) -> Result<(u32, RootDocument), ApiError> {
    let newest = roots::newest(db).await?;
    let (version, note) =
        newest.ok_or_else(|| ApiError::internal("the registry has no root document"))?;
    let note = Note::parse(note.as_bytes()).map_err(ApiError::internal)?;
    Ok((version, RootDocument::parse(note.text()).map_err(ApiError::internal)?))
}

#[cfg(test)]
mod tests;
