//! `tare mirror status`.

use std::path::PathBuf;

use jiff::Timestamp;
use tare_client::ErrorKind;
use tare_client::mirror::status::{Status, TakedownStatus};

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Table, Text, Tone, ago, bytes};

/// Show how the mirror is doing; no request is made
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// The mirror; the current folder when left out
    dir: Option<PathBuf>,
    /// Fail when the last sync failed, or there was none
    #[arg(long)]
    check: bool,
    /// Fail when the mirror is more than so many events behind
    #[arg(long, value_name = "EVENTS", requires = "check")]
    max_lag: Option<u64>,
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
    if args.check { check(&status, args.max_lag) } else { Ok(()) }
}

fn check(status: &Status, max_lag: Option<u64>) -> Result<(), CommandError> {
    let fail = |code, message: String| Err(CommandError::new(ErrorKind::Failure, code, message));
    if status.failed_runs > 0 {
        let reason = status.last_failure.as_ref().map_or("no reason", |failure| &failure.reason);
        return fail("E-MIRROR-FAILED", format!("the last sync failed: {reason}"));
    }
    if status.last_sync.is_none() {
        return fail("E-MIRROR-FAILED", "the mirror was never synced".to_owned());
    }
    match max_lag {
        Some(most) if status.lag() > most => {
            let message =
                format!("the mirror is {} events behind, allowed are {most}", status.lag());
            fail("E-MIRROR-LAG", message)
        }
        _ => Ok(()),
    }
}

fn show(status: &Status, context: &Context) {
    let now = Timestamp::now();
    let time =
        |time: Option<Timestamp>| time.map_or_else(|| "never".to_owned(), |at| when(at, now));
    let open = status.open_takedowns().count();
    let mut table = Table::new();
    for (key, value) in [
        ("mirror", status.mirror.clone()),
        ("registry", status.registry.to_string()),
        ("log", format!("{} events, head proves {}", status.size, status.head_size)),
        ("lag", format!("{} events, {} seconds", status.lag(), status.lag_seconds())),
        (
            "seen by a quorum",
            status.head_time.map_or("not asked for".to_owned(), |at| when(at, now)),
        ),
        ("last sync", time(status.last_sync)),
        ("failed since", format!("{} syncs", status.failed_runs)),
        ("last scrub", time(status.last_scrub)),
        ("objects", format!("{}, {}", status.objects, bytes(status.bytes))),
        ("missing", status.missing.to_string()),
        ("holds", format!("{} releases: {}", status.held.releases, status.coverage)),
        (
            "takedowns",
            format!(
                "{} obeyed, {open} open, {} missed",
                status.obeyed_takedowns, status.missed_takedowns
            ),
        ),
    ] {
        table.row([Text::new().dim(key), Text::from(value)]);
    }
    if let Some(failure) = &status.last_failure {
        let value = format!("{}, {}: {}", when(failure.at, now), failure.code, failure.reason);
        let tone = if status.failed_runs > 0 { Tone::Bad } else { Tone::Plain };
        table.row([Text::new().toned(tone, "last failure"), Text::from(value)]);
    }
    for (reason, count) in &status.left_out {
        let value = format!("{} releases, {}", count.releases, bytes(count.bytes));
        table.row([Text::new().dim(format!("left out: {reason}")), Text::from(value)]);
    }
    status.takedowns.iter().for_each(|takedown| table.row(row(takedown, now)));
    table.print(&context.terminal);
}

/// A time, and how long ago it was.
fn when(at: Timestamp, now: Timestamp) -> String {
    let passed = u64::try_from(now.as_second() - at.as_second()).unwrap_or(0);
    format!("{at}, {}", ago(passed))
}

fn row(takedown: &TakedownStatus, now: Timestamp) -> [Text; 2] {
    let what = format!("event {}: {}, by {}", takedown.index, takedown.class, takedown.deadline);
    let what = match (takedown.obeyed, takedown.is_missed(now)) {
        (Some(obeyed), false) => format!("{what}; obeyed {obeyed}"),
        (Some(obeyed), true) => format!("{what}; obeyed too late, {obeyed}"),
        (None, false) => what,
        (None, true) => format!("{what}; the deadline has passed"),
    };
    let key = if takedown.obeyed.is_some() { "deleted" } else { "to delete" };
    let is_good = takedown.obeyed.is_some() && !takedown.is_missed(now);
    let key = if is_good { Text::new().dim(key) } else { Text::new().toned(Tone::Bad, key) };
    [key, Text::from(what)]
}
