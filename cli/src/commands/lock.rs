//! `tare lock`, and what the other commands that change a lock show of it.

use jiff::Timestamp;
use serde_json::{Value, json};
use tare_client::lock::LockChange;
use tare_client::project::Project;
use tare_client::update::{Request, Updated, update};
use tare_format::PackageName;

use crate::context::Context;
use crate::error::CommandError;
use crate::instant::parse_as_of;
use crate::session::{Session, open_project, project_error, warn_of_standings};

/// Resolve the project's dependencies and write Tare.lock
///
/// A lock that answers Tare.toml stays as it is. With `--locked` nothing is written, and a lock that would have to change
/// is an error.
#[derive(Debug, clap::Args)]
pub(crate) struct LockArgs {
    /// Resolve as if it were the end of this day, or this instant
    #[arg(long, value_name = "DATE", value_parser = parse_as_of)]
    as_of: Option<Timestamp>,
    #[command(flatten)]
    signers: SignerArgs,
}

/// Whose new signers a command that may change the lock accepts.
#[derive(Debug, clap::Args)]
pub(super) struct SignerArgs {
    /// Accept that releases of this package are signed by somebody else than before
    #[arg(long, value_name = "PACKAGE")]
    accept_signer: Vec<PackageName>,
}

pub(super) async fn run(args: &LockArgs, context: &Context) -> Result<(), CommandError> {
    let mut project = open_project(context)?;
    let session = Session::open(context, project.lock()).await?;
    let request = Request { as_of: args.as_of, ..request(&args.signers, context) };
    let updated = update(&session.source(), &project, &request).await?;
    if !updated.resolved {
        warn_of_standings(context, session.local(), &updated.lock);
    }
    show_changes(&updated.changes, context);
    save(&mut project, &updated, context)?;
    if context.global.json {
        context.terminal.print_json(&to_json(&updated, false));
    } else if updated.changes.is_empty() {
        context.terminal.status("Unchanged", context.show(&project.root().join("Tare.lock")));
    }
    Ok(())
}

/// A request that changes only what it must.
pub(super) fn request(signers: &SignerArgs, context: &Context) -> Request {
    let accept_signers = signers.accept_signer.iter().cloned().collect();
    Request { locked: context.global.locked, accept_signers, ..Request::default() }
}

/// Writes the lock if it changed and may.
pub(super) fn save(
    project: &mut Project,
    updated: &Updated,
    context: &Context,
) -> Result<(), CommandError> {
    if context.global.locked {
        return Ok(());
    }
    project.save_lock(updated.lock.clone()).map_err(|error| project_error(context, error))
}

/// One line for each change.
pub(super) fn show_changes(changes: &[LockChange], context: &Context) {
    for change in changes {
        let (verb, object) = match change {
            LockChange::Added(id) => ("Adding", id.to_string()),
            LockChange::Removed(id) => ("Removing", id.to_string()),
            LockChange::Moved { name, from, to } if from < to => {
                ("Updating", format!("{name} {from} -> {to}"))
            }
            LockChange::Moved { name, from, to } => {
                ("Downgrading", format!("{name} {from} -> {to}"))
            }
            LockChange::Variant { id, to } => {
                let to = to.as_ref().map_or("none", |variant| variant.as_str());
                ("Changing", format!("{id} to variant {to}"))
            }
        };
        context.terminal.status(verb, object);
    }
}

/// What `--json` prints of a lock that was brought up to date.
pub(super) fn to_json(updated: &Updated, dry_run: bool) -> Value {
    json!({
        "changes": updated.changes.iter().map(change_to_json).collect::<Vec<_>>(),
        "packages": updated.lock.packages.len(),
        "ancestors": updated.lock.ancestors.len(),
        "dry-run": dry_run,
    })
}

fn change_to_json(change: &LockChange) -> Value {
    match change {
        LockChange::Added(id) => json!({ "change": "added", "package": id.name, "to": id.version }),
        LockChange::Removed(id) => {
            json!({ "change": "removed", "package": id.name, "from": id.version })
        }
        LockChange::Moved { name, from, to } => {
            json!({ "change": "moved", "package": name, "from": from, "to": to })
        }
        LockChange::Variant { id, to } => {
            json!({ "change": "variant", "package": id.name, "version": id.version, "variant": to })
        }
    }
}
