//! From the solver's answer to the resolution: which release each dependency gets, and what is left out.
//!
//! The solver fills nodes; two nodes of one package may hold different versions although one would do. So a range that
//! a pinned base satisfies goes to the pin (V-8), a requirement over several buckets goes to the newest version that
//! is there anyway, and what nothing leads to any more is dropped. Every version here was solved together with all
//! that it needs, therefore any such change leaves a valid resolution.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use pubgrub::{SelectedDependencies, VersionSet};
use tare_format::ReleaseId;

use super::catalog::Id;
use super::cycle;
use super::index::Standing;
use super::provider::{Edge, Node, Provider, Stop};
use super::resolution::{Chosen, Note, Resolution, ResolveError, Resolved};
use super::selection::Selection;
use super::variant::{self, Wish};

/// A release: its package and its position among the candidates.
pub(super) type Place = (Id, u32);

/// Every release in use, with its edges and where they lead.
pub(super) struct Graph {
    pub(super) project: Rc<Vec<Edge>>,
    pub(super) releases: BTreeMap<Place, Rc<Vec<Edge>>>,
    placing: Placing,
}

impl Graph {
    pub(super) fn target(&self, edge: &Edge) -> Option<Place> {
        self.placing.target(edge)
    }
}

/// The resolution that the solver's answer amounts to.
pub(super) fn settle(
    provider: &Provider<'_>,
    solution: &SelectedDependencies<Node, u32>,
) -> Result<Resolution, ResolveError> {
    let graph = graph(provider, solution).map_err(ResolveError::from)?;
    cycle::refuse(provider, &graph)?;
    let mut wishes: BTreeMap<Place, Vec<Wish<'_>>> = BTreeMap::new();
    let edges = graph
        .releases
        .iter()
        .flat_map(|(place, edges)| edges.iter().map(move |edge| (Some(*place), edge)));
    for (from, edge) in graph.project.iter().map(|edge| (None, edge)).chain(edges) {
        if let (Some(variant), Some(target)) = (&edge.dependency.variant, graph.target(edge)) {
            wishes.entry(target).or_default().push(Wish { from, variant });
        }
    }
    let mut packages = Vec::with_capacity(graph.releases.len());
    let mut notes = Vec::new();
    for (place, edges) in &graph.releases {
        let wishes = wishes.get(place).map_or([].as_slice(), Vec::as_slice);
        packages.extend(resolved(provider, &graph, *place, edges, wishes)?);
        notes.extend(yanked_note(provider, *place));
    }
    packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    notes.extend(withdrawn_notes(provider, &graph));
    notes.sort_by_key(ToString::to_string);
    let requirements = chosen(provider, &graph, &graph.project);
    Ok(Resolution { requirements, packages, notes, steps: provider.steps() })
}

fn graph(
    provider: &Provider<'_>,
    solution: &SelectedDependencies<Node, u32>,
) -> Result<Graph, Stop> {
    let project = provider.project_edges()?;
    let placing = Placing::new(provider, solution)?;
    let mut releases: BTreeMap<Place, Rc<Vec<Edge>>> = BTreeMap::new();
    let mut open: Vec<Place> = project.iter().filter_map(|edge| placing.target(edge)).collect();
    while let Some(place) = open.pop() {
        if releases.contains_key(&place) {
            continue;
        }
        let edges = provider.edges(place.0, place.1)?;
        open.extend(edges.iter().filter_map(|edge| placing.target(edge)));
        releases.insert(place, edges);
    }
    Ok(Graph { project, releases, placing })
}

/// Which version stands for each node.
struct Placing {
    positions: BTreeMap<Node, u32>,
}

impl Placing {
    fn new(
        provider: &Provider<'_>,
        solution: &SelectedDependencies<Node, u32>,
    ) -> Result<Self, Stop> {
        let mut positions: BTreeMap<Node, u32> =
            solution.iter().map(|(node, position)| (*node, *position)).collect();
        let solved = positions.clone();
        let mut pins: BTreeMap<Id, BTreeSet<u32>> = BTreeMap::new();
        for node in positions.keys() {
            if let Node::Pin { package, position } = node {
                pins.entry(*package).or_default().insert(*position);
            }
        }
        if !pins.is_empty() {
            let demands = demands_on_pinned(provider, &positions, &pins)?;
            for (node, allowed) in demands {
                let pins = provider.package_of(node).and_then(|package| pins.get(&package));
                if let Some(pin) = newest(pins.into_iter().flatten(), &allowed) {
                    positions.insert(node, pin);
                }
            }
        }
        let spreads: Vec<u32> = solved
            .keys()
            .filter_map(|node| if let Node::Spread(id) = node { Some(*id) } else { None })
            .collect();
        for id in spreads {
            let spread = provider.spread(id);
            let there = positions.iter().filter_map(|(node, position)| match node {
                Node::Bucket { package, .. } if *package == spread.package => Some(position),
                _ => None,
            });
            let pin = newest(pins.get(&spread.package).into_iter().flatten(), &spread.allowed);
            let position = pin.or_else(|| newest(there, &spread.allowed)).or_else(|| {
                let bucket = *solved.get(&Node::Spread(id))?;
                solved.get(&Node::Bucket { package: spread.package, bucket }).copied()
            });
            if let Some(position) = position {
                positions.insert(Node::Spread(id), position);
            }
        }
        Ok(Self { positions })
    }

    fn target(&self, edge: &Edge) -> Option<Place> {
        self.positions.get(&edge.node).map(|position| (edge.package, *position))
    }
}

/// For each bucket of a package that is pinned somewhere: the versions that every range into the bucket allows.
fn demands_on_pinned(
    provider: &Provider<'_>,
    positions: &BTreeMap<Node, u32>,
    pins: &BTreeMap<Id, BTreeSet<u32>>,
) -> Result<BTreeMap<Node, Selection>, Stop> {
    let mut demands: BTreeMap<Node, Selection> = BTreeMap::new();
    for (node, position) in positions {
        let edges = match node {
            Node::Project => provider.project_edges()?,
            Node::Bucket { package, .. } | Node::Pin { package, .. } => {
                provider.edges(*package, *position)?
            }
            Node::Spread(_) | Node::Nothing { .. } => continue,
        };
        for edge in edges.iter() {
            if matches!(edge.node, Node::Bucket { .. }) && pins.contains_key(&edge.package) {
                let allowed = demands.entry(edge.node).or_insert_with(Selection::full);
                *allowed = allowed.intersection(&edge.allowed);
            }
        }
    }
    Ok(demands)
}

fn newest<'p>(positions: impl Iterator<Item = &'p u32>, allowed: &Selection) -> Option<u32> {
    positions.copied().filter(|position| allowed.contains(position)).max()
}

fn resolved(
    provider: &Provider<'_>,
    graph: &Graph,
    place: Place,
    edges: &[Edge],
    wishes: &[Wish<'_>],
) -> Result<Option<Resolved>, ResolveError> {
    let entry = provider.catalog.entry(place.0);
    let Some(release) = entry.release(place.1) else { return Ok(None) };
    let variant = variant::choose(provider, place, wishes)?;
    Ok(Some(Resolved {
        name: entry.name.clone(),
        version: release.version.clone(),
        digest: release.digest,
        kind: release.kind,
        variant,
        dependencies: chosen(provider, graph, edges),
    }))
}

fn chosen(provider: &Provider<'_>, graph: &Graph, edges: &[Edge]) -> Vec<Chosen> {
    let choice = |edge: &Edge| {
        let (package, position) = graph.target(edge)?;
        let version = provider.catalog.entry(package).version(position)?.clone();
        Some(Chosen { dependency: edge.dependency.clone(), version })
    };
    edges.iter().filter_map(choice).collect()
}

fn yanked_note(provider: &Provider<'_>, (package, position): Place) -> Option<Note> {
    let entry = provider.catalog.entry(package);
    let release = entry.release(position)?;
    let Standing::Yanked { reason } = release.standing(provider.catalog.options().as_of) else {
        return None;
    };
    let id = ReleaseId { name: entry.name.clone(), version: release.version.clone() };
    Some(Note::YankedKept { release: id, reason: reason.clone() })
}

fn withdrawn_notes(provider: &Provider<'_>, graph: &Graph) -> Vec<Note> {
    let options = provider.catalog.options();
    let used: BTreeSet<Id> = graph.releases.keys().map(|(package, _)| *package).collect();
    let entries = used.into_iter().map(|package| provider.catalog.entry(package));
    let mut notes = Vec::new();
    for entry in entries {
        for locked in options.locked.iter().filter(|locked| locked.name == entry.name) {
            let release =
                entry.package.as_ref().and_then(|package| package.release(&locked.version));
            if let Some(Standing::Withdrawn { reason }) =
                release.map(|release| release.standing(options.as_of))
            {
                notes.push(Note::Withdrawn { release: locked.clone(), reason: reason.clone() });
            }
        }
    }
    notes
}
