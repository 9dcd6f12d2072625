//! The accept loop. axum's own sets no timer, so that a client which never ends its header would hold a connection for
//! ever; here every wait has an end, and the number of connections has one too.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use super::connection::{Running, Watched};
use crate::{App, Config, advance, router};

/// How many streams one HTTP/2 connection may have open.
const HTTP2_STREAMS: u32 = 100;

/// How often dead sessions are looked for.
const COLLECT_EVERY: Duration = Duration::from_secs(600);

/// Serves a registry on `listener` until `shutdown` is ready; then takes no new connection, and lets requests end for
/// as long as the configuration says.
///
/// # Errors
/// Only when the listener itself fails.
pub async fn serve(
    registry: App,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let app = router(Arc::clone(&registry));
    let collector = tokio::spawn(collect_for_ever(Arc::clone(&registry)));
    let advancing = tokio::spawn(advance::for_ever(Arc::clone(&registry)));
    let done = accept(&registry.config, app, listener, shutdown).await;
    collector.abort();
    advancing.abort();
    done
}

/// Serves any routes with the time-outs and the cap on connections of `config`.
///
/// # Errors
/// Only when the listener itself fails.
pub(crate) async fn accept(
    config: &Config,
    app: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(config.connections));
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, stream) = tokio::select! {
            (place, accepted) = accepted => (place, accepted),
            () = &mut shutdown => break,
        };
        match stream {
            Ok((stream, _)) => {
                let connection = graceful.watch(connection(config, stream, app.clone()));
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(error = %error, "a connection ended early");
                    }
                    drop(place);
                });
            }
            Err(error) => pause(&error).await,
        }
    }
    drop(listener);
    if tokio::time::timeout(config.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut off");
    }
    Ok(())
}

/// One connection with its time-outs.
fn connection(
    config: &Config,
    stream: TcpStream,
    app: Router,
) -> impl hyper_util::server::graceful::GracefulConnection<
    Error = Box<dyn std::error::Error + Send + Sync>,
> + Send
+ use<> {
    // Without this a small answer waits for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let running = Running::default();
    let stream = Watched::new(stream, running.clone(), config.idle_timeout);
    let service = service_fn(move |request: Request<Incoming>| {
        let (app, run) = (app.clone(), running.start());
        async move {
            let response = app.oneshot(request.map(Body::new)).await;
            drop(run);
            response as Result<Response<Body>, Infallible>
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(config.header_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS)
        .max_header_list_size(16 << 10)
        .keep_alive_interval(Some(config.idle_timeout))
        .keep_alive_timeout(config.idle_timeout);
    builder.serve_connection(TokioIo::new(stream), service).into_owned()
}

/// Without file handles the next accept fails at once, so the loop would spin.
async fn pause(error: &io::Error) {
    tracing::warn!(error = %error, "a connection could not be accepted");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

async fn collect_for_ever(registry: App) {
    let mut ticks = tokio::time::interval(COLLECT_EVERY);
    loop {
        ticks.tick().await;
        match registry.collect().await {
            Ok(0) => {}
            Ok(sessions) => tracing::info!(sessions, "collected dead publish sessions"),
            Err(error) => {
                tracing::error!(cause = crate::error::chain(&error), "collecting failed");
            }
        }
    }
}
