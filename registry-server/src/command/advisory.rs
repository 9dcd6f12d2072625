//! `tare-registry advisory`: what the registry says of releases and files.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::json;
use tare_format::advisory::Advisory;

use super::{Common, output};

/// What is done with advisories.
#[derive(Subcommand)]
pub(super) enum AdvisoryVerb {
    /// Log an advisory of the registry itself, or a newer version of one
    Add {
        /// The advisory as JSON
        file: PathBuf,
        /// Check it and say what would be logged, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Write every advisory for other tools
    Export {
        /// The folder for one OSV document an advisory, and `advisories.jsonl`
        #[arg(long)]
        osv: PathBuf,
    },
}

pub(super) async fn run(verb: AdvisoryVerb, common: &Common) -> anyhow::Result<()> {
    match verb {
        AdvisoryVerb::Add { file, dry_run } => {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("failed to read `{}`", file.display()))?;
            let advisory = Advisory::parse(&text)
                .with_context(|| format!("`{}` is no advisory", file.display()))?;
            if dry_run { plan(&advisory, common).await? } else { add(advisory, common).await? }
        }
        AdvisoryVerb::Export { osv } => {
            let registry = common.attach().await?;
            let exported = registry.export_osv(&osv).await?;
            registry.close().await;
            if common.json {
                return output::json(&exported);
            }
            output::talk(format!(
                "wrote {} documents and {} lines to `{}`",
                exported.documents,
                exported.lines,
                osv.display()
            ));
        }
    }
    Ok(())
}

async fn add(advisory: Advisory, common: &Common) -> anyhow::Result<()> {
    let id = advisory.id.clone();
    let (registry, alone) = common.operate().await?;
    let changed = registry.add_advisory(advisory).await?;
    if alone {
        registry.advance().await?;
    }
    registry.close().await;
    if common.json {
        return output::json(&changed);
    }
    match changed.event {
        Some(event) => output::talk(format!("`{id}` is logged as event {event}")),
        None => output::talk(format!("`{id}` is logged already")),
    }
    Ok(())
}

async fn plan(advisory: &Advisory, common: &Common) -> anyhow::Result<()> {
    let registry = common.attach().await?;
    let is_new = registry.plan_advisory(advisory).await;
    registry.close().await;
    let is_new = is_new?;
    if common.json {
        return output::json(&json!({ "changed": is_new, "event": null, "advisory": advisory }));
    }
    for one in &advisory.affected {
        output::data(format_args!("affects {} {}", one.package, one.versions));
    }
    advisory.hashes.iter().for_each(|hash| output::data(format_args!("affects content {hash}")));
    let (id, action) = (&advisory.id, advisory.action);
    output::talk(match is_new {
        true => format!("nothing has changed: `{id}` would be logged, with the action `{action}`"),
        false => format!("nothing would change: `{id}` is logged already"),
    });
    Ok(())
}
