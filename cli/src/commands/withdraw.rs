//! `tare withdraw`: makes a version not installable any more.

use tare_client::registry::StatusAction;
use tare_format::ReleaseId;

use crate::commands::yank;
use crate::context::Context;
use crate::error::CommandError;

/// Make a version not installable any more, for legal reasons or because it harms
///
/// This cannot be undone, and also stops projects that have locked the version; to hide it from new ones only, use
/// `tare yank`. That the version existed, and why it was withdrawn, stays visible.
#[derive(Debug, clap::Args)]
pub(crate) struct WithdrawArgs {
    /// What to withdraw, as `ns/name@1.0.0`
    release: ReleaseId,
    /// Why; everybody who asks for it is shown this
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(super) async fn run(args: WithdrawArgs, context: &Context) -> Result<(), CommandError> {
    yank::change(&args.release, StatusAction::Withdraw, Some(args.reason), context).await
}
