//! The witness over HTTP: two paths, with the statuses of C2SP tlog-witness.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use tokio::net::TcpListener;

use super::{MAX_REQUEST, Refusal, Witness};
use crate::config::Config;
use crate::error::chain;
use crate::http::accept::accept;
use crate::http::body;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const SIZE: HeaderValue = HeaderValue::from_static("text/x.tlog.size");

/// The routes of a witness; it is both the submission and the monitoring prefix.
pub fn router(witness: Arc<Witness>, config: &Config) -> Router {
    let patience = config.idle_timeout;
    let add = move |State(witness): State<Arc<Witness>>, body: Body| async move {
        match body::collect(body, MAX_REQUEST, patience).await {
            Ok(bytes) => add_checkpoint(witness, bytes.to_vec()).await,
            Err(error) => {
                let status = StatusCode::from_u16(error.code().status());
                said(status.unwrap_or(StatusCode::BAD_REQUEST), error.detail())
            }
        }
    };
    Router::new()
        .route("/add-checkpoint", post(add))
        .route("/{origin}/checkpoint", get(newest))
        .with_state(witness)
}

/// Serves a witness until `shutdown` is ready. Of `config` only the time-outs and the cap on connections matter.
///
/// # Errors
/// Only when the listener itself fails.
pub async fn serve(
    witness: Arc<Witness>,
    config: &Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    accept(config, router(witness, config), listener, shutdown).await
}

async fn add_checkpoint(witness: Arc<Witness>, bytes: Vec<u8>) -> Response {
    // Waits for the disk.
    let done = tokio::task::spawn_blocking(move || witness.add_checkpoint(&bytes)).await;
    match done {
        Ok(Ok(line)) => ([(CONTENT_TYPE, TEXT)], format!("{line}\n")).into_response(),
        Ok(Err(refusal)) => refused(&refusal),
        Err(error) => failed(&error),
    }
}

async fn newest(State(witness): State<Arc<Witness>>, Path(origin): Path<String>) -> Response {
    let done = tokio::task::spawn_blocking(move || witness.newest(&origin)).await;
    match done {
        Ok(Ok(Some(note))) => {
            let cache = HeaderValue::from_static("no-cache");
            ([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, cache)], note).into_response()
        }
        Ok(Ok(None)) => said(StatusCode::NOT_FOUND, "nothing was cosigned for this log"),
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::Request(_) | Refusal::Checkpoint(_) | Refusal::Backwards { .. } => {
            StatusCode::BAD_REQUEST
        }
        Refusal::Unknown { .. } => StatusCode::NOT_FOUND,
        Refusal::Unsigned(_) => StatusCode::FORBIDDEN,
        Refusal::Conflict { size, .. } => {
            tracing::info!(cause = chain(refusal), "refused");
            let size = format!("{size}\n");
            return (StatusCode::CONFLICT, [(CONTENT_TYPE, SIZE)], size).into_response();
        }
        Refusal::Inconsistent { .. } => {
            // It is signed by the log, so it may be the proof that the log shows different people different trees.
            tracing::warn!(cause = chain(refusal), "a log does not continue");
            return said(StatusCode::UNPROCESSABLE_ENTITY, &chain(refusal));
        }
        Refusal::Record { .. } | Refusal::Sign(_) | Refusal::Note(_) => return failed(refusal),
    };
    tracing::info!(cause = chain(refusal), "refused");
    said(status, &chain(refusal))
}

/// What went wrong here stays here.
fn failed(error: &dyn std::error::Error) -> Response {
    tracing::error!(cause = chain(error), "failed");
    said(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed")
}

fn said(status: StatusCode, text: &str) -> Response {
    (status, [(CONTENT_TYPE, TEXT)], format!("{text}\n")).into_response()
}
