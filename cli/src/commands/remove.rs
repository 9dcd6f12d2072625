//! `tare remove`.

use serde_json::json;
use tare_client::update::update;
use tare_format::PackageName;

use super::lock::{SignerArgs, request, save, show_changes, to_json};
use crate::context::Context;
use crate::error::CommandError;
use crate::session::{Session, open_project, project_error};

/// Remove dependencies from Tare.toml and the lock
#[derive(Debug, clap::Args)]
pub(crate) struct RemoveArgs {
    /// What to remove
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<PackageName>,
    #[command(flatten)]
    signers: SignerArgs,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(args: &RemoveArgs, context: &Context) -> Result<(), CommandError> {
    let mut project = open_project(context)?;
    for name in &args.packages {
        project.remove(name).map_err(|error| project_error(context, error))?;
    }
    let session = Session::open(context, project.lock()).await?;
    let updated = update(&session.source(), &project, &request(&args.signers, context)).await?;
    if !args.dry_run {
        project.save_manifest().map_err(|error| project_error(context, error))?;
        save(&mut project, &updated, context)?;
    }
    for name in &args.packages {
        context.terminal.status("Removing", format!("{name} from [dependencies]"));
    }
    show_changes(&updated.changes, context);
    if args.dry_run {
        context.terminal.warn("nothing was written, because of `--dry-run`");
    }
    if context.global.json {
        let mut result = to_json(&updated, args.dry_run);
        result["removed"] = json!(args.packages);
        context.terminal.print_json(&result);
    }
    Ok(())
}
