//! `tare mirror plan`.

use std::path::PathBuf;

use tare_client::mirror::plan::{Plan, Planned};

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Table, Text, Tone, bytes};

/// Show what a sync would do, and do nothing of it
///
/// With `--verbose` or `--json`, each release that is left out is shown with the reason.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    /// The mirror; the current folder when left out
    dir: Option<PathBuf>,
}

pub(super) async fn run(args: &PlanArgs, context: &Context) -> Result<(), CommandError> {
    let mirror = super::open(args.dir.as_deref(), context).await?;
    let source = super::source(&mirror, context)?;
    let plan = mirror.plan(&source).await?;
    mirror.close().await;
    if context.global.json {
        let added = plan.added();
        let mut document = serde_json::to_value(&plan)
            .map_err(|error| CommandError::io("failed to show the plan", &error))?;
        if let Some(fields) = document.as_object_mut() {
            fields.insert("added".to_owned(), serde_json::json!(added));
        }
        context.terminal.print_json(&document);
        return Ok(());
    }
    show(&plan, context);
    Ok(())
}

fn show(plan: &Plan, context: &Context) {
    let mut table = Table::new().right(2).right(3);
    for takedown in &plan.takedowns {
        let what = format!("what event {} took down", takedown.index);
        let by = format!("{}, by {}", takedown.class, takedown.deadline);
        table.row([
            Text::new().toned(Tone::Bad, "delete"),
            Text::from(what),
            Text::new(),
            Text::new(),
            Text::from(by),
        ]);
    }
    for (sign, list) in [("add", &plan.add), ("remove", &plan.remove)] {
        list.iter().for_each(|planned| table.row(row(sign, planned)));
    }
    table.print(&context.terminal);
    let mut left_out = Table::new().right(1).right(2);
    for (reason, count) in &plan.left_out {
        left_out.row([
            Text::new().dim(format!("left out: {reason}")),
            Text::from(count.releases.to_string()),
            Text::from(bytes(count.bytes)),
        ]);
    }
    left_out.print(&context.terminal);
    if context.global.verbose > 0 {
        show_left_out(plan, context);
    }
    let added = plan.added();
    context.terminal.status("Events", format!("{} to {}", plan.from, plan.to));
    context
        .terminal
        .status("Adding", format!("{} files, up to {}", added.objects, bytes(added.bytes)));
    let removed = plan.removed;
    let line = format!("{} objects, {}", removed.objects, bytes(removed.bytes));
    context.terminal.status("Removing", line);
    let held = format!("{} releases, {}", plan.held.releases, bytes(plan.held.bytes));
    context.terminal.status("Holding", held);
}

/// Each release that is left out, and why.
fn show_left_out(plan: &Plan, context: &Context) {
    let mut table = Table::new();
    for release in &plan.left_out_releases {
        let needs = release.needs.as_ref().map(|needs| format!("it needs {needs}"));
        let detail = release.detail.clone().or(needs).unwrap_or_default();
        table.row([
            Text::new().toned(Tone::Name, release.id.to_string()),
            Text::from(release.reason.to_string()),
            Text::new().dim(detail),
        ]);
    }
    table.print(&context.terminal);
}

fn row(sign: &str, planned: &Planned) -> [Text; 5] {
    let size = if planned.bytes > 0 { bytes(planned.bytes) } else { String::new() };
    let files = if planned.files > 0 { planned.files.to_string() } else { String::new() };
    [
        Text::from(sign),
        Text::new().toned(Tone::Name, planned.id.to_string()),
        Text::from(files),
        Text::from(size),
        Text::new().dim(&planned.why),
    ]
}
