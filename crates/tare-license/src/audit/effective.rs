//! The classes that apply to each node, with the way to whatever brings each one in.

use super::reach::{Direction, State};
use super::report::Effective;
use super::survey::Survey;
use super::terms::Term;
use super::{Certainty, Graph};
use crate::Class;

/// For each node, its classes in headline order, each by its surest way, then its shortest.
pub(super) fn of_nodes(survey: &Survey<'_>) -> Vec<Vec<Effective>> {
    let mut slots: Vec<[Option<Slot>; Class::ALL.len()]> = Vec::new();
    slots.resize_with(survey.graph.nodes.len(), Default::default);
    for class in Class::ALL {
        for carriage in 0..survey.terms.carriages.len() {
            gather(survey, class, carriage, &mut slots);
        }
    }
    slots
        .into_iter()
        .map(|classes| classes.into_iter().flatten().map(|slot| slot.effective).collect())
        .collect()
}

/// Those of one node that need no contested edge.
pub(super) fn uncontested(effective: &[Effective]) -> Vec<Effective> {
    effective
        .iter()
        .filter(|effective| effective.certainty > Certainty::Contested)
        .cloned()
        .collect()
}

struct Slot {
    distance: u32,
    effective: Effective,
}

/// Carries the terms of one class and one carriage up to every node they reach.
fn gather(
    survey: &Survey<'_>,
    class: Class,
    carriage: usize,
    slots: &mut [[Option<Slot>; Class::ALL.len()]],
) {
    let fits = |term: &&Term<'_>| {
        term.carriage == carriage && term.is_inherited() && term.found.classes.contains(class)
    };
    let starts: Vec<State> = survey
        .terms
        .all
        .iter()
        .filter(fits)
        .flat_map(|term| {
            let made = term.is_of_the_work().then_some(State::made(term.node));
            [Some(State::used(term.node)), made].into_iter().flatten()
        })
        .collect();
    let Some(how) = survey.terms.carriages.get(carriage).filter(|_| !starts.is_empty()) else {
        return;
    };
    let reach =
        survey.mesh.search(Direction::Up, &starts, |link| how.along(link.relation, link.certainty));
    for (at, classes) in (0..count(survey.graph)).zip(slots) {
        let state = State::used(at);
        let Some(arrival) = reach.at(state) else { continue };
        let slot = &mut classes[class as usize];
        let better = slot.as_ref().is_none_or(|slot| {
            (arrival.certainty, slot.distance) > (slot.effective.certainty, arrival.distance)
        });
        if !better {
            continue;
        }
        let origin = survey.terms.of(arrival.origin()).map(|(_, term)| term).filter(fits);
        // A way that ends in the made state is about the work itself, not about code beside it.
        let Some(term) = origin.min_by_key(|term| (!term.is_of_the_work(), term.part)) else {
            continue;
        };
        let Some(path) = survey.mesh.path_up(&reach, state, Some(term.part)) else { continue };
        let (certainty, license) = (arrival.certainty, term.found.license.clone());
        let effective = Effective { class, certainty, license, path };
        *slot = Some(Slot { distance: arrival.distance, effective });
    }
}

fn count(graph: &Graph) -> u32 {
    u32::try_from(graph.nodes.len()).unwrap_or(u32::MAX)
}
