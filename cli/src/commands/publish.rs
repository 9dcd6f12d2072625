//! `tare publish`: one package or several, all or nothing.

use std::path::PathBuf;

use serde_json::json;
use tare_client::home::Home;
use tare_client::package::{PackageError, Prepared, prepare, select};
use tare_client::publish::{self, Options, Published, Traffic, check_destination};
use tare_client::registry::RegistryClient;

use crate::context::Context;
use crate::error::CommandError;
use crate::signing::SigningArgs;
use crate::ui::{Text, Tone, bytes};

/// Publish packages to a registry
///
/// Every package is checked, signed and sent; only what the registry lacks is uploaded. Several packages are published
/// together or not at all, so that a base can come with its adapters. A run that was cut off is continued by the next.
#[derive(Debug, clap::Args)]
pub(crate) struct PublishArgs {
    /// The folders of the packages, instead of this one
    paths: Vec<PathBuf>,
    /// Make every check, here and in the registry, and publish nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    signing: SigningArgs,
}

pub(super) async fn run(args: &PublishArgs, context: &Context) -> Result<(), CommandError> {
    let known = context.chosen()?;
    let client = context.registry()?;
    let packages = prepare_all(args, &known.name, context).await?;
    // Asked for before anything is sent. A dry run signs nothing, so it asks nobody for a password.
    let (signer, key) = match args.dry_run {
        true => (None, args.signing.look(context)?),
        false => (Some(args.signing.open(context)?), None),
    };
    let (staging, home) = (context.home().join("publish"), Home::new(context.home()));
    let options = Options {
        dry_run: args.dry_run,
        signer: signer.as_deref(),
        key: key.as_ref(),
        staging: &staging,
        home: &home,
        now: context.now(),
    };
    let published = publish::publish(&client, packages, &options, &context.progress()).await?;
    for warning in &published.warnings {
        context.terminal.warn(warning);
    }
    if context.global.json {
        context.terminal.print_json(&to_json(&published, args.dry_run, &client));
    } else {
        show(&published, args.dry_run, context);
        if let Some(key) = &key {
            context.terminal.status("Would be signed", format!("by {}", key.id()));
        }
    }
    Ok(())
}

/// Runs work that blocks on a thread of its own. A panic there goes on here.
pub(super) async fn blocking<T: Send + 'static, E: Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn prepare_all(
    args: &PublishArgs,
    registry: &str,
    context: &Context,
) -> Result<Vec<Prepared>, CommandError> {
    let folders = match args.paths.as_slice() {
        [] => vec![context.cwd().to_owned()],
        paths => paths.iter().map(|path| context.resolve(path)).collect(),
    };
    // All manifests first: a mistake in the last is found before the first is hashed.
    let mut selected = Vec::with_capacity(folders.len());
    for folder in folders {
        let package = select(&folder)?;
        check_destination(&package.package.publish, registry)?;
        selected.push(package);
    }
    let progress = context.progress();
    let all = blocking(move || {
        selected
            .iter()
            .map(|selected| {
                let package = &selected.package;
                progress.status("Packaging", &format!("{}@{}", package.name, package.version));
                prepare(selected, &progress)
            })
            .collect::<Result<Vec<_>, PackageError>>()
    });
    Ok(all.await?)
}

fn show(published: &Published, dry_run: bool, context: &Context) {
    for receipt in &published.receipts {
        let id = format!("{}@{}", receipt.package, receipt.version);
        let verb = match (dry_run, receipt.existed) {
            (_, true) => "Unchanged",
            (true, false) => "Would publish",
            (false, false) => "Published",
        };
        let note = if receipt.existed { " (it is published already)" } else { "" };
        context.terminal.status(verb, format!("{id}{note}"));
        context
            .terminal
            .print(&Text::new().toned(Tone::Name, id).plain(" ").dim(receipt.release.to_string()));
    }
    if let Some(head) = &published.head {
        let events = published.receipts.iter().filter_map(|receipt| receipt.event);
        let events: Vec<_> = events.map(|event| event.to_string()).collect();
        context.terminal.status(
            "Logged",
            format!("as event {} of {}, root {}", events.join(", "), head.size, head.root),
        );
    }
    let Traffic { total, sent, reused } = published.traffic;
    let (total, sent, reused) = (bytes(total), bytes(sent), bytes(reused));
    let (verb, sent) = match dry_run {
        true => ("Would send", format!("up to {sent}")),
        false => ("Sent", sent),
    };
    context
        .terminal
        .status(verb, format!("{sent} for {total} of files; {reused} were there already"));
}

fn to_json(published: &Published, dry_run: bool, client: &RegistryClient) -> serde_json::Value {
    let Traffic { total, sent, reused } = published.traffic;
    json!({
        "registry": client.base().as_str(),
        "dry-run": dry_run,
        "releases": published.receipts,
        "warnings": published.warnings,
        "head": published.head,
        "bytes": { "total": total, "sent": sent, "reused": reused },
    })
}
