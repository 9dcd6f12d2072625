//! `tare advisory`: what is to be known of releases and files since they were published.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::json;
use tare_client::ErrorKind;
use tare_client::advisory::{AdvisoryError, all, export, versions};
use tare_client::error::chain;
use tare_client::source::Source;
use tare_format::PackageName;
use tare_format::advisory::{Advisory, AdvisoryAction, AdvisoryId};
use tare_format::limits::EVENT_LINE_SIZE;
use tare_format::manifest::from_toml;

use crate::commands::public::until_public;
use crate::context::Context;
use crate::error::CommandError;
use crate::session::Session;
use crate::ui::{Table, Text, Tone, count};

/// Read and publish advisories about releases and files
///
/// They are read from the registry's notices, which its log proves, so nobody can hold one back from you.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum AdvisoryCommand {
    /// Publish an advisory about packages of yours, or a newer version of one
    Publish {
        /// The advisory, as TOML or JSON
        file: PathBuf,
        /// Only check it, and show what it affects
        #[arg(long)]
        dry_run: bool,
    },
    /// List advisories
    List {
        /// Only those that name this package
        package: Option<PackageName>,
    },
    /// Show all that an advisory says
    Show {
        /// Its id, as `x_TARE-2026-1`
        id: AdvisoryId,
    },
    /// Write every advisory as an OSV document, and all as advisories.jsonl
    Export {
        /// The folder
        dir: PathBuf,
    },
}

pub(super) async fn run(command: AdvisoryCommand, context: &Context) -> Result<(), CommandError> {
    match command {
        AdvisoryCommand::Publish { file, dry_run } => {
            let advisory = read(&context.resolve(&file), context)?;
            if dry_run {
                affects(&advisory, context).await
            } else {
                publish(&advisory, context).await
            }
        }
        AdvisoryCommand::List { package } => list(package.as_ref(), context).await,
        AdvisoryCommand::Show { id } => show(&id, context).await,
        AdvisoryCommand::Export { dir } => {
            let session = Session::open(context, None).await?;
            let exported = export(&session.source(), &context.resolve(&dir)).await?;
            if context.global.json {
                context.terminal.print_json(&json!({ "documents": exported.documents }));
            } else {
                let documents = count(exported.documents, "document");
                context.terminal.status("Exported", format!("{documents} to {}", dir.display()));
            }
            Ok(())
        }
    }
}

/// An advisory from a file. What begins as a JSON object is JSON.
fn read(path: &Path, context: &Context) -> Result<Advisory, CommandError> {
    let name = context.show(path);
    let fail = |error| CommandError::io(format!("failed to read `{name}`"), &error);
    let mut text = String::new();
    let cap = EVENT_LINE_SIZE.saturating_add(1);
    let file = std::fs::File::open(path).map_err(fail)?;
    file.take(cap).read_to_string(&mut text).map_err(fail)?;
    let unusable =
        |problem: String| CommandError::usage(format!("`{name}` is no advisory: {problem}"));
    if text.len() as u64 > EVENT_LINE_SIZE {
        return Err(unusable(format!("it is longer than {EVENT_LINE_SIZE} bytes")));
    }
    if text.trim_start().starts_with('{') {
        return Advisory::parse(&text).map_err(|error| unusable(chain(&error).join(": ")));
    }
    let advisory: Advisory =
        from_toml(&text).map_err(|error| CommandError::in_file(Path::new(&name), &error))?;
    advisory.check().map_err(|error| unusable(chain(&error).join(": ")))?;
    Ok(advisory)
}

async fn publish(advisory: &Advisory, context: &Context) -> Result<(), CommandError> {
    let registry = context.registry()?;
    let changed = registry.publish_advisory(advisory).await?;
    until_public(&changed, &registry, context).await?;
    if context.global.json {
        context.terminal.print_json(&json!({
            "id": advisory.id, "changed": changed.changed, "event": changed.event,
        }));
        return Ok(());
    }
    let note = if changed.changed { "" } else { " (it was so before)" };
    context.terminal.status("Published", format!("{}{note}", advisory.id));
    Ok(())
}

/// Shows which releases of the registry an advisory would be about.
async fn affects(advisory: &Advisory, context: &Context) -> Result<(), CommandError> {
    let session = Session::open(context, None).await?;
    let source = session.source();
    let mut releases = Vec::new();
    for affected in &advisory.affected {
        let name = &affected.package;
        let known = versions(&source, affected).await?.ok_or_else(|| {
            let message = format!("`{}` names `{name}`, which is not in the registry", advisory.id);
            CommandError::new(ErrorKind::NotFound, "E-NO-PACKAGE", message)
        })?;
        let hit = known.iter().filter(|version| affected.versions.contains(version));
        releases.extend(hit.map(|version| format!("{name}@{version}")));
    }
    if context.global.json {
        context.terminal.print_json(&json!({
            "id": advisory.id, "releases": releases, "hashes": advisory.hashes,
        }));
        return Ok(());
    }
    for release in &releases {
        context.terminal.print(&Text::from(release.as_str()));
    }
    let (releases, hashes) =
        (count(releases.len(), "release"), count(advisory.hashes.len(), "digest"));
    context.terminal.status("Checked", format!("{}: {releases}, {hashes}", advisory.id));
    Ok(())
}

async fn list(package: Option<&PackageName>, context: &Context) -> Result<(), CommandError> {
    let session = Session::open(context, None).await?;
    let notices = session.source().pages().notices().await?;
    let is_meant =
        |advisory: &&Advisory| package.is_none_or(|package| advisory.packages().contains(package));
    let advisories: Vec<&Advisory> = all(&notices).filter(is_meant).collect();
    if context.global.json {
        context.terminal.print_json(&json!({ "advisories": advisories }));
        return Ok(());
    }
    let mut table = Table::new();
    for advisory in advisories {
        let standing = if advisory.is_in_force() { "" } else { "withdrawn" };
        table.row([
            Text::new().toned(Tone::Name, advisory.id.as_str()),
            Text::new().toned(tone(advisory.action), advisory.action.as_str()),
            Text::from(advisory.kind.as_str()),
            Text::from(advisory.summary.as_str()),
            Text::new().dim(standing),
        ]);
    }
    table.print(&context.terminal);
    Ok(())
}

async fn show(id: &AdvisoryId, context: &Context) -> Result<(), CommandError> {
    let session = Session::open(context, None).await?;
    let source: Source<'_> = session.source();
    let notices = source.pages().notices().await?;
    let found = all(&notices).find(|advisory| advisory.id == *id);
    let advisory = found.ok_or_else(|| AdvisoryError::NotFound { id: id.clone() })?;
    if context.global.json {
        context.terminal.print_json(advisory);
        return Ok(());
    }
    let title = Text::new().toned(Tone::Name, id.as_str()).plain(": ");
    context.terminal.print(&title.plain(advisory.summary.as_str()));
    let mut table = Table::new();
    for (name, value) in lines(advisory) {
        table.row([Text::new().dim(name), Text::from(value)]);
    }
    table.print(&context.terminal);
    for text in [&advisory.details, &advisory.remediation].into_iter().flatten() {
        context.terminal.print(&Text::new());
        text.lines().for_each(|line| context.terminal.print(&Text::from(line)));
    }
    Ok(())
}

fn lines(advisory: &Advisory) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("action", advisory.action.to_string()),
        ("kind", advisory.kind.to_string()),
        ("severity", advisory.severity.to_string()),
        ("confidence", advisory.confidence.to_string()),
        ("handed down", advisory.propagates.to_string()),
        ("published", advisory.published.to_string()),
        ("modified", advisory.modified.to_string()),
    ];
    lines.extend(advisory.withdrawn.map(|at| ("withdrawn", at.to_string())));
    let affected = advisory.affected.iter();
    lines.extend(affected.map(|one| ("affected", format!("{} {}", one.package, one.versions))));
    lines.extend(advisory.hashes.iter().map(|hash| ("content", hash.to_string())));
    lines.extend(advisory.superseded_by.iter().map(|id| ("use instead", id.to_string())));
    lines.extend(advisory.aliases.iter().map(|alias| ("also", alias.clone())));
    lines.extend(advisory.references.iter().map(|url| ("see", url.clone())));
    lines
}

const fn tone(action: AdvisoryAction) -> Tone {
    match action {
        AdvisoryAction::Info => Tone::Help,
        AdvisoryAction::Warn => Tone::Warn,
        AdvisoryAction::Block | AdvisoryAction::Quarantine | AdvisoryAction::Delete => Tone::Bad,
    }
}
