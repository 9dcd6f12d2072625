//! `/api/v1/sessions`.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use tare_format::api::{Committed, OpenSession, Session as Described};
use tare_format::{Blake3, Sha256};

use super::endpoint::Parameter;
use crate::App;
use crate::auth::{Caller, Principal};
use crate::collect;
use crate::error::ApiError;
use crate::http::body;
use crate::http::params::{Params, Queried};
use crate::publish::session::{Session, describe, missing_chunks};
use crate::publish::{commit as committing, open as opening, pack as packs, upload};

pub(super) const COMMIT_QUERY: &[Parameter] =
    &[("dry-run", "boolean", "Check everything and change nothing.")];

pub(super) async fn open(
    State(app): State<App>,
    Caller(principal): Caller,
    body: Body,
) -> Result<(StatusCode, Json<Described>), ApiError> {
    // A document and the JSON string around it: every quote may double.
    let cap = app.config.limits.release_size.saturating_add(app.config.limits.json_size);
    let body: OpenSession = body::json(body, cap, app.config.idle_timeout).await?;
    let session = opening::open(&app, &principal, body).await?;
    Ok((StatusCode::CREATED, Json(session)))
}

pub(super) async fn show(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(id): Params<String>,
) -> Result<Json<Described>, ApiError> {
    let session = Session::find(&app, &principal, &id).await?;
    describe(&app, &session).await.map(Json)
}

pub(super) async fn close(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(id): Params<String>,
) -> Result<StatusCode, ApiError> {
    let session = Session::find(&app, &principal, &id).await?;
    collect::close(&app, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn meta(
    State(app): State<App>,
    Caller(principal): Caller,
    Params((id, digest)): Params<(String, String)>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let session = find_open(&app, &principal, &id).await?;
    let digest = sha256(&digest)?;
    let cap = app.config.limits.meta_packed_size;
    let bytes = body::collect(body, cap, app.config.idle_timeout).await?;
    upload::meta(&app, &session, digest, bytes).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn recipe(
    State(app): State<App>,
    Caller(principal): Caller,
    Params((id, digest)): Params<(String, String)>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let session = find_open(&app, &principal, &id).await?;
    let digest = blake3(&digest)?;
    let cap = app.config.limits.recipe_size;
    let bytes = body::collect(body, cap, app.config.idle_timeout).await?;
    upload::recipe(&app, &session, digest, bytes).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn missing(
    State(app): State<App>,
    Caller(principal): Caller,
    Params((id, recipe)): Params<(String, String)>,
) -> Result<Response, ApiError> {
    let session = Session::find(&app, &principal, &id).await?;
    let bits = missing_chunks(&app, &session, blake3(&recipe)?).await?;
    Ok(([(CONTENT_TYPE, super::OCTETS)], bits).into_response())
}

pub(super) async fn pack(
    State(app): State<App>,
    Caller(principal): Caller,
    Params((id, digest)): Params<(String, String)>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let session = find_open(&app, &principal, &id).await?;
    packs::upload(&app, &session, blake3(&digest)?, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn signature(
    State(app): State<App>,
    Caller(principal): Caller,
    Params((id, release)): Params<(String, String)>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let session = find_open(&app, &principal, &id).await?;
    let release = sha256(&release)?;
    let cap = app.config.limits.signature_size;
    let bytes = body::collect(body, cap, app.config.idle_timeout).await?;
    upload::signature(&app, &session, release, bytes).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn signer(
    State(app): State<App>,
    Caller(principal): Caller,
    Params((id, key)): Params<(String, String)>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let session = find_open(&app, &principal, &id).await?;
    let key = sha256(&key)?;
    let pem = body::collect(body, app.config.limits.json_size, app.config.idle_timeout).await?;
    upload::signer(&app, &session, key, &pem).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The query of a commit.
#[derive(Deserialize)]
pub(super) struct CommitQuery {
    #[serde(default, rename = "dry-run")]
    dry_run: bool,
}

pub(super) async fn commit(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(id): Params<String>,
    Queried(query): Queried<CommitQuery>,
) -> Result<Json<Committed>, ApiError> {
    let session = Session::find(&app, &principal, &id).await?;
    // On a task of its own: a client that goes away in the middle must not stop a commit between its transaction and
    // its public files.
    let committing =
        tokio::spawn(
            async move { committing::commit(&app, &principal, &session, query.dry_run).await },
        );
    committing.await.map_err(ApiError::internal)?.map(Json)
}

async fn find_open(app: &App, principal: &Principal, id: &str) -> Result<Session, ApiError> {
    let session = Session::find(app, principal, id).await?;
    session.require_open()?;
    Ok(session)
}

fn sha256(hex: &str) -> Result<Sha256, ApiError> {
    Sha256::from_hex(hex).map_err(|error| ApiError::bad_request(error.to_string()))
}

fn blake3(hex: &str) -> Result<Blake3, ApiError> {
    Blake3::from_hex(hex).map_err(|error| ApiError::bad_request(error.to_string()))
}
