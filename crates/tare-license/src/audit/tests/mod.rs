//! Stories about graphs, told through the public function only.

mod advisories;
mod inheritance;
mod limits;
mod policies;
mod properties;
mod reports;

use super::*;
use crate::Catalogue;

/// The day on which the stories happen.
const TODAY: &str = "2026-11-24";

/// A node from a line such as `lab/base@1.0.0 model weights=Apache-2.0 | code=MIT`.
fn node(line: &str) -> Node {
    let mut words = line.splitn(3, ' ');
    let id = words.next().unwrap();
    let kind = match words.next().unwrap() {
        "model" => NodeKind::Model,
        "adapter" => NodeKind::Adapter,
        "dataset" => NodeKind::Dataset,
        "collection" => NodeKind::Collection,
        "foreign" => NodeKind::Foreign,
        other => panic!("no kind of node: {other}"),
    };
    let parts =
        words.next().unwrap_or_default().split(" | ").filter_map(|part| part.split_once('='));
    parts.fold(Node::new(id, kind), |node, (part, license)| {
        node.with_license(part.parse().unwrap(), license)
    })
}

/// An edge from a line such as `me/lora@1.0.0 base lab/base@1.0.0`.
fn edge(line: &str) -> Edge {
    let words: Vec<_> = line.split(' ').collect();
    let [from, relation, to] = words.as_slice() else { panic!("no edge: {line}") };
    Edge::new(*from, relation.parse().unwrap(), *to)
}

fn graph(nodes: &[&str], edges: &[&str]) -> Graph {
    let nodes = nodes.iter().map(|line| node(line)).collect();
    let edges: Vec<Edge> = edges.iter().map(|line| edge(line)).collect();
    Graph::new(&[], nodes, &edges).unwrap()
}

fn facts(profile: Profile) -> Facts {
    Facts::new(profile, TODAY.parse().unwrap())
}

fn policy(text: &str) -> Policy {
    Policy::from_toml(text, Catalogue::builtin()).unwrap()
}

fn commercial(graph: &Graph) -> Report {
    audit(graph, &facts(Profile::Commercial), &Policy::default(), Catalogue::builtin())
}

/// The codes that weigh at least a warning, with the node each is about.
fn loud(report: &Report) -> Vec<(&'static str, &str)> {
    let loud = report.findings.iter().filter(|finding| finding.severity > Severity::Note);
    loud.filter(|finding| finding.code != Code::PayloadMissing)
        .map(|finding| (finding.code.info().id, finding.node.as_str()))
        .collect()
}
