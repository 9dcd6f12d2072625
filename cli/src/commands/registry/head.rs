//! `tare registry head`: comparing heads between people and machines.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;
use tare_client::credentials::Tokens;
use tare_client::head::{Follower, Freshness, Head, Imported};
use tare_client::registry::RegistryClient;
use tare_format::registry::RegistryId;

use super::home;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Text, ago, count};

/// More than any head has.
const MAX_SIZE: u64 = 1 << 20;

/// Compare heads with others
///
/// A head is one small file that says what the log of a registry is. Two people to whom a registry, or somebody between
/// them and it, shows different histories find out by comparing their heads.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum HeadCommand {
    /// Write the newest head to a file, or print it
    Export {
        /// The file
        file: Option<PathBuf>,
    },
    /// Compare somebody else's head with the one that was seen here
    ///
    /// The newer one is kept when it continues the other. If neither does, the log was forked, and the evidence is kept.
    Import {
        /// The file
        file: PathBuf,
    },
}

pub(super) async fn run(command: HeadCommand, context: &Context) -> Result<(), CommandError> {
    let (client, id) = registry(context).await?;
    let (home, offline) = (home(context), context.is_offline());
    let follower = Follower::new(&client, id, &home, context.now(), offline);
    match command {
        HeadCommand::Export { file } => export(&*follower.head().await?, file.as_deref(), context),
        HeadCommand::Import { file } => import(&follower, &file, context).await,
    }
}

/// A head in a line: `hub.example.org/log1: 12 events, seen 3 minutes ago`.
pub(crate) fn describe(head: &Head, now: Timestamp) -> String {
    let events = usize::try_from(head.size()).unwrap_or(usize::MAX);
    let seen = match head.freshness(now) {
        Freshness::NoClaim => "no witnesses".to_owned(),
        Freshness::Fresh { age } | Freshness::Old { age } | Freshness::Stale { age } => {
            format!("seen by its witnesses {}", ago(age))
        }
    };
    format!("{}: {}, {seen}", head.origin(), count(events, "event"))
}

/// What `--json` prints of a head.
pub(crate) fn to_json(head: &Head) -> serde_json::Value {
    let root = head.root_document();
    json!({
        "registry": head.registry(),
        "log": head.origin(),
        "size": head.size(),
        "root": head.tree_root(),
        "witnessed": head.time().map(|time| time.to_string()),
        "logged": head.logged().to_string(),
        "root-version": root.version(),
        "root-expires": root.document().expires.to_string(),
        "pages": head.state().count(),
    })
}

async fn registry(context: &Context) -> Result<(RegistryClient, RegistryId), CommandError> {
    let known = context.chosen()?;
    let client = context.client(&known, Tokens::default())?;
    let id = match known.id {
        Some(id) => id,
        None => client.descriptor().await?.id.clone(),
    };
    Ok((client, id))
}

fn export(head: &Head, file: Option<&Path>, context: &Context) -> Result<(), CommandError> {
    let text = String::from_utf8_lossy(head.to_bytes());
    let Some(file) = file else {
        context.terminal.print(&Text::from(text.trim_end_matches('\n')));
        return Ok(());
    };
    let path = context.resolve(file);
    std::fs::write(&path, text.as_bytes()).map_err(|error| {
        CommandError::io(format!("failed to write `{}`", context.show(&path)), &error)
    })?;
    if context.global.json {
        context.terminal.print_json(&to_json(head));
    } else {
        context.terminal.status("Exported", describe(head, context.now()));
    }
    Ok(())
}

async fn import(
    follower: &Follower<'_>,
    file: &Path,
    context: &Context,
) -> Result<(), CommandError> {
    let path = context.resolve(file);
    let name = context.show(&path);
    let mut bytes = Vec::new();
    std::fs::File::open(&path)
        .and_then(|file| file.take(MAX_SIZE).read_to_end(&mut bytes))
        .map_err(|error| CommandError::io(format!("failed to read `{name}`"), &error))?;
    let imported = follower.import(&bytes.into(), &format!("`{name}`")).await?;
    let head = follower.kept_head()?;
    let (word, what) = match imported {
        Imported::Newer => ("newer", "continues what was seen here, and is kept"),
        Imported::Same => ("same", "is what was seen here"),
        Imported::Older => ("older", "is continued by what was seen here"),
    };
    if context.global.json {
        context.terminal.print_json(&json!({ "imported": word, "head": to_json(&head) }));
    } else {
        context.terminal.status("Consistent", format!("the head in `{name}` {what}"));
        context.terminal.status("Log", describe(&head, context.now()));
    }
    Ok(())
}
