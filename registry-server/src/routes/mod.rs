//! The routes: one table, which the router, `openapi.json` and the authorization test are made from.
//!
//! A handler extracts, authorizes, calls and maps. What it needs from its caller stands in its row.

mod about;
mod advisories;
mod endpoint;
mod files;
mod namespaces;
mod packages;
mod sessions;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post, put};
use http::Method;
use tare_format::advisory::Advisory;
use tare_format::api;
use tare_format::problem::Code;
use tare_format::registry::Registry as Document;
use tare_format::release::Release;
use tare_format::scope::Action;
use tower_http::catch_panic::CatchPanicLayer;

use crate::App;
use crate::error::ApiError;
use crate::http::envelope;

pub(crate) use endpoint::{Endpoint, Needs, Shape};

use Needs::{Nothing, Scope, Token};
use Shape::{Bytes, Lines};

/// Every route of the registry, grouped by who calls it.
pub(crate) fn table() -> Vec<Endpoint> {
    let mut table = files();
    table.extend(log());
    table.extend(about());
    table.extend(publishing());
    table.extend(standing());
    table
}

/// Public files: on disk under `public/`, at the same path.
fn files() -> Vec<Endpoint> {
    let file = |path, summary| Endpoint::get(path, Nothing, summary, get(files::object));
    vec![
        file("/registry.json", "What the registry says of itself").gives(json::<Document>()),
        file("/packages/{namespace}/{name}", "A package's page: its events").gives(Lines),
        file("/releases/{folder}/{sha256}", "A release document").gives(json::<Release>()),
        file("/meta/{folder}/{sha256}", "A meta archive").gives(Bytes(GZIP)),
        file("/recipes/{folder}/{blake3}", "A recipe").gives(Bytes(OCTETS)),
        file("/locations/{folder}/{blake3}", "Where a recipe's chunks lie").gives(Bytes(OCTETS)),
        file("/packs/{folder}/{blake3}", "A pack, or a range of it").gives(Bytes(OCTETS)),
        file("/signatures/{folder}/{sha256}", "A signature bundle").gives(Bytes(JSON)),
    ]
}

/// The log, what is current by it, and whose word that is: on disk under `public/`, at the same path.
fn log() -> Vec<Endpoint> {
    let file = |path, summary| Endpoint::get(path, Nothing, summary, get(files::object));
    vec![
        file("/head", "What is current, proven, with enough cosignatures").gives(Bytes(TEXT)),
        file("/head.pending", "What is current, for who cosigns").gives(Bytes(TEXT)),
        file("/checkpoint", "The checkpoint of the head").gives(Bytes(TEXT)),
        file("/root/{document}", "A root document, or which is the newest").gives(Bytes(TEXT)),
        file("/tile/{*path}", "Hashes of the log's tree, or its entries").gives(Bytes(OCTETS)),
        file("/events/{*path}", "Events of the log").gives(Lines),
        file("/state/{folder}/{sha256}", "A node of the state map").gives(Bytes(OCTETS)),
        file("/notices", "The events that concern everybody").gives(Lines),
        file("/namespaces/{namespace}", "A namespace's page: its events").gives(Lines),
    ]
}

/// What the registry says of itself and its users.
fn about() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/api/openapi.json", Nothing, "This document", get(about::openapi))
            .gives(Bytes(JSON)),
        Endpoint::get("/api/v1/health", Nothing, "Whether the registry works", get(about::health))
            .gives(json::<api::Health>()),
        Endpoint::get("/api/v1/search", Nothing, "Find packages", get(about::search))
            .queries(about::SEARCH_QUERY)
            .gives(json::<api::Search>()),
        Endpoint::get("/api/v1/whoami", Token, "Whose the token is", get(about::whoami))
            .gives(json::<api::Whoami>()),
    ]
}

/// Publish sessions.
fn publishing() -> Vec<Endpoint> {
    const SESSION: &str = "/api/v1/sessions/{id}";
    let needs = Scope(Action::Publish);
    let send = |path, summary, handler| Endpoint::put(path, needs, summary, handler);
    vec![
        Endpoint::post("/api/v1/sessions", needs, "Open a session", post(sessions::open))
            .takes(json::<api::OpenSession>())
            .status(201)
            .gives(json::<api::Session>()),
        Endpoint::get(SESSION, needs, "What a session still lacks", get(sessions::show))
            .gives(json::<api::Session>()),
        Endpoint::delete(SESSION, needs, "End a session", delete(sessions::close)),
        send("/api/v1/sessions/{id}/meta/{sha256}", "Send a meta archive", put(sessions::meta))
            .takes(Bytes(GZIP)),
        send("/api/v1/sessions/{id}/recipes/{blake3}", "Send a recipe", put(sessions::recipe))
            .takes(Bytes(OCTETS)),
        Endpoint::get(
            "/api/v1/sessions/{id}/missing/{blake3}",
            needs,
            "Which chunks of a recipe are missing",
            get(sessions::missing),
        )
        .gives(Bytes(OCTETS)),
        send("/api/v1/sessions/{id}/packs/{blake3}", "Send a pack", put(sessions::pack))
            .takes(Bytes(OCTETS)),
        send(
            "/api/v1/sessions/{id}/signatures/{release}",
            "Send the signature of a release",
            put(sessions::signature),
        )
        .takes(Bytes(JSON)),
        send(
            "/api/v1/sessions/{id}/signers/{key}",
            "Offer a key for packages that have none yet",
            put(sessions::signer),
        )
        .takes(Bytes(PEM)),
        Endpoint::post(
            "/api/v1/sessions/{id}/commit",
            needs,
            "Publish all of it, or say whether that would work",
            post(sessions::commit),
        )
        .queries(sessions::COMMIT_QUERY)
        .gives(json::<api::Committed>()),
    ]
}

/// What is published, and who decides about it.
fn standing() -> Vec<Endpoint> {
    const SIGNERS: &str = "/api/v1/packages/{namespace}/{name}/signers";
    const OWNERS: &str = "/api/v1/namespaces/{namespace}/owners";
    const ADVISORIES: &str = "/api/v1/advisories";
    let security = Scope(Action::Security);
    let (yank, owner) = (Scope(Action::Yank), Scope(Action::Owner));
    let status = |path, summary, handler| {
        Endpoint::post(path, yank, summary, handler)
            .takes(json::<api::StatusChange>())
            .gives(json::<api::Changed>())
    };
    vec![
        status(
            "/api/v1/packages/{namespace}/{name}/{version}/yank",
            "Hide a version from new resolutions",
            post(packages::yank),
        ),
        status(
            "/api/v1/packages/{namespace}/{name}/{version}/unyank",
            "Take a yank back",
            post(packages::unyank),
        ),
        status(
            "/api/v1/packages/{namespace}/{name}/{version}/withdraw",
            "Make a version not installable",
            post(packages::withdraw),
        ),
        Endpoint::post(ADVISORIES, security, "Log an advisory", post(advisories::add))
            .takes(json::<Advisory>())
            .gives(json::<api::Changed>()),
        Endpoint::get(SIGNERS, Nothing, "The keys that may sign", get(packages::signers))
            .gives(json::<api::Signers>()),
        Endpoint::post(SIGNERS, owner, "Add or remove a key", post(packages::change_signer))
            .takes(json::<api::SignerChange>())
            .gives(json::<api::Changed>()),
        Endpoint::get(OWNERS, Nothing, "Who owns a namespace", get(namespaces::owners))
            .gives(json::<api::Owners>()),
        Endpoint::post(OWNERS, owner, "Add or remove an owner", post(namespaces::change_owner))
            .takes(json::<api::OwnerChange>())
            .gives(json::<api::Changed>()),
    ]
}

fn json<T: schemars::JsonSchema>() -> Shape {
    Shape::json::<T>()
}

const GZIP: &str = "application/gzip";
const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";
const NDJSON: &str = "application/x-ndjson";
const TEXT: &str = "text/plain; charset=utf-8";
const PEM: &str = "application/x-pem-file";

/// The registry as a service. [`serve`](crate::serve) puts it behind a socket.
pub fn router(registry: App) -> Router {
    let mut router: Router<App> = Router::new();
    for endpoint in table() {
        router = router.route(endpoint.path, endpoint.handler);
    }
    router
        .method_not_allowed_fallback(wrong_method)
        .fallback(nothing_there)
        .layer(CatchPanicLayer::custom(envelope::panicked))
        .layer(from_fn_with_state(Arc::clone(&registry), envelope::wrap))
        .with_state(registry)
}

async fn nothing_there() -> ApiError {
    ApiError::not_found("there is nothing at this path")
        .help("the paths are in `/api/openapi.json`")
}

async fn wrong_method(method: Method) -> ApiError {
    ApiError::new(
        Code::MethodNotAllowed,
        format!("the method `{method}` is not allowed at this path"),
    )
}
