//! `tare-registry redact`.

use clap::Args;
use serde_json::json;
use tare_format::event::{Class, Residue};

use super::takedown::class;
use super::{Common, output};

/// What `redact` takes.
#[derive(Args)]
pub(super) struct RedactArgs {
    /// The number of the event
    event: u64,
    /// Why: csam, pii, copyright, licence, malware, court, other
    #[arg(long, value_parser = class)]
    class: Class,
    /// Only say which event it is
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

pub(super) async fn run(args: RedactArgs) -> anyhow::Result<()> {
    if args.dry_run {
        return plan(&args).await;
    }
    let (registry, alone) = args.common.operate().await?;
    let redacted = registry.redact(args.event, args.class).await?;
    if alone {
        registry.advance().await?;
    }
    registry.close().await;
    if args.common.json {
        let (event, erased) = (redacted.event, redacted.is_erased);
        let what = &redacted.residue;
        return output::json(&json!({ "event": event, "erased": erased, "redacted": what }));
    }
    let (number, what) = (args.event, words(&redacted.residue));
    output::talk(format!("event {number}, {what}, is redacted by event {}", redacted.event));
    if !redacted.is_erased {
        output::talk(
            "its text is in the database's write-ahead log until the server folds it: restart it to be sure",
        );
    }
    output::talk("copies have it until they follow the log, and backups for ever");
    Ok(())
}

async fn plan(args: &RedactArgs) -> anyhow::Result<()> {
    let registry = args.common.attach().await?;
    let planned = registry.plan_redaction(args.event).await;
    registry.close().await;
    let residue = planned?;
    if args.common.json {
        return output::json(&json!({ "redacted": residue }));
    }
    output::data(format_args!("event {} is {}", args.event, words(&residue)));
    output::talk("nothing was redacted; a redaction cannot be taken back");
    Ok(())
}

/// What an event was about.
fn words(residue: &Residue) -> String {
    match residue {
        Residue::Publish { package, version } => format!("the publication of {package}@{version}"),
        Residue::Yank { package, version } => format!("the yank of {package}@{version}"),
        Residue::Unyank { package, version } => {
            format!("the end of the yank of {package}@{version}")
        }
        Residue::Withdraw { package, version } => format!("the withdrawal of {package}@{version}"),
        Residue::Advisory { id, .. } => format!("the advisory {id}"),
        Residue::Takedown { releases } => {
            let releases: Vec<String> = releases.iter().map(ToString::to_string).collect();
            format!("the takedown of {}", releases.join(", "))
        }
        Residue::Inert => "an event without effect".to_owned(),
    }
}
