//! The heads: one small file that says what is current, and proves it (spec/log.md).
//!
//! `head.pending` has the newest checkpoint with the log's signature and the cosignatures that came so far; witnesses and
//! mirrors read it. `head` has the newest checkpoint that satisfies the quorum of the newest root document; everybody else
//! reads that. Without a quorum the two are the same.

use tare_store::ObjectKey;
use tare_tlog::bundle::TlogProof;
use tare_tlog::cosignature;
use tare_tlog::key::VerifierKey;
use tare_tlog::note::{Note, NoteSignature};

use crate::db::tree::{self, CheckpointRow, Mark};
use crate::db::{Connection, events};
use crate::error::ApiError;
use crate::registry::Registry;
use crate::sequence::newest_root;

/// Writes `head.pending`.
///
/// # Errors
/// When it cannot be made or written.
pub(super) async fn write_pending(
    registry: &Registry,
    db: &mut Connection,
    checkpoint: &CheckpointRow,
) -> Result<(), ApiError> {
    let note = cosigned(db, checkpoint).await?;
    let bytes = bytes(db, checkpoint, &note).await?;
    let key = ObjectKey::PendingHead;
    registry.blocking(move |store| store.replace(&key, &bytes)).await
}

/// Writes `head` and `checkpoint` for a size of the log, unless the quorum is not satisfied or they are of a larger log. The
/// caller holds the lock on projecting. Everything else of that size is in the public files.
///
/// # Errors
/// When they cannot be made or written.
pub(super) async fn publish(registry: &Registry, size: u64) -> Result<(), ApiError> {
    let (bytes, note) = {
        let mut db = registry.db.read().await?;
        if tree::mark(&mut db, Mark::Published).await? >= size {
            return Ok(());
        }
        let Some(head) = satisfying(&mut db, size).await? else { return Ok(()) };
        head
    };
    write_both(registry, bytes, note).await?;
    let mut tx = registry.db.begin().await?;
    tree::set_mark(&mut tx, Mark::Published, size).await?;
    Ok(tx.commit().await?)
}

/// Keeps signature lines over the checkpoint of a size, and writes the heads of that size anew with them.
///
/// # Errors
/// When the database or the store fails.
pub(crate) async fn add_cosignatures(
    registry: &Registry,
    size: u64,
    lines: &[NoteSignature],
) -> Result<(), ApiError> {
    let _only = registry.projecting.lock().await;
    keep(registry, size, lines).await?;
    let mut db = registry.db.read().await?;
    let published = tree::mark(&mut db, Mark::Published).await?;
    let projected = tree::mark(&mut db, Mark::Projected).await?;
    let Some(checkpoint) = tree::checkpoint(&mut db, size).await? else { return Ok(()) };
    if projected == size {
        write_pending(registry, &mut db, &checkpoint).await?;
    }
    if published > size {
        return Ok(());
    }
    let Some((bytes, note)) = satisfying(&mut db, size).await? else { return Ok(()) };
    drop(db);
    write_both(registry, bytes, note).await?;
    let mut tx = registry.db.begin().await?;
    tree::set_mark(&mut tx, Mark::Published, size).await?;
    Ok(tx.commit().await?)
}

/// What a key is called in the rows of cosignatures.
pub(crate) fn cosigner(key: &VerifierKey) -> String {
    format!("{}+{:08x}", key.name(), key.id())
}

/// Keeps the lines that are cosignatures by witnesses of the newest root document, each with the newest time of its witness.
async fn keep(registry: &Registry, size: u64, lines: &[NoteSignature]) -> Result<(), ApiError> {
    let mut tx = registry.db.begin().await?;
    let (_, document) = newest_root(&mut tx).await?;
    let Some(checkpoint) = tree::checkpoint(&mut tx, size).await? else { return Ok(()) };
    let known = cosigned(&mut tx, &checkpoint).await?;
    for key in document.policy.witness_keys() {
        let time = |line: &NoteSignature| match line.is_by(&key) {
            true => cosignature::time(&key, known.text(), line.bytes()),
            false => None,
        };
        let before = known.signatures().iter().filter_map(time).max();
        let newest =
            lines.iter().filter_map(|line| Some((time(line)?, line))).max_by_key(|it| it.0);
        if let Some((time, line)) = newest.filter(|(time, _)| before.is_none_or(|old| old < *time))
        {
            tracing::debug!(witness = %key.name(), size, time, "cosigned");
            let name = cosigner(&key);
            tree::put_cosignature(&mut tx, size, &name, &line.to_string()).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// The bytes of `head` and `checkpoint` of a size, when the quorum of the newest root document is satisfied.
///
/// # Errors
/// When they cannot be made.
pub(crate) async fn satisfying(
    db: &mut Connection,
    size: u64,
) -> Result<Option<(Vec<u8>, Vec<u8>)>, ApiError> {
    let (_, document) = newest_root(db).await?;
    let Some(checkpoint) = tree::checkpoint(db, size).await? else { return Ok(None) };
    let note = cosigned(db, &checkpoint).await?;
    let keys = document.policy.witness_keys();
    let times = cosignature::times(&note, &keys).map_err(ApiError::internal)?;
    if document.policy.quorum_time(&times).is_none() {
        return Ok(None);
    }
    Ok(Some((bytes(db, &checkpoint, &note).await?, note.to_bytes())))
}

/// The bytes of `head.pending` for the newest checkpoint.
///
/// # Errors
/// When they cannot be made.
pub(crate) async fn pending(db: &mut Connection) -> Result<Option<Vec<u8>>, ApiError> {
    let Some(checkpoint) = tree::newest_checkpoint(db).await? else { return Ok(None) };
    let note = cosigned(db, &checkpoint).await?;
    bytes(db, &checkpoint, &note).await.map(Some)
}

async fn write_both(
    registry: &Registry,
    head: Vec<u8>,
    checkpoint: Vec<u8>,
) -> Result<(), ApiError> {
    registry
        .blocking(move |store| {
            store.replace(&ObjectKey::Head, &head)?;
            store.replace(&ObjectKey::Checkpoint, &checkpoint)
        })
        .await
}

/// The checkpoint's note with the cosignatures that came.
async fn cosigned(db: &mut Connection, checkpoint: &CheckpointRow) -> Result<Note, ApiError> {
    let mut note = Note::parse(checkpoint.note.as_bytes()).map_err(ApiError::internal)?;
    for line in tree::cosignatures(db, checkpoint.size).await? {
        note.add(line.parse().map_err(ApiError::internal)?).map_err(ApiError::internal)?;
    }
    Ok(note)
}

/// A head: the proof that the state event that ends the log is in the tree of the checkpoint, with that event's line.
async fn bytes(
    db: &mut Connection,
    checkpoint: &CheckpointRow,
    note: &Note,
) -> Result<Vec<u8>, ApiError> {
    let index = checkpoint.size.saturating_sub(1);
    let event = events::find(db, index).await?;
    let line = event.and_then(|event| event.line);
    let line = line.ok_or_else(|| ApiError::internal("the log does not end in a state event"))?;
    let proof = TlogProof {
        extra: Some(line.into_bytes()),
        index,
        // The last leaf's neighbours are the subtrees left of it, the smallest first.
        hashes: checkpoint.edge.iter().rev().copied().collect(),
        checkpoint: note.clone(),
    };
    proof.to_bytes().map_err(ApiError::internal)
}
