//! `tare verify`.

mod chain;
mod head;
mod model;

use serde_json::json;
use tare_client::ErrorKind;
use tare_client::verify::{Chain, Concern, Verified, chains, repair, verify_lock, verify_store};

use crate::context::Context;
use crate::error::CommandError;
use crate::session::{locked, open_local, open_project, warn_of_standings};
use crate::ui::{Text, Tone, bytes, count};

pub(super) use head::{show_sources as show_answers, to_json as answer_to_json};

/// Check everything that is installed again: signatures, digests and every byte
///
/// No request is made. What everything hangs from is shown link by link, and each difference is named. With a folder or a
/// file, that model is checked instead against its OpenSSF model signature, whichever tool made it.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    model: model::ModelArgs,
    /// Read every file of the local store, whoever uses it
    #[arg(long, conflicts_with = "model")]
    all: bool,
    /// Remove what is wrong, so that the next `tare install` fetches it again
    #[arg(long, conflicts_with_all = ["all", "model"])]
    repair: bool,
    /// Instead ask every place that serves the registry what is current, and compare
    #[arg(long, conflicts_with_all = ["all", "repair", "model"])]
    head: bool,
}

pub(super) async fn run(args: &VerifyArgs, context: &Context) -> Result<(), CommandError> {
    if let Some(path) = args.model.path() {
        return model::run(path, &args.model, context).await;
    }
    if args.head {
        return head::run(context).await;
    }
    let local = open_local(context)?;
    let progress = context.progress();
    let mut links = Vec::new();
    let verified = if args.all {
        verify_store(&local, &progress).await?
    } else {
        let project = open_project(context)?;
        let lock = locked(context, &project)?;
        warn_of_standings(context, &local, lock);
        links = chains(local.home(), lock, context.now());
        verify_lock(&local, lock, Some(&project.packages_folder()), &progress).await?
    };
    show_with(&verified, &links, context);
    if args.repair {
        repair(&local, &verified)?;
    }
    outcome(&verified)
}

pub(super) fn show(verified: &Verified, context: &Context) {
    show_with(verified, &[], context);
}

fn show_with(verified: &Verified, links: &[Chain], context: &Context) {
    if context.global.json {
        let differences: Vec<_> = verified
            .differences
            .iter()
            .map(|difference| {
                json!({
                    "release": difference.release,
                    "concern": concern(difference.concern),
                    "message": difference.message,
                })
            })
            .collect();
        context.terminal.print_json(&json!({
            "releases": verified.releases,
            "files": verified.files,
            "bytes": verified.bytes,
            "differences": differences,
            "chain": chain::to_json(links),
        }));
        return;
    }
    chain::show(links, context);
    for difference in &verified.differences {
        let word = Text::new().toned(Tone::Bad, concern(difference.concern));
        context.terminal.print(&word.plain(": ").plain(difference.to_string()));
    }
    let (releases, files) = (count(verified.releases, "release"), count(verified.files, "file"));
    context.terminal.status("Verified", format!("{releases}, {files}, {}", bytes(verified.bytes)));
}

/// Wrong signatures weigh more than wrong bytes, and those more than what is merely missing.
pub(super) fn outcome(verified: &Verified) -> Result<(), CommandError> {
    let has = |concern| verified.differences.iter().any(|difference| difference.concern == concern);
    let differences = count(verified.differences.len(), "difference");
    if has(Concern::Signature) {
        let message = format!("{differences} found, of signatures too");
        return Err(CommandError::new(ErrorKind::Trust, "E-VERIFY-SIGNATURE", message)
            .help("do not use it; tell the publisher and whoever runs the registry"));
    }
    if has(Concern::TakenDown) {
        let message = format!("{differences} found, of what was taken down too");
        return Err(CommandError::new(ErrorKind::Trust, "E-TAKEDOWN", message).help(
            "`tare cache prune --takedowns` removes what is still here; use another version",
        ));
    }
    if !verified.differences.is_empty() {
        let message = format!("{differences} found");
        return Err(CommandError::new(ErrorKind::Integrity, "E-VERIFY", message).help(
            "find out what changed the files; `tare verify --repair` and `tare install` bring them back",
        ));
    }
    Ok(())
}

const fn concern(concern: Concern) -> &'static str {
    match concern {
        Concern::Integrity => "integrity",
        Concern::Signature => "signature",
        Concern::Missing => "missing",
        Concern::TakenDown => "taken down",
    }
}
