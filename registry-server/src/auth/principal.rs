//! From a request's `Authorization` header to who asks.
//!
//! Token and user are read from the database at each request, so that revoking one or disabling the other acts at once.

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use jiff::Timestamp;
use tare_format::problem::Code;
use tare_format::scope::{Action, Scope};

use super::TokenText;
use crate::App;
use crate::db::{self, tokens};
use crate::error::ApiError;

/// A user who has shown a token that is valid now.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    /// The user's row.
    pub user: i64,
    /// The user's name.
    pub login: String,
    /// Whether the user may administer.
    pub admin: bool,
    /// The token's name.
    pub token: String,
    /// What the token may do.
    pub scopes: Vec<Scope>,
    /// When the token ends.
    pub expires: Option<Timestamp>,
}

impl Principal {
    /// Whether both the user and the token are for administration.
    pub(crate) fn is_admin(&self) -> bool {
        self.admin && self.scopes.contains(&Scope::all(Action::Admin))
    }
}

/// The principal of a request that needs one. As an extractor it stands before the body, so that nothing is read from
/// a stranger.
#[derive(Debug)]
pub(crate) struct Caller(pub Principal);

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let principal = identify(parts, app).await?;
        tracing::Span::current().record("user", principal.login.as_str());
        Ok(Self(principal))
    }
}

async fn identify(parts: &Parts, app: &App) -> Result<Principal, ApiError> {
    let refuse = |detail: &str| {
        ApiError::new(Code::Unauthenticated, detail)
            .help("run `tare login` with a token of this registry")
    };
    let header = parts
        .headers
        .get(AUTHORIZATION)
        .ok_or_else(|| refuse("this needs a token and the request has none"))?;
    let token = header
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, text)| text.trim())
        .ok_or_else(|| refuse("the `Authorization` header is not `Bearer` and a token"))?;
    let token = TokenText::parse(token).ok_or_else(|| match token.starts_with("tare_") {
        true => refuse("the token was cut off or mistyped: its checksum does not fit"),
        false => refuse("this is not a token of Tare: they start with `tare_`"),
    })?;
    let mut db = app.db.read().await?;
    let row = tokens::by_hash(&mut db, token.hash())
        .await?
        .filter(|row| row.revoked.is_none() && !row.disabled)
        .ok_or_else(|| refuse("the token is not valid in this registry"))?;
    if row.expires.is_some_and(|end| end <= db::seconds(app.clock.now())) {
        return Err(ApiError::new(
            Code::TokenExpired,
            format!("the token `{}` has expired", row.name),
        )
        .help("ask for a new token and run `tare login`"));
    }
    Ok(Principal {
        user: row.user,
        login: row.login,
        admin: row.admin,
        token: row.name,
        scopes: serde_json::from_str(&row.scopes).map_err(ApiError::internal)?,
        expires: row.expires.map(db::timestamp).transpose()?,
    })
}
