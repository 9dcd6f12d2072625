//! `tare yank`: hides a version from new resolutions.

use serde_json::json;
use tare_client::registry::StatusAction;
use tare_format::ReleaseId;

use crate::commands::public::until_public;
use crate::context::Context;
use crate::error::CommandError;

/// Hide a version from new resolutions, without deleting it
///
/// Projects that have locked the version keep installing it.
#[derive(Debug, clap::Args)]
pub(crate) struct YankArgs {
    /// What to yank, as `ns/name@1.0.0`
    release: ReleaseId,
    /// Why; everybody who has it is shown this
    #[arg(long, value_name = "TEXT", required_unless_present = "undo")]
    reason: Option<String>,
    /// Take a yank back
    #[arg(long, conflicts_with = "reason")]
    undo: bool,
}

pub(super) async fn run(args: YankArgs, context: &Context) -> Result<(), CommandError> {
    let action = if args.undo { StatusAction::Unyank } else { StatusAction::Yank };
    change(&args.release, action, args.reason, context).await
}

/// Changes the status of a release and says what came of it.
pub(super) async fn change(
    release: &ReleaseId,
    action: StatusAction,
    reason: Option<String>,
    context: &Context,
) -> Result<(), CommandError> {
    if reason.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
        return Err(CommandError::usage("the reason is empty")
            .help("say why, for those who use the version"));
    }
    let registry = context.registry()?;
    let changed = registry.set_status(release, action, reason).await?;
    until_public(&changed, &registry, context).await?;
    if context.global.json {
        context.terminal.print_json(&json!({
            "release": release.to_string(),
            "action": action.as_str(),
            "changed": changed.changed,
            "event": changed.event,
        }));
        return Ok(());
    }
    let verb = match action {
        StatusAction::Yank => "Yanked",
        StatusAction::Unyank => "Unyanked",
        StatusAction::Withdraw => "Withdrawn",
    };
    let note = if changed.changed { "" } else { " (it was so before)" };
    context.terminal.status(verb, format!("{release}{note}"));
    Ok(())
}
