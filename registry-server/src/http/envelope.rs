//! What every answer gets: a request id, the error envelope, the headers of a careful server, one line in the log.
//!
//! An [`ApiError`] leaves a handler as an empty response that carries it; the body is written here, where the id of the
//! request is known. So is the log line, which has no header, no body and no query in it, and so no secret.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderValue};
use http::{HeaderName, StatusCode, Version};
use tare_format::problem::{Code, Problem, Problems};
use tracing::Instrument as _;

use crate::App;
use crate::entropy::random;
use crate::error::{ApiError, chain};

/// The header that names a request, for the operator to find it in the log.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code().status());
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// The outermost layer.
pub(crate) async fn wrap(State(app): State<App>, request: Request, next: Next) -> Response {
    // An id is no secret; without random bytes the request is still worth answering.
    let id = random::<8>(app.entropy.as_ref()).unwrap_or_default();
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let route =
        request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "request",
        id,
        method = %request.method(),
        route,
        user = tracing::field::Empty
    );
    // Whether a request with both lengths was meant to end where hyper thinks it ends is not known behind another
    // server, so nothing follows a chunked request on its connection.
    let is_chunked = request.version() == Version::HTTP_11
        && request.headers().contains_key(header::TRANSFER_ENCODING);
    let start = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let error = response.extensions_mut().remove::<Arc<ApiError>>();
    span.in_scope(|| log(response.status(), start, error.as_deref()));
    if let Some(error) = error {
        write_problem(&mut response, &error, &id);
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    if is_chunked {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What a handler that panicked answers: nothing of the panic goes out.
pub(crate) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no text")
        .to_owned();
    ApiError::internal(format!("a handler panicked: {text}")).into_response()
}

fn write_problem(response: &mut Response, error: &ApiError, id: &str) {
    let problem = Problem {
        code: error.code(),
        detail: error.detail().to_owned(),
        help: error.help_text().map(str::to_owned),
        event: error.event_index(),
        request_id: Some(id.to_owned()),
    };
    let body = serde_json::to_vec(&Problems { errors: vec![problem] }).unwrap_or_default();
    let length = HeaderValue::from(body.len());
    *response.body_mut() = Body::from(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, length);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if matches!(error.code(), Code::Unauthenticated | Code::TokenExpired) {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
}

fn log(status: StatusCode, start: Instant, error: Option<&ApiError>) {
    let (status, millis) = (status.as_u16(), start.elapsed().as_millis());
    match error {
        Some(error) if status >= 500 => {
            tracing::error!(status, millis, code = %error.code(), cause = chain(error), "failed");
        }
        Some(error) => {
            tracing::info!(status, millis, code = %error.code(), detail = error.detail(), "refused");
        }
        None => tracing::info!(status, millis, "answered"),
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tower::ServiceExt as _;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_one_bad_answer_and_says_nothing() {
        async fn broken() -> StatusCode {
            panic!("a secret path")
        }
        let panicking = Router::new().route("/", get(broken));
        let service = panicking.layer(CatchPanicLayer::custom(panicked));
        let request = Request::builder().uri("/").body(Body::empty()).unwrap();
        let mut response = service.oneshot(request).await.unwrap();
        let error = response.extensions_mut().remove::<Arc<ApiError>>().unwrap();
        assert_eq!((error.code(), error.detail()), (Code::Internal, "the registry failed"));
        assert!(chain(error.as_ref()).ends_with("a handler panicked: a secret path"));
    }
}
