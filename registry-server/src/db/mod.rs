//! The database: SQLite, with one writer.
//!
//! Everything that is current lies here; the public files are a projection of it. Queries are plain functions on a
//! connection, one file a noun. A write goes through [`Database::begin`], which takes SQLite's write lock at once, so that
//! what a transaction has read is still true when it commits.

pub(crate) mod chunks;
pub(crate) mod events;
pub(crate) mod names;
pub(crate) mod releases;
pub(crate) mod roots;
pub(crate) mod search;
pub(crate) mod sessions;
pub(crate) mod stale;
pub(crate) mod state;
pub(crate) mod takedowns;
pub(crate) mod tokens;
pub(crate) mod tree;
pub(crate) mod users;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Connection as _, Sqlite, Transaction};

use crate::error::ApiError;

/// One connection, in or out of a transaction.
pub(crate) type Connection = SqliteConnection;

/// How many reads run at once.
const READERS: u32 = 8;

/// The pools of connections.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    readers: SqlitePool,
    /// One connection: writers wait for it here, in order, and not for SQLite's lock, which has no order.
    writer: SqlitePool,
}

impl Database {
    /// Opens the database file, makes it when it is missing, and brings its tables up to date.
    ///
    /// # Errors
    /// When the file cannot be opened, or was written by a newer version.
    pub(crate) async fn open(file: &Path) -> Result<Self, sqlx::Error> {
        // FULL, because with WAL's default a power cut loses transactions that were already answered.
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What is redacted must not stay in the file's free pages.
            .pragma("secure_delete", "ON")
            .busy_timeout(Duration::from_secs(10));
        // SQLite undoes a transaction by itself when the disk is full; the connection then still counts one as open, and
        // could never begin another. Such a connection is thrown away.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .before_acquire(|connection, _| {
                Box::pin(async move { Ok(!connection.is_in_transaction()) })
            })
            .connect_with(options.clone())
            .await?;
        sqlx::migrate!().run(&writer).await.map_err(|error| sqlx::Error::Migrate(error.into()))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        Ok(Self { readers, writer })
    }

    /// A connection to read with: a consistent view for each statement.
    pub(crate) async fn read(&self) -> Result<sqlx::pool::PoolConnection<Sqlite>, ApiError> {
        Ok(self.readers.acquire().await?)
    }

    /// A transaction that may write. Dropping it undoes it.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, ApiError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Folds the write-ahead log into the database file and empties it, so that nothing of what was overwritten is left. Gives
    /// false when a reader of another process was in the way.
    pub(crate) async fn truncate_log(&self) -> Result<bool, ApiError> {
        let mut connection = self.writer.acquire().await?;
        let (busy, _, _): (i64, i64, i64) =
            sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await?;
        Ok(busy == 0)
    }

    /// Closes all connections and folds the write-ahead log into the database file.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A time as it lies in the database.
pub(crate) fn seconds(time: Timestamp) -> i64 {
    time.as_second()
}

/// A time from the database.
pub(crate) fn timestamp(seconds: i64) -> Result<Timestamp, ApiError> {
    Timestamp::from_second(seconds).map_err(ApiError::internal)
}

/// 32 bytes from the database.
pub(crate) fn bytes32(bytes: Vec<u8>) -> Result<[u8; 32], ApiError> {
    bytes.try_into().map_err(|_| ApiError::internal("a digest in the database is not 32 bytes"))
}

/// A size or a count as SQLite keeps it.
pub(crate) fn integer(value: u64) -> Result<i64, ApiError> {
    i64::try_from(value).map_err(ApiError::internal)
}

/// A size or a count from SQLite.
pub(crate) fn unsigned(value: i64) -> Result<u64, ApiError> {
    u64::try_from(value).map_err(ApiError::internal)
}

#[cfg(test)]
mod tests {
    use tare_format::problem::Code;

    use super::*;

    async fn database() -> (tempfile::TempDir, Database) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("test.sqlite")).await.unwrap();
        (folder, database)
    }

    #[tokio::test]
    async fn every_commit_waits_for_the_disk() {
        let (_folder, database) = database().await;
        let mut tx = database.begin().await.unwrap();
        let synchronous: i64 =
            sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *tx).await.unwrap();
        let journal: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *tx).await.unwrap();
        assert_eq!((synchronous, journal.as_str()), (2, "wal"));
    }

    #[tokio::test]
    async fn a_full_database_is_a_full_registry() {
        let (_folder, database) = database().await;
        let mut tx = database.begin().await.unwrap();
        sqlx::query("PRAGMA max_page_count = 1").execute(&mut *tx).await.unwrap();
        let insert = "INSERT INTO stale (path, mark) VALUES (hex(randomblob(100000)), 1)";
        let error = sqlx::query(insert).execute(&mut *tx).await.unwrap_err();
        assert_eq!(ApiError::from(error).code(), Code::StorageFull);
        drop(tx);
        let mut tx = database.begin().await.expect("there is room again");
        sqlx::query("INSERT INTO stale (path, mark) VALUES ('x', 1)")
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_database_of_a_newer_version_is_refused() {
        let (folder, database) = database().await;
        let mut tx = database.begin().await.unwrap();
        let newer =
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (99999999, 'newer', 1, x'00', 0)";
        sqlx::query(newer).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        database.close().await;
        assert!(Database::open(&folder.path().join("test.sqlite")).await.is_err());
    }

    #[tokio::test]
    async fn readers_do_not_write() {
        let (_folder, database) = database().await;
        let mut db = database.read().await.unwrap();
        let insert = "INSERT INTO stale (path, mark) VALUES ('x', 1)";
        assert!(sqlx::query(insert).execute(&mut *db).await.is_err());
    }
}
