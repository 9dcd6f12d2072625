//! Tokens, by the SHA-256 of their text.

use sqlx::FromRow;

use super::Connection;

/// One token with its user, as a request needs it.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct TokenRow {
    /// The row.
    pub id: i64,
    /// What its holder calls it.
    pub name: String,
    /// The scopes as a JSON array.
    pub scopes: String,
    /// When it was made.
    pub created: i64,
    /// When it ends.
    pub expires: Option<i64>,
    /// When it was taken back.
    pub revoked: Option<i64>,
    /// Its user.
    pub user: i64,
    /// Its user's name.
    pub login: String,
    /// Whether the user may administer.
    pub admin: bool,
    /// Whether the user is shut out.
    pub disabled: bool,
}

/// A token to be kept.
#[derive(Debug)]
pub(crate) struct NewToken<'a> {
    pub hash: [u8; 32],
    pub user: i64,
    pub name: &'a str,
    pub scopes: &'a str,
    pub created: i64,
    pub expires: Option<i64>,
}

pub(crate) async fn insert(db: &mut Connection, token: &NewToken<'_>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "INSERT INTO token (hash, user, name, scopes, created, expires) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(token.hash.as_slice())
    .bind(token.user)
    .bind(token.name)
    .bind(token.scopes)
    .bind(token.created)
    .bind(token.expires)
    .fetch_one(db)
    .await
}

pub(crate) async fn by_hash(
    db: &mut Connection,
    hash: [u8; 32],
) -> Result<Option<TokenRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT t.id, t.name, t.scopes, t.created, t.expires, t.revoked, t.user, u.login, u.admin, u.disabled
         FROM token t JOIN user u ON u.id = t.user WHERE t.hash = ?",
    )
    .bind(hash.to_vec())
    .fetch_optional(db)
    .await
}

pub(crate) async fn all(db: &mut Connection) -> Result<Vec<TokenRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT t.id, t.name, t.scopes, t.created, t.expires, t.revoked, t.user, u.login, u.admin, u.disabled
         FROM token t JOIN user u ON u.id = t.user ORDER BY t.id",
    )
    .fetch_all(db)
    .await
}

/// Takes a token back. Gives whether there was one to take back.
pub(crate) async fn revoke(db: &mut Connection, id: i64, now: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("UPDATE token SET revoked = ? WHERE id = ? AND revoked IS NULL")
        .bind(now)
        .bind(id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}
