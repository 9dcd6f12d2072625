//! `tare mirror scrub`.

use std::path::PathBuf;

use jiff::SignedDuration;
use tare_client::mirror::amount::Age;
use tare_client::mirror::scrub::Scrubbed;

use super::LimitArgs;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Text, bytes};

/// Hash what is there again, compare the rest with the log, and put right what is damaged
///
/// Objects are hashed in the order in which they were last looked at. All files that follow from the log are computed again
/// from its entries and events.
#[derive(Debug, clap::Args)]
pub(crate) struct ScrubArgs {
    /// The mirror; the current folder when left out
    dir: Option<PathBuf>,
    /// Only what was last hashed so long ago, as `30d`
    #[arg(long, value_name = "AGE")]
    since: Option<Age>,
    #[command(flatten)]
    limits: LimitArgs,
}

pub(super) async fn run(args: &ScrubArgs, context: &Context) -> Result<(), CommandError> {
    let mirror = super::open(args.dir.as_deref(), context).await?;
    let source = super::source(&mirror, context)?;
    let since = args.since.map_or(SignedDuration::ZERO, Age::duration);
    let limits = args.limits.over(mirror.config().limits);
    let scrubbed = mirror.scrub(&source, since, limits).await?;
    mirror.close().await;
    if context.global.json {
        context.terminal.print_json(&scrubbed);
    } else {
        show(&scrubbed, context);
    }
    let lost = scrubbed.damaged.len() as u64 - scrubbed.repaired;
    if lost == 0 {
        return Ok(());
    }
    let message = format!("{lost} objects or files are damaged, and no source has them");
    let kind = tare_client::ErrorKind::Integrity;
    Err(CommandError::new(kind, "E-MIRROR-DAMAGED", message))
}

fn show(scrubbed: &Scrubbed, context: &Context) {
    scrubbed.damaged.iter().for_each(|path| context.terminal.print(&Text::from(path.as_str())));
    let line = format!(
        "{} objects, {}, and {} files of the log; {} damaged, {} put right, {} missing",
        scrubbed.objects,
        bytes(scrubbed.bytes),
        scrubbed.files,
        scrubbed.damaged.len(),
        scrubbed.repaired,
        scrubbed.missing
    );
    context.terminal.status("Hashed", line);
}
