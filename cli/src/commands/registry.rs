//! `tare registry`: which registries there are.

mod head;
mod show;

use serde_json::json;
use tare_client::config::{ConfigError, ConfigFile, KnownRegistry};
use tare_client::credentials::Tokens;
use tare_client::head::{Follower, Head};
use tare_client::home::Home;
use tare_client::origin::registry_url;
use tare_client::registry::RegistryClient;
use tare_client::root::{RootChainError, TrustedRoot};
use tare_format::Sha256;
use tare_format::registry::RegistryId;

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Table, Text, Tone};

pub(super) use head::{describe as describe_head, to_json as head_to_json};

/// Add, list and remove registries
#[derive(Debug, clap::Subcommand)]
pub(crate) enum RegistryCommand {
    /// Add a registry under a name
    ///
    /// The registry is asked for its id, which is kept: should the URL ever serve another registry, tare refuses it. Compare
    /// the fingerprint that is printed with the one that whoever runs the registry tells you by another way; a script
    /// gives it with `--root-sha256`.
    Add {
        /// What to call it
        name: String,
        /// Where it is
        url: String,
        /// A mirror to read from first, as often as there are mirrors; nothing that it sends is believed
        #[arg(long, value_name = "URL")]
        mirror: Vec<String>,
        /// Make it the default
        #[arg(long)]
        default: bool,
        /// The fingerprint of its first root document; any other is refused
        #[arg(long, value_name = "HEX", value_parser = parse_fingerprint)]
        root_sha256: Option<Sha256>,
    },
    /// List the registries
    List,
    /// Remove a registry; its token stays until `tare logout`
    #[command(alias = "rm")]
    Remove {
        /// Its name
        name: String,
    },
    /// Show whose word a registry hangs from, and what each place that serves it has
    Show {
        /// Its name or URL; the default when left out
        name: Option<String>,
    },
    /// Compare what the registry's log says here with what it says to others
    #[command(subcommand)]
    Head(head::HeadCommand),
    /// Say which registry is meant when none is named
    Default {
        /// Its name
        name: String,
    },
}

pub(super) async fn run(command: RegistryCommand, context: &Context) -> Result<(), CommandError> {
    match command {
        RegistryCommand::Add { name, url, mirror, default, root_sha256 } => {
            let known = to_add(&name, &url, &mirror, context)?;
            add(known, default, root_sha256, context).await
        }
        RegistryCommand::List => list(context),
        RegistryCommand::Remove { name } => remove(&name, context),
        RegistryCommand::Show { name } => show(name.as_deref(), context).await,
        RegistryCommand::Head(command) => head::run(command, context).await,
        RegistryCommand::Default { name } => set_default(&name, context),
    }
}

/// The registry as it is to be kept; the mirrors that were given come first, and those it has stay.
fn to_add(
    name: &str,
    url: &str,
    mirrors: &[String],
    context: &Context,
) -> Result<KnownRegistry, CommandError> {
    let read =
        |url: &str| registry_url(url).map_err(|error| CommandError::usage(error.to_string()));
    let url = read(url)?;
    let mirrors = mirrors.iter().map(|url| read(url)).collect::<Result<Vec<_>, _>>()?;
    let config = context.config()?;
    let known = config.registries().find(|known| known.name == name);
    if let Some(known) = known.filter(|known| known.url != url) {
        return Err(ConfigError::Taken { name: name.to_owned(), url: known.url.clone() }.into());
    }
    let kept = known.map(|known| known.mirrors.clone()).unwrap_or_default();
    let added = KnownRegistry { name: name.to_owned(), url, mirrors: Vec::new(), id: None };
    Ok(added.with_mirrors(mirrors).with_mirrors(kept))
}

async fn add(
    mut known: KnownRegistry,
    default: bool,
    pinned: Option<Sha256>,
    context: &Context,
) -> Result<(), CommandError> {
    let config = context.config()?;
    let client = context.client(&known, Tokens::default())?;
    let id = client.descriptor().await?.id.clone();
    let first = first_root(&client, &id, pinned).await?;
    let follower = Follower::new(&client, id.clone(), &home(context), context.now(), false);
    let head = follower.head().await?;
    follower.require_unexpired(&head)?;
    known.id = Some(id);
    let mut file = ConfigFile::open(context.home())?;
    file.set(&known)?;
    let is_default = default || config.default_name().is_none();
    if is_default {
        file.set_default(&known.name)?;
    }
    file.save()?;
    show_added(&known, is_default, &first, &head, context);
    Ok(())
}

/// The first root document, which is the pinned one if one is pinned.
async fn first_root(
    client: &RegistryClient,
    id: &RegistryId,
    pinned: Option<Sha256>,
) -> Result<TrustedRoot, CommandError> {
    let first = TrustedRoot::first(client, id).await?;
    match pinned {
        Some(expected) if expected != first.fingerprint() => {
            Err(RootChainError::Pinned { expected, found: first.fingerprint() }.into())
        }
        _ => Ok(first),
    }
}

fn show_added(
    known: &KnownRegistry,
    is_default: bool,
    first: &TrustedRoot,
    head: &Head,
    context: &Context,
) {
    if context.global.json {
        let mut json = to_json(known, is_default);
        json["root-sha256"] = json!(first.fingerprint().hex());
        json["head"] = head_to_json(head);
        context.terminal.print_json(&json);
        return;
    }
    context.terminal.status("Added", format!("registry `{}` at {}", known.name, known.url));
    context.terminal.status(
        "Root",
        format!("{}, now version {}", first.fingerprint(), head.root_document().version()),
    );
    context.terminal.status("Log", describe_head(head, context.now()));
}

fn list(context: &Context) -> Result<(), CommandError> {
    let config = context.config()?;
    let is_default = |known: &KnownRegistry| config.default_name() == Some(known.name.as_str());
    if context.global.json {
        let all: Vec<_> =
            config.registries().map(|known| to_json(known, is_default(known))).collect();
        context.terminal.print_json(&json!({ "registries": all }));
        return Ok(());
    }
    let mut table = Table::new();
    for known in config.registries() {
        let mark = if is_default(known) { "(default)" } else { "" };
        table.row([
            Text::new().toned(Tone::Name, &known.name),
            Text::from(known.url.as_str()),
            Text::new().dim(mark),
        ]);
        for mirror in known.mirror_urls() {
            table.row([Text::new(), Text::from(mirror), Text::new().dim("(mirror)")]);
        }
    }
    table.print(&context.terminal);
    if config.registries().next().is_none() {
        context
            .terminal
            .warn("there are no registries yet; add one with `tare registry add NAME URL`");
    }
    Ok(())
}

fn remove(name: &str, context: &Context) -> Result<(), CommandError> {
    let mut file = ConfigFile::open(context.home())?;
    if !file.remove(name)? {
        let known = context.config()?.registries().map(|known| known.name.clone()).collect();
        return Err(ConfigError::Unknown { name: name.to_owned(), known }.into());
    }
    file.save()?;
    if context.global.json {
        context.terminal.print_json(&json!({ "removed": name }));
    } else {
        context.terminal.status("Removed", format!("registry `{name}`"));
    }
    Ok(())
}

async fn show(name: Option<&str>, context: &Context) -> Result<(), CommandError> {
    let known = match name {
        Some(name) => context.config()?.choose(Some(name))?,
        None => context.chosen()?,
    };
    show::run(&known, context).await
}

fn set_default(name: &str, context: &Context) -> Result<(), CommandError> {
    if name.contains("://") {
        return Err(CommandError::usage("the default is a name, not a URL")
            .help(format!("run `tare registry add NAME {name} --default`")));
    }
    context.config()?.choose(Some(name))?;
    let mut file = ConfigFile::open(context.home())?;
    file.set_default(name)?;
    file.save()?;
    if context.global.json {
        context.terminal.print_json(&json!({ "default": name }));
    } else {
        context.terminal.status("Default", format!("registry `{name}`"));
    }
    Ok(())
}

fn home(context: &Context) -> Home {
    Home::new(context.home())
}

/// A SHA-256 in hex, with or without `sha256:` before it.
fn parse_fingerprint(text: &str) -> Result<Sha256, String> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase();
    Sha256::from_hex(&hex).map_err(|_| "a fingerprint is 64 hex digits".to_owned())
}

fn to_json(known: &KnownRegistry, is_default: bool) -> serde_json::Value {
    json!({
        "name": known.name,
        "url": known.url.as_str(),
        "id": known.id,
        "mirrors": known.mirror_urls(),
        "default": is_default,
    })
}
