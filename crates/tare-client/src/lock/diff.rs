//! What is different between two locks, in the words of a person.

use std::collections::BTreeSet;
use std::fmt;

use semver::Version;
use tare_format::lock::{Lock, LockedPackage};
use tare_format::{PackageName, ReleaseId, VariantName};

/// One difference between an older and a newer lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockChange {
    /// A release is new.
    Added(ReleaseId),
    /// A release is gone.
    Removed(ReleaseId),
    /// Another version of the package is used.
    Moved {
        /// The package.
        name: PackageName,
        /// The version before.
        from: Version,
        /// The version now.
        to: Version,
    },
    /// The same release, in another variant.
    Variant {
        /// The release.
        id: ReleaseId,
        /// The variant now.
        to: Option<VariantName>,
    },
}

impl fmt::Display for LockChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(id) => write!(f, "adding {id}"),
            Self::Removed(id) => write!(f, "removing {id}"),
            Self::Moved { name, from, to } if from < to => {
                write!(f, "updating {name} {from} -> {to}")
            }
            Self::Moved { name, from, to } => write!(f, "downgrading {name} {from} -> {to}"),
            Self::Variant { id, to } => {
                let to = to.as_ref().map_or("none", VariantName::as_str);
                write!(f, "changing {id} to variant {to}")
            }
        }
    }
}

/// The differences from `old` to `new`, sorted by package.
#[must_use]
pub fn changes(old: &Lock, new: &Lock) -> Vec<LockChange> {
    let all = old.packages.iter().chain(&new.packages);
    let names: BTreeSet<&PackageName> = all.map(|package| &package.name).collect();
    names.into_iter().flat_map(|name| changes_of(name, old, new)).collect()
}

/// Versions that went away and came are matched lowest to lowest, so that one of several side by side can move.
fn changes_of(name: &PackageName, old: &Lock, new: &Lock) -> Vec<LockChange> {
    let (before, after) = (of(name, old), of(name, new));
    let gone = before.iter().filter(|package| new.package(&package.id()).is_none());
    let come = after.iter().filter(|package| old.package(&package.id()).is_none());
    let (mut gone, mut come) = (gone.peekable(), come.peekable());
    let mut changes = Vec::new();
    while gone.peek().is_some() && come.peek().is_some() {
        if let (Some(from), Some(to)) = (gone.next(), come.next()) {
            let (from, to) = (from.version.clone(), to.version.clone());
            changes.push(LockChange::Moved { name: name.clone(), from, to });
        }
    }
    changes.extend(gone.map(|package| LockChange::Removed(package.id())));
    changes.extend(come.map(|package| LockChange::Added(package.id())));
    for package in after {
        let id = package.id();
        if old.package(&id).is_some_and(|before| before.variant != package.variant) {
            changes.push(LockChange::Variant { id, to: package.variant.clone() });
        }
    }
    changes
}

fn of<'a>(name: &PackageName, lock: &'a Lock) -> Vec<&'a LockedPackage> {
    let mut packages: Vec<_> =
        lock.packages.iter().filter(|package| package.name == *name).collect();
    packages.sort_by(|a, b| a.version.cmp(&b.version));
    packages
}
