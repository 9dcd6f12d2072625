//! What must hold for every graph.

use proptest::prelude::*;

use super::*;

const LICENSES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "CC-BY-SA-4.0",
    "GPL-3.0-only",
    "CC-BY-NC-4.0",
    "CC-BY-ND-4.0",
    "LicenseRef-llama-2",
    "LicenseRef-x",
];

#[derive(Debug, Clone)]
struct Sketch {
    licenses: Vec<usize>,
    edges: Vec<(usize, usize, usize)>,
}

impl Sketch {
    fn nodes(&self) -> Vec<Node> {
        let line = |(at, license): (usize, &usize)| {
            node(&format!("n/n{at}@1.0.0 model weights={}", LICENSES[*license]))
        };
        self.licenses.iter().enumerate().map(line).collect()
    }

    fn edges(&self) -> Vec<Edge> {
        let id = |at: usize| format!("n/n{}@1.0.0", at % self.licenses.len());
        let edge = |&(from, relation, to): &(usize, usize, usize)| {
            Edge::new(id(from), Relation::ALL[relation], id(to))
        };
        self.edges.iter().map(edge).collect()
    }

    /// The first node is what is used.
    fn report(&self, policy: &Policy) -> Report {
        let graph = Graph::new(&["n/n0@1.0.0".into()], self.nodes(), &self.edges()).unwrap();
        audit(&graph, &facts(Profile::Commercial), policy, Catalogue::builtin())
    }
}

fn sketches() -> impl Strategy<Value = Sketch> {
    let licenses = prop::collection::vec(0..LICENSES.len(), 1..8);
    let edges = prop::collection::vec((0..8usize, 0..Relation::ALL.len(), 0..8usize), 0..14);
    (licenses, edges).prop_map(|(licenses, edges)| Sketch { licenses, edges })
}

proptest! {
    #[test]
    fn one_more_edge_never_makes_it_better(sketch in sketches(), edge in (0..8usize, 0..14usize, 0..8usize)) {
        for training in ["report", "inherit"] {
            let policy = policy(&format!("[policy]\ntraining-data = \"{training}\""));
            let before = sketch.report(&policy);
            let mut more = sketch.clone();
            more.edges.push(edge);
            let after = more.report(&policy);
            prop_assert!(after.denied() || !before.denied());
            prop_assert!(before.effective.without(after.effective).is_empty());
            prop_assert!(before.effective_contested.without(after.effective_contested).is_empty());
        }
    }

    #[test]
    fn the_order_of_nodes_and_edges_changes_nothing(sketch in sketches()) {
        let roots = ["n/n0@1.0.0".into()];
        let (mut nodes, mut edges) = (sketch.nodes(), sketch.edges());
        nodes.reverse();
        edges.reverse();
        let turned = Graph::new(&roots, nodes, &edges).unwrap();
        let turned = audit(&turned, &facts(Profile::Commercial), &Policy::default(), Catalogue::builtin());
        let straight = sketch.report(&Policy::default());
        prop_assert_eq!(serde_json::to_string(&straight).unwrap(), serde_json::to_string(&turned).unwrap());
    }

    #[test]
    fn a_permissive_leaf_changes_no_verdict(sketch in sketches(), from in 0..8usize, relation in 0..14usize) {
        let before = sketch.report(&Policy::default());
        let mut more = sketch;
        let leaf = more.licenses.len();
        more.edges.iter_mut().for_each(|(from, _, to)| (*from, *to) = (*from % leaf, *to % leaf));
        more.licenses.push(0);
        more.edges.push((from % leaf, relation, leaf));
        let after = more.report(&Policy::default());
        prop_assert_eq!(before.denied(), after.denied());
        prop_assert_eq!(before.effective.worst(), after.effective.worst());
    }

    /// The whole and its root must agree: two searches, one down from the root, one up from the licences.
    #[test]
    fn the_root_and_the_whole_say_the_same(sketch in sketches()) {
        let report = sketch.report(&Policy::default());
        let root = report.node("n/n0@1.0.0").unwrap();
        let certain: crate::ClassSet = root.effective.iter().map(|effective| effective.class).collect();
        let all: crate::ClassSet = root.effective_contested.iter().map(|effective| effective.class).collect();
        prop_assert_eq!((certain, all), (report.effective, report.effective_contested));
    }
}
