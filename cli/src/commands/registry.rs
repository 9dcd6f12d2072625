//! `tare registry`: which registries there are.

use serde_json::json;
use tare_client::config::{ConfigError, ConfigFile, KnownRegistry};
use tare_client::credentials::Tokens;
use tare_client::origin::registry_url;

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Table, Text, Tone};

/// Add, list and remove registries
#[derive(Debug, clap::Subcommand)]
pub(crate) enum RegistryCommand {
    /// Add a registry under a name
    ///
    /// The registry is asked for its id, which is kept: should the URL ever serve another registry, tare refuses it.
    Add {
        /// What to call it
        name: String,
        /// Where it is
        url: String,
        /// Make it the default
        #[arg(long)]
        default: bool,
    },
    /// List the registries
    List,
    /// Remove a registry; its token stays until `tare logout`
    #[command(alias = "rm")]
    Remove {
        /// Its name
        name: String,
    },
    /// Show what a registry says about itself
    Show {
        /// Its name or URL; the default when left out
        name: Option<String>,
    },
    /// Say which registry is meant when none is named
    Default {
        /// Its name
        name: String,
    },
}

pub(super) async fn run(command: RegistryCommand, context: &Context) -> Result<(), CommandError> {
    match command {
        RegistryCommand::Add { name, url, default } => add(&name, &url, default, context).await,
        RegistryCommand::List => list(context),
        RegistryCommand::Remove { name } => remove(&name, context),
        RegistryCommand::Show { name } => show(name.as_deref(), context).await,
        RegistryCommand::Default { name } => set_default(&name, context),
    }
}

async fn add(name: &str, url: &str, default: bool, context: &Context) -> Result<(), CommandError> {
    let url = registry_url(url).map_err(|error| CommandError::usage(error.to_string()))?;
    let config = context.config()?;
    if let Some(known) = config.registries().find(|known| known.name == name && known.url != url) {
        return Err(ConfigError::Taken { name: name.to_owned(), url: known.url.clone() }.into());
    }
    let mut known = KnownRegistry::new(name, url);
    let client = context.client(&known, Tokens::default())?;
    known.id = Some(client.descriptor().await?.id.clone());
    let mut file = ConfigFile::open(context.home())?;
    file.set(&known)?;
    if default || config.default_name().is_none() {
        file.set_default(name)?;
    }
    file.save()?;
    if context.global.json {
        context.terminal.print_json(&to_json(&known, default || config.default_name().is_none()));
    } else {
        context.terminal.status("Added", format!("registry `{name}` at {}", known.url));
    }
    Ok(())
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
    let client = context.client(&known, Tokens::default())?;
    let registry = client.descriptor().await?;
    if context.global.json {
        context.terminal.print_json(
            &json!({ "name": known.name, "url": known.url.as_str(), "registry": registry }),
        );
        return Ok(());
    }
    let mut table = Table::new();
    for (key, value) in [
        ("name", known.name.clone()),
        ("url", known.url.to_string()),
        ("id", registry.id.to_string()),
        ("api", registry.api.clone().unwrap_or_else(|| "none: a read-only copy".to_owned())),
        ("codecs", registry.codecs.join(", ")),
    ] {
        table.row([Text::new().dim(key), Text::from(value)]);
    }
    table.print(&context.terminal);
    Ok(())
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

fn to_json(known: &KnownRegistry, is_default: bool) -> serde_json::Value {
    json!({ "name": known.name, "url": known.url.as_str(), "id": known.id, "default": is_default })
}
