//! Which public files are to be written anew from the rows.

use tare_store::ObjectKey;

use super::Connection;
use crate::error::ApiError;

/// A public file that is to be written anew.
#[derive(Debug, Clone)]
pub(crate) struct Stale {
    /// Which file.
    pub key: ObjectKey,
    /// How often it was marked.
    pub mark: i64,
}

/// Says that a public file is to be written anew. Must be in the transaction that changes its rows.
pub(crate) async fn mark(db: &mut Connection, key: &ObjectKey) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO stale (path, mark) VALUES (?, 1) ON CONFLICT DO UPDATE SET mark = mark + 1",
    )
    .bind(key.path())
    .execute(db)
    .await?;
    Ok(())
}

/// The public files that are to be written anew, sorted by path.
pub(crate) async fn all(db: &mut Connection) -> Result<Vec<Stale>, ApiError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT path, mark FROM stale ORDER BY path").fetch_all(db).await?;
    let read = |(path, mark): (String, i64)| {
        Ok(Stale { key: path.parse().map_err(ApiError::internal)?, mark })
    };
    rows.into_iter().map(read).collect()
}

/// Says that a public file is not to be written at all. Must be in the transaction that removes its rows.
pub(crate) async fn forget(db: &mut Connection, key: &ObjectKey) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM stale WHERE path = ?").bind(key.path()).execute(db).await?;
    Ok(())
}

/// Says that a file was written from what was read after `stale` was. A later mark stays.
pub(crate) async fn clear(db: &mut Connection, stale: &Stale) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM stale WHERE path = ? AND mark = ?")
        .bind(stale.key.path())
        .bind(stale.mark)
        .execute(db)
        .await?;
    Ok(())
}
