//! The registry server: a folder of public files, a database that says what is in it, and an API that changes both.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use registry_server::{Config, Registry, serve};
//!
//! let config = Config::new("./tare-registry");
//! if !config.is_initialised() {
//!     Registry::init(&config).await?;
//! }
//! let registry = Registry::open(config).await?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! serve(registry, listener, async { /* stop when this is done */ }).await?;
//! # Ok(()) }
//! ```
//!
//! | module | for |
//! |---|---|
//! | `routes` | the table of all routes and their handlers: start here |
//! | `http` | the accept loop, bodies, the envelope of errors |
//! | `auth` | who asks, and whether they may |
//! | `publish` | sessions and the commit |
//! | `standing` | yank, withdrawal, owners, signers |
//! | `projection`, `db` | the public files, and the rows that they are made from |
//! | [`accounts`], [`mod@fsck`] | what the operator does |
//!
//! Nothing here reads the environment, prints, or exits; time and random bytes are passed in.

pub mod accounts;
pub mod clock;
pub mod entropy;
pub mod fsck;

mod auth;
mod collect;
mod config;
mod db;
mod error;
mod http;
pub mod openapi;
mod projection;
mod publish;
mod registry;
mod routes;
mod standing;

pub use auth::TokenText;
pub use config::Config;
pub use error::ApiError;
pub use http::serve;
pub use registry::{App, OpenError, Registry};
pub use routes::router;
