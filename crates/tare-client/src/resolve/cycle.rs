//! Releases that need each other in a circle are refused (V-12): none of them could be loaded first.

use std::collections::HashMap;

use super::provider::{Edge, Provider};
use super::resolution::{Obstacle, Unsolvable};
use super::settle::{Graph, Place};

/// Fails with the first circle in the graph, in the order of the project's requirements.
pub(super) fn refuse(provider: &Provider<'_>, graph: &Graph) -> Result<(), Unsolvable> {
    match find(graph) {
        Some(cycle) => Err(describe(provider, graph, &cycle)),
        None => Ok(()),
    }
}

#[derive(PartialEq, Eq)]
enum Mark {
    OnPath,
    Done,
}

/// Depth first, with a path of its own instead of the call stack: graphs may be deep.
fn find(graph: &Graph) -> Option<Vec<Place>> {
    let mut marks: HashMap<Place, Mark> = HashMap::new();
    for start in graph.project.iter().filter_map(|edge| graph.target(edge)) {
        if marks.contains_key(&start) {
            continue;
        }
        marks.insert(start, Mark::OnPath);
        let mut path = vec![(start, 0)];
        while let Some((place, next)) = path.last_mut() {
            let edge = graph.releases.get(place).and_then(|edges| edges.get(*next));
            *next += 1;
            let Some(edge) = edge else {
                marks.insert(*place, Mark::Done);
                path.pop();
                continue;
            };
            let Some(target) = graph.target(edge) else { continue };
            match marks.get(&target) {
                Some(Mark::Done) => {}
                Some(Mark::OnPath) => {
                    return Some(
                        path.iter()
                            .map(|(place, _)| *place)
                            .skip_while(|place| *place != target)
                            .collect(),
                    );
                }
                None => {
                    marks.insert(target, Mark::OnPath);
                    path.push((target, 0));
                }
            }
        }
    }
    None
}

fn describe(provider: &Provider<'_>, graph: &Graph, cycle: &[Place]) -> Unsolvable {
    let name = |place: &Place| provider.catalog.entry(place.0).name.to_string();
    let version = |place: &Place| {
        provider
            .catalog
            .entry(place.0)
            .version(place.1)
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    let first = cycle.first().map(name).unwrap_or_default();
    let mut unsolvable = Unsolvable::new(
        Obstacle::Cycle,
        format!("`{first}` needs itself through the packages that it depends on"),
    );
    for (place, target) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
        let leads = |edge: &&Edge| graph.target(edge) == Some(*target);
        let edge = graph.releases.get(place).and_then(|edges| edges.iter().find(leads));
        let requirement =
            edge.map(|edge| edge.dependency.requirement.to_string()).unwrap_or_default();
        unsolvable.details.push(format!(
            "`{}` {} needs `{}` {requirement}, which is {}",
            name(place),
            version(place),
            name(target),
            version(target)
        ));
    }
    unsolvable.help.push(format!(
        "require a version of `{first}` from before the circle, or ask its owner to drop one of these dependencies"
    ));
    unsolvable
}
