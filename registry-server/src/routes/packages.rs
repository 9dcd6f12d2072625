//! `/api/v1/packages`.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use semver::Version;
use serde::Deserialize;
use tare_format::PackageName;
use tare_format::api::{Changed, SignerChange, Signers, StatusChange};

use crate::App;
use crate::auth::{Caller, Principal};
use crate::db::{names, releases};
use crate::error::ApiError;
use crate::http::body;
use crate::http::params::Params;
use crate::standing::{self, Status};

/// A package in a path.
#[derive(Deserialize)]
pub(super) struct PackagePath {
    namespace: String,
    name: String,
}

/// A version of a package in a path.
#[derive(Deserialize)]
pub(super) struct VersionPath {
    namespace: String,
    name: String,
    version: String,
}

pub(super) async fn yank(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(path): Params<VersionPath>,
    body: Body,
) -> Result<Json<Changed>, ApiError> {
    change_status(&app, &principal, &path, body, Status::Yanked).await
}

pub(super) async fn unyank(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(path): Params<VersionPath>,
    body: Body,
) -> Result<Json<Changed>, ApiError> {
    change_status(&app, &principal, &path, body, Status::Live).await
}

pub(super) async fn withdraw(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(path): Params<VersionPath>,
    body: Body,
) -> Result<Json<Changed>, ApiError> {
    change_status(&app, &principal, &path, body, Status::Withdrawn).await
}

async fn change_status(
    app: &App,
    principal: &Principal,
    path: &VersionPath,
    body: Body,
    status: Status,
) -> Result<Json<Changed>, ApiError> {
    let name = package(&path.namespace, &path.name)?;
    let version: Version = path.version.parse().map_err(|error| {
        ApiError::bad_request(format!("`{}` is not a version: {error}", path.version))
    })?;
    let bytes = body::collect(body, app.config.limits.json_size, app.config.idle_timeout).await?;
    // To take a yank back needs no body.
    let change: StatusChange = if bytes.is_empty() {
        StatusChange::default()
    } else {
        serde_json::from_slice(&bytes).map_err(|error| {
            ApiError::bad_request(format!("the body is not what is expected here: {error}"))
        })?
    };
    standing::change_status(app, principal, &name, &version, status, change).await.map(Json)
}

pub(super) async fn signers(
    State(app): State<App>,
    Params(path): Params<PackagePath>,
) -> Result<Json<Signers>, ApiError> {
    let name = package(&path.namespace, &path.name)?;
    let mut db = app.db.read().await?;
    if names::package(&mut db, &name.key()).await?.is_none() {
        return Err(ApiError::not_found(format!("there is no package `{name}`")));
    }
    let signers = releases::signers(&mut db, &name.key()).await?;
    Ok(Json(Signers { signers }))
}

pub(super) async fn change_signer(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(path): Params<PackagePath>,
    body: Body,
) -> Result<Json<Changed>, ApiError> {
    let name = package(&path.namespace, &path.name)?;
    let change: SignerChange =
        body::json(body, app.config.limits.json_size, app.config.idle_timeout).await?;
    standing::change_signer(&app, &principal, &name, change).await.map(Json)
}

fn package(namespace: &str, name: &str) -> Result<PackageName, ApiError> {
    let text = format!("{namespace}/{name}");
    text.parse()
        .map_err(|error: tare_format::name::NameError| ApiError::bad_request(error.to_string()))
}
