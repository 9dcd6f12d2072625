//! The log's lines, and which public files they make stale.

use jiff::Timestamp;
use tare_format::event::{Event, EventBody, Salt};
use tare_store::ObjectKey;

use super::{Connection, integer, timestamp, unsigned};
use crate::entropy::{Entropy, random};
use crate::error::ApiError;

/// Appends one event and gives its number. Must be in the transaction of its effect.
///
/// Times never go back, whatever the clock does: a reader may rely on the order of numbers being that of times.
pub(crate) async fn append(
    db: &mut Connection,
    entropy: &dyn Entropy,
    now: Timestamp,
    by: &str,
    body: EventBody,
) -> Result<u64, ApiError> {
    let last: Option<(i64, i64)> =
        sqlx::query_as("SELECT idx, time FROM event ORDER BY idx DESC LIMIT 1")
            .fetch_optional(&mut *db)
            .await?;
    let idx = last.map_or(0, |(idx, _)| idx.saturating_add(1));
    let time = last.map_or(now.as_second(), |(_, time)| time.max(now.as_second()));
    let package = match body.package() {
        Some(name) => super::names::package(db, &name.key()).await?.map(|row| row.id),
        None => None,
    };
    let event =
        Event { salt: Salt(random(entropy)?), time: timestamp(time)?, by: by.to_owned(), body };
    let line = event.to_line().map_err(ApiError::internal)?;
    sqlx::query("INSERT INTO event (idx, time, package, line) VALUES (?, ?, ?, ?)")
        .bind(idx)
        .bind(time)
        .bind(package)
        .bind(line)
        .execute(&mut *db)
        .await?;
    if let Some(name) = event.body.package() {
        mark_stale(db, &ObjectKey::Package(name.clone())).await?;
    }
    unsigned(idx)
}

/// The lines of one package in order.
pub(crate) async fn of_package(
    db: &mut Connection,
    package: i64,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT line FROM event WHERE package = ? ORDER BY idx")
        .bind(package)
        .fetch_all(db)
        .await
}

/// Says that a public file is to be written anew.
pub(crate) async fn mark_stale(db: &mut Connection, key: &ObjectKey) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO stale (path, mark) VALUES (?, 1) ON CONFLICT DO UPDATE SET mark = mark + 1",
    )
    .bind(key.path())
    .execute(db)
    .await?;
    Ok(())
}

/// A public file that is to be written anew.
#[derive(Debug)]
pub(crate) struct Stale {
    /// Which file.
    pub key: ObjectKey,
    /// How often it was marked.
    pub mark: i64,
}

/// The public files that are to be written anew.
pub(crate) async fn stale(db: &mut Connection) -> Result<Vec<Stale>, ApiError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT path, mark FROM stale ORDER BY path").fetch_all(db).await?;
    let read = |(path, mark): (String, i64)| {
        Ok(Stale { key: path.parse().map_err(ApiError::internal)?, mark })
    };
    rows.into_iter().map(read).collect()
}

/// Says that a file was written from what was read after `stale` was. A later mark stays.
pub(crate) async fn clear_stale(db: &mut Connection, stale: &Stale) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM stale WHERE path = ? AND mark = ?")
        .bind(stale.key.path())
        .bind(stale.mark)
        .execute(db)
        .await?;
    Ok(())
}

/// One page of all lines, from number `from` on.
pub(crate) async fn page(
    db: &mut Connection,
    from: u64,
    length: u32,
) -> Result<Vec<(i64, String)>, ApiError> {
    let rows = sqlx::query_as("SELECT idx, line FROM event WHERE idx >= ? ORDER BY idx LIMIT ?")
        .bind(integer(from)?)
        .bind(length)
        .fetch_all(db)
        .await?;
    Ok(rows)
}

/// The size of a package's page in bytes.
pub(crate) async fn page_size(db: &mut Connection, package: i64) -> Result<u64, ApiError> {
    let size: i64 = sqlx::query_scalar(
        "SELECT coalesce(sum(octet_length(line) + 1), 0) FROM event WHERE package = ?",
    )
    .bind(package)
    .fetch_one(db)
    .await?;
    unsigned(size)
}
