//! Releases that are not held as they should be. An object that several releases need is missing for each of them.

use std::collections::BTreeSet;

use tare_format::Sha256;

use super::{Inventory, InventoryError, Missing, digest};

impl Inventory {
    /// What no source has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn missing(&self) -> Result<Vec<Missing>, InventoryError> {
        let query = sqlx::query_as("SELECT path, release, reason FROM missing ORDER BY path");
        let rows: Vec<(String, Vec<u8>, String)> = query.fetch_all(&self.pool).await?;
        let read = |(path, release, reason): (String, Vec<u8>, String)| {
            Ok(Missing { path, release: digest(release)?, reason })
        };
        rows.into_iter().map(read).collect()
    }

    /// The releases that need an object which is not there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incomplete(&self) -> Result<BTreeSet<Sha256>, InventoryError> {
        let query = "SELECT DISTINCT release FROM need
                     WHERE NOT EXISTS (SELECT 1 FROM object WHERE object.path = need.path)";
        let rows: Vec<Vec<u8>> = sqlx::query_scalar(query).fetch_all(&self.pool).await?;
        rows.into_iter().map(digest).collect()
    }
}
