//! What the registry says of itself, of its callers and of its packages.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::Deserialize;
use tare_format::api::{Found, Health, Search, Whoami};
use tare_format::manifest::Kind;
use tare_format::problem::Code;
use tare_store::ObjectKey;

use super::endpoint::Parameter;
use crate::auth::Caller;
use crate::db::search::{self, FoundRow, Query};
use crate::db::{names, unsigned};
use crate::error::ApiError;
use crate::http::params::Queried;
use crate::{App, openapi as document};

/// How many packages a page of search results has at most.
const MAX_PAGE: u64 = 100;
/// How deep a search goes. Who wants every package reads the log.
const MAX_OFFSET: u64 = 10_000;

pub(super) const SEARCH_QUERY: &[Parameter] = &[
    (
        "q",
        "string",
        "Words of at least three characters, each of which must occur; empty for every package.",
    ),
    ("kind", "string", "Only packages of this kind."),
    ("limit", "integer", "How many to give: 20 if not said, 100 at most."),
    ("offset", "integer", "How many to leave out, 10,000 at most."),
];

/// The query of a search.
#[derive(Deserialize)]
pub(super) struct SearchQuery {
    #[serde(default)]
    q: String,
    kind: Option<Kind>,
    limit: Option<u64>,
    offset: Option<u64>,
}

pub(super) async fn openapi() -> Result<Response, ApiError> {
    let text = document::text().map_err(ApiError::internal)?;
    Ok(([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], text).into_response())
}

/// Asks the parts that can fail: the database and the store.
pub(super) async fn health(State(app): State<App>) -> Result<Json<Health>, ApiError> {
    let mut db = app.db.read().await?;
    sqlx::query("SELECT id FROM registry").fetch_one(&mut *db).await?;
    let there = app.blocking(|store| store.size(&ObjectKey::Registry)).await?;
    if there.is_none() {
        return Err(ApiError::new(Code::Unavailable, "the registry's public files are not there"));
    }
    Ok(Json(Health {
        status: "ok".to_owned(),
        server: concat!("tare-registry ", env!("CARGO_PKG_VERSION")).to_owned(),
    }))
}

pub(super) async fn whoami(
    State(app): State<App>,
    Caller(principal): Caller,
) -> Result<Json<Whoami>, ApiError> {
    let mut db = app.db.read().await?;
    Ok(Json(Whoami {
        namespaces: names::owned_by(&mut db, principal.user).await?,
        login: principal.login,
        token: principal.token,
        scopes: principal.scopes,
        expires: principal.expires,
    }))
}

pub(super) async fn search(
    State(app): State<App>,
    Queried(query): Queried<SearchQuery>,
) -> Result<Json<Search>, ApiError> {
    let words = search::expression(&query.q);
    if words.is_none() && !query.q.trim().is_empty() {
        return Err(ApiError::bad_request("a search needs a word of at least three characters")
            .help("use a word of three letters or more"));
    }
    let query = Query {
        words,
        kind: query.kind,
        limit: query.limit.unwrap_or(20).min(MAX_PAGE),
        offset: query.offset.unwrap_or(0).min(MAX_OFFSET),
    };
    let mut db = app.db.read().await?;
    let (total, rows) = search::run(&mut db, &query).await?;
    let packages = rows.into_iter().map(found).collect::<Result<_, _>>()?;
    Ok(Json(Search { total, packages }))
}

fn found(row: FoundRow) -> Result<Found, ApiError> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
    Ok(Found {
        package: row.name.parse().map_err(ApiError::internal)?,
        version: row.version.parse().map_err(ApiError::internal)?,
        kind: kind
            .ok_or_else(|| ApiError::internal(format!("kind `{}` in the database", row.kind)))?,
        description: row.description,
        license_class: row.license_class,
        size: unsigned(row.size)?,
    })
}
