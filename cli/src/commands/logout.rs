//! `tare logout`: forgets a token.

use serde_json::json;
use tare_client::credentials::{self, Tokens};
use tare_client::origin::Origin;

use crate::context::Context;
use crate::error::CommandError;

/// Forget the token for a registry
///
/// The token stays valid: ask whoever runs the registry to revoke it if somebody else may have it.
#[derive(Debug, clap::Args)]
pub(crate) struct LogoutArgs {}

pub(super) async fn run(_: &LogoutArgs, context: &Context) -> Result<(), CommandError> {
    let known = context.chosen()?;
    let mut tokens = context.tokens()?;
    let mut removed = tokens.remove(&Origin::of(&known.url));
    if !removed {
        // The API may be elsewhere. A registry that cannot be asked has no token that could be found.
        if let Ok(origin) = context.client(&known, Tokens::default())?.token_origin().await {
            removed = tokens.remove(&origin);
        }
    }
    if removed {
        credentials::save(context.home(), &tokens)?;
    }
    if context.global.json {
        context.terminal.print_json(&json!({ "registry": known.name, "removed": removed }));
    } else if removed {
        context.terminal.status("Logged out", format!("of `{}`", known.name));
    } else {
        context.terminal.warn(format!("there was no token for `{}`", known.name));
    }
    Ok(())
}
