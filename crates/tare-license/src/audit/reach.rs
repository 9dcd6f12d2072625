//! Which nodes are reached from which, how surely, and by which way (A-6, A-7).
//!
//! A node is reached in one of two states. *Used*: it is installed with what is used, so all its parts count. *Made*:
//! something was made from it, so what went into the work counts, its weights and data, and from there only lineage
//! leads on: what an ancestor needed to run is no part of what was made from it. A base and a collection's members
//! are, as the thing is nothing without them.
//!
//! ```text
//! used --dependency--> used      used --lineage--> made      made --lineage, base, member--> made
//! ```
//!
//! The search goes in rounds, the surest edges first, and each state is entered once. So rings end, the first way found
//! is the surest, and of those of the first round the shortest.

use super::graph::{Graph, Link};
use super::{Certainty, Path, Relation, Step};
use crate::Part;

/// Longest way that is written out in full, in nodes.
const MAX_STEPS: usize = 16;
const NOWHERE: u32 = u32::MAX;

/// A node in one of its two states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State(u32);

impl State {
    pub(super) const fn used(node: u32) -> Self {
        Self(node * 2)
    }

    pub(super) const fn made(node: u32) -> Self {
        Self(node * 2 + 1)
    }

    pub(super) const fn node(self) -> u32 {
        self.0 / 2
    }
}

/// The states of a graph and the steps between them, both ways.
pub(super) struct Mesh<'g> {
    graph: &'g Graph,
    forward: Steps,
    backward: Steps,
}

/// Which way a search goes along the edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// From packages to what they need and were made from.
    Down,
    /// From licences to the packages they reach.
    Up,
}

/// Steps by their first state: those of state `s` are `to[starts[s]..starts[s + 1]]`.
struct Steps {
    starts: Vec<usize>,
    to: Vec<(u32, u32)>,
}

impl Steps {
    fn new(states: usize, steps: impl Iterator<Item = (u32, u32, u32)> + Clone) -> Self {
        let mut starts = vec![0; states + 1];
        for (from, ..) in steps.clone() {
            starts[from as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut to = vec![(0, 0); starts[states]];
        for (from, target, link) in steps {
            let slot = &mut next[from as usize];
            to[*slot] = (target, link);
            *slot += 1;
        }
        Self { starts, to }
    }

    fn of(&self, state: u32) -> &[(u32, u32)] {
        &self.to[self.starts[state as usize]..self.starts[state as usize + 1]]
    }
}

/// How a state was entered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) certainty: Certainty,
    /// How many edges lie behind.
    pub(super) distance: u32,
    /// The state in which the search began.
    start: u32,
    previous: u32,
    link: u32,
}

impl Arrival {
    /// The node in which the search began.
    pub(super) const fn origin(&self) -> u32 {
        State(self.start).node()
    }
}

/// What a search entered.
pub(super) struct Reach {
    arrivals: Vec<Option<Arrival>>,
}

impl Reach {
    pub(super) fn at(&self, state: State) -> Option<&Arrival> {
        self.arrivals[state.0 as usize].as_ref()
    }

    /// The better way to one of two states: the surer, then the shorter.
    pub(super) fn best(&self, states: &[State]) -> Option<(State, &Arrival)> {
        let entered = states.iter().filter_map(|&state| Some((state, self.at(state)?)));
        entered.min_by_key(|(_, arrival)| (std::cmp::Reverse(arrival.certainty), arrival.distance))
    }

    /// The state before this one on the way, and the link between them.
    pub(super) fn previous(&self, state: State) -> Option<(State, u32)> {
        let arrival = self.at(state)?;
        (arrival.previous != NOWHERE).then_some((State(arrival.previous), arrival.link))
    }
}

impl<'g> Mesh<'g> {
    pub(super) fn new(graph: &'g Graph) -> Self {
        let steps = graph
            .links
            .iter()
            .zip(0..)
            .flat_map(|(link, at)| steps_of(link).map(move |(a, b)| (a.0, b.0, at)));
        let states = graph.nodes.len() * 2;
        let forward = Steps::new(states, steps.clone());
        let backward = Steps::new(states, steps.map(|(from, to, link)| (to, from, link)));
        Self { graph, forward, backward }
    }

    /// Searches from the given states, along edges as surely as `weigh` says; `None` bars an edge.
    pub(super) fn search(
        &self,
        direction: Direction,
        starts: &[State],
        weigh: impl Fn(&Link) -> Option<Certainty>,
    ) -> Reach {
        let steps = if direction == Direction::Down { &self.forward } else { &self.backward };
        let mut arrivals: Vec<Option<Arrival>> = vec![None; self.graph.nodes.len() * 2];
        let mut entered: Vec<u32> = Vec::new();
        let begin = |start| Arrival {
            certainty: Certainty::Certain,
            distance: 0,
            start,
            previous: NOWHERE,
            link: NOWHERE,
        };
        for start in starts {
            if arrivals[start.0 as usize].is_none() {
                arrivals[start.0 as usize] = Some(begin(start.0));
                entered.push(start.0);
            }
        }
        // Steps that a round cannot take wait for the round that can, so each is looked at twice at most.
        let mut waiting: [Vec<(u32, u32, u32)>; 3] = Default::default();
        let mut at = 0;
        for round in [Certainty::Certain, Certainty::Stated, Certainty::Contested] {
            let mut enter = |entered: &mut Vec<u32>, state: u32, to: u32, link: u32| {
                let Some(Arrival { distance, start, .. }) = arrivals[state as usize] else {
                    return;
                };
                let slot = &mut arrivals[to as usize];
                if slot.is_none() {
                    let distance = distance + 1;
                    *slot =
                        Some(Arrival { certainty: round, distance, start, previous: state, link });
                    entered.push(to);
                }
            };
            for (state, to, link) in std::mem::take(&mut waiting[round as usize]) {
                enter(&mut entered, state, to, link);
            }
            while let Some(&state) = entered.get(at) {
                at += 1;
                for &(to, link) in steps.of(state) {
                    match weigh(&self.graph.links[link as usize]) {
                        Some(weight) if weight >= round => enter(&mut entered, state, to, link),
                        Some(weight) => waiting[weight as usize].push((state, to, link)),
                        None => {}
                    }
                }
            }
        }
        Reach { arrivals }
    }

    /// The way from where a downward search began to a state.
    pub(super) fn path_down(
        &self,
        reach: &Reach,
        state: State,
        part: Option<Part>,
    ) -> Option<Path> {
        let arrival = reach.at(state)?;
        let mut steps = Vec::with_capacity(written(arrival));
        let mut at = state;
        while let Some((previous, link)) = reach.previous(at) {
            if steps.len() + 1 == MAX_STEPS {
                break;
            }
            steps.push(self.step(at, Some(link), 0));
            at = previous;
        }
        let shown = u32::try_from(steps.len()).unwrap_or(u32::MAX);
        let omitted = arrival.distance.saturating_sub(shown);
        if let Some(last) = steps.last_mut() {
            last.omitted = omitted;
        }
        steps.push(self.step(State(arrival.start), None, 0));
        steps.reverse();
        Some(Path { steps: steps.into(), part })
    }

    /// The way from a state to where an upward search began.
    pub(super) fn path_up(&self, reach: &Reach, state: State, part: Option<Part>) -> Option<Path> {
        let arrival = reach.at(state)?;
        let mut steps = Vec::with_capacity(written(arrival));
        steps.push(self.step(state, None, 0));
        let mut at = state;
        while let Some((previous, link)) = reach.previous(at) {
            let left =
                arrival.distance.saturating_sub(u32::try_from(steps.len()).unwrap_or(u32::MAX));
            if steps.len() + 1 == MAX_STEPS && left > 0 {
                steps.push(self.step(State(arrival.start), None, left));
                break;
            }
            steps.push(self.step(previous, Some(link), 0));
            at = previous;
        }
        Some(Path { steps: steps.into(), part })
    }

    fn step(&self, state: State, link: Option<u32>, omitted: u32) -> Step {
        let relation: Option<Relation> = link.map(|link| self.graph.links[link as usize].relation);
        Step { node: self.graph.nodes[state.node() as usize].id.clone(), relation, omitted }
    }
}

/// How many nodes of a way are written out.
fn written(arrival: &Arrival) -> usize {
    (arrival.distance as usize).saturating_add(1).min(MAX_STEPS)
}

fn steps_of(link: &Link) -> impl Iterator<Item = (State, State)> + Clone + use<> {
    let (from, to) = (link.from, link.to);
    let lineage = !link.relation.is_dependency();
    let kept = lineage || matches!(link.relation, Relation::Base | Relation::Member);
    let used = if lineage { State::made(to) } else { State::used(to) };
    let steps =
        [Some((State::used(from), used)), kept.then_some((State::made(from), State::made(to)))];
    steps.into_iter().flatten()
}
