//! From a resolution and proven release documents to the lock.

use std::collections::{BTreeMap, BTreeSet};

use tare_format::lock::{
    LOCK_VERSION, Lock, LockedAncestor, LockedDependency, LockedLineage, LockedPackage,
    LockedRequirement,
};
use tare_format::manifest::LineageSource;
use tare_format::registry::RegistryId;
use tare_format::release::{Release, ReleaseLineage};
use tare_format::{ReleaseId, Sha256};

use crate::resolve::{Chosen, Resolution, Resolved};

/// A release document whose digest and signatures were checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The document.
    pub release: Release,
    /// Its digest.
    pub digest: Sha256,
    /// The keys that signed it, sorted.
    pub signers: Vec<Sha256>,
}

/// The lock of a project.
///
/// `known` has the document of every resolved release and of every package in their lineage and in `own_lineage`, which
/// is what the project itself says it was made from; what it lacks is left out of the lock.
#[must_use]
pub fn make(
    registry: &RegistryId,
    resolution: &Resolution,
    own_lineage: &[ReleaseLineage],
    known: &BTreeMap<ReleaseId, Known>,
) -> Lock {
    let packages: Vec<LockedPackage> = resolution
        .packages
        .iter()
        .filter_map(|resolved| package(registry, resolved, known))
        .collect();
    let installed: BTreeSet<ReleaseId> = packages.iter().map(LockedPackage::id).collect();
    let ancestors = Ancestors { registry, known, installed: &installed };
    Lock {
        version: LOCK_VERSION,
        heads: Vec::new(),
        requirements: resolution.requirements.iter().map(requirement).collect(),
        ancestors: ancestors.of(own_lineage),
        packages,
    }
}

fn requirement(chosen: &Chosen) -> LockedRequirement {
    LockedRequirement {
        name: chosen.dependency.name.clone(),
        requirement: chosen.dependency.requirement.to_string(),
        variant: chosen.dependency.variant.clone(),
        version: chosen.version.clone(),
    }
}

fn package(
    registry: &RegistryId,
    resolved: &Resolved,
    known: &BTreeMap<ReleaseId, Known>,
) -> Option<LockedPackage> {
    let id = ReleaseId { name: resolved.name.clone(), version: resolved.version.clone() };
    let known = known.get(&id)?;
    let dependency = |chosen: &Chosen| LockedDependency {
        package: ReleaseId {
            name: chosen.dependency.name.clone(),
            version: chosen.version.clone(),
        },
        relation: chosen.dependency.relation,
    };
    Some(LockedPackage {
        name: id.name,
        version: id.version,
        kind: resolved.kind,
        registry: registry.clone(),
        release: known.digest,
        variant: resolved.variant.clone(),
        signers: known.signers.clone(),
        dependencies: resolved.dependencies.iter().map(dependency).collect(),
        lineage: edges(&known.release.lineage),
    })
}

fn edges(lineage: &[ReleaseLineage]) -> Vec<LockedLineage> {
    let edge = |entry: &ReleaseLineage| LockedLineage {
        source: entry.source.clone(),
        version: entry.version.clone(),
        relation: entry.relation,
    };
    lineage.iter().map(edge).collect()
}

/// The package that a lineage entry names; `None` outside a registry.
#[must_use]
pub(crate) fn ancestor_id(entry: &ReleaseLineage) -> Option<ReleaseId> {
    match (&entry.source, &entry.version) {
        (LineageSource::Package(name), Some(version)) => {
            Some(ReleaseId { name: name.clone(), version: version.clone() })
        }
        _ => None,
    }
}

struct Ancestors<'a> {
    registry: &'a RegistryId,
    known: &'a BTreeMap<ReleaseId, Known>,
    installed: &'a BTreeSet<ReleaseId>,
}

impl Ancestors<'_> {
    /// All ancestors of the installed releases and of `own_lineage` that are not installed themselves.
    fn of(&self, own_lineage: &[ReleaseLineage]) -> Vec<LockedAncestor> {
        let mut packages: BTreeSet<ReleaseId> = BTreeSet::new();
        let mut foreign: Vec<LockedAncestor> = Vec::new();
        let of_installed = self.installed.iter().filter_map(|id| self.known.get(id));
        let mut queue: Vec<&ReleaseLineage> =
            of_installed.flat_map(|known| &known.release.lineage).chain(own_lineage).collect();
        while let Some(entry) = queue.pop() {
            let Some(id) = ancestor_id(entry) else {
                let ancestor = outside(entry);
                if !foreign.contains(&ancestor) {
                    foreign.push(ancestor);
                }
                continue;
            };
            if self.installed.contains(&id) || packages.contains(&id) {
                continue;
            }
            let lineage = self.known.get(&id).map(|known| known.release.lineage.as_slice());
            queue.extend(lineage.unwrap_or_default());
            packages.insert(id);
        }
        // The order of the walk must not show in the lock.
        foreign.sort_by_key(order);
        packages.iter().filter_map(|id| self.inside(id)).chain(foreign).collect()
    }

    fn inside(&self, id: &ReleaseId) -> Option<LockedAncestor> {
        let known = self.known.get(id)?;
        Some(LockedAncestor {
            source: LineageSource::Package(id.name.clone()),
            version: Some(id.version.clone()),
            registry: Some(self.registry.clone()),
            release: Some(known.digest),
            revision: None,
            license: Default::default(),
            signers: known.signers.clone(),
            lineage: edges(&known.release.lineage),
        })
    }
}

fn outside(entry: &ReleaseLineage) -> LockedAncestor {
    LockedAncestor {
        source: entry.source.clone(),
        version: None,
        registry: None,
        release: None,
        revision: entry.revision.clone(),
        license: entry.license.clone(),
        signers: Vec::new(),
        lineage: Vec::new(),
    }
}

/// A total order over ancestors outside a registry, of which one may be named in several ways.
fn order(ancestor: &LockedAncestor) -> (String, Option<String>, Vec<String>) {
    let licenses = ancestor.license.iter().map(|(part, text)| format!("{part} {text}")).collect();
    (ancestor.source.to_string(), ancestor.revision.clone(), licenses)
}
