//! Whether the public files are what the database says, the database is what its events say, and every byte of every release
//! is there.
//!
//! Everything is made anew and compared: the tree and the checkpoints from the events, the pages and the state map by the
//! replay that mirrors use, every public file from the rows. It may run beside a server; a file that changed in between is
//! looked at again.

mod log;
mod releases;
mod replay;

use std::collections::BTreeSet;

use sqlx::Connection as _;
use tare_store::backend::read_all;
use tare_store::{ObjectKey, ObjectKind, StoreError};

use crate::db::state::{self, NodeRow};
use crate::db::tree::{self, Mark};
use crate::error::{ApiError, chain};
use crate::projection::{self, head};
use crate::registry::Registry;
use crate::sequence;
use crate::takedown;

/// How often a file that differs is looked at, in case a server has changed it in between.
const LOOKS: u32 = 3;

/// What was looked at, and what is wrong.
#[derive(Debug, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// How many events there are.
    pub events: u64,
    /// How many packages.
    pub packages: u64,
    /// How many releases.
    pub releases: u64,
    /// How many packs.
    pub packs: u64,
    /// What is wrong, each as a sentence that names the object.
    pub problems: Vec<String>,
}

/// Makes everything that is made from the database anew in memory and compares; looks for every object of every release. With
/// `read_data` every pack is read and hashed too.
///
/// # Errors
/// When the database itself cannot be read. What is wrong with files is in the report.
pub async fn fsck(registry: &Registry, read_data: bool) -> Result<Report, ApiError> {
    let mut report = Report::default();
    {
        // One view of the database, which a server may go on changing.
        let mut reader = registry.db.read().await?;
        let mut db = reader.begin().await?;
        log::check(&mut db, &mut report).await?;
        replay::check(registry, &mut db, &mut report).await?;
    }
    for difference in differences(registry).await? {
        report.problems.push(difference.problem);
    }
    releases::check(registry, &mut report).await?;
    releases::check_packs(registry, read_data, &mut report).await?;
    report.problems.extend(takedown::leftovers(registry).await?);
    Ok(report)
}

/// The paths of the public files that are missing or say something else than the database, in the order in which they would be
/// written.
///
/// # Errors
/// When the database cannot be read.
pub async fn differing(registry: &Registry) -> Result<Vec<String>, ApiError> {
    let differences = differences(registry).await?;
    Ok(differences.into_iter().map(|difference| difference.key.path()).collect())
}

/// A public file that is not as it has to be.
struct Difference {
    key: ObjectKey,
    problem: String,
}

async fn differences(registry: &Registry) -> Result<Vec<Difference>, ApiError> {
    let mut found = Vec::new();
    for file in files(registry).await? {
        found.extend(compare(registry, file).await);
    }
    Ok(found)
}

/// A public file that is made from the database.
struct File {
    key: ObjectKey,
    /// The node that it is, when it is one.
    node: Option<NodeRow>,
}

impl From<ObjectKey> for File {
    fn from(key: ObjectKey) -> Self {
        Self { key, node: None }
    }
}

/// Every public file that is made from the database.
async fn files(registry: &Registry) -> Result<Vec<File>, ApiError> {
    let mut db = registry.db.read().await?;
    let size = tree::newest_checkpoint(&mut db).await?.map_or(0, |newest| newest.size);
    let mut keys = vec![ObjectKey::Registry];
    keys.extend(projection::log::files(0, size)?);
    keys.extend(projection::root_files(&mut db).await?.into_iter().map(|(key, _)| key));
    keys.extend(projection::documents(&mut db).await?);
    keys.push(ObjectKey::PendingHead);
    if tree::mark(&mut db, Mark::Published).await? > 0 {
        keys.extend([ObjectKey::Head, ObjectKey::Checkpoint]);
    }
    let nodes = state::nodes(&mut db, true).await?;
    drop(db);
    let known: BTreeSet<ObjectKey> = keys.iter().cloned().collect();
    for kind in [ObjectKind::Tile, ObjectKind::Entries, ObjectKind::Events] {
        let listed = registry.blocking(move |store| store.list(kind)).await?;
        // Unfinished files of smaller logs may be there, and must then be right.
        keys.extend(listed.into_iter().map(|object| object.key).filter(|key| !known.contains(key)));
    }
    let mut files: Vec<File> = keys.into_iter().map(File::from).collect();
    for node in nodes {
        files.extend(projection::node_key(&node).map(|key| File { key, node: Some(node) }));
    }
    Ok(files)
}

async fn compare(registry: &Registry, file: File) -> Option<Difference> {
    let mut problem = None;
    for _ in 0..LOOKS {
        problem = Some(look(registry, &file).await?);
    }
    let key = file.key;
    problem.map(|problem| Difference { problem: format!("`{key}` {problem}"), key })
}

/// What is wrong with a file.
async fn look(registry: &Registry, file: &File) -> Option<String> {
    let key = &file.key;
    let expected = match expected(registry, file).await {
        Ok(Some(bytes)) => bytes,
        // A server has changed the map since the node was listed.
        Ok(None) => return None,
        Err(error) => return Some(format!("cannot be made: {}", chain(&error))),
    };
    let object = key.clone();
    let cap = expected.len() as u64;
    let found = registry.blocking(move |store| match read_all(store, &object, cap) {
        // It is longer than it has to be.
        Err(StoreError::Range { .. }) => Ok(None),
        read => read.map(Some),
    });
    match found.await {
        Ok(Some(bytes)) if bytes == expected => None,
        Ok(_) => Some("says something else than the database".to_owned()),
        Err(error) => Some(format!("cannot be compared: {}", chain(&error))),
    }
}

/// What a file has to be; `None` when it need not be there any more.
async fn expected(registry: &Registry, file: &File) -> Result<Option<Vec<u8>>, ApiError> {
    let mut db = registry.db.read().await?;
    if let Some(node) = &file.node {
        let newest = tree::newest_checkpoint(&mut db).await?.map_or(0, |newest| newest.size);
        let depth = sequence::state::commitment(&mut db, newest).await?.depth();
        return match state::is_current(&mut db, node).await? {
            true => state::node_bytes(&mut db, depth, node).await.map(Some),
            false => Ok(None),
        };
    }
    match &file.key {
        ObjectKey::PendingHead => head::pending(&mut db).await,
        ObjectKey::Head | ObjectKey::Checkpoint => {
            let size = tree::mark(&mut db, Mark::Published).await?;
            let both = head::satisfying(&mut db, size).await?;
            let is_head = matches!(file.key, ObjectKey::Head);
            Ok(both.map(|(head, checkpoint)| if is_head { head } else { checkpoint }))
        }
        ObjectKey::Root(_) | ObjectKey::NewestRoot => {
            let files = projection::root_files(&mut db).await?;
            Ok(files.into_iter().find(|(key, _)| *key == file.key).map(|(_, bytes)| bytes))
        }
        key => projection::expected(registry, &mut db, key).await,
    }
}
