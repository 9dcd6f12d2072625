//! `tare install`.

use serde_json::json;
use tare_client::advisory::Gate;
use tare_client::install::{Installed, install, link_project};
use tare_client::source::Source;
use tare_client::update::update;
use tare_client::usage;
use tare_format::lock::Lock;
use tare_license::audit::Severity;

use super::audit::policy_of;
use super::lock::{SignerArgs, request, save, show_changes};
use crate::context::Context;
use crate::error::CommandError;
use crate::session::{Session, open_project, warn_of_standings};
use crate::ui::{bytes, count};

/// Install what the project depends on
///
/// Everything that Tare.lock names is fetched, verified and linked into `.tare/packages`. A missing or outdated lock is
/// made first. Where everything is in place already, the registry is not asked. What an advisory forbids is refused, unless
/// `audit.toml` ignores that advisory.
#[derive(Debug, clap::Args)]
pub(crate) struct InstallArgs {
    #[command(flatten)]
    signers: SignerArgs,
}

pub(super) async fn run(args: &InstallArgs, context: &Context) -> Result<(), CommandError> {
    let mut project = open_project(context)?;
    let session = Session::open(context, project.lock()).await?;
    let source = session.source();
    let updated = update(&source, &project, &request(&args.signers, context)).await?;
    show_changes(&updated.changes, context);
    save(&mut project, &updated, context)?;
    // Remembered before anything is there, so that nobody prunes it from under this install.
    usage::remember(source.home(), project.root()).map_err(|error| {
        CommandError::io("failed to note that this project uses the store", &error)
    })?;
    let gate = Gate::new(policy_of(project.root(), context)?, context.now());
    let installed = install(&source, &updated.lock, &gate).await?;
    warn_of_advisories(context, &source, &updated.lock, &gate)?;
    if !updated.resolved {
        warn_of_standings(context, source.local(), &updated.lock);
    }
    link_project(&project, &updated.lock, &installed)?;
    show(&installed, context);
    if context.global.json {
        let all: Vec<_> = installed.iter().map(to_json).collect();
        context.terminal.print_json(&json!({ "installed": all }));
    }
    Ok(())
}

/// Says what advisories mean for what was installed all the same, those that are ignored left out.
pub(super) fn warn_of_advisories(
    context: &Context,
    source: &Source<'_>,
    lock: &Lock,
    gate: &Gate,
) -> Result<(), CommandError> {
    let findings = gate.findings(source.local(), lock)?;
    let loud = findings.iter().filter(|finding| finding.severity >= Severity::Warning);
    for finding in loud.filter(|finding| finding.waiver.is_none()) {
        context.terminal.warn(format!("{} ({})", finding.message, finding.fix));
    }
    Ok(())
}

fn show(installed: &[Installed], context: &Context) {
    let changed: Vec<&Installed> = installed.iter().filter(|one| one.changed).collect();
    for one in &changed {
        context.terminal.status("Installed", format!("{} ({})", title(one), bytes(one.size_bytes)));
    }
    let total = installed.iter().map(|one| one.size_bytes).fold(0, u64::saturating_add);
    let all = count(installed.len(), "package");
    context.terminal.status("Finished", format!("{all}, {}, {} new", bytes(total), changed.len()));
}

/// The release, with its variant where there is one.
pub(super) fn title(installed: &Installed) -> String {
    match &installed.variant {
        Some(variant) => format!("{}:{variant}", installed.id),
        None => installed.id.to_string(),
    }
}

/// What `--json` prints of an installed release.
pub(super) fn to_json(installed: &Installed) -> serde_json::Value {
    json!({
        "package": installed.id.name,
        "version": installed.id.version,
        "variant": installed.variant,
        "path": installed.path,
        "size": installed.size_bytes,
        "changed": installed.changed,
    })
}
