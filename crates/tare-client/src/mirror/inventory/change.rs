//! Changes of the inventory, several at once and all or nothing.

use jiff::Timestamp;
use sqlx::{Sqlite, Transaction};
use tare_format::Sha256;
use tare_tlog::map::{Key, Value};

use super::{InventoryError, integer, level_number, unsigned};
use crate::mirror::candidate::Candidate;
use crate::mirror::select::Level;
use crate::mirror::status::TakedownStatus;

/// A change that is being made. Nothing of it is there before [`Change::commit`].
#[derive(Debug)]
pub struct Change {
    tx: Transaction<'static, Sqlite>,
}

impl Change {
    pub(super) const fn new(tx: Transaction<'static, Sqlite>) -> Self {
        Self { tx }
    }

    /// Makes all of it durable.
    ///
    /// # Errors
    /// When the database fails; nothing has changed then.
    pub async fn commit(self) -> Result<(), InventoryError> {
        Ok(self.tx.commit().await?)
    }

    /// Sets a value.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set(&mut self, name: &str, value: &str) -> Result<(), InventoryError> {
        let query = "INSERT INTO setting (name, value) VALUES (?, ?)
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        sqlx::query(query).bind(name).bind(value).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Enters an object that is in place, or that it was hashed again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_object(
        &mut self,
        path: &str,
        size: u64,
        why: &str,
        verified_at: Timestamp,
    ) -> Result<(), InventoryError> {
        let query = "INSERT INTO object (path, size, why, verified_at) VALUES (?, ?, ?, ?)
                     ON CONFLICT (path) DO UPDATE SET size = excluded.size, verified_at = excluded.verified_at";
        let query = sqlx::query(query).bind(path).bind(integer(size)?).bind(why);
        query.bind(verified_at.as_second()).execute(&mut *self.tx).await?;
        let query = sqlx::query("DELETE FROM missing WHERE path = ?").bind(path);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Strikes an object out, before or after its file is removed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_object(&mut self, path: &str) -> Result<(), InventoryError> {
        for query in ["DELETE FROM object WHERE path = ?", "DELETE FROM missing WHERE path = ?"] {
            sqlx::query(query).bind(path).execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Enters that no source has an object which a release needs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_missing(
        &mut self,
        path: &str,
        release: &Sha256,
        reason: &str,
    ) -> Result<(), InventoryError> {
        let query = "INSERT INTO missing (path, release, reason) VALUES (?, ?, ?)
                     ON CONFLICT (path) DO UPDATE SET reason = excluded.reason";
        let query = sqlx::query(query).bind(path).bind(release.as_bytes().as_slice());
        query.bind(reason).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Enters a release of the log, or what became of one. How much of it is held stays.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_release(&mut self, candidate: &Candidate) -> Result<(), InventoryError> {
        let facts = serde_json::to_string(candidate)
            .map_err(|error| InventoryError::Damaged(error.to_string()))?;
        let query = "INSERT INTO release (digest, facts, level) VALUES (?, ?, 0)
                     ON CONFLICT (digest) DO UPDATE SET facts = excluded.facts";
        let query = sqlx::query(query).bind(candidate.release.as_bytes().as_slice()).bind(facts);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Says how much of a release is held, and which objects it needs for that.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hold(
        &mut self,
        release: &Sha256,
        level: Option<Level>,
        needs: &[String],
    ) -> Result<(), InventoryError> {
        let digest = release.as_bytes().as_slice();
        let query = sqlx::query("UPDATE release SET level = ? WHERE digest = ?");
        query.bind(level_number(level)).bind(digest).execute(&mut *self.tx).await?;
        let query = sqlx::query("DELETE FROM need WHERE release = ?").bind(digest);
        query.execute(&mut *self.tx).await?;
        for path in needs {
            let query = sqlx::query("INSERT OR IGNORE INTO need (release, path) VALUES (?, ?)");
            query.bind(digest).bind(path).execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// The objects of contents that no release needs, with their sizes in bytes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unneeded(&mut self) -> Result<Vec<(String, u64)>, InventoryError> {
        unneeded(&mut self.tx).await
    }

    /// Says that a release is to be completed anew; what it needs stays.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reopen(&mut self, release: &Sha256) -> Result<(), InventoryError> {
        let query = sqlx::query("UPDATE release SET level = 0 WHERE digest = ?");
        query.bind(release.as_bytes().as_slice()).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Forgets a release that the log does not name any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_release(&mut self, release: &Sha256) -> Result<(), InventoryError> {
        for query in ["DELETE FROM release WHERE digest = ?", "DELETE FROM need WHERE release = ?"]
        {
            let query = sqlx::query(query).bind(release.as_bytes().as_slice());
            query.execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Enters a takedown, or when it was obeyed. One that was obeyed stays so.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_takedown(&mut self, takedown: &TakedownStatus) -> Result<(), InventoryError> {
        let query = "INSERT INTO takedown (payload, idx, class, deadline, obeyed) VALUES (?, ?, ?, ?, ?)
                     ON CONFLICT (payload) DO UPDATE SET obeyed = coalesce(obeyed, excluded.obeyed)";
        let query = sqlx::query(query).bind(takedown.payload.hex()).bind(integer(takedown.index)?);
        let query = query.bind(&takedown.class).bind(takedown.deadline.as_second());
        query.bind(takedown.obeyed.map(Timestamp::as_second)).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Strikes a takedown out that was taken back: nothing is forbidden by it any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_takedown(&mut self, payload: &Sha256) -> Result<(), InventoryError> {
        for query in
            ["DELETE FROM takedown WHERE payload = ?", "DELETE FROM tombstone WHERE payload = ?"]
        {
            sqlx::query(query).bind(payload.hex()).execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Enters that a takedown forbids to hold an object.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_tombstone(
        &mut self,
        path: &str,
        takedown: &Sha256,
    ) -> Result<(), InventoryError> {
        let query = "INSERT OR IGNORE INTO tombstone (path, payload) VALUES (?, ?)";
        sqlx::query(query).bind(path).bind(takedown.hex()).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Enters that no takedown forbids to hold an object any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_tombstone(&mut self, path: &str) -> Result<(), InventoryError> {
        let query = sqlx::query("DELETE FROM tombstone WHERE path = ?").bind(path);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Sets a row of the state map: the digest of the page that lies at `path`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_row(
        &mut self,
        key: Key,
        value: Value,
        path: &str,
    ) -> Result<(), InventoryError> {
        let query = "INSERT INTO row (key, value, path) VALUES (?, ?, ?)
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value, path = excluded.path";
        let query = sqlx::query(query).bind(key.0.to_vec()).bind(value.0.to_vec()).bind(path);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Decides on a file; those of lower rank are written first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_draft(
        &mut self,
        path: &str,
        rank: u8,
        bytes: &[u8],
    ) -> Result<(), InventoryError> {
        let query = "INSERT INTO draft (path, rank, bytes) VALUES (?, ?, ?)
                     ON CONFLICT (path) DO UPDATE SET rank = excluded.rank, bytes = excluded.bytes";
        let query = sqlx::query(query).bind(path).bind(i64::from(rank)).bind(bytes);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Says that a file is written.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn clear_draft(&mut self, path: &str) -> Result<(), InventoryError> {
        let query = sqlx::query("DELETE FROM draft WHERE path = ?").bind(path);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }
}

/// Release documents and signatures are needed by the log itself, so only contents can be needed by nobody.
pub(super) async fn unneeded(
    tx: &mut Transaction<'static, Sqlite>,
) -> Result<Vec<(String, u64)>, InventoryError> {
    let query = "SELECT path, size FROM object
                 WHERE path NOT LIKE 'releases/%' AND path NOT LIKE 'signatures/%'
                 AND NOT EXISTS (SELECT 1 FROM need WHERE need.path = object.path)
                 ORDER BY path";
    let rows: Vec<(String, i64)> = sqlx::query_as(query).fetch_all(&mut **tx).await?;
    rows.into_iter().map(|(path, size)| Ok((path, unsigned(size)?))).collect()
}
