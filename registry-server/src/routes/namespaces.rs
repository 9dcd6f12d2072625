//! `/api/v1/namespaces`.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use tare_format::Namespace;
use tare_format::api::{Changed, OwnerChange, Owners};

use crate::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::http::body;
use crate::http::params::Params;
use crate::standing;

pub(super) async fn owners(
    State(app): State<App>,
    Params(namespace): Params<String>,
) -> Result<Json<Owners>, ApiError> {
    let owners = standing::owners(&app, &parse(&namespace)?).await?;
    Ok(Json(Owners { owners }))
}

pub(super) async fn change_owner(
    State(app): State<App>,
    Caller(principal): Caller,
    Params(namespace): Params<String>,
    body: Body,
) -> Result<Json<Changed>, ApiError> {
    let namespace = parse(&namespace)?;
    let change: OwnerChange =
        body::json(body, app.config.limits.json_size, app.config.idle_timeout).await?;
    standing::change_owner(&app, &principal, &namespace, change).await.map(Json)
}

fn parse(text: &str) -> Result<Namespace, ApiError> {
    text.parse()
        .map_err(|error: tare_format::name::NameError| ApiError::bad_request(error.to_string()))
}
