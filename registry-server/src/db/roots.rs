//! Root documents.

use super::Connection;
use crate::error::ApiError;

/// Keeps a root document. There must be none of its version.
pub(crate) async fn insert(db: &mut Connection, version: u32, note: &str) -> Result<(), ApiError> {
    sqlx::query("INSERT INTO root_document (version, note) VALUES (?, ?)")
        .bind(version)
        .bind(note)
        .execute(db)
        .await?;
    Ok(())
}

/// The newest root document with its version.
pub(crate) async fn newest(db: &mut Connection) -> Result<Option<(u32, String)>, ApiError> {
    Ok(sqlx::query_as("SELECT version, note FROM root_document ORDER BY version DESC LIMIT 1")
        .fetch_optional(db)
        .await?)
}

/// Every root document with its version, oldest first.
pub(crate) async fn all(db: &mut Connection) -> Result<Vec<(u32, String)>, ApiError> {
    Ok(sqlx::query_as("SELECT version, note FROM root_document ORDER BY version")
        .fetch_all(db)
        .await?)
}
