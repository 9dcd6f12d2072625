//! `tare login`: a token for a registry, checked and kept.

use serde_json::json;
use tare_client::config::{Config, ConfigFile, KnownRegistry};
use tare_client::credentials::{self, Token, Tokens};
use tare_client::origin::is_loopback;

use crate::context::Context;
use crate::error::CommandError;

/// Log in to a registry with a token
///
/// The token is read from the terminal or from stdin, checked with the registry, and kept in credentials.toml, which
/// only you can read. A registry that is new here is added under a name, and is the default if there was none.
#[derive(Debug, clap::Args)]
pub(crate) struct LoginArgs {
    /// What to call the registry, if it is new here
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Read the token from stdin, even if that is a terminal
    #[arg(long)]
    token_stdin: bool,
}

pub(super) async fn run(args: &LoginArgs, context: &Context) -> Result<(), CommandError> {
    let mut known = context.chosen()?;
    if known.url.scheme() == "http" && !is_loopback(&known.url) {
        context
            .terminal
            .warn(format!("{} is not encrypted: whoever is between can read the token", known.url));
    }
    let stranger = context.client(&known, Tokens::default())?;
    known.id = Some(stranger.descriptor().await?.id.clone());
    let origin = stranger.token_origin().await?;
    let token = read_token(args, &known, context)?;

    let mut only = Tokens::default();
    only.set(origin.clone(), token.clone());
    let whoami = context.client(&known, only)?.whoami().await?;

    let mut tokens = context.tokens()?;
    tokens.set(origin, token);
    credentials::save(context.home(), &tokens)?;
    let is_default = remember(&mut known, args.name.as_deref(), context)?;
    if context.global.json {
        context.terminal.print_json(&json!({
            "registry": { "name": known.name, "url": known.url.as_str(), "id": known.id, "default": is_default },
            "whoami": whoami,
        }));
    } else {
        context.terminal.status(
            "Logged in",
            format!("to `{}` ({}) as {}", known.name, known.url, whoami.login),
        );
    }
    Ok(())
}

fn read_token(
    args: &LoginArgs,
    known: &KnownRegistry,
    context: &Context,
) -> Result<Token, CommandError> {
    let asks = context.can_ask() && !args.token_stdin;
    let text = if asks {
        context.terminal.ask_secret(&format!("Token for {}", known.url))
    } else {
        context.terminal.read_line()
    };
    let text = text.map_err(|error| {
        CommandError::io("failed to read the token", &error)
            .help("pipe it in, as in `tare login --registry URL < token.txt`")
    })?;
    Ok(Token::new(&text)?)
}

/// Adds a registry that is new to the configuration; whether it is the default now.
fn remember(
    known: &mut KnownRegistry,
    name: Option<&str>,
    context: &Context,
) -> Result<bool, CommandError> {
    let config = context.config()?;
    let mut file = ConfigFile::open(context.home())?;
    if known.name.contains("://") {
        known.name = match name {
            Some(name) => name.to_owned(),
            None => free_name(known, &config),
        };
    }
    file.set(known)?;
    let is_default = config.default_name().is_none_or(|default| default == known.name);
    if is_default {
        file.set_default(&known.name)?;
    }
    file.save()?;
    Ok(is_default)
}

/// `main` for the first registry, then names from the host.
fn free_name(known: &KnownRegistry, config: &Config) -> String {
    let is_free = |name: &str| config.registries().all(|other| other.name != name);
    if is_free("main") {
        return "main".to_owned();
    }
    let host = known.url.host_str().unwrap_or("registry");
    let host: String =
        host.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let host = host.trim_matches('-').chars().take(50).collect::<String>();
    let numbered = (2..).map(|number| format!("{host}-{number}"));
    [host.clone()].into_iter().chain(numbered).find(|name| is_free(name)).unwrap_or(host)
}
