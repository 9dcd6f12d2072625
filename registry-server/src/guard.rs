//! The rollback guard: a database that is older than what was said in public must not go on.
//!
//! A backup that was put back would sign a second, different history of the sizes behind it, which is what a forged log looks
//! like to everybody who saw the first. So when a registry opens, its own public heads and those who cosign are compared with
//! the database, before anything is written. So is the key that it would sign with.

use std::path::Path;

use tare_store::backend::read_all;
use tare_store::{ObjectKey, StoreError};
use tare_tlog::bundle::TlogProof;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::key::VerifierKey;
use tare_tlog::note::Note;

use crate::config::Config;
use crate::cosigners::Seen;
use crate::db::tree;
use crate::error::ApiError;
use crate::registry::{OpenError, Registry};
use crate::sequence::newest_root;

/// Refuses a folder whose database is gone, before another is made in its place: it would begin a second log under the names
/// and keys of the first. A making that was cut off leaves no such folder, since the database is made first of all.
///
/// # Errors
/// [`OpenError::Lost`].
pub(crate) fn refuse_lost(config: &Config) -> Result<(), OpenError> {
    refuse_beside(config, &config.keys().join("root.key"))?;
    refuse_shown(config)
}

/// As [`refuse_lost`], judged by the public files alone.
///
/// # Errors
/// [`OpenError::Lost`].
pub(crate) fn refuse_shown(config: &Config) -> Result<(), OpenError> {
    [ObjectKey::NewestRoot, ObjectKey::PendingHead, ObjectKey::Head, ObjectKey::Checkpoint]
        .iter()
        .try_for_each(|key| refuse_beside(config, &config.public().join(key.to_string())))
}

fn refuse_beside(config: &Config, found: &Path) -> Result<(), OpenError> {
    if !found.exists() {
        return Ok(());
    }
    Err(OpenError::Lost {
        path: config.path.clone(),
        database: config.database(),
        found: found.to_owned(),
    })
}

/// Refuses a database that does not continue what was said in public.
///
/// # Errors
/// [`OpenError::RolledBack`], [`OpenError::Forked`], [`OpenError::LogKey`]; when the database or the store cannot be read.
pub(crate) async fn check(registry: &Registry) -> Result<(), OpenError> {
    let root = {
        let mut db = registry.db.read().await.map_err(OpenError::Recover)?;
        newest_root(&mut db).await.map_err(OpenError::Recover)?.1
    };
    registry.find_log_key(&root)?;
    let Some(log) = root.log() else { return Ok(()) };
    for key in [ObjectKey::Head, ObjectKey::PendingHead, ObjectKey::Checkpoint] {
        let found =
            public_checkpoint(registry, &key, &log.key).await.map_err(OpenError::Recover)?;
        if let Some(checkpoint) = found {
            let by = format!("the public file `{key}`");
            compare(registry, Seen { by, checkpoint }).await?;
        }
    }
    let origin = log.key.name();
    if let Some(seen) = registry.config.cosigners.largest_seen(&root, origin).await {
        compare(registry, Seen { by: format!("the witness `{}`", seen.by), ..seen }).await?;
    }
    Ok(())
}

/// What a public file says, when the log signed it. A file that is damaged says nothing; it is written anew.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn public_checkpoint(
    registry: &Registry,
    key: &ObjectKey,
    log: &VerifierKey,
) -> Result<Option<Checkpoint>, ApiError> {
    let (object, cap) = (key.clone(), registry.config.limits.head_size);
    let found = registry
        .blocking(move |store| match read_all(store, &object, cap) {
            Err(StoreError::Missing { .. } | StoreError::Range { .. }) => Ok(None),
            read => read.map(Some),
        })
        .await?;
    let Some(bytes) = found else { return Ok(None) };
    let note = match key {
        ObjectKey::Checkpoint => Note::parse(&bytes).ok(),
        _ => TlogProof::parse(&bytes).ok().map(|proof| proof.checkpoint),
    };
    Ok(note.and_then(|note| Checkpoint::open(&note, log).ok()))
}

/// Compares what was said with what the database has of the same size.
async fn compare(registry: &Registry, seen: Seen) -> Result<(), OpenError> {
    let (size, root) = (seen.checkpoint.size(), seen.checkpoint.root());
    let mut db = registry.db.read().await.map_err(OpenError::Recover)?;
    let newest = tree::newest_checkpoint(&mut db).await.map_err(OpenError::Recover)?;
    let own = newest.map_or(0, |newest| newest.size);
    if own < size {
        return Err(OpenError::RolledBack { own, by: seen.by, size });
    }
    let there = tree::checkpoint(&mut db, size).await.map_err(OpenError::Recover)?;
    match there.map(|row| row.root) {
        Some(found) if found == root => Ok(()),
        found => {
            let found = found.map_or_else(|| "none".to_owned(), |found| found.to_string());
            Err(OpenError::Forked { by: seen.by, size, root, found })
        }
    }
}
