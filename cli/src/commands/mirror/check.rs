//! `tare mirror check`.

use std::path::PathBuf;

use tare_client::error::ErrorKind;
use tare_client::mirror::check::Checked;
use tare_client::origin::registry_url;

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::Text;

/// Look at another mirror: is it on the same log, how far, with the right bytes, without what was taken down
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Where the other mirror is
    url: String,
    /// The mirror to compare with; the current folder when left out
    dir: Option<PathBuf>,
}

pub(super) async fn run(args: &CheckArgs, context: &Context) -> Result<(), CommandError> {
    let url = registry_url(&args.url).map_err(|error| CommandError::usage(error.to_string()))?;
    let mirror = super::open(args.dir.as_deref(), context).await?;
    let other = super::client(url, &mirror.config().registry, context)?;
    let checked = mirror.check(&other).await?;
    mirror.close().await;
    if context.global.json {
        context.terminal.print_json(&checked);
    } else {
        show(&checked, context);
    }
    match checked.verdict() {
        None => Ok(()),
        Some(kind) => Err(failure(&checked, kind)),
    }
}

fn show(checked: &Checked, context: &Context) {
    for line in checked.wrong.iter().chain(&checked.still_served) {
        context.terminal.print(&Text::from(line.as_str()));
    }
    let line = format!(
        "{} events, {} behind; {} objects right, {} absent, {} wrong; {} of {} tombstones still served",
        checked.size,
        checked.lag(),
        checked.right,
        checked.absent,
        checked.wrong.len(),
        checked.still_served.len(),
        checked.tombstones
    );
    context.terminal.status("Checked", line);
}

fn failure(checked: &Checked, kind: ErrorKind) -> CommandError {
    if let Some(reason) = &checked.contradiction {
        let message = format!("{} shows another log: {reason}", checked.url);
        return CommandError::new(kind, "E-FORK", message);
    }
    if !checked.still_served.is_empty() {
        let count = checked.still_served.len();
        let message = format!("{} still serves {count} objects that were taken down", checked.url);
        return CommandError::new(kind, "E-TAKEDOWN", message);
    }
    let message =
        format!("{} serves {} objects with other bytes", checked.url, checked.wrong.len());
    CommandError::new(kind, "E-WRONG-BYTES", message)
}
