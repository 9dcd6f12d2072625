//! `tare-registry log`.

use registry_server::Registry;

use super::{Common, output};

/// What is done with the log.
#[derive(clap::Subcommand)]
pub(super) enum LogVerb {
    /// Say how large the log is, and what is public of it
    Show,
    /// Write every public file anew from the database
    ///
    /// A server must not be running. Files that are right already are written again with the same bytes.
    Project {
        /// Only say which files are missing or differ
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) async fn run(verb: LogVerb, common: &Common) -> anyhow::Result<()> {
    match verb {
        LogVerb::Show => show(common).await,
        LogVerb::Project { dry_run: true } => differences(common).await,
        LogVerb::Project { dry_run: false } => project(common).await,
    }
}

async fn show(common: &Common) -> anyhow::Result<()> {
    let registry = common.attach().await?;
    let summary = registry.log_summary().await?;
    registry.close().await;
    if common.json {
        return output::json(&summary);
    }
    output::data(format_args!("origin     {}", summary.origin));
    output::data(format_args!("size       {}", summary.size));
    output::data(format_args!("root       {}", summary.root));
    output::data(format_args!("time       {}", summary.time));
    output::data(format_args!("document   {}", summary.root_version));
    output::data(format_args!("public     {}", summary.published));
    for witness in &summary.witnesses {
        let size = match witness.cosigned {
            Some(size) => format!("cosigned {size}"),
            None => "has cosigned nothing yet".to_owned(),
        };
        output::data(format_args!("witness    {} {size}", witness.label));
    }
    for (kind, count) in &summary.events {
        output::data(format_args!("{count:>8}   {kind}"));
    }
    Ok(())
}

async fn differences(common: &Common) -> anyhow::Result<()> {
    let registry = common.attach().await?;
    let differing = registry_server::fsck::differing(&registry).await?;
    registry.close().await;
    if common.json {
        return output::json(&differing);
    }
    differing.iter().for_each(output::data);
    output::talk(format!("{} files would be written", differing.len()));
    Ok(())
}

async fn project(common: &Common) -> anyhow::Result<()> {
    let registry = Registry::open(common.config()).await?;
    registry.project_anew().await?;
    let summary = registry.log_summary().await?;
    registry.close().await;
    output::talk(format!("wrote the public files of {} events", summary.size));
    Ok(())
}
