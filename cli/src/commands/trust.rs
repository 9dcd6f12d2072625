//! `tare trust`: what signatures by identities hang from.

use std::path::PathBuf;

use jiff::{SpanRound, Timestamp, Unit};
use serde_json::json;
use tare_client::sigstore::{Role, TrustRoot, load, pin, unpin};
use tare_format::Sha256;

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Table, Text, Tone};

/// Show and choose the Sigstore trust root: which authorities and logs are believed
///
/// Sigstore's public root is built in, as it was when this version of tare was made; a newer tare brings a newer one. No
/// root is ever fetched.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum TrustCommand {
    /// Show the trust root that is used, its digest and its age
    Show,
    /// Use the trust root of another Sigstore instance from now on
    ///
    /// The file is copied, and pinned by its digest.
    Use {
        /// Its `trusted_root.json`, or a client trust configuration
        #[arg(required_unless_present = "public")]
        file: Option<PathBuf>,
        /// The digest that it must have
        #[arg(long, value_name = "DIGEST", requires = "file")]
        sha256: Option<String>,
        /// Go back to the public root that is built in
        #[arg(long, conflicts_with = "file")]
        public: bool,
    },
}

pub(super) fn run(command: TrustCommand, context: &Context) -> Result<(), CommandError> {
    let home = context.home();
    let root = match command {
        TrustCommand::Show => load(home, &context.config()?, None)?,
        TrustCommand::Use { file: Some(file), sha256, .. } => {
            let expected = sha256.as_deref().map(parse_digest).transpose()?;
            let root = pin(home, &context.resolve(&file), expected)?;
            context.terminal.status("Pinned", root.sha256().to_string());
            root
        }
        TrustCommand::Use { file: None, .. } => {
            let root = unpin(home)?;
            context.terminal.status("Unpinned", "the built-in public root is used");
            root
        }
    };
    show(&root, context);
    Ok(())
}

fn parse_digest(text: &str) -> Result<Sha256, CommandError> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    Sha256::from_hex(hex).map_err(|error| CommandError::usage(error.to_string()))
}

fn show(root: &TrustRoot, context: &Context) {
    let (keys, now) = (root.keys(), context.now());
    let source = if root.is_public_good() { "built-in" } else { "pinned" };
    let age = root.newest().and_then(|newest| days(newest, now));
    if context.global.json {
        context.terminal.print_json(&json!({
            "source": source,
            "sha256": root.sha256(),
            "newest-key": root.newest(),
            "newest-key-age-days": age,
            "keys": keys,
        }));
        return;
    }
    let mut table = Table::new();
    table.row([Text::new().dim("source"), Text::from(source)]);
    table.row([Text::new().dim("sha256"), Text::from(root.sha256().hex())]);
    if let (Some(newest), Some(age)) = (root.newest(), age) {
        let newest = format!("{}, {age} days ago", newest.strftime("%Y-%m-%d"));
        table.row([Text::new().dim("newest key"), Text::from(newest)]);
    }
    table.print(&context.terminal);
    let mut table = Table::new();
    for key in &keys {
        let day = |time: Option<Timestamp>| {
            time.map_or_else(|| "?".to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
        };
        let until = key.until.map_or_else(String::new, |until| format!("to {}", day(Some(until))));
        table.row([
            Text::new().dim(role(key.role)),
            Text::new().toned(Tone::Name, &key.url),
            Text::from(format!("from {} {until}", day(key.from))),
        ]);
    }
    table.print(&context.terminal);
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::CertificateAuthority => "certificates",
        Role::Log => "log",
        Role::CertificateLog => "certificate log",
        Role::TimestampAuthority => "time",
        _ => "other",
    }
}

/// Whole days from `since` to `now`; none when the clock is wrong.
fn days(since: Timestamp, now: Timestamp) -> Option<i64> {
    let span = now.since(since).ok().filter(|span| !span.is_negative())?;
    let rounded = span.round(SpanRound::new().largest(Unit::Hour).smallest(Unit::Hour)).ok()?;
    Some(i64::from(rounded.get_hours()) / 24)
}
