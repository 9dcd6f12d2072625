//! `tare update`.

use jiff::Timestamp;
use semver::Version;
use serde_json::json;
use tare_client::install::bytes_to_fetch;
use tare_client::resolve::Update;
use tare_client::update::{Request, update};
use tare_format::{PackageName, ReleaseId};

use super::lock::{SignerArgs, request, save, show_changes, to_json};
use crate::context::Context;
use crate::error::CommandError;
use crate::instant::parse_as_of;
use crate::session::{Session, open_project};
use crate::ui::bytes;

/// Move locked dependencies to newer versions that Tare.toml allows
///
/// Without names, everything may move; with names, these may, and others only as far as these need it.
#[derive(Debug, clap::Args)]
pub(crate) struct UpdateArgs {
    /// What may move
    #[arg(value_name = "PACKAGE")]
    packages: Vec<PackageName>,
    /// The version that the one named package must come to
    #[arg(long, value_name = "VERSION")]
    precise: Option<Version>,
    /// Resolve as if it were the end of this day, or this instant
    #[arg(long, value_name = "DATE", value_parser = parse_as_of)]
    as_of: Option<Timestamp>,
    #[command(flatten)]
    signers: SignerArgs,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(args: &UpdateArgs, context: &Context) -> Result<(), CommandError> {
    let mut project = open_project(context)?;
    let session = Session::open(context, project.lock()).await?;
    let updated = update(&session.source(), &project, &wanted(args, context)?).await?;
    show_changes(&updated.changes, context);
    let needed = bytes_to_fetch(session.local(), &updated.lock)?;
    if args.dry_run && !updated.changes.is_empty() {
        context.terminal.warn("nothing was written, because of `--dry-run`");
    }
    if !args.dry_run {
        save(&mut project, &updated, context)?;
    }
    if context.global.json {
        let mut result = to_json(&updated, args.dry_run);
        result["bytes-to-fetch"] = json!(needed);
        context.terminal.print_json(&result);
    } else if updated.changes.is_empty() {
        context.terminal.status("Unchanged", "everything is as new as Tare.toml allows");
    } else if needed > 0 {
        context
            .terminal
            .status("To fetch", format!("{} at most, with `tare install`", bytes(needed)));
    }
    Ok(())
}

fn wanted(args: &UpdateArgs, context: &Context) -> Result<Request, CommandError> {
    let precise = match (&args.precise, args.packages.as_slice()) {
        (None, _) => None,
        (Some(version), [name]) => Some(ReleaseId { name: name.clone(), version: version.clone() }),
        (Some(_), _) => {
            return Err(CommandError::usage("`--precise` needs the one package that it is for")
                .help("write `tare update ns/name --precise 1.2.3`"));
        }
    };
    let update = match args.packages.is_empty() {
        true => Update::Everything,
        false => Update::Only(args.packages.iter().cloned().collect()),
    };
    Ok(Request { update, precise, as_of: args.as_of, ..request(&args.signers, context) })
}
