//! What everything in the lock hangs from, shown link by link.

use jiff::Timestamp;
use serde_json::{Value, json};
use tare_client::head::{Freshness, Head};
use tare_client::verify::{Chain, Link, PageProof};

use crate::commands::registry::head_to_json;
use crate::context::Context;
use crate::ui::{Table, Text, Tone, ago};

/// Prints the chain of each registry.
pub(super) fn show(chains: &[Chain], context: &Context) {
    let now = context.now();
    for chain in chains {
        let title = Text::new().plain("registry ").toned(Tone::Name, chain.registry.as_str());
        context.terminal.print(&title);
        match &chain.head {
            Ok(head) => show_head(head, now, context),
            Err(error) => {
                let word = Text::new().toned(Tone::Warn, "  no head");
                context.terminal.print(&word.plain(format!(": {error}")));
            }
        }
        let mut table = Table::new();
        for link in &chain.releases {
            table.row([
                Text::new().plain("  ").toned(Tone::Name, link.id.to_string()),
                page(link),
                Text::from(format!("release {}", short(&link.release.to_string()))),
                Text::from(format!("signed by {}", signers(link))),
            ]);
        }
        table.print(&context.terminal);
    }
}

/// What `--json` prints of the chains.
pub(super) fn to_json(chains: &[Chain]) -> Vec<Value> {
    chains.iter().map(chain_to_json).collect()
}

fn show_head(head: &Head, now: Timestamp, context: &Context) {
    let root = head.root_document();
    let document = root.document();
    let (signed, all) = (root.signers(), document.root_keys.len());
    let quorum = match (document.policy.quorum(), head.freshness(now)) {
        (Some(label), freshness) => {
            format!("`{label}`, last seen {}", freshness.age().map_or("never".to_owned(), ago))
        }
        (None, _) => "none: nobody but the registry says that this is the newest".to_owned(),
    };
    let tone = match head.freshness(now) {
        Freshness::Stale { .. } => Tone::Bad,
        Freshness::Old { .. } => Tone::Warn,
        Freshness::NoClaim | Freshness::Fresh { .. } => Tone::Good,
    };
    let mut table = Table::new();
    let mut row = |key: &str, value: Text| table.row([Text::new().plain("  ").dim(key), value]);
    row(
        "root",
        Text::from(format!(
            "version {} by {} of {all} keys ({}), until {}",
            root.version(),
            signed.len(),
            signed.join(", "),
            document.expires
        )),
    );
    row(
        "log",
        Text::from(format!(
            "{}, {} events, root {}",
            head.origin(),
            head.size(),
            short(&head.tree_root().to_string())
        )),
    );
    row("quorum", Text::new().toned(tone, quorum));
    row("state", Text::from(format!("{} pages", head.state().count())));
    table.print(&context.terminal);
}

fn page(link: &Link) -> Text {
    match &link.page {
        PageProof::Proven(digest) => Text::from(format!("page {}", short(&digest.to_string()))),
        PageProof::NotHere => Text::new().dim("page not here"),
        PageProof::Absent => Text::new().toned(Tone::Bad, "no page"),
    }
}

fn signers(link: &Link) -> String {
    let keys: Vec<_> = link.signers.iter().map(|key| short(&key.to_string())).collect();
    keys.join(", ")
}

/// Enough of a digest to recognise it; `--json` has all of it.
fn short(digest: &str) -> String {
    digest.chars().take("sha256:".len() + 12).collect()
}

fn chain_to_json(chain: &Chain) -> Value {
    let link = |link: &Link| {
        json!({
            "release": link.id,
            "digest": link.release,
            "signers": link.signers,
            "page": match &link.page {
                PageProof::Proven(digest) => Some(digest),
                PageProof::NotHere | PageProof::Absent => None,
            },
        })
    };
    json!({
        "registry": chain.registry,
        "head": chain.head.as_ref().ok().map(head_to_json),
        "releases": chain.releases.iter().map(link).collect::<Vec<_>>(),
    })
}
