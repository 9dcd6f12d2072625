//! `tare mirror status`.

use std::path::PathBuf;

use jiff::Timestamp;
use tare_client::mirror::status::Status;

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Table, Text, Tone, bytes};

/// Show how the mirror is doing; no request is made
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// The mirror; the current folder when left out
    dir: Option<PathBuf>,
}

pub(super) async fn run(args: &StatusArgs, context: &Context) -> Result<(), CommandError> {
    let mirror = super::open(args.dir.as_deref(), context).await?;
    let status = mirror.status().await?;
    mirror.close().await;
    if context.global.json {
        context.terminal.print_json(&status);
    } else {
        show(&status, context);
    }
    Ok(())
}

fn show(status: &Status, context: &Context) {
    let mut table = Table::new();
    let time =
        |time: Option<Timestamp>| time.map_or_else(|| "never".to_owned(), |at| at.to_string());
    for (key, value) in [
        ("mirror", status.mirror.clone()),
        ("registry", status.registry.to_string()),
        ("log", format!("{} events, head proves {}", status.size, status.head_size)),
        ("lag", format!("{} events", status.lag())),
        (
            "seen by a quorum",
            status.head_time.map_or("not asked for".to_owned(), |at| at.to_string()),
        ),
        ("last sync", time(status.last_sync)),
        ("last scrub", time(status.last_scrub)),
        ("objects", format!("{}, {}", status.objects, bytes(status.bytes))),
        ("missing", status.missing.to_string()),
        ("holds", format!("{} releases: {}", status.held.releases, status.coverage)),
        (
            "takedowns",
            format!("{} obeyed, {} open", status.obeyed_takedowns, status.open_takedowns.len()),
        ),
    ] {
        table.row([Text::new().dim(key), Text::from(value)]);
    }
    for (reason, count) in &status.left_out {
        let value = format!("{} releases, {}", count.releases, bytes(count.bytes));
        table.row([Text::new().dim(format!("left out: {reason}")), Text::from(value)]);
    }
    for takedown in &status.open_takedowns {
        let what =
            format!("event {}: {}, by {}", takedown.index, takedown.class, takedown.deadline);
        table.row([Text::new().toned(Tone::Bad, "to delete"), Text::from(what)]);
    }
    table.print(&context.terminal);
}
