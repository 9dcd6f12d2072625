//! `tare owner`: who may publish in a namespace.

use serde_json::json;
use tare_format::Namespace;
use tare_format::event::Change;

use crate::commands::public::until_public;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::Text;

/// List and change who owns a namespace
///
/// A namespace belongs to whoever publishes in it first. Its owners publish, yank, and change owners and signers.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum OwnerCommand {
    /// List the owners
    List {
        /// The namespace
        namespace: Namespace,
    },
    /// Add an owner
    Add {
        /// The namespace
        namespace: Namespace,
        /// The login of the new owner
        login: String,
    },
    /// Remove an owner
    #[command(alias = "rm")]
    Remove {
        /// The namespace
        namespace: Namespace,
        /// The login of the owner
        login: String,
    },
}

pub(super) async fn run(command: OwnerCommand, context: &Context) -> Result<(), CommandError> {
    match command {
        OwnerCommand::List { namespace } => list(&namespace, context).await,
        OwnerCommand::Add { namespace, login } => {
            change(&namespace, &login, Change::Add, context).await
        }
        OwnerCommand::Remove { namespace, login } => {
            change(&namespace, &login, Change::Remove, context).await
        }
    }
}

async fn list(namespace: &Namespace, context: &Context) -> Result<(), CommandError> {
    let owners = context.registry()?.owners(namespace).await?;
    if context.global.json {
        context.terminal.print_json(&owners);
        return Ok(());
    }
    for owner in &owners.owners {
        context.terminal.print(&Text::from(owner));
    }
    Ok(())
}

async fn change(
    namespace: &Namespace,
    login: &str,
    change: Change,
    context: &Context,
) -> Result<(), CommandError> {
    let registry = context.registry()?;
    let changed = registry.change_owner(namespace, login, change).await?;
    until_public(&changed, &registry, context).await?;
    if context.global.json {
        context.terminal.print_json(&json!({
            "namespace": namespace, "login": login, "change": change, "changed": changed.changed,
            "event": changed.event,
        }));
        return Ok(());
    }
    let (verb, relation) = match change {
        Change::Add => ("Added", "to"),
        Change::Remove => ("Removed", "from"),
    };
    let note = if changed.changed { "" } else { " (it was so before)" };
    context.terminal.status(verb, format!("{login} {relation} the owners of {namespace}{note}"));
    Ok(())
}
