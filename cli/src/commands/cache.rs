//! `tare cache`.

use serde_json::json;
use tare_client::cache::{Removal, contents, remove, taken_down, unneeded};
use tare_client::local::Local;
use tare_client::verify::verify_store;

use super::verify::{outcome, show as show_verified};
use crate::context::Context;
use crate::error::CommandError;
use crate::session::open_local;
use crate::ui::{Table, Text, Tone, bytes, count};

/// Look at the local store, and make room
#[derive(Debug, clap::Subcommand)]
pub(crate) enum CacheCommand {
    /// List what it holds
    #[command(alias = "list")]
    Ls,
    /// Remove what no project needs
    ///
    /// What the lock of a project names that installed something on this machine is kept, unless it was taken down and
    /// `--takedowns` is given.
    Prune {
        /// Show what would be removed, and remove nothing
        #[arg(long)]
        dry_run: bool,
        /// Remove also what projects need; they fetch it again
        #[arg(long)]
        all: bool,
        /// Do not ask, with `--all`
        #[arg(long)]
        yes: bool,
        /// Remove only what was taken down, also what projects need
        #[arg(long, conflicts_with_all = ["all", "yes"])]
        takedowns: bool,
    },
    /// Read every file of it and compare digests
    Verify,
    /// Print where it is
    Dir,
}

pub(super) async fn run(command: CacheCommand, context: &Context) -> Result<(), CommandError> {
    match command {
        CacheCommand::Ls => list(context),
        CacheCommand::Prune { dry_run, takedowns: true, .. } => {
            let local = open_local(context)?;
            finish(&local, &taken_down(&local)?, dry_run, context)
        }
        CacheCommand::Prune { dry_run, all, yes, .. } => prune(dry_run, all, yes, context),
        CacheCommand::Verify => {
            let verified = verify_store(&open_local(context)?, &context.progress()).await?;
            show_verified(&verified, context);
            outcome(&verified)
        }
        CacheCommand::Dir => {
            if context.global.json {
                context.terminal.print_json(&json!({ "path": context.home() }));
            } else {
                context.terminal.print(&Text::from(context.home().display().to_string()));
            }
            Ok(())
        }
    }
}

fn list(context: &Context) -> Result<(), CommandError> {
    let contents = contents(&open_local(context)?)?;
    if context.global.json {
        let trees: Vec<_> = contents
            .trees
            .iter()
            .map(|tree| {
                json!({
                    "name": tree.name, "path": tree.path, "release": tree.release,
                    "size": tree.size_bytes, "needed": tree.is_needed,
                })
            })
            .collect();
        let part = |(count, size): (usize, u64)| json!({ "count": count, "size": size });
        context.terminal.print_json(&json!({
            "trees": trees,
            "files": part(contents.files),
            "partial": part(contents.partial),
            "documents": part(contents.documents),
            "pages": part(contents.pages),
            "projects": contents.projects,
        }));
        return Ok(());
    }
    let mut table = Table::new().right(1);
    for tree in &contents.trees {
        let note = match (tree.is_needed, tree.release.is_some()) {
            (true, _) => "",
            (false, true) => "no project needs it",
            (false, false) => "never finished",
        };
        table.row([
            Text::new().toned(Tone::Name, &tree.name),
            Text::from(bytes(tree.size_bytes)),
            Text::new().dim(note),
        ]);
    }
    for (name, (number, size)) in [
        ("contents", contents.files),
        ("unfinished downloads", contents.partial),
        ("documents", contents.documents),
        ("pages", contents.pages),
    ] {
        table.row([
            Text::new().dim(name),
            Text::from(bytes(size)),
            Text::new().dim(count(number, "file")),
        ]);
    }
    table.print(&context.terminal);
    Ok(())
}

fn prune(dry_run: bool, all: bool, yes: bool, context: &Context) -> Result<(), CommandError> {
    if all && !yes && !dry_run {
        return Err(CommandError::usage("`--all` removes what projects need")
            .help("look with `--dry-run` first, then add `--yes`"));
    }
    let local = open_local(context)?;
    let removals = unneeded(&local, all, now())?;
    finish(&local, &removals, dry_run, context)
}

/// Removes what is on the list, or only shows it.
fn finish(
    local: &Local,
    removals: &[Removal],
    dry_run: bool,
    context: &Context,
) -> Result<(), CommandError> {
    if !dry_run {
        remove(local, removals)?;
    }
    let size = removals.iter().map(|removal| removal.size_bytes).fold(0, u64::saturating_add);
    if context.global.json {
        let list: Vec<_> = removals
            .iter()
            .map(|removal| json!({ "what": removal.what, "path": removal.path, "size": removal.size_bytes }))
            .collect();
        context.terminal.print_json(&json!({ "removed": list, "size": size, "dry-run": dry_run }));
        return Ok(());
    }
    if dry_run {
        removals.iter().for_each(|removal| show(removal, context));
    }
    let verb = if dry_run { "Would free" } else { "Freed" };
    context.terminal.status(verb, format!("{} in {}", bytes(size), count(removals.len(), "place")));
    Ok(())
}

fn show(removal: &Removal, context: &Context) {
    let line = Text::from(removal.what.as_str()).dim(format!("  {}", removal.path.display()));
    context.terminal.print(&line);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the age of a download can only be told by the clock"
)]
fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}
