//! How long an audit of 10,000 nodes takes, and how long the built-in catalogue takes to read.
//!
//! `cargo bench -p tare-license`

use divan::Bencher;
use tare_license::audit::{Edge, Facts, Graph, Node, NodeKind, Policy, Profile, Relation, audit};
use tare_license::{Catalogue, Part};

const LICENSES: [&str; 12] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 OR MIT",
    "BSD-3-Clause",
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "CC-BY-NC-4.0",
    "LicenseRef-llama-3.1",
    "LicenseRef-gemma-2025-03-24",
    "LicenseRef-bigscience-openrail-m",
    "GPL-3.0-only",
    "LicenseRef-not-in-the-catalogue",
];

fn main() {
    divan::main();
}

/// Models in layers, each tied to three of the nodes after it, as graphs of real hubs are: wide and not deep.
fn layered(nodes: usize) -> Graph {
    tied(nodes, |at, tie| at + 1 + (at * 7919 + tie * 104_729) % 2_000)
}

/// Each node tied to the next ones: the deepest graph there is.
fn chained(nodes: usize) -> Graph {
    tied(nodes, |at, tie| at + 1 + tie)
}

fn tied(count: usize, target: impl Fn(usize, usize) -> usize) -> Graph {
    let id = |at: usize| format!("bench/node-{at:05}@1.0.0");
    let license = |at: usize| LICENSES[(at * 31 + at / 7) % LICENSES.len()];
    let nodes = (0..count).map(|at| {
        Node::new(id(at), NodeKind::Model)
            .with_license(Part::Weights, license(at))
            .with_license(Part::Code, "Apache-2.0")
    });
    let relation = |at: usize, tie: usize| Relation::ALL[(at + tie * 5) % Relation::ALL.len()];
    let edges: Vec<Edge> = (0..count)
        .flat_map(|at| (0..3).map(move |tie| (at, tie)))
        .filter(|&(at, tie)| target(at, tie) < count)
        .map(|(at, tie)| Edge::new(id(at), relation(at, tie), id(target(at, tie))))
        .collect();
    Graph::new(&[], nodes.collect(), &edges).expect("the bench builds its own graph")
}

#[divan::bench(args = [100, 1_000, 10_000])]
fn of_layers(bencher: Bencher<'_, '_>, nodes: usize) {
    run(bencher, &layered(nodes));
}

#[divan::bench(args = [100, 1_000, 10_000])]
fn of_a_chain(bencher: Bencher<'_, '_>, nodes: usize) {
    run(bencher, &chained(nodes));
}

fn run(bencher: Bencher<'_, '_>, graph: &Graph) {
    let facts = Facts::new(Profile::Commercial, jiff::civil::date(2026, 11, 24));
    let policy = Policy::default();
    let catalogue = Catalogue::builtin();
    bencher.bench(|| audit(graph, &facts, &policy, catalogue));
}

#[divan::bench]
fn reading_the_catalogue() -> usize {
    Catalogue::with_overrides(&[]).expect("the built-in catalogue").entries().len()
}
