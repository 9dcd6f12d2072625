//! Everything the checks ask: the graph, the terms, and which terms reach what is used.

use std::cell::OnceCell;

use super::graph::{Graph, Link, Node};
use super::reach::{Arrival, Direction, Mesh, Reach, State};
use super::report::{Path, Step};
use super::terms::{Term, Terms};
use super::{Certainty, Code, Facts, Relation, Rules, Severity, TrainingData};
use crate::catalogue::Catalogue;

/// A graph with its terms read and its ways found.
pub(super) struct Survey<'a> {
    pub(super) graph: &'a Graph,
    pub(super) facts: &'a Facts,
    pub(super) rules: &'a Rules,
    pub(super) catalogue: &'a Catalogue,
    pub(super) terms: Terms<'a>,
    pub(super) mesh: Mesh<'a>,
    /// From the roots down, for each carriage.
    from_roots: Vec<Reach>,
    /// From the roots down, whatever passes along: what is there at all.
    present: Reach,
    /// The way to each term, found when it is first asked for.
    paths: Vec<OnceCell<Option<Path>>>,
}

/// Something a check found, before exceptions are applied.
pub(super) struct Draft {
    pub(super) code: Code,
    pub(super) severity: Severity,
    pub(super) certainty: Certainty,
    /// The node it is about.
    pub(super) node: u32,
    /// The term it is about, as a place in [`Terms::all`]; it may be of another node, whose licence causes it.
    pub(super) term: Option<usize>,
    pub(super) path: Option<Path>,
    pub(super) message: String,
    /// What to do, where the code's own advice is not the best.
    pub(super) fix: Option<String>,
}

impl<'a> Survey<'a> {
    pub(super) fn new(
        graph: &'a Graph,
        facts: &'a Facts,
        rules: &'a Rules,
        catalogue: &'a Catalogue,
    ) -> Self {
        let terms = Terms::read(graph, rules, catalogue);
        let mesh = Mesh::new(graph);
        let roots: Vec<State> = graph.roots.iter().map(|&root| State::used(root)).collect();
        let down = |weigh: &dyn Fn(&Link) -> Option<Certainty>| {
            mesh.search(Direction::Down, &roots, weigh)
        };
        let from_roots = terms
            .carriages
            .iter()
            .map(|carriage| down(&|link| carriage.along(link.relation, link.certainty)));
        let from_roots = from_roots.collect();
        let present =
            down(&|link| (link.relation != Relation::EvaluatedOn).then_some(Certainty::Certain));
        let paths = vec![OnceCell::new(); terms.all.len()];
        Self { graph, facts, rules, catalogue, terms, mesh, from_roots, present, paths }
    }

    pub(super) fn node(&self, at: u32) -> &'a Node {
        &self.graph.nodes[at as usize]
    }

    /// How a term reaches what is used; `None` when it does not.
    pub(super) fn arrival(&self, term: &Term<'_>) -> Option<(State, &Arrival)> {
        let states = [State::used(term.node), State::made(term.node)];
        let counted = if term.is_of_the_work() { &states[..] } else { &states[..1] };
        self.from_roots.get(term.carriage)?.best(counted)
    }

    /// How what is used reaches a node from which terms of a carriage would come by this link.
    pub(super) fn arrival_before(&self, link: &Link, carriage: usize) -> Option<(State, &Arrival)> {
        let states = [State::used(link.from), State::made(link.from)];
        let only_used = matches!(link.relation, Relation::Tokenizer | Relation::Component);
        self.from_roots.get(carriage)?.best(if only_used { &states[..1] } else { &states[..] })
    }

    /// The way from a root to a term, which is given by its place in [`Terms::all`].
    pub(super) fn path(&self, at: usize) -> Option<Path> {
        let find = || {
            let term = self.terms.all.get(at)?;
            let (state, _) = self.arrival(term)?;
            self.mesh.path_down(self.from_roots.get(term.carriage)?, state, Some(term.part))
        };
        self.paths.get(at)?.get_or_init(find).clone()
    }

    /// The way from a root over a link to a term of the node at its end.
    pub(super) fn path_over(&self, link: &Link, term: &Term<'_>) -> Option<Path> {
        let (state, _) = self.arrival_before(link, term.carriage)?;
        let path = self.mesh.path_down(self.from_roots.get(term.carriage)?, state, None)?;
        let node = self.node(link.to).id.clone();
        let last = Step { node, relation: Some(link.relation), omitted: 0 };
        let steps = path.steps.iter().cloned().chain([last]).collect();
        Some(Path { steps, part: Some(term.part) })
    }

    /// The nodes on the way from a term to a root, the term's own left out, nearest first.
    pub(super) fn way_back(&self, term: &Term<'_>) -> impl Iterator<Item = (u32, &'a Link)> {
        let reach = self.from_roots.get(term.carriage);
        let mut at = self.arrival(term).map(|(state, _)| state);
        std::iter::from_fn(move || {
            let (previous, link) = reach?.previous(at?)?;
            at = Some(previous);
            Some((previous.node(), &self.graph.links[link as usize]))
        })
    }

    /// Whether a node is installed with what is used.
    pub(super) fn is_used(&self, node: u32) -> bool {
        self.present.at(State::used(node)).is_some()
    }

    /// The way from a root to a node, whatever passes along it; `None` when there is none.
    pub(super) fn path_to_node(&self, node: u32) -> Option<Path> {
        let (state, _) = self.present.best(&[State::used(node), State::made(node)])?;
        self.mesh.path_down(&self.present, state, None)
    }

    /// What a finding weighs when its terms are this certain; `None` when it is not to be reported.
    pub(super) fn weight(&self, severity: Severity, certainty: Certainty) -> Option<Severity> {
        match (certainty, self.rules.training_data) {
            (Certainty::Certain | Certainty::Stated, _) | (_, TrainingData::Inherit) => {
                Some(severity)
            }
            (Certainty::Contested, TrainingData::Report) => Some(severity.min(Severity::Warning)),
            (Certainty::Contested, TrainingData::Ignore) => None,
        }
    }

    /// What a code weighs under the profile.
    pub(super) fn usual(&self, code: Code) -> Severity {
        code.severity(self.facts.profile)
    }

    /// A draft about a term, at its own node, by its own way.
    pub(super) fn about(
        &self,
        at: usize,
        code: Code,
        severity: Severity,
        message: String,
    ) -> Option<Draft> {
        let term = self.terms.all.get(at)?;
        let (_, arrival) = self.arrival(term)?;
        Some(Draft {
            code,
            severity: self.weight(severity, arrival.certainty)?,
            certainty: arrival.certainty,
            node: term.node,
            term: Some(at),
            path: self.path(at),
            message,
            fix: None,
        })
    }
}
