//! What a mirror has, why, and when it was last hashed: a SQLite database that is never served.
//!
//! A mirror without one cannot know what to delete when its filters change, nor what it has not looked at for long. What
//! is in [`objects`](Inventory::objects) was hashed, synced and moved into place before it was entered, so a crash at any
//! point leaves files that nobody relies on and never an entry without its file. A size of the log is taken on in one
//! transaction together with the files to write for it; writing them can be repeated ([`Inventory::drafts`]).

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};
use tare_format::Sha256;
use tare_tlog::map::{Key, Value};

use super::candidate::Candidate;
use super::guard::Amount;
use super::select::Level;
use super::status::TakedownStatus;

mod change;
mod gaps;

pub use change::Change;

/// The version of the tables.
const VERSION: i64 = 1;

/// Why the inventory did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The database failed.
    #[error("failed to use the mirror's inventory")]
    Database(#[from] sqlx::Error),
    /// It was written by a newer tare.
    #[error("the mirror's inventory has version {found}, and this tare knows {VERSION}")]
    Newer {
        /// Its version.
        found: i64,
    },
    /// It holds something that makes no sense.
    #[error("the mirror's inventory is damaged: {0}")]
    Damaged(String),
}

/// An object that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its path in the served folder.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it was first fetched for.
    pub why: String,
    /// When it was last hashed.
    pub verified_at: Timestamp,
}

/// A file that is decided on and not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its path in the served folder.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// An object that no source has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its path.
    pub path: String,
    /// The release that needs it.
    pub release: Sha256,
    /// Why it is not there.
    pub reason: String,
}

/// The open database. One process at a time has it, under the mirror's lock; readers of other processes see the last
/// commit.
#[derive(Debug, Clone)]
pub struct Inventory {
    pool: SqlitePool,
}

impl Inventory {
    /// Opens the database, and makes it when it is missing.
    ///
    /// # Errors
    /// When it cannot be opened, or is of a newer version.
    pub async fn open(file: &Path) -> Result<Self, InventoryError> {
        // FULL, because what was entered is relied on after a power cut.
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(30))
            // What a takedown or a redaction took out of a page must not lie on in a free part of the file.
            .pragma("secure_delete", "ON");
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        let inventory = Self { pool };
        let mut tx = inventory.begin().await?;
        let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *tx).await?;
        match found {
            0 => {
                sqlx::raw_sql(include_str!("inventory/schema.sql")).execute(&mut *tx).await?;
                sqlx::query("PRAGMA user_version = 1").execute(&mut *tx).await?;
                tx.commit().await?;
            }
            VERSION => {}
            found => return Err(InventoryError::Newer { found }),
        }
        Ok(inventory)
    }

    /// A change of several things at once. Dropping it undoes it.
    ///
    /// # Errors
    /// When the database is locked for long.
    pub async fn change(&self) -> Result<Change, InventoryError> {
        Ok(Change::new(self.begin().await?))
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.pool.begin_with("BEGIN IMMEDIATE").await
    }

    /// A value that was set, if it was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, InventoryError> {
        let query = sqlx::query_scalar("SELECT value FROM setting WHERE name = ?").bind(name);
        Ok(query.fetch_optional(&self.pool).await?)
    }

    /// Whether an object is there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has(&self, path: &str) -> Result<bool, InventoryError> {
        let query = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM object WHERE path = ?)");
        Ok(query.bind(path).fetch_one(&self.pool).await?)
    }

    /// All objects of which `prefix` is the beginning of the path, sorted by path.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn objects(&self, prefix: &str) -> Result<Vec<Object>, InventoryError> {
        let query = "SELECT path, size, why, verified_at FROM object
                     WHERE substr(path, 1, length(?1)) = ?1 ORDER BY path";
        objects(sqlx::query_as(query).bind(prefix).fetch_all(&self.pool).await?)
    }

    /// Up to `count` objects of at most `most` bytes, drawn at random.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sample(&self, count: u32, most: u64) -> Result<Vec<Object>, InventoryError> {
        let query = "SELECT path, size, why, verified_at FROM object
                     WHERE size <= ? AND path NOT LIKE 'locations/%' ORDER BY random() LIMIT ?";
        let query = sqlx::query_as(query).bind(integer(most)?).bind(count);
        objects(query.fetch_all(&self.pool).await?)
    }

    /// Up to `count` objects that were last hashed at `before` or earlier, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn oldest(
        &self,
        before: Timestamp,
        count: u32,
    ) -> Result<Vec<Object>, InventoryError> {
        let query = "SELECT path, size, why, verified_at FROM object
                     WHERE verified_at <= ? ORDER BY verified_at, path LIMIT ?";
        let query = sqlx::query_as(query).bind(before.as_second()).bind(count);
        objects(query.fetch_all(&self.pool).await?)
    }

    /// When the object was hashed whose last hashing is longest ago.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_scrub(&self) -> Result<Option<Timestamp>, InventoryError> {
        let query = sqlx::query_scalar("SELECT min(verified_at) FROM object");
        let oldest: Option<i64> = query.fetch_one(&self.pool).await?;
        oldest.map(timestamp).transpose()
    }

    /// How much is there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn total(&self) -> Result<Amount, InventoryError> {
        let query = sqlx::query_as("SELECT count(*), coalesce(sum(size), 0) FROM object");
        let (objects, bytes): (i64, i64) = query.fetch_one(&self.pool).await?;
        Ok(Amount { objects: unsigned(objects)?, bytes: unsigned(bytes)? })
    }

    /// Every release of the log, and how much of it is held.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn releases(&self) -> Result<Vec<(Candidate, Option<Level>)>, InventoryError> {
        let query = sqlx::query_as("SELECT facts, level FROM release ORDER BY digest");
        let rows: Vec<(String, i64)> = query.fetch_all(&self.pool).await?;
        let read = |(facts, level): (String, i64)| {
            let candidate = serde_json::from_str(&facts)
                .map_err(|error| InventoryError::Damaged(error.to_string()))?;
            Ok((candidate, level_of(level)))
        };
        rows.into_iter().map(read).collect()
    }

    /// The objects that a release needs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn needs(&self, release: &Sha256) -> Result<Vec<String>, InventoryError> {
        let query = sqlx::query_scalar("SELECT path FROM need WHERE release = ? ORDER BY path");
        Ok(query.bind(release.as_bytes().as_slice()).fetch_all(&self.pool).await?)
    }

    /// The objects that would go if these releases needed nothing any more: those that no other release needs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn only_needed_by(
        &self,
        releases: &[Sha256],
    ) -> Result<Vec<(String, u64)>, InventoryError> {
        let mut tx = self.begin().await?;
        for release in releases {
            let query = sqlx::query("DELETE FROM need WHERE release = ?");
            query.bind(release.as_bytes().as_slice()).execute(&mut *tx).await?;
        }
        let unneeded = change::unneeded(&mut tx).await?;
        // Only asked what would be: the transaction is undone.
        tx.rollback().await?;
        Ok(unneeded)
    }

    /// The takedowns in force, by their number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn takedowns(&self) -> Result<Vec<TakedownStatus>, InventoryError> {
        let query = "SELECT payload, idx, class, deadline, obeyed FROM takedown ORDER BY idx";
        let rows: Vec<(String, i64, String, i64, Option<i64>)> =
            sqlx::query_as(query).fetch_all(&self.pool).await?;
        let read = |(payload, index, class, deadline, obeyed): (String, _, _, _, Option<i64>)| {
            Ok(TakedownStatus {
                index: unsigned(index)?,
                payload: payload_of(&payload)?,
                class,
                deadline: timestamp(deadline)?,
                obeyed: obeyed.map(timestamp).transpose()?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// The paths of what takedowns forbid to hold, sorted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tombstones(&self) -> Result<BTreeSet<String>, InventoryError> {
        let query = sqlx::query_scalar("SELECT DISTINCT path FROM tombstone");
        let paths: Vec<String> = query.fetch_all(&self.pool).await?;
        Ok(paths.into_iter().collect())
    }

    /// The paths of what one takedown, by the digest of its line, forbids to hold.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tombstones_of(
        &self,
        takedown: &Sha256,
    ) -> Result<BTreeSet<String>, InventoryError> {
        let query = sqlx::query_scalar("SELECT path FROM tombstone WHERE payload = ?");
        let paths: Vec<String> = query.bind(takedown.hex()).fetch_all(&self.pool).await?;
        Ok(paths.into_iter().collect())
    }

    /// The takedowns that forbid to hold an object, by the digest of their line.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn takedowns_of(&self, path: &str) -> Result<Vec<Sha256>, InventoryError> {
        let query = sqlx::query_scalar("SELECT payload FROM tombstone WHERE path = ?");
        let rows: Vec<String> = query.bind(path).fetch_all(&self.pool).await?;
        rows.iter().map(|row| payload_of(row)).collect()
    }

    /// The releases that need an object.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn needed_by(&self, path: &str) -> Result<Vec<Sha256>, InventoryError> {
        let query = sqlx::query_scalar("SELECT release FROM need WHERE path = ? ORDER BY release");
        let rows: Vec<Vec<u8>> = query.bind(path).fetch_all(&self.pool).await?;
        rows.into_iter().map(digest).collect()
    }

    /// The rows of the state map, with the path of each row's page.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rows(&self) -> Result<Vec<(Key, Value, String)>, InventoryError> {
        let query = sqlx::query_as("SELECT key, value, path FROM row");
        let rows: Vec<(Vec<u8>, Vec<u8>, String)> = query.fetch_all(&self.pool).await?;
        let read = |(key, value, path)| Ok((Key(bytes32(key)?), Value(bytes32(value)?), path));
        rows.into_iter().map(read).collect()
    }

    /// Up to `count` files that are still to be written, in the order in which they must be.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drafts(&self, count: u32) -> Result<Vec<Draft>, InventoryError> {
        let query = "SELECT path, bytes FROM draft ORDER BY rank, path LIMIT ?";
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as(query).bind(count).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|(path, bytes)| Draft { path, bytes }).collect())
    }

    /// Closes the database and folds the write-ahead log into its file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// How a level lies in the database.
const fn level_number(level: Option<Level>) -> i64 {
    match level {
        None => 0,
        Some(Level::Meta) => 1,
        Some(Level::Contents) => 2,
    }
}

const fn level_of(number: i64) -> Option<Level> {
    match number {
        1 => Some(Level::Meta),
        2 => Some(Level::Contents),
        _ => None,
    }
}

fn objects(rows: Vec<(String, i64, String, i64)>) -> Result<Vec<Object>, InventoryError> {
    let read = |(path, size, why, verified_at): (String, i64, String, i64)| {
        Ok(Object { path, size: unsigned(size)?, why, verified_at: timestamp(verified_at)? })
    };
    rows.into_iter().map(read).collect()
}

fn payload_of(hex: &str) -> Result<Sha256, InventoryError> {
    Sha256::from_hex(hex).map_err(|error| InventoryError::Damaged(error.to_string()))
}

fn digest(bytes: Vec<u8>) -> Result<Sha256, InventoryError> {
    Ok(Sha256::from_bytes(bytes32(bytes)?))
}

fn bytes32(bytes: Vec<u8>) -> Result<[u8; 32], InventoryError> {
    bytes.try_into().map_err(|_| InventoryError::Damaged("a digest is not 32 bytes".to_owned()))
}

fn timestamp(seconds: i64) -> Result<Timestamp, InventoryError> {
    Timestamp::from_second(seconds).map_err(|error| InventoryError::Damaged(error.to_string()))
}

fn unsigned(value: i64) -> Result<u64, InventoryError> {
    u64::try_from(value).map_err(|_| InventoryError::Damaged(format!("{value} is no size")))
}

fn integer(value: u64) -> Result<i64, InventoryError> {
    i64::try_from(value).map_err(|_| InventoryError::Damaged(format!("{value} is too large")))
}

#[cfg(test)]
mod tests;
