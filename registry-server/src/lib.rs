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
//! | `sequence` | the one way by which events come into the log: judged, hashed, signed, in one transaction |
//! | `projection`, `db` | the public files, and the rows that they are made from |
//! | `founding`, `guard`, `advance`, [`Cosigners`] | how a log begins, when it must not go on, and how its head becomes public |
//! | [`accounts`], [`mod@fsck`] | what the operator does |
//! | [`root`] | drafts, signatures and publication of root documents |
//! | [`witness`] | cosigning the checkpoints of any log, for others |
//!
//! Nothing here reads the environment, prints, or exits; time and random bytes are passed in.

pub mod accounts;
pub mod clock;
pub mod entropy;
pub mod fsck;
pub mod key_file;
pub mod root;
pub mod witness;

mod advance;
mod advisory;
mod auth;
mod collect;
mod config;
mod cosign;
mod cosigners;
mod db;
mod error;
mod founding;
mod guard;
mod http;
mod log_key;
mod log_summary;
pub mod openapi;
mod projection;
mod publish;
mod registry;
mod routes;
mod sequence;
mod standing;
mod takedown;

pub use advisory::Exported;
pub use auth::TokenText;
pub use config::Config;
pub use cosign::{HttpCosigners, SetupError};
pub use cosigners::{Cosigners, NoCosigners, Seen};
pub use error::ApiError;
pub use http::serve;
pub use log_key::LogKeyError;
pub use log_summary::{LogSummary, WitnessSummary};
pub use registry::{App, OpenError, Registry};
pub use routes::router;
pub use takedown::{PlannedFile, Redacted, Removed, RestorePlan, TakedownPlan, TakedownRequest};
