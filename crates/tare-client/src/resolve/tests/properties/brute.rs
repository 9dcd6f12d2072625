//! Whether requirements can be met, by trying everything.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use tare_format::{PackageName, ReleaseId};

use super::super::registry::Registry;
use crate::resolve::{Dependency, ReleaseRecord};

/// What makes two versions compatible; written again from spec/resolution.md V-6, not taken from the resolver.
pub(super) fn bucket(version: &Version) -> (u64, u64, u64) {
    match version {
        Version { major: 0, minor: 0, patch, .. } => (0, 0, *patch),
        Version { major: 0, minor, .. } => (0, *minor, 0),
        Version { major, .. } => (*major, 0, 0),
    }
}

/// One version for each package and bucket, apart from pins.
#[derive(Clone, Default)]
struct State {
    buckets: BTreeMap<(PackageName, (u64, u64, u64)), Version>,
    seen: BTreeSet<ReleaseId>,
}

/// Whether some choice of versions meets all requirements. Circles are allowed here.
pub(super) fn satisfiable(registry: &Registry, requirements: &[Dependency]) -> bool {
    search(registry, State::default(), requirements.to_vec())
}

fn search(registry: &Registry, state: State, mut open: Vec<Dependency>) -> bool {
    let Some(needed) = open.pop() else { return true };
    let records = registry.packages.get(&needed.name).map_or([].as_slice(), Vec::as_slice);
    records
        .iter()
        .filter(|record| needed.requirement.matches(&record.version))
        .filter(|record| fits(&state, &needed, record))
        .any(|record| {
            let (mut state, mut open) = (state.clone(), open.clone());
            if !needed.is_pin() {
                let key = (needed.name.clone(), bucket(&record.version));
                state.buckets.insert(key, record.version.clone());
            }
            let id = ReleaseId { name: needed.name.clone(), version: record.version.clone() };
            if state.seen.insert(id) {
                open.extend(record.dependencies.iter().cloned());
            }
            search(registry, state, open)
        })
}

fn fits(state: &State, needed: &Dependency, record: &ReleaseRecord) -> bool {
    let taken = state.buckets.get(&(needed.name.clone(), bucket(&record.version)));
    needed.is_pin() || taken.is_none_or(|version| *version == record.version)
}
