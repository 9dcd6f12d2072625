//! `tare bundle`: everything that a lock needs in one file, for machines without a network.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tare_client::advisory::Gate;
use tare_client::bundle::{self, BundleFile, Created, Imported};
use tare_client::credentials::Tokens;
use tare_client::home::Home;
use tare_client::local::Local;
use tare_client::registry::RegistryClient;
use tare_format::bundle::Bundle;

use super::audit::policy_of;
use crate::context::Context;
use crate::error::CommandError;
use crate::session::{Session, locked, open_local, open_project};
use crate::ui::{Table, Text, bytes, count};

/// Carry what a lock needs to machines that reach no registry, in one file that proves itself
#[derive(Debug, clap::Subcommand)]
pub(crate) enum BundleCommand {
    /// Write a bundle of everything that the project's lock names
    ///
    /// It holds the contents of the chosen variants, and whatever a machine with nothing on it needs to verify them: root
    /// documents, the head, pages and their proofs, signatures.
    Create {
        /// The file to write; it must not be there
        file: PathBuf,
        /// Verify everything that would go in, and write nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Verify a bundle and put what it holds into the local store
    ///
    /// `tare install --locked --offline` makes no request after that, in every project with that lock. A bundle from before
    /// what this machine has seen of the registry is compared with that, for which the registry is asked where it has to be.
    Import {
        /// The bundle
        file: PathBuf,
        /// Lay it out in this folder as a registry instead, for a file server
        #[arg(long, value_name = "DIR")]
        to_mirror: Option<PathBuf>,
        /// Verify it, and keep nothing
        #[arg(long, conflicts_with = "to_mirror")]
        dry_run: bool,
    },
    /// Show what a bundle holds, or says that it holds: nothing is verified
    Show {
        /// The bundle
        file: PathBuf,
        /// Print its lock and nothing else
        #[arg(long)]
        lock: bool,
    },
}

pub(super) async fn run(command: BundleCommand, context: &Context) -> Result<(), CommandError> {
    match command {
        BundleCommand::Create { file, dry_run } => {
            create(&context.resolve(&file), dry_run, context).await
        }
        BundleCommand::Import { file, to_mirror, dry_run } => {
            import(&context.resolve(&file), to_mirror, dry_run, context).await
        }
        BundleCommand::Show { file, lock } => show(&context.resolve(&file), lock, context),
    }
}

async fn create(
    file: &std::path::Path,
    dry_run: bool,
    context: &Context,
) -> Result<(), CommandError> {
    let project = open_project(context)?;
    let lock = locked(context, &project)?;
    let session = Session::open(context, Some(lock)).await?;
    let scratch = Home::new(context.home()).root().join("staging");
    let client = session.into_client();
    let made = bundle::create(client, lock, file, &scratch, context.now(), dry_run).await?;
    if context.global.json {
        context.terminal.print_json(&created(&made));
        return Ok(());
    }
    let what = format!(
        "{}, {} in {}",
        count(made.releases, "release"),
        bytes(made.size_bytes),
        count(made.members, "member")
    );
    match &made.path {
        Some(path) => {
            context.terminal.status("Bundled", format!("{what}: `{}`", context.show(path)));
            context.terminal.status("Next", "take it over, and there: tare bundle import FILE");
        }
        None => context.terminal.status("Would bundle", what),
    }
    Ok(())
}

async fn import(
    file: &std::path::Path,
    to_mirror: Option<PathBuf>,
    dry_run: bool,
    context: &Context,
) -> Result<(), CommandError> {
    let (progress, now) = (context.progress(), context.now());
    let bundle = Arc::new(BundleFile::open(file)?);
    let staging = Home::new(context.home()).root().join("staging");
    let scratch = || {
        let fail = |error| CommandError::io("failed to make a folder to verify in", &error);
        std::fs::create_dir_all(&staging).map_err(fail)?;
        tempfile::tempdir_in(&staging).map_err(fail)
    };
    let imported = if let Some(folder) = &to_mirror {
        let scratch = scratch()?;
        let local = Local::open(Home::new(scratch.path()))?;
        bundle::unpack(&bundle, &context.resolve(folder), local, now, &progress).await?
    } else {
        let scratch = dry_run.then(scratch).transpose()?;
        let local = match &scratch {
            Some(scratch) => Local::open(Home::new(scratch.path()))?,
            None => open_local(context)?,
        };
        let gate = Gate::new(policy_of(context.cwd(), context)?, now);
        let registry = registry_of(&bundle, context)?;
        bundle::import(&bundle, local, registry.as_ref(), &gate, now, &progress).await?
    };
    tell(&imported, to_mirror.as_deref(), dry_run, context)
}

/// The registry of a bundle, if the configuration knows it and it may be asked.
fn registry_of(
    bundle: &BundleFile,
    context: &Context,
) -> Result<Option<RegistryClient>, CommandError> {
    let id = bundle.lock().packages.first().map(|package| &package.registry);
    let config = context.config()?;
    let known = config.registries().find(|known| known.id.is_some() && known.id.as_ref() == id);
    match known.filter(|_| !context.is_offline()) {
        Some(known) => Ok(Some(context.client(known, Tokens::default())?)),
        None => Ok(None),
    }
}

fn tell(
    imported: &Imported,
    to_mirror: Option<&std::path::Path>,
    dry_run: bool,
    context: &Context,
) -> Result<(), CommandError> {
    let known = context.config()?;
    let known = known.registries().find(|known| known.id.as_ref() == Some(&imported.registry));
    let name = known.map(|known| known.name.clone());
    if context.global.json {
        let releases: Vec<_> = imported.releases.iter().map(|one| one.id.to_string()).collect();
        context.terminal.print_json(&json!({
            "registry": imported.registry,
            "name": name,
            "root-sha256": imported.root.0,
            "root-version": imported.root.1,
            "head": imported.head,
            "releases": releases,
            "dry-run": dry_run,
        }));
        return Ok(());
    }
    let terminal = &context.terminal;
    let (root, version) = &imported.root;
    match &name {
        Some(name) => terminal.status("Registry", format!("`{name}`, {}", imported.registry)),
        None => terminal.warn(format!(
            "no registry of the configuration is {}: compare this with its publisher: root {root}, version {version}",
            imported.registry
        )),
    }
    terminal.status("Proven", format!("under the head of {} events", imported.head.size));
    let what = count(imported.releases.len(), "release");
    match to_mirror {
        Some(folder) => {
            terminal.status("Unpacked", format!("{what} into `{}`", context.show(folder)))
        }
        None if dry_run => terminal.status("Verified", format!("{what}; nothing was kept")),
        None => {
            terminal.status("Imported", what);
            terminal.status("Next", "in a project with this lock: tare install --locked --offline");
        }
    }
    Ok(())
}

fn show(file: &std::path::Path, lock: bool, context: &Context) -> Result<(), CommandError> {
    let bundle = BundleFile::open(file)?;
    let Bundle { head, members, .. } = bundle.contents();
    let size = members.iter().map(|member| member.size).fold(0, u64::saturating_add);
    if lock {
        let text = bundle.lock().to_text();
        let text = text.map_err(|error| CommandError::usage(error.to_string()))?;
        context.terminal.print(&Text::from(text.trim_end()));
        return Ok(());
    }
    let releases: Vec<_> =
        bundle.lock().packages.iter().map(|package| package.id().to_string()).collect();
    if context.global.json {
        context.terminal.print_json(&json!({
            "head": head, "releases": releases, "members": members, "size": size,
        }));
        return Ok(());
    }
    let mut table = Table::new();
    for (key, value) in [
        ("registry", head.registry.to_string()),
        ("head", format!("{} events, root {}", head.size, head.root)),
        ("members", format!("{}, {}", members.len(), bytes(size))),
        ("releases", releases.join(" ")),
    ] {
        table.row([Text::new().dim(key), Text::from(value)]);
    }
    table.print(&context.terminal);
    Ok(())
}

fn created(made: &Created) -> serde_json::Value {
    json!({
        "path": made.path,
        "head": made.head,
        "releases": made.releases,
        "members": made.members,
        "size": made.size_bytes,
    })
}
