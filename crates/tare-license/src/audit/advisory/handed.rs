//! To what an advisory is handed down, in how many steps, and by which way.

use std::collections::{BTreeMap, VecDeque};

use tare_format::advisory::Propagation;

use super::super::graph::{Graph, Link};
use crate::audit::Relation;

/// What an advisory reaches from the nodes that it names.
pub(super) struct Handed<'g> {
    reached: BTreeMap<u32, Reached<'g>>,
}

/// How a node is reached: by the fewest steps.
struct Reached<'g> {
    steps: u32,
    /// The link to the node before; none for a node that the advisory names.
    link: Option<&'g Link>,
}

impl<'g> Handed<'g> {
    pub(super) fn new<'n>(
        graph: &'g Graph,
        propagates: Propagation,
        named: impl Iterator<Item = &'n u32>,
    ) -> Self {
        let mut by_end: BTreeMap<u32, Vec<&Link>> = BTreeMap::new();
        for link in graph.links.iter().filter(|link| is_handed(propagates, link.relation)) {
            by_end.entry(link.to).or_default().push(link);
        }
        let mut reached = BTreeMap::new();
        let mut waiting = VecDeque::new();
        for &node in named {
            reached.insert(node, Reached { steps: 0, link: None });
            waiting.push_back((node, 0_u32));
        }
        while let Some((node, steps)) = waiting.pop_front() {
            for link in by_end.get(&node).into_iter().flatten() {
                let steps = steps.saturating_add(1);
                let entry = reached.entry(link.from);
                if let std::collections::btree_map::Entry::Vacant(place) = entry {
                    place.insert(Reached { steps, link: Some(link) });
                    waiting.push_back((link.from, steps));
                }
            }
        }
        Self { reached }
    }

    /// Everything that is reached, with the number of steps; what is named itself with none.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (u32, u32)> {
        self.reached.iter().map(|(node, reached)| (*node, reached.steps))
    }

    /// Whether the step to a node is one of lineage, and not of what it needs to run.
    pub(super) fn is_by_lineage(&self, node: u32) -> bool {
        let link = self.reached.get(&node).and_then(|reached| reached.link);
        link.is_some_and(|link| !link.relation.is_dependency())
    }

    /// The way from a node to what is named, without the node itself.
    pub(super) fn way(&self, node: u32) -> Vec<(u32, Relation)> {
        let mut at = node;
        let mut way = Vec::new();
        while let Some(link) = self.reached.get(&at).and_then(|reached| reached.link) {
            way.push((link.to, link.relation));
            at = link.to;
        }
        way
    }
}

/// What an ancestor is nothing without, its base and its members, is part of the ancestor.
fn is_handed(propagates: Propagation, relation: Relation) -> bool {
    match relation {
        Relation::EvaluatedOn | Relation::Tokenizer | Relation::Component => false,
        Relation::TrainedOn => propagates == Propagation::TrainedOn,
        _ => propagates != Propagation::None,
    }
}
