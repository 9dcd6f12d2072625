//! `tare mirror sync`.

use std::path::PathBuf;

use tare_client::error::{ClientError as _, ErrorKind};
use tare_client::mirror::pace::about;
use tare_client::mirror::sync::{SyncOptions, Synced};
use tare_client::mirror::{Mirror, MirrorError};

use super::LimitArgs;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::bytes;

/// Bring the mirror to what the registry shows
///
/// A run that is stopped or killed at any point is gone on with by the next one. What was taken down is deleted first.
#[derive(Debug, clap::Args)]
pub(crate) struct SyncArgs {
    /// The mirror; the current folder when left out
    dir: Option<PathBuf>,
    /// Sync again after so many seconds, a little more or less, until stopped
    #[arg(long, value_name = "SECONDS")]
    watch: Option<u32>,
    /// Let more than a twentieth of the mirror go at once
    #[arg(long)]
    allow_mass_delete: bool,
    #[command(flatten)]
    limits: LimitArgs,
}

pub(super) async fn run(args: &SyncArgs, context: &Context) -> Result<(), CommandError> {
    let mirror = super::open(args.dir.as_deref(), context).await?;
    let Some(seconds) = args.watch else {
        let synced = sync(&mirror, args, context).await?;
        mirror.close().await;
        show(&synced, context);
        return Ok(());
    };
    loop {
        match sync(&mirror, args, context).await {
            Ok(synced) => show(&synced, context),
            // A registry that is away comes back; what contradicts itself does not by waiting.
            Err(SyncError::Mirror(error)) if error.kind() == ErrorKind::Network => {
                context.terminal.warn(error.to_string());
            }
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(about(seconds)).await;
    }
}

enum SyncError {
    Mirror(MirrorError),
    Setup(CommandError),
}

impl From<SyncError> for CommandError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Mirror(error) => error.into(),
            SyncError::Setup(error) => error,
        }
    }
}

async fn sync(mirror: &Mirror, args: &SyncArgs, context: &Context) -> Result<Synced, SyncError> {
    let source = super::source(mirror, context).map_err(SyncError::Setup)?;
    let options = SyncOptions {
        limits: args.limits.over(mirror.config().limits),
        allow_mass_delete: args.allow_mass_delete,
    };
    mirror.sync(&source, options).await.map_err(SyncError::Mirror)
}

fn show(synced: &Synced, context: &Context) {
    if context.global.json {
        context.terminal.print_json(synced);
        return;
    }
    if let Some(size) = synced.stale_source {
        let message =
            format!("the source is behind: it has {size} events, the mirror {}", synced.to);
        context.terminal.warn(message);
        return;
    }
    if let Some(why) = &synced.paused {
        context.terminal.warn(format!("{why}; the next run goes on from here"));
    }
    let mut line = format!(
        "{} events, {} releases came, {} objects went, {} fetched in {} requests",
        synced.to,
        synced.added,
        synced.deleted,
        bytes(synced.fetched),
        synced.requests
    );
    match synced.missing {
        0 => {}
        1 => line.push_str("; 1 release is still missing"),
        count => line.push_str(&format!("; {count} releases are still missing")),
    }
    if !synced.is_proven && synced.paused.is_none() {
        line.push_str("; `head` waits for other witnesses");
    }
    context.terminal.status("Synced", line);
}
