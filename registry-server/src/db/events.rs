//! The log's lines, and the pages that they stand on.

use sqlx::FromRow;
use tare_format::Sha256;
use tare_format::event::{PageKey, REDACTED};

use super::{Connection, bytes32, integer, unsigned};
use crate::error::ApiError;

/// One event, as it lies in the log.
#[derive(Debug, Clone)]
pub(crate) struct EventRow {
    /// Its number.
    pub idx: u64,
    /// The name of its type.
    pub kind: String,
    /// SHA-256 of its line.
    pub payload: Sha256,
    /// The line without its line feed; `None` once it is redacted.
    pub line: Option<String>,
}

impl EventRow {
    /// The line, or what stands in its place.
    pub(crate) fn line_or_mark(&self) -> &str {
        self.line.as_deref().unwrap_or(REDACTED)
    }
}

#[derive(FromRow)]
struct Row {
    idx: i64,
    kind: String,
    payload: Vec<u8>,
    line: Option<String>,
}

impl Row {
    fn read(self) -> Result<EventRow, ApiError> {
        let payload = Sha256::from_bytes(bytes32(self.payload)?);
        Ok(EventRow { idx: unsigned(self.idx)?, kind: self.kind, payload, line: self.line })
    }
}

/// Keeps an event. Its number must be the next one.
pub(crate) async fn insert(
    db: &mut Connection,
    event: &EventRow,
    time: i64,
) -> Result<(), ApiError> {
    sqlx::query("INSERT INTO event (idx, time, type, payload, line) VALUES (?, ?, ?, ?, ?)")
        .bind(integer(event.idx)?)
        .bind(time)
        .bind(&event.kind)
        .bind(event.payload.as_bytes().as_slice())
        .bind(&event.line)
        .execute(db)
        .await?;
    Ok(())
}

/// Says that an event stands on a page.
pub(crate) async fn insert_page(
    db: &mut Connection,
    page: &PageKey,
    idx: u64,
) -> Result<(), ApiError> {
    sqlx::query("INSERT INTO event_page (page, idx) VALUES (?, ?)")
        .bind(page.state_key().as_slice())
        .bind(integer(idx)?)
        .execute(db)
        .await?;
    Ok(())
}

/// Takes an event's line out. Its place in the log stays, and so does every proof.
pub(crate) async fn erase_line(db: &mut Connection, idx: u64) -> Result<(), ApiError> {
    sqlx::query("UPDATE event SET line = NULL WHERE idx = ?")
        .bind(integer(idx)?)
        .execute(db)
        .await?;
    Ok(())
}

/// How many events there are.
pub(crate) async fn count(db: &mut Connection) -> Result<u64, ApiError> {
    let count: i64 =
        sqlx::query_scalar("SELECT coalesce(max(idx) + 1, 0) FROM event").fetch_one(db).await?;
    unsigned(count)
}

/// The time of the last event, in whole seconds since 1970.
pub(crate) async fn last_time(db: &mut Connection) -> Result<Option<i64>, ApiError> {
    Ok(sqlx::query_scalar("SELECT time FROM event ORDER BY idx DESC LIMIT 1")
        .fetch_optional(db)
        .await?)
}

/// One event by its number.
pub(crate) async fn find(db: &mut Connection, idx: u64) -> Result<Option<EventRow>, ApiError> {
    // No event has a number that the database cannot hold.
    match idx.checked_add(1).filter(|end| i64::try_from(*end).is_ok()) {
        Some(end) => Ok(range(db, idx, end).await?.pop()),
        None => Ok(None),
    }
}

/// The events from number `from` to before `to`, in order.
pub(crate) async fn range(
    db: &mut Connection,
    from: u64,
    to: u64,
) -> Result<Vec<EventRow>, ApiError> {
    const SQL: &str = "SELECT idx, type AS kind, payload, line FROM event
         WHERE idx >= ? AND idx < ? ORDER BY idx";
    let rows: Vec<Row> =
        sqlx::query_as(SQL).bind(integer(from)?).bind(integer(to)?).fetch_all(db).await?;
    rows.into_iter().map(Row::read).collect()
}

/// The lines of one type, in order, without those that are redacted.
pub(crate) async fn lines_of_type(
    db: &mut Connection,
    kind: &str,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT line FROM event WHERE type = ? AND line IS NOT NULL ORDER BY idx")
        .bind(kind)
        .fetch_all(db)
        .await
}

/// Whether there is an event of a type from number `from` on.
pub(crate) async fn is_any_since(
    db: &mut Connection,
    kind: &str,
    from: u64,
) -> Result<bool, ApiError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM event WHERE type = ? AND idx >= ?)")
        .bind(kind)
        .bind(integer(from)?)
        .fetch_one(db)
        .await?)
}

/// The events that stand on a page, in order.
pub(crate) async fn of_page(
    db: &mut Connection,
    page: &PageKey,
) -> Result<Vec<EventRow>, ApiError> {
    const SQL: &str = "SELECT e.idx, e.type AS kind, e.payload, e.line
         FROM event_page p JOIN event e ON e.idx = p.idx WHERE p.page = ? ORDER BY p.idx";
    let rows: Vec<Row> =
        sqlx::query_as(SQL).bind(page.state_key().as_slice()).fetch_all(db).await?;
    rows.into_iter().map(Row::read).collect()
}

/// How many events there are of each type, sorted by type.
pub(crate) async fn count_by_type(db: &mut Connection) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as("SELECT type, count(*) FROM event GROUP BY type ORDER BY type")
        .fetch_all(db)
        .await
}
