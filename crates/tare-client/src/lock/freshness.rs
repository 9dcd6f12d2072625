//! Whether a lock still says what its project asks for (K-5).

use tare_format::lock::{Lock, LockedPackage, LockedRequirement};
use tare_format::manifest::{LineageSource, Manifest};
use tare_format::{PackageName, ReleaseId};

use crate::resolve::Dependency;

/// Why a lock does not fit its project. The first difference is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutOfDate {
    /// There is no lock.
    #[error("the project has no `Tare.lock`")]
    Missing,
    /// The project asks for something the lock does not know.
    #[error("`Tare.toml` asks for `{name}` {requirement}, which `Tare.lock` does not have")]
    Requirement {
        /// The package.
        name: PackageName,
        /// The requirement.
        requirement: String,
    },
    /// The lock answers something the project does not ask any more.
    #[error("`Tare.lock` has `{name}` {requirement}, which `Tare.toml` does not ask for")]
    Extra {
        /// The package.
        name: PackageName,
        /// The requirement in the lock.
        requirement: String,
    },
    /// The lock names a release that it does not describe; it was edited or badly merged.
    #[error("`Tare.lock` needs `{0}` and does not describe it")]
    Dangling(String),
    /// The lock chose a version that its own requirement excludes.
    #[error("`Tare.lock` chose `{chosen}` for the requirement {requirement}")]
    Choice {
        /// What was chosen.
        chosen: ReleaseId,
        /// For which requirement.
        requirement: String,
    },
}

/// What a manifest asks for, sorted by name.
#[must_use]
pub fn requirements(manifest: &Manifest) -> Vec<Dependency> {
    let requirement =
        |(name, dependency): (&PackageName, &tare_format::manifest::Dependency)| Dependency {
            name: name.clone(),
            requirement: dependency.version.clone(),
            relation: dependency.relation,
            variant: dependency.variant.clone(),
        };
    manifest.dependencies.iter().map(requirement).collect()
}

/// Checks that `lock` answers exactly what `manifest` asks, and that it is whole.
///
/// # Errors
/// With the first difference.
pub fn check(manifest: &Manifest, lock: &Lock) -> Result<(), OutOfDate> {
    let wanted = requirements(manifest);
    for wanted in &wanted {
        let same = |locked: &&LockedRequirement| answers(locked, wanted);
        let Some(locked) = lock.requirements.iter().find(same) else {
            let (name, requirement) = (wanted.name.clone(), described(wanted));
            return Err(OutOfDate::Requirement { name, requirement });
        };
        if !wanted.requirement.matches(&locked.version) {
            let chosen = ReleaseId { name: locked.name.clone(), version: locked.version.clone() };
            return Err(OutOfDate::Choice { chosen, requirement: locked.requirement.clone() });
        }
    }
    let unasked =
        |locked: &&LockedRequirement| !wanted.iter().any(|wanted| answers(locked, wanted));
    if let Some(extra) = lock.requirements.iter().find(unasked) {
        let (name, requirement) = (extra.name.clone(), extra.requirement.clone());
        return Err(OutOfDate::Extra { name, requirement });
    }
    check_whole(lock)?;
    check_own_lineage(manifest, lock)
}

fn answers(locked: &LockedRequirement, wanted: &Dependency) -> bool {
    locked.name == wanted.name
        && locked.requirement == wanted.requirement.to_string()
        && locked.variant == wanted.variant
}

fn described(wanted: &Dependency) -> String {
    match &wanted.variant {
        Some(variant) => format!("`{}` in variant `{variant}`", wanted.requirement),
        None => format!("`{}`", wanted.requirement),
    }
}

/// Every release that the lock names is described in it.
fn check_whole(lock: &Lock) -> Result<(), OutOfDate> {
    let chosen = lock
        .requirements
        .iter()
        .map(|locked| ReleaseId { name: locked.name.clone(), version: locked.version.clone() });
    let needed = lock.packages.iter().flat_map(|package| &package.dependencies);
    let mut installed = chosen.chain(needed.map(|dependency| dependency.package.clone()));
    if let Some(missing) = installed.find(|id| lock.package(id).is_none()) {
        return Err(OutOfDate::Dangling(missing.to_string()));
    }
    let lineages = lock.packages.iter().map(|package| &package.lineage);
    let mut lineage =
        lineages.chain(lock.ancestors.iter().map(|ancestor| &ancestor.lineage)).flatten();
    match lineage.find(|edge| !describes(lock, &edge.source, edge.version.as_ref())) {
        Some(edge) => Err(OutOfDate::Dangling(edge.source.to_string())),
        None => Ok(()),
    }
}

/// What the project itself was made from is locked as well.
fn check_own_lineage(manifest: &Manifest, lock: &Lock) -> Result<(), OutOfDate> {
    for (source, entry) in &manifest.lineage.entries {
        let version = entry.version.as_ref().map(|version| &version.0);
        if !describes(lock, source, version) {
            return Err(OutOfDate::Dangling(source.to_string()));
        }
    }
    Ok(())
}

fn describes(lock: &Lock, source: &LineageSource, version: Option<&semver::Version>) -> bool {
    let is_ancestor = lock
        .ancestors
        .iter()
        .any(|ancestor| ancestor.source == *source && ancestor.version.as_ref() == version);
    let is_package = |package: &LockedPackage| {
        *source == LineageSource::Package(package.name.clone()) && Some(&package.version) == version
    };
    is_ancestor || lock.packages.iter().any(is_package)
}
