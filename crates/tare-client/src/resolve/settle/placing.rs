//! Which version stands for each of the solver's nodes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use pubgrub::{SelectedDependencies, VersionSet};

use super::Place;
use crate::resolve::catalog::Id;
use crate::resolve::provider::{Edge, Node, Provider, Stop};
use crate::resolve::selection::Selection;

/// The pinned positions of each package that is pinned.
type Pins = BTreeMap<Id, BTreeSet<u32>>;

pub(super) struct Placing {
    positions: HashMap<Node, u32>,
}

impl Placing {
    /// The solver's answer, with ranges moved to pins and requirements over several buckets to what is there.
    pub(super) fn new(
        provider: &Provider<'_>,
        solution: &SelectedDependencies<Node, u32>,
    ) -> Result<Self, Stop> {
        let mut placing = Self {
            positions: solution.iter().map(|(node, position)| (*node, *position)).collect(),
        };
        let mut pins = Pins::new();
        let mut spreads = BTreeMap::new();
        for (node, chosen) in &placing.positions {
            match node {
                Node::Pin { package, position } => {
                    pins.entry(*package).or_default().insert(*position);
                }
                Node::Spread(spread) => {
                    let package = provider.spread(*spread).package;
                    let solved = placing.positions.get(&Node::Bucket { package, bucket: *chosen });
                    spreads.insert(*spread, solved.copied());
                }
                _ => {}
            }
        }
        placing.move_ranges_to(&pins, provider)?;
        for (spread, solved) in spreads {
            let position = placing.position_for(provider, &pins, spread).or(solved);
            placing.positions.extend(position.map(|position| (Node::Spread(spread), position)));
        }
        Ok(placing)
    }

    /// Where an edge leads.
    pub(super) fn target(&self, edge: &Edge) -> Option<Place> {
        self.positions.get(&edge.node).map(|position| (edge.package, *position))
    }

    /// spec/resolution.md V-8: a pin that satisfies every range on its bucket takes the bucket's place.
    fn move_ranges_to(&mut self, pins: &Pins, provider: &Provider<'_>) -> Result<(), Stop> {
        if pins.is_empty() {
            return Ok(());
        }
        for (node, allowed) in self.demands_on_pinned(pins, provider)? {
            let pins = provider.package_of(node).and_then(|package| pins.get(&package));
            if let Some(pin) = newest(pins.into_iter().flatten().copied(), &allowed) {
                self.positions.insert(node, pin);
            }
        }
        Ok(())
    }

    /// For each bucket of a package that is pinned somewhere: the versions that every range into the bucket allows.
    fn demands_on_pinned(
        &self,
        pins: &Pins,
        provider: &Provider<'_>,
    ) -> Result<BTreeMap<Node, Selection>, Stop> {
        let mut demands: BTreeMap<Node, Selection> = BTreeMap::new();
        for (node, position) in &self.positions {
            let edges = match node {
                Node::Project => provider.project_edges()?,
                Node::Bucket { package, .. } | Node::Pin { package, .. } => {
                    provider.edges(*package, *position)?
                }
                Node::Spread(_) | Node::Nothing { .. } => continue,
            };
            let ranges = edges.iter().filter(|edge| matches!(edge.node, Node::Bucket { .. }));
            for edge in ranges.filter(|edge| pins.contains_key(&edge.package)) {
                let allowed = demands.entry(edge.node).or_insert_with(Selection::full);
                *allowed = allowed.intersection(&edge.allowed);
            }
        }
        Ok(demands)
    }

    /// What a requirement over several buckets takes: a precise version that stands, else the newest pin, else the newest that stands in a bucket.
    fn position_for(&self, provider: &Provider<'_>, pins: &Pins, spread: u32) -> Option<u32> {
        let spread = provider.spread(spread);
        let package = spread.package;
        let entry = provider.catalog.entry(package);
        let pins = pins.get(&package).into_iter().flatten().copied();
        let standing: Vec<u32> = (0..entry.buckets.len() as u32)
            .filter_map(|bucket| self.positions.get(&Node::Bucket { package, bucket }).copied())
            .collect();
        let held = entry.held.intersection(&spread.allowed);
        newest(standing.iter().copied(), &held)
            .or_else(|| newest(pins, &spread.allowed))
            .or_else(|| newest(standing.into_iter(), &spread.allowed))
    }
}

fn newest(positions: impl Iterator<Item = u32>, allowed: &Selection) -> Option<u32> {
    positions.filter(|position| allowed.contains(position)).max()
}
