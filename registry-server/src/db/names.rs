//! Namespaces, their owners, and packages. A name is taken for ever once it is here.

use sqlx::FromRow;
use tare_format::{Namespace, PackageName};

use super::Connection;

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct PackageRow {
    /// The row.
    pub id: i64,
    /// The name in its owner's case.
    pub name: String,
}

/// The namespace's name in its owner's case, when somebody has it.
pub(crate) async fn namespace(
    db: &mut Connection,
    key: &str,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT name FROM namespace WHERE key = ?")
        .bind(key)
        .fetch_optional(db)
        .await
}

pub(crate) async fn insert_namespace(
    db: &mut Connection,
    namespace: &Namespace,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO namespace (key, name) VALUES (?, ?)")
        .bind(namespace.key())
        .bind(namespace.as_str())
        .execute(db)
        .await?;
    Ok(())
}

/// The owners' rows and logins, sorted by login.
pub(crate) async fn owners(
    db: &mut Connection,
    namespace_key: &str,
) -> Result<Vec<(i64, String)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT u.id, u.login FROM owner o JOIN user u ON u.id = o.user WHERE o.namespace = ? ORDER BY u.login",
    )
    .bind(namespace_key)
    .fetch_all(db)
    .await
}

/// The namespaces that a user owns, sorted.
pub(crate) async fn owned_by(db: &mut Connection, user: i64) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT n.name FROM owner o JOIN namespace n ON n.key = o.namespace WHERE o.user = ? ORDER BY n.name",
    )
    .bind(user)
    .fetch_all(db)
    .await
}

pub(crate) async fn insert_owner(
    db: &mut Connection,
    namespace_key: &str,
    user: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO owner (namespace, user) VALUES (?, ?)")
        .bind(namespace_key)
        .bind(user)
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn delete_owner(
    db: &mut Connection,
    namespace_key: &str,
    user: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM owner WHERE namespace = ? AND user = ?")
        .bind(namespace_key)
        .bind(user)
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn package(
    db: &mut Connection,
    key: &str,
) -> Result<Option<PackageRow>, sqlx::Error> {
    sqlx::query_as("SELECT id, name FROM package WHERE key = ?").bind(key).fetch_optional(db).await
}

pub(crate) async fn packages(db: &mut Connection) -> Result<Vec<PackageRow>, sqlx::Error> {
    sqlx::query_as("SELECT id, name FROM package ORDER BY key").fetch_all(db).await
}

pub(crate) async fn insert_package(
    db: &mut Connection,
    name: &PackageName,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("INSERT INTO package (key, name, namespace) VALUES (?, ?, ?) RETURNING id")
        .bind(name.key())
        .bind(name.as_str())
        .bind(tare_format::name::fold(name.namespace()))
        .fetch_one(db)
        .await
}
