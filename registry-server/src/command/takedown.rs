//! `tare-registry takedown` and `tare-registry restore`.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use registry_server::{App, PlannedFile, TakedownPlan, TakedownRequest};
use serde_json::json;
use tare_format::event::{Class, Scope};
use tare_format::{ReleaseId, Sha256};

use super::{Common, output};

/// What `takedown` takes.
#[derive(Args)]
pub(super) struct TakedownArgs {
    /// The releases whose bytes go, as `ns/name@1.2.0`
    releases: Vec<ReleaseId>,
    /// A file that goes from every release, by its SHA-256 in hex; may be repeated
    #[arg(long = "file", value_parser = sha256)]
    files: Vec<Sha256>,
    /// Why: csam, pii, copyright, licence, malware, court, other
    #[arg(long, value_parser = class, required_unless_present = "resume")]
    class: Option<Class>,
    /// Your own name for the notice, as in `case-12`; the notice itself is not logged
    #[arg(long, required_unless_present = "resume")]
    notice: Option<String>,
    /// Within how many hours mirrors have to obey, as in `24h`; by class if not given
    #[arg(long, value_parser = hours)]
    deadline: Option<u32>,
    /// The countries where it holds, as in `DE,FR`; everywhere if not given
    #[arg(long, value_delimiter = ',')]
    scope: Vec<String>,
    /// Remove the bytes here too, although it holds only in some countries
    #[arg(long, requires = "scope")]
    here: bool,
    /// Where to appeal
    #[arg(long)]
    appeal: Option<String>,
    /// Say what would go, and change nothing
    #[arg(long, conflicts_with = "resume")]
    dry_run: bool,
    /// Only remove what an earlier takedown that was cut off has left
    #[arg(long, conflicts_with_all = ["releases", "files"])]
    resume: bool,
    #[command(flatten)]
    common: Common,
}

/// What `restore` takes.
#[derive(Args)]
pub(super) struct RestoreArgs {
    /// The number of the takedown's event
    event: u64,
    /// A folder with public files of this registry that still has the bytes: a backup's `public`, or a mirror
    #[arg(long)]
    from: Option<PathBuf>,
    /// Say what would come back, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

pub(super) async fn run(args: TakedownArgs) -> anyhow::Result<()> {
    let (registry, alone) = args.common.operate().await?;
    let done = take_down(args, &registry, alone).await;
    registry.close().await;
    done
}

async fn take_down(args: TakedownArgs, registry: &App, alone: bool) -> anyhow::Result<()> {
    let json = args.common.json;
    if args.resume {
        let removed = registry.remove_taken_down(alone).await?;
        output::talk(format!("removed {} objects", removed.objects));
        return Ok(());
    }
    let dry_run = args.dry_run;
    let request = request(args)?;
    let plan = registry.plan_takedown(&request).await?;
    if !json {
        print(&plan);
    }
    if dry_run {
        if json {
            output::json(&json!({ "event": null, "plan": plan }))?;
        }
        return Ok(());
    }
    let event = registry.take_down(&request).await?;
    let removed = registry
        .remove_taken_down(alone)
        .await
        .context("the takedown is logged and not all bytes are gone: `--resume` goes on")?;
    if alone {
        registry.advance().await?;
    }
    if json {
        return output::json(&json!({ "event": event, "plan": plan, "removed": removed }));
    }
    output::talk(format!("event {event} is logged, and {} objects are gone", removed.objects));
    Ok(())
}

fn request(args: TakedownArgs) -> anyhow::Result<TakedownRequest> {
    let scope = match args.scope.as_slice() {
        [] => Scope::Global,
        countries => serde_json::from_value(json!(countries))?,
    };
    let (Some(class), Some(notice)) = (args.class, args.notice) else {
        bail!("a takedown needs `--class` and `--notice`");
    };
    Ok(TakedownRequest {
        releases: args.releases,
        files: args.files,
        class,
        scope,
        deadline_hours: args.deadline,
        notice,
        appeal: args.appeal,
        here: args.here,
    })
}

fn print(plan: &TakedownPlan) {
    let line = |what: &str, file: &PlannedFile| {
        let PlannedFile { release, path, size, sha256 } = file;
        output::data(format!("{what} {release} {path} {size} bytes {sha256}"));
    };
    plan.files.iter().for_each(|file| line("goes", file));
    plan.kept.iter().for_each(|file| line("stays, another release has it:", file));
    for meta in &plan.meta_archives {
        output::data(format!("goes meta archive {meta}"));
    }
    output::talk(format!(
        "{} chunks with {} stored bytes; {} packs go, {} are written anew",
        plan.chunks, plan.bytes, plan.packs_removed, plan.packs_rewritten
    ));
}

pub(super) async fn restore(args: RestoreArgs) -> anyhow::Result<()> {
    if args.dry_run {
        return plan_restore(&args).await;
    }
    let (registry, alone) = args.common.operate().await?;
    let event = registry.restore(args.event, args.from.as_deref()).await?;
    if alone {
        registry.advance().await?;
    }
    registry.close().await;
    if args.common.json {
        return output::json(&json!({ "event": event }));
    }
    output::talk(format!("the takedown {} is taken back by event {event}", args.event));
    Ok(())
}

async fn plan_restore(args: &RestoreArgs) -> anyhow::Result<()> {
    let registry = args.common.attach().await?;
    let plan = registry.plan_restore(args.event, args.from.as_deref()).await;
    registry.close().await;
    let plan = plan?;
    if args.common.json {
        return output::json(&json!({ "event": null, "plan": plan }));
    }
    plan.releases.iter().for_each(|id| output::data(format_args!("installable again {id}")));
    plan.files.iter().for_each(|what| output::data(format_args!("comes from the copy {what}")));
    plan.meta_archives.iter().for_each(|what| output::data(format_args!("is there again {what}")));
    output::talk(format!(
        "nothing has changed: a `restore` of event {} would be logged",
        args.event
    ));
    Ok(())
}

pub(super) fn class(text: &str) -> Result<Class, String> {
    serde_json::from_value(json!(text))
        .map_err(|_| "expected csam, pii, copyright, licence, malware, court or other".to_owned())
}

fn sha256(text: &str) -> Result<Sha256, String> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    Sha256::from_hex(digits).map_err(|error| error.to_string())
}

fn hours(text: &str) -> Result<u32, String> {
    let hours = text.strip_suffix('h').and_then(|number| number.parse().ok());
    hours.filter(|hours| *hours > 0).ok_or_else(|| "expected as in `24h`".to_owned())
}
