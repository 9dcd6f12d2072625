//! `tare mirror`: hold a registry, or a part of it, in a folder that any file server serves.

mod check;
mod init;
mod plan;
mod scrub;
mod status;
mod sync;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tare_client::credentials::Tokens;
use tare_client::mirror::Mirror;
use tare_client::mirror::folder::PRIVATE;
use tare_client::mirror::pace::Limits;
use tare_client::registry::RegistryClient;
use tare_format::registry::RegistryId;
use url::Url;

use crate::context::Context;
use crate::error::CommandError;

/// Hold a registry, or a part of it, in a folder that any file server serves
#[derive(Debug, clap::Subcommand)]
pub(crate) enum MirrorCommand {
    Init(Box<init::InitArgs>),
    Plan(plan::PlanArgs),
    Sync(sync::SyncArgs),
    Status(status::StatusArgs),
    Scrub(scrub::ScrubArgs),
    Check(check::CheckArgs),
}

/// The limits of a run; what is left out is as `mirror.toml` says.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct LimitArgs {
    /// How many bytes a second at most, as `20MB/s`
    #[arg(long, value_name = "RATE")]
    rate: Option<tare_client::mirror::amount::Rate>,
    /// In which hours contents may be fetched, in UTC, as `01:00-06:00`
    #[arg(long, value_name = "FROM-TO")]
    window: Option<tare_client::mirror::window::Window>,
    /// How many connections at a time
    #[arg(long, value_name = "COUNT")]
    max_conns: Option<u8>,
    /// How much of contents a run fetches at most, as `500GB`
    #[arg(long, value_name = "SIZE")]
    max_bytes_per_run: Option<tare_client::mirror::amount::ByteSize>,
}

impl LimitArgs {
    /// These limits, and where nothing is said those of `configured`.
    fn over(self, configured: Limits) -> Limits {
        Limits {
            rate: self.rate.or(configured.rate),
            window: self.window.or(configured.window),
            max_bytes: self.max_bytes_per_run.or(configured.max_bytes),
            max_connections: self.max_conns.or(configured.max_connections),
        }
    }
}

pub(super) async fn run(command: MirrorCommand, context: &Context) -> Result<(), CommandError> {
    match command {
        MirrorCommand::Init(args) => init::run(*args, context).await,
        MirrorCommand::Plan(args) => plan::run(&args, context).await,
        MirrorCommand::Sync(args) => sync::run(&args, context).await,
        MirrorCommand::Status(args) => status::run(&args, context).await,
        MirrorCommand::Scrub(args) => scrub::run(&args, context).await,
        MirrorCommand::Check(args) => check::run(&args, context).await,
    }
}

/// The mirror that is meant: the folder that was given, else the current one, else `mirror` in it.
async fn open(folder: Option<&Path>, context: &Context) -> Result<Mirror, CommandError> {
    let is_mirror = |folder: &PathBuf| folder.join(PRIVATE).is_dir();
    let root = match folder {
        Some(folder) => context.resolve(folder),
        None => {
            let here = context.cwd().to_owned();
            let below = here.join("mirror");
            if !is_mirror(&here) && is_mirror(&below) { below } else { here }
        }
    };
    Ok(Mirror::open(&root, Timestamp::now, context.progress()).await?)
}

/// A client for where a mirror fetches from. Nothing that it reads needs a token, so none is there that could leak; and
/// `TARE_MIRRORS` is not asked, where the mirror itself may be.
fn source(mirror: &Mirror, context: &Context) -> Result<RegistryClient, CommandError> {
    let config = mirror.config();
    let Some((last, first)) = config.sources.split_last() else {
        return Err(CommandError::usage("`mirror.toml` names no source"));
    };
    let client = client(last.clone(), &config.registry, context)?;
    Ok(client.with_mirrors(first.to_vec()))
}

/// A client for one place that must serve this registry.
fn client(url: Url, id: &RegistryId, context: &Context) -> Result<RegistryClient, CommandError> {
    let transport = Arc::new(context.transport()?);
    Ok(RegistryClient::new(transport, url, Some(id.clone()), Tokens::default()))
}
