use super::*;
use crate::lock::make;
use crate::samples::{id, known, registry, release, release_of, resolution};

/// project -> adapter -> base, both trained on web; the adapter also on something of a hub.
fn sample() -> Graph {
    let installed = [
        release_of("a/adapter@1.0.0", &["a/base@1.0.0"], &["a/web@1.0.0", "hf:org/chats"]),
        release_of("a/base@1.0.0", &[], &["a/web@1.0.0"]),
    ];
    let all = [installed.to_vec(), vec![release("a/web@1.0.0")]].concat();
    graph(&installed, &all).unwrap()
}

fn graph(installed: &[Release], all: &[Release]) -> Result<Graph, GraphError> {
    let manifest = Manifest::parse("[dependencies]\n\"a/adapter\" = \"=1.0.0\"\n").unwrap();
    let known = known(all);
    let lock = make(&registry(), &resolution(&["a/adapter@1.0.0"], installed), &[], &known);
    let documents = known.into_values().map(|known| (known.digest, known.release)).collect();
    Graph::new(&manifest, &lock, &documents)
}

fn told(graph: &Graph, way: &[Step]) -> String {
    let step = |step: &Step| format!(" -{}-> {}", step.relation, graph.nodes()[step.node].id);
    way.iter().map(step).collect()
}

#[test]
fn each_thing_is_one_node() {
    let graph = sample();
    let nodes: Vec<_> = graph.nodes().iter().map(|node| node.id.to_string()).collect();
    assert_eq!(
        nodes,
        ["project", "a/adapter@1.0.0", "a/base@1.0.0", "a/web@1.0.0", "hf:org/chats"]
    );
    let installed: Vec<_> = graph.nodes().iter().map(|node| node.installed).collect();
    assert_eq!(installed, [false, true, true, false, false]);
    assert_eq!(graph.nodes()[1].size_bytes, Some(1000));
}

#[test]
fn all_ways_to_a_thing_are_found_shortest_first() {
    let graph = sample();
    let web = graph.releases_of(&id("a/WEB@1.0.0").name);
    let ways: Vec<_> = graph.ways_to(web[0], 10).iter().map(|way| told(&graph, way)).collect();
    assert_eq!(
        ways,
        [
            " -component-> a/adapter@1.0.0 -trained-on-> a/web@1.0.0",
            " -component-> a/adapter@1.0.0 -component-> a/base@1.0.0 -trained-on-> a/web@1.0.0",
        ]
    );
    assert_eq!(graph.ways_to(web[0], 1).len(), 1);
}

#[test]
fn what_is_outside_any_registry_is_found_by_its_name() {
    let graph = sample();
    let found = |text: &str| graph.named(&text.parse().unwrap());
    assert_eq!(found("hf:org/chats"), [4]);
    assert_eq!(found("a/web"), graph.releases_of(&id("a/web@1.0.0").name));
    assert!(found("hf:org/other").is_empty());
    let ways = graph.ways_to(4, 10);
    assert_eq!(told(&graph, &ways[0]), " -component-> a/adapter@1.0.0 -trained-on-> hf:org/chats");
}

#[test]
fn a_missing_document_is_named() {
    let installed = [release_of("a/adapter@1.0.0", &[], &[])];
    let manifest = Manifest::parse("[dependencies]\n\"a/adapter\" = \"=1.0.0\"\n").unwrap();
    let known = known(&installed);
    let lock = make(&registry(), &resolution(&["a/adapter@1.0.0"], &installed), &[], &known);
    let error = Graph::new(&manifest, &lock, &BTreeMap::new()).unwrap_err();
    assert_eq!(error, GraphError::NoDocument(id("a/adapter@1.0.0")));
}

#[test]
fn two_statements_about_one_source_are_both_kept() {
    let stated = |text: &str, license: &str| {
        let mut release = release_of(text, &[], &["hf:org/base"]);
        release.lineage[0].license = serde_json::from_str(license).unwrap();
        release
    };
    let mut adapter = stated("a/adapter@1.0.0", r#"{"weights":"MIT"}"#);
    adapter.dependencies = release_of("a/x@1.0.0", &["a/base@1.0.0"], &[]).dependencies;
    let installed = [adapter, stated("a/base@1.0.0", r#"{"weights":"CC-BY-NC-4.0"}"#)];
    let graph = graph(&installed, &installed).unwrap();
    let stated: Vec<_> =
        graph.nodes()[3..].iter().map(|node| node.license.iter().count()).collect();
    assert_eq!(stated, [1, 1]);
}

#[test]
fn many_diamonds_do_not_explode() {
    let mut releases = vec![release_of("a/adapter@1.0.0", &["a/l0@1.0.0", "a/r0@1.0.0"], &[])];
    for level in 0..40 {
        let next = [format!("a/l{}@1.0.0", level + 1), format!("a/r{}@1.0.0", level + 1)];
        let next: Vec<&str> =
            if level == 39 { vec![] } else { next.iter().map(String::as_str).collect() };
        releases.push(release_of(&format!("a/l{level}@1.0.0"), &next, &[]));
        releases.push(release_of(&format!("a/r{level}@1.0.0"), &next, &[]));
    }
    let graph = graph(&releases, &releases).unwrap();
    let last = graph.releases_of(&id("a/l39@1.0.0").name)[0];
    assert!(graph.ways_to(last, 5).len() <= 5);
}
