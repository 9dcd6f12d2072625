//! From the solver's answer to the resolution: which release each dependency gets, and what is left out.
//!
//! The solver fills nodes; two nodes of one package may hold different versions although one would do. So a range that
//! a pinned base satisfies goes to the pin (V-8), a requirement over several buckets goes to the newest version that
//! is there anyway, and what nothing leads to any more is dropped. Every version here was solved together with all
//! that it needs, therefore any such change leaves a valid resolution.

mod placing;

use std::collections::{BTreeMap, HashMap};

use pubgrub::SelectedDependencies;
use tare_format::ReleaseId;

use super::catalog::Id;
use super::cycle;
use super::index::Standing;
use super::provider::{Edge, Edges, Node, Provider, Stop};
use super::resolution::{Chosen, Note, Resolution, ResolveError, Resolved};
use super::variant::{self, Wish};
use placing::Placing;

/// A release: its package and its position among the candidates.
pub(super) type Place = (Id, u32);

/// Every release in use, with its edges and where they lead.
pub(super) struct Graph {
    pub(super) project: Edges,
    pub(super) releases: BTreeMap<Place, Edges>,
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
    let wishes = wishes(&graph);
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

/// Who asks for which variant of which release.
fn wishes(graph: &Graph) -> HashMap<Place, Vec<Wish<'_>>> {
    let mut wishes: HashMap<Place, Vec<Wish<'_>>> = HashMap::new();
    let of_project = graph.project.iter().map(|edge| (None, edge));
    let of_releases = graph
        .releases
        .iter()
        .flat_map(|(place, edges)| edges.iter().map(|edge| (Some(*place), edge)));
    for (from, edge) in of_project.chain(of_releases) {
        let Some(variant) = &edge.dependency.variant else { continue };
        if let Some(target) = graph.target(edge) {
            wishes.entry(target).or_default().push(Wish { from, variant });
        }
    }
    wishes
}

fn graph(
    provider: &Provider<'_>,
    solution: &SelectedDependencies<Node, u32>,
) -> Result<Graph, Stop> {
    let project = provider.project_edges()?;
    let placing = Placing::new(provider, solution)?;
    let mut releases: BTreeMap<Place, Edges> = BTreeMap::new();
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

/// For each locked release of a package in use that may not be used any more.
fn withdrawn_notes(provider: &Provider<'_>, graph: &Graph) -> Vec<Note> {
    let options = provider.catalog.options();
    let is_used =
        |package: Id| graph.releases.range((package, 0)..=(package, u32::MAX)).next().is_some();
    let mut notes = Vec::new();
    for locked in &options.locked {
        let Some(package) =
            provider.catalog.known(&locked.name).filter(|package| is_used(*package))
        else {
            continue;
        };
        let entry = provider.catalog.entry(package);
        let release = entry.package.as_ref().and_then(|package| package.release(&locked.version));
        if let Some(Standing::Withdrawn { reason }) =
            release.map(|release| release.standing(options.as_of))
        {
            notes.push(Note::Withdrawn { release: locked.clone(), reason: reason.clone() });
        }
    }
    notes
}
