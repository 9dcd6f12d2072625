//! Full-text search over the newest release of each package.

use sqlx::FromRow;
use tare_format::manifest::Kind;
use tare_format::release::About;

use super::{Connection, integer, unsigned};
use crate::error::ApiError;

/// What is found of a package.
#[derive(Debug, FromRow)]
pub(crate) struct FoundRow {
    pub name: String,
    pub version: String,
    pub kind: String,
    pub description: String,
    pub license_class: String,
    pub size: i64,
}

/// One question.
#[derive(Debug)]
pub(crate) struct Query {
    /// The words, as [`expression`] makes them; none for every package.
    pub words: Option<String>,
    pub kind: Option<Kind>,
    pub limit: u64,
    pub offset: u64,
}

/// The words of `text` as a full-text expression: each must occur, as a part of a word too. Operators of the
/// full-text language have no effect. `None` when there is no word of three characters, the least that the index knows.
pub(crate) fn expression(text: &str) -> Option<String> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= 3)
        .map(|word| format!("\"{word}\""))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The words by which a release is found, besides its name and its description.
pub(crate) fn words(about: &About) -> String {
    let lists = [&about.keywords, &about.tasks, &about.languages, &about.authors];
    let words: Vec<&str> = lists.into_iter().flatten().map(String::as_str).collect();
    words.join(" ")
}

/// Puts what is to be found of a package in the place of what was.
pub(crate) async fn index(
    db: &mut Connection,
    package: i64,
    name: &str,
    description: &str,
    words: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM search WHERE rowid = ?").bind(package).execute(&mut *db).await?;
    sqlx::query("INSERT INTO search (rowid, name, description, words) VALUES (?, ?, ?, ?)")
        .bind(package)
        .bind(name)
        .bind(description)
        .bind(words)
        .execute(&mut *db)
        .await?;
    Ok(())
}

/// How many packages match, and one page of them, best first.
pub(crate) async fn run(
    db: &mut Connection,
    query: &Query,
) -> Result<(u64, Vec<FoundRow>), ApiError> {
    let kind = query.kind.map(Kind::as_str);
    let (limit, offset) = (integer(query.limit)?, integer(query.offset)?);
    let Some(words) = &query.words else {
        let total: i64 =
            sqlx::query_scalar("SELECT count(*) FROM newest n WHERE ?1 IS NULL OR n.kind = ?1")
                .bind(kind)
                .fetch_one(&mut *db)
                .await?;
        let rows = sqlx::query_as(
            "SELECT n.name, n.version, n.kind, n.description, n.license_class, n.size FROM newest n
             WHERE ?1 IS NULL OR n.kind = ?1 ORDER BY n.name LIMIT ?2 OFFSET ?3",
        )
        .bind(kind)
        .bind(limit)
        .bind(offset)
        .fetch_all(&mut *db)
        .await?;
        return Ok((unsigned(total)?, rows));
    };
    let total: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM search s JOIN newest n ON n.package = s.rowid
         WHERE search MATCH ?2 AND (?1 IS NULL OR n.kind = ?1)",
    )
    .bind(kind)
    .bind(words)
    .fetch_one(&mut *db)
    .await?;
    let rows = sqlx::query_as(
        "SELECT n.name, n.version, n.kind, n.description, n.license_class, n.size
         FROM search s JOIN newest n ON n.package = s.rowid
         WHERE search MATCH ?4 AND (?1 IS NULL OR n.kind = ?1)
         ORDER BY bm25(search, 10.0, 3.0, 1.0), n.name LIMIT ?2 OFFSET ?3",
    )
    .bind(kind)
    .bind(limit)
    .bind(offset)
    .bind(words)
    .fetch_all(&mut *db)
    .await?;
    Ok((unsigned(total)?, rows))
}
