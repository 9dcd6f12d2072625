//! `tare why`.

use serde_json::json;
use tare_client::ErrorKind;
use tare_client::audit::project_graph;
use tare_client::graph::{Graph, Path};
use tare_format::manifest::LineageSource;

use super::tree::describe;
use crate::context::Context;
use crate::error::CommandError;
use crate::session::{locked, open_local, open_project};
use crate::ui::{Text, Tone};

/// Show why something is part of the project: every way that leads to it
#[derive(Debug, clap::Args)]
pub(crate) struct WhyArgs {
    /// A package, or something outside any registry, as `hf:org/name`
    #[arg(value_name = "PACKAGE|SOURCE")]
    target: LineageSource,
    /// How many ways to show for each version
    #[arg(long, default_value_t = 10, value_name = "NUMBER")]
    limit: usize,
}

pub(super) fn run(args: &WhyArgs, context: &Context) -> Result<(), CommandError> {
    let project = open_project(context)?;
    let lock = locked(context, &project)?;
    let local = open_local(context)?;
    let graph = project_graph(&local, project.manifest(), lock)?;
    let releases = graph.named(&args.target);
    if releases.is_empty() {
        let message = format!(
            "the project does not use `{}`, and nothing it uses was made from it",
            args.target
        );
        return Err(CommandError::new(ErrorKind::NotFound, "E-NOT-LOCKED", message)
            .help("`tare tree --lineage` shows everything"));
    }
    let found: Vec<(usize, Vec<Path>)> =
        releases.into_iter().map(|release| (release, graph.ways_to(release, args.limit))).collect();
    if context.global.json {
        let all: Vec<_> =
            found.iter().map(|(release, ways)| to_json(&graph, *release, ways)).collect();
        context.terminal.print_json(&json!({ "releases": all }));
        return Ok(());
    }
    for (release, ways) in &found {
        if let Some(node) = graph.node(*release) {
            context.terminal.print(&describe(node));
        }
        for way in ways {
            context.terminal.print(&show(&graph, way));
        }
    }
    Ok(())
}

fn show(graph: &Graph, way: &Path) -> Text {
    let name = |index: usize| graph.node(index).map(|node| node.id.to_string()).unwrap_or_default();
    let start = Text::new().plain("  ").toned(Tone::Name, name(0));
    way.iter().fold(start, |text, step| {
        text.dim(format!(" --{}--> ", step.relation)).plain(name(step.node))
    })
}

fn to_json(graph: &Graph, release: usize, ways: &[Path]) -> serde_json::Value {
    let name = |index: usize| graph.node(index).map(|node| node.id.to_string());
    let ways: Vec<Vec<_>> = ways
        .iter()
        .map(|way| {
            let step = |step: &tare_client::graph::Step| {
                json!({ "relation": step.relation.as_str(), "to": name(step.node) })
            };
            way.iter().map(step).collect()
        })
        .collect();
    json!({ "release": name(release), "ways": ways })
}
