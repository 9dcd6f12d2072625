//! The public files, which are made from the database and can all be made from it again.
//!
//! They are written after the transaction that changed their rows, so nothing public is ever ahead of the log. The order is
//! what makes a crash harmless: first what never changes (tiles, entries, events, nodes, root documents), then pages, then the
//! head that witnesses read, and last the heads that everybody reads. So whoever finds a head finds all that it proves. What a
//! crash left unwritten is in the tables `stale`, `state_node` and `projected`, and is written when the registry opens again.

mod documents;
pub(crate) mod head;
pub(crate) mod log;
pub(crate) mod pages;
mod replaced;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use sqlx::Connection as _;
use tare_format::Sha256;
use tare_store::{Content, LogPath, ObjectKey};
use tare_tlog::hash::EMPTY_ROOT;

use crate::db::stale::{self, Stale};
use crate::db::state::{self, NodeRow};
use crate::db::tree::{self, CheckpointRow, Mark};
use crate::db::{Connection, events, roots};
use crate::error::ApiError;
use crate::registry::Registry;
use crate::sequence;

pub(crate) use documents::{all as documents, location, read_recipe, write_registry};
pub(crate) use replaced::remove_replaced;

use documents::registry_bytes;

/// How many files are written at once: each waits for the disk, and the disk does many such waits together.
const AT_A_TIME: usize = 32;

/// How many files are held in memory before they are written.
const BATCH: usize = 1024;

/// Brings the public files up to the newest event.
///
/// # Errors
/// At the first file that fails. What is missing is written by the next call.
pub(crate) async fn project(registry: &Registry) -> Result<(), ApiError> {
    let _only = registry.projecting.lock().await;
    let mut reader = registry.db.read().await?;
    // One view of the database: nodes and pages of a later batch would not fit the checkpoint.
    let mut db = reader.begin().await?;
    let Some(checkpoint) = tree::newest_checkpoint(&mut db).await? else { return Ok(()) };
    let projected = tree::mark(&mut db, Mark::Projected).await?;
    let stale = stale::all(&mut db).await?;
    if projected < checkpoint.size || !stale.is_empty() {
        let nodes = write_immutable(registry, &mut db, &checkpoint, projected).await?;
        let (pages, rest): (Vec<_>, Vec<_>) =
            stale.into_iter().partition(|entry| pages::page_of(&entry.key).is_some());
        write_stale(registry, &mut db, &rest).await?;
        write_stale(registry, &mut db, &pages).await?;
        head::write_pending(registry, &mut db, &checkpoint).await?;
        let done = Done { size: checkpoint.size, nodes, stale: [rest, pages].concat() };
        note_progress(registry, &done).await?;
        drop(db);
        remove_unfinished(registry, projected, checkpoint.size).await?;
    } else {
        drop(db);
    }
    drop(reader);
    head::publish(registry, checkpoint.size).await
}

/// Sees to it that the next [`project`] writes everything when the public folder was lost.
///
/// # Errors
/// When the database or the store fails.
pub(crate) async fn notice_loss(registry: &Registry) -> Result<(), ApiError> {
    match exists(registry, &ObjectKey::PendingHead).await? {
        true => Ok(()),
        false => forget(registry).await,
    }
}

/// Forgets how far the public files are, so that the next [`project`] writes all of them.
///
/// # Errors
/// When the database fails.
pub(crate) async fn forget(registry: &Registry) -> Result<(), ApiError> {
    let mut tx = registry.db.begin().await?;
    tree::set_mark(&mut tx, Mark::Projected, 0).await?;
    tree::set_mark(&mut tx, Mark::Published, 0).await?;
    state::mark_all(&mut tx).await?;
    for key in documents(&mut tx).await? {
        stale::mark(&mut tx, &key).await?;
    }
    Ok(tx.commit().await?)
}

/// Writes what never changes: files of the log, nodes of the map, root documents. Gives the nodes.
async fn write_immutable(
    registry: &Registry,
    db: &mut Connection,
    checkpoint: &CheckpointRow,
    projected: u64,
) -> Result<Vec<NodeRow>, ApiError> {
    for keys in log::files(projected, checkpoint.size)?.chunks(BATCH) {
        let mut files = Vec::with_capacity(keys.len());
        for key in keys {
            files.extend(log::bytes(db, key).await?.map(|bytes| (key.clone(), bytes)));
        }
        write(registry, files).await?;
    }
    let depth = sequence::state::commitment(db, checkpoint.size).await?.depth();
    let nodes = state::nodes(db, false).await?;
    for some in nodes.chunks(BATCH) {
        let mut files = Vec::with_capacity(some.len());
        for node in some {
            if let Some(key) = node_key(node) {
                files.push((key, state::node_bytes(db, depth, node).await?));
            }
        }
        write(registry, files).await?;
    }
    if events::is_any_since(db, "root", projected).await? {
        write_roots(registry, root_files(db).await?).await?;
    }
    Ok(nodes)
}

/// Writes what [`root_files`] gives. Which of them is the newest comes after all of them: files that are written together
/// come in any order, and `root/latest` names one.
async fn write_roots(
    registry: &Registry,
    files: Vec<(ObjectKey, Vec<u8>)>,
) -> Result<(), ApiError> {
    let (notes, newest): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|(key, _)| *key != ObjectKey::NewestRoot);
    write(registry, notes).await?;
    write(registry, newest).await
}

/// The file of a node. A bucket without rows is known by its hash, and has none.
pub(crate) fn node_key(node: &NodeRow) -> Option<ObjectKey> {
    (node.hash != EMPTY_ROOT).then(|| ObjectKey::State(Sha256::from_bytes(node.hash.0)))
}

/// The root documents, and last which of them is the newest.
pub(crate) async fn root_files(db: &mut Connection) -> Result<Vec<(ObjectKey, Vec<u8>)>, ApiError> {
    let all = roots::all(db).await?;
    let newest = all.last().map(|(version, _)| (ObjectKey::NewestRoot, format!("{version}\n")));
    let notes = all.into_iter().map(|(version, note)| (ObjectKey::Root(version), note));
    Ok(notes.chain(newest).map(|(key, text)| (key, text.into_bytes())).collect())
}

async fn write_stale(
    registry: &Registry,
    db: &mut Connection,
    stale: &[Stale],
) -> Result<(), ApiError> {
    for some in stale.chunks(BATCH) {
        let mut files = Vec::with_capacity(some.len());
        for entry in some {
            if let ObjectKey::Events(_) = &entry.key
                && !exists(registry, &entry.key).await?
            {
                // Redaction names every width that the file may have had.
                continue;
            }
            let bytes = expected(registry, db, &entry.key).await?;
            files.extend(bytes.map(|bytes| (entry.key.clone(), bytes)));
        }
        write(registry, files).await?;
        // Few of them are cleared with all else at the end: a transaction is a wait for the disk.
        if stale.len() > BATCH {
            clear(registry, some).await?;
        }
    }
    Ok(())
}

async fn clear(registry: &Registry, stale: &[Stale]) -> Result<(), ApiError> {
    let mut tx = registry.db.begin().await?;
    for entry in stale {
        stale::clear(&mut tx, entry).await?;
    }
    Ok(tx.commit().await?)
}

/// The bytes that a public file made from the database has to have. `None` for files that are not made from it.
///
/// # Errors
/// When the rows, or the recipe of a location, cannot be read.
pub(crate) async fn expected(
    registry: &Registry,
    db: &mut Connection,
    key: &ObjectKey,
) -> Result<Option<Vec<u8>>, ApiError> {
    match key {
        ObjectKey::Registry => registry_bytes(registry).await.map(Some),
        ObjectKey::Location(recipe) => {
            documents::location_bytes(registry, db, *recipe).await.map(Some)
        }
        key => match pages::page_of(key) {
            Some(page) => pages::bytes(db, &page).await.map(Some),
            None => log::bytes(db, key).await,
        },
    }
}

/// Writes some files together. What never changes is put, and must be there with the same bytes if it is there.
async fn write(registry: &Registry, files: Vec<(ObjectKey, Vec<u8>)>) -> Result<(), ApiError> {
    let one = async |(key, bytes): (ObjectKey, Vec<u8>)| {
        registry
            .blocking(move |store| match key.is_mutable() {
                true => store.replace(&key, &bytes),
                false => store.put(&key, Content::Bytes(&bytes)).map(drop),
            })
            .await
    };
    stream::iter(files).map(one).buffer_unordered(AT_A_TIME).try_collect().await
}

async fn exists(registry: &Registry, key: &ObjectKey) -> Result<bool, ApiError> {
    let key = key.clone();
    Ok(registry.blocking(move |store| store.size(&key)).await?.is_some())
}

/// What was written of one view of the database.
struct Done {
    size: u64,
    nodes: Vec<NodeRow>,
    stale: Vec<Stale>,
}

async fn note_progress(registry: &Registry, done: &Done) -> Result<(), ApiError> {
    let mut tx = registry.db.begin().await?;
    for node in &done.nodes {
        state::clear_dirty(&mut tx, node).await?;
    }
    for entry in &done.stale {
        stale::clear(&mut tx, entry).await?;
    }
    tree::set_mark(&mut tx, Mark::Projected, done.size).await?;
    Ok(tx.commit().await?)
}

/// Removes the unfinished files whose places are full by now: who looks for one of them takes the full one. They would
/// come to many times the size of the log.
async fn remove_unfinished(registry: &Registry, old: u64, new: u64) -> Result<(), ApiError> {
    let mut unfinished = Vec::new();
    for full in log::files(old, new)?.into_iter().filter(is_full) {
        let mut db = registry.db.read().await?;
        let (from, to) = log::sizes_of(&full);
        unfinished.extend(log::unfinished(&full, &tree::sizes(&mut db, from, to).await?));
    }
    if unfinished.is_empty() {
        return Ok(());
    }
    registry.blocking(move |store| unfinished.iter().try_for_each(|key| store.remove(key))).await
}

fn is_full(key: &ObjectKey) -> bool {
    let full = |at: &LogPath| LogPath::full(at.number()) == Some(*at);
    match key {
        ObjectKey::Tile(_, at) | ObjectKey::Entries(at) | ObjectKey::Events(at) => full(at),
        _ => false,
    }
}
