//! `tare search`: finds packages.

use tare_format::manifest::Kind;

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{Table, Text, Tone, bytes};

/// Find packages by words in their names, descriptions and keywords
#[derive(Debug, clap::Args)]
pub(crate) struct SearchArgs {
    /// The words; all of them must match
    #[arg(required = true)]
    words: Vec<String>,
    /// Only packages of this kind: model, adapter, dataset or collection
    #[arg(long)]
    kind: Option<Kind>,
    /// How many to show
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// How many to pass over
    #[arg(long, default_value_t = 0)]
    offset: u64,
}

pub(super) async fn run(args: &SearchArgs, context: &Context) -> Result<(), CommandError> {
    let query = args.words.join(" ");
    let found = context.registry()?.search(&query, args.kind, args.limit, args.offset).await?;
    if context.global.json {
        context.terminal.print_json(&found);
        return Ok(());
    }
    let mut table = Table::new().right(4);
    for package in &found.packages {
        table.row([
            Text::new().toned(Tone::Name, package.package.to_string()),
            Text::from(package.version.to_string()),
            Text::from(package.kind.as_str()),
            Text::from(&package.license_class),
            Text::from(bytes(package.size)),
            Text::new().dim(first_line(&package.description)),
        ]);
    }
    table.print(&context.terminal);
    let shown = args.offset.saturating_add(found.packages.len() as u64);
    if found.total == 0 {
        context.terminal.warn(format!("nothing matches `{query}`"));
    } else if shown < found.total {
        context
            .terminal
            .status("More", format!("{} match; see the next with `--offset {shown}`", found.total));
    }
    Ok(())
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(80).collect()
}
