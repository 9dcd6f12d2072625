//! `tare tree`.

use serde_json::{Value, json};
use tare_client::audit::project_graph;
use tare_client::graph::{Edge, Graph, Node, NodeId};
use tare_format::manifest::LicenseParts;
use tare_license::{Catalogue, ClassSet, class_of};

use crate::context::Context;
use crate::error::CommandError;
use crate::session::{locked, open_local, open_project, warn_of_standings};
use crate::ui::{Text, Tone, bytes};

/// Show what the project uses, as a tree, with licence classes
#[derive(Debug, clap::Args)]
pub(crate) struct TreeArgs {
    /// Show also what everything was made from
    #[arg(long)]
    lineage: bool,
    /// How many levels to show
    #[arg(long, value_name = "LEVELS")]
    depth: Option<usize>,
}

pub(super) fn run(args: &TreeArgs, context: &Context) -> Result<(), CommandError> {
    let project = open_project(context)?;
    let lock = locked(context, &project)?;
    let local = open_local(context)?;
    warn_of_standings(context, &local, lock);
    let graph = project_graph(&local, project.manifest(), lock)?;
    if context.global.json {
        context.terminal.print_json(&to_json(&graph, args.lineage));
        return Ok(());
    }
    let mut printer =
        Printer { graph: &graph, args, context, shown: vec![false; graph.nodes().len()] };
    printer.print(0, &Text::new(), &mut Vec::new());
    Ok(())
}

struct Printer<'a> {
    graph: &'a Graph,
    args: &'a TreeArgs,
    context: &'a Context,
    /// Nodes whose children were printed; a second time they are only named.
    shown: Vec<bool>,
}

impl Printer<'_> {
    /// Prints a node and what is below it. `last` says for each level above whether it was the last of its siblings.
    fn print(&mut self, index: usize, relation: &Text, last: &mut Vec<bool>) {
        let Some(node) = self.graph.node(index) else { return };
        let edges: Vec<Edge> = self.edges(node);
        let again = self.shown.get(index).copied().unwrap_or(true) && !edges.is_empty();
        let line = Text::new().dim(branches(last)).join(relation).join(&describe(node));
        self.context.terminal.print(&if again { line.dim(" (shown above)") } else { line });
        let too_deep = self.args.depth.is_some_and(|most| last.len() >= most);
        if again || too_deep {
            return;
        }
        if let Some(shown) = self.shown.get_mut(index) {
            *shown = true;
        }
        for (position, edge) in edges.iter().enumerate() {
            last.push(position + 1 == edges.len());
            let relation = Text::new().dim(format!("{}: ", edge.relation));
            self.print(edge.to, &relation, last);
            last.pop();
        }
    }

    fn edges(&self, node: &Node) -> Vec<Edge> {
        let wanted =
            node.edges.iter().filter(|edge| self.args.lineage || !edge.relation.is_lineage());
        wanted.copied().collect()
    }
}

fn branches(last: &[bool]) -> String {
    let mut text = String::new();
    for (level, is_last) in last.iter().enumerate() {
        let is_own = level + 1 == last.len();
        text.push_str(match (is_own, is_last) {
            (true, true) => "└── ",
            (true, false) => "├── ",
            (false, true) => "    ",
            (false, false) => "│   ",
        });
    }
    text
}

/// One line about a node: its name, kind, size, and the class of each part.
pub(super) fn describe(node: &Node) -> Text {
    let name = match &node.variant {
        Some(variant) => format!("{}:{variant}", node.id),
        None => node.id.to_string(),
    };
    let mut text = Text::new().toned(Tone::Name, name);
    if let Some(kind) = node.kind {
        text = text.plain(format!("  {kind}"));
    }
    if let Some(size) = node.size_bytes {
        text = text.plain(format!("  {}", bytes(size)));
    }
    for (part, expression) in node.license.iter() {
        let classes = class_of(expression.as_str(), Catalogue::builtin());
        text = text
            .plain(format!("  {part}: {expression} "))
            .toned(tone(classes), format!("[{classes}]"));
    }
    if node.license.is_empty() && !matches!(node.id, NodeId::Project(_)) {
        text = text.plain("  ").toned(Tone::Warn, "[unknown]");
    }
    text
}

/// Red for what bars commercial use, yellow for what nobody knows, green otherwise.
pub(super) fn tone(classes: ClassSet) -> Tone {
    match (classes.bars_commercial_use(), classes.contains(tare_license::Class::Unknown)) {
        (true, _) => Tone::Bad,
        (false, true) => Tone::Warn,
        (false, false) => Tone::Good,
    }
}

fn to_json(graph: &Graph, lineage: bool) -> Value {
    let nodes: Vec<Value> = graph
        .nodes()
        .iter()
        .map(|node| {
            let edges = node.edges.iter().filter(|edge| lineage || !edge.relation.is_lineage());
            let edges: Vec<Value> = edges
                .filter_map(|edge| {
                    let to = graph.node(edge.to)?.id.to_string();
                    Some(json!({ "relation": edge.relation.as_str(), "to": to }))
                })
                .collect();
            json!({
                "id": node.id.to_string(),
                "kind": node.kind,
                "variant": node.variant,
                "release": node.release,
                "size": node.size_bytes,
                "installed": node.installed,
                "license": node.license,
                "classes": classes(&node.license),
                "edges": edges,
            })
        })
        .collect();
    json!({ "nodes": nodes })
}

fn classes(license: &LicenseParts) -> Value {
    let of = |text: &str| {
        class_of(text, Catalogue::builtin())
            .iter()
            .map(|class| class.to_string())
            .collect::<Vec<_>>()
    };
    license
        .iter()
        .map(|(part, text)| (part.to_string(), json!(of(text.as_str()))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
