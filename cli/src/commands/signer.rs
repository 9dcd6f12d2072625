//! `tare signer`: which keys may sign the releases of a package.

use std::path::Path;

use serde_json::json;
use tare_client::keys;
use tare_format::event::{Change, SignerKey};
use tare_format::{PackageName, Sha256};

use crate::commands::public::until_public;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::Text;

/// List and change which keys may sign a package
///
/// The key that signs the first release is accepted by itself. Consumers see a change of signers.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum SignerCommand {
    /// List the keys
    List {
        /// The package
        package: PackageName,
    },
    /// Let a key sign
    Add {
        /// The package
        package: PackageName,
        /// The file of the public key
        key: String,
    },
    /// Let a key sign no longer; what it signed stays signed
    #[command(alias = "rm")]
    Remove {
        /// The package
        package: PackageName,
        /// The file of the public key, or its id as `tare signer list` shows it
        key: String,
    },
}

pub(super) async fn run(command: SignerCommand, context: &Context) -> Result<(), CommandError> {
    match command {
        SignerCommand::List { package } => list(&package, context).await,
        SignerCommand::Add { package, key } => {
            let key = read(&key, context)?;
            change(&package, &key, Change::Add, context).await
        }
        SignerCommand::Remove { package, key } => {
            let key = match key.parse::<Sha256>() {
                Ok(id) => find(&package, &id, context).await?,
                Err(_) => read(&key, context)?,
            };
            change(&package, &key, Change::Remove, context).await
        }
    }
}

async fn list(package: &PackageName, context: &Context) -> Result<(), CommandError> {
    let signers = context.registry()?.signers(package).await?;
    if context.global.json {
        context.terminal.print_json(&signers);
        return Ok(());
    }
    for signer in &signers.signers {
        context.terminal.print(&Text::from(signer.id.to_string()));
    }
    Ok(())
}

async fn change(
    package: &PackageName,
    key: &SignerKey,
    change: Change,
    context: &Context,
) -> Result<(), CommandError> {
    let registry = context.registry()?;
    let changed = registry.change_signer(package, &key.pem, change).await?;
    until_public(&changed, &registry, context).await?;
    if context.global.json {
        context.terminal.print_json(&json!({
            "package": package, "key": key.id, "change": change, "changed": changed.changed,
            "event": changed.event,
        }));
        return Ok(());
    }
    let (verb, relation) = match change {
        Change::Add => ("Added", "to"),
        Change::Remove => ("Removed", "from"),
    };
    let note = if changed.changed { "" } else { " (it was so before)" };
    context.terminal.status(verb, format!("{} {relation} the signers of {package}{note}", key.id));
    Ok(())
}

fn read(key: &str, context: &Context) -> Result<SignerKey, CommandError> {
    Ok(keys::read_public(&context.resolve(Path::new(key)))?.to_signer_key())
}

async fn find(
    package: &PackageName,
    id: &Sha256,
    context: &Context,
) -> Result<SignerKey, CommandError> {
    let signers = context.registry()?.signers(package).await?.signers;
    signers.into_iter().find(|signer| signer.id == *id).ok_or_else(|| {
        CommandError::usage(format!("{id} is not one of the signers of {package}"))
            .help(format!("see which are with `tare signer list {package}`"))
    })
}
