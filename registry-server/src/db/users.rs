//! Users: who may hold tokens and own namespaces.

use sqlx::FromRow;
use tare_format::name::fold;

use super::Connection;
use crate::error::ApiError;

/// One user.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct User {
    /// The row.
    pub id: i64,
    /// The name, in the case that it was given.
    pub login: String,
    /// Whether tokens of this user may administer the registry.
    pub admin: bool,
    /// Whether every token of this user is refused.
    pub disabled: bool,
    /// When the user was added.
    pub created: i64,
}

pub(crate) async fn insert(
    db: &mut Connection,
    login: &str,
    admin: bool,
    now: i64,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "INSERT INTO user (login, key, admin, created) VALUES (?, ?, ?, ?) RETURNING id",
    )
    .bind(login)
    .bind(fold(login))
    .bind(admin)
    .bind(now)
    .fetch_one(db)
    .await
}

pub(crate) async fn by_login(
    db: &mut Connection,
    login: &str,
) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as("SELECT id, login, admin, disabled, created FROM user WHERE key = ?")
        .bind(fold(login))
        .fetch_optional(db)
        .await
}

pub(crate) async fn all(db: &mut Connection) -> Result<Vec<User>, sqlx::Error> {
    sqlx::query_as("SELECT id, login, admin, disabled, created FROM user ORDER BY key")
        .fetch_all(db)
        .await
}

pub(crate) async fn set_disabled(
    db: &mut Connection,
    id: i64,
    disabled: bool,
) -> Result<(), ApiError> {
    sqlx::query("UPDATE user SET disabled = ? WHERE id = ?")
        .bind(disabled)
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}
