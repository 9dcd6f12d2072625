//! `tare-registry redact`.

use clap::Args;
use serde_json::json;
use tare_format::event::Class;

use super::takedown::class;
use super::{Common, output};

/// What `redact` takes.
#[derive(Args)]
pub(super) struct RedactArgs {
    /// The number of the event
    event: u64,
    /// Why: csam, pii, copyright, licence, malware, court, other
    #[arg(long, value_parser = class)]
    class: Class,
    #[command(flatten)]
    common: Common,
}

pub(super) async fn run(args: RedactArgs) -> anyhow::Result<()> {
    let (registry, alone) = args.common.operate().await?;
    let redacted = registry.redact(args.event, args.class).await?;
    if alone {
        registry.advance().await?;
    }
    registry.close().await;
    if args.common.json {
        let (event, erased) = (redacted.event, redacted.is_erased);
        return output::json(&json!({ "event": event, "erased": erased }));
    }
    output::talk(format!("event {} is redacted by event {}", args.event, redacted.event));
    if !redacted.is_erased {
        output::talk(
            "its text is in the database's write-ahead log until the server folds it: restart it to be sure",
        );
    }
    output::talk("copies have it until they follow the log, and backups for ever");
    Ok(())
}
