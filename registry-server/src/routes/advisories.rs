//! `/api/v1/advisories`.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use tare_format::advisory::Advisory;
use tare_format::api::Changed;
use tare_format::limits::EVENT_LINE_SIZE;

use crate::auth::Caller;
use crate::error::{ApiError, chain};
use crate::http::body;
use crate::{App, advisory};

pub(super) async fn add(
    State(app): State<App>,
    Caller(principal): Caller,
    body: Body,
) -> Result<Json<Changed>, ApiError> {
    let bytes = body::collect(body, EVENT_LINE_SIZE, app.config.idle_timeout).await?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| ApiError::bad_request("the advisory is not UTF-8"))?;
    let document = Advisory::parse(text).map_err(|error| ApiError::invalid(chain(&error)))?;
    advisory::submit(&app, &principal, document).await.map(Json)
}
