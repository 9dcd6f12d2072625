//! `tare whoami`: whose the token is.

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Table, Text, Tone};

/// Show whose the token is, and what it may do
#[derive(Debug, clap::Args)]
pub(crate) struct WhoamiArgs {}

pub(super) async fn run(_: &WhoamiArgs, context: &Context) -> Result<(), CommandError> {
    let whoami = context.registry()?.whoami().await?;
    if context.global.json {
        context.terminal.print_json(&whoami);
        return Ok(());
    }
    let scopes: Vec<_> = whoami.scopes.iter().map(ToString::to_string).collect();
    let expires = whoami.expires.map_or_else(|| "never".to_owned(), |time| time.to_string());
    let mut table = Table::new();
    table.row([Text::new().dim("login"), Text::new().toned(Tone::Name, &whoami.login)]);
    for (key, value) in [
        ("token", whoami.token.clone()),
        ("scopes", scopes.join(" ")),
        ("expires", expires),
        ("namespaces", whoami.namespaces.join(" ")),
    ] {
        table.row([Text::new().dim(key), Text::from(value)]);
    }
    table.print(&context.terminal);
    Ok(())
}
