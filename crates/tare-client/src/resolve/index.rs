//! What the resolver knows of the world: packages and their releases, behind the [`Index`] trait.
//!
//! The resolver asks for a package by name and gets everything the registry says about it, as one immutable value.
//! It never waits: an index that does not hold a package yet answers [`Lookup::Pending`], the resolver goes on as far
//! as it can and then names all that it lacks, and the caller fetches those at once and asks again.

use std::error::Error;
use std::sync::Arc;

use jiff::Timestamp;
use semver::{Op, Version, VersionReq};
use tare_format::manifest::{DependencyRelation, Kind};
use tare_format::{PackageName, Sha256, VariantName};

use super::summary::{Details, SummaryError};

/// Where packages come from.
///
/// Within one resolution the answers must not change.
pub trait Index {
    /// Everything known of `name`, or that it does not exist, or that it is not at hand yet.
    ///
    /// # Errors
    /// When the package is at hand and cannot be read.
    fn package(&self, name: &PackageName) -> Result<Lookup, IndexError>;

    /// The names that this index knows, in any order; asked only to say which one may have been meant.
    fn names(&self) -> Vec<PackageName>;
}

/// An index's answer.
#[derive(Debug, Clone)]
pub enum Lookup {
    /// The package.
    Found(Arc<Package>),
    /// There is no such package.
    Absent,
    /// The package's page has to be fetched first.
    Pending,
}

/// A package that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read what the registry says about `{name}`")]
pub struct IndexError {
    /// The package.
    pub name: PackageName,
    /// Why.
    pub source: Box<dyn Error + Send + Sync>,
}

/// A package: its releases, oldest version first.
///
/// What a release needs is decoded when it is asked for, because a resolution looks at a few releases of many.
#[derive(Debug, Clone)]
pub struct Package {
    pub(super) name: PackageName,
    pub(super) releases: Vec<Release>,
    pub(super) details: Details,
}

impl Package {
    /// The name, in the case its owner gave it.
    #[must_use]
    pub const fn name(&self) -> &PackageName {
        &self.name
    }

    /// All releases, whatever their standing, in the order of their versions.
    #[must_use]
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// The release of that version.
    #[must_use]
    pub fn release(&self, version: &Version) -> Option<&Release> {
        let position =
            self.releases.binary_search_by(|release| release.version.cmp(version)).ok()?;
        self.releases.get(position)
    }

    /// What a release of this package needs.
    ///
    /// # Errors
    /// When the summary that this package was read from is damaged.
    pub fn dependencies(&self, release: &Release) -> Result<Vec<Dependency>, SummaryError> {
        self.details.dependencies(release)
    }

    /// The variants of a release of this package.
    ///
    /// # Errors
    /// When the summary that this package was read from is damaged.
    pub fn variants(&self, release: &Release) -> Result<Variants, SummaryError> {
        self.details.variants(release)
    }
}

/// A package at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The version.
    pub version: Version,
    /// When the registry recorded it.
    pub published: Timestamp,
    /// The SHA-256 of the release document.
    pub digest: Sha256,
    /// What the package was at this version.
    pub kind: Kind,
    /// Every yank, un-yank and withdrawal, oldest first.
    pub changes: Vec<Change>,
    /// Where the details are.
    pub(super) details: std::ops::Range<u32>,
}

impl Release {
    /// Whether the release may be chosen, as of `instant` or as of now.
    ///
    /// A withdrawal counts at once and for the past as well: what was withdrawn is not there to be had.
    #[must_use]
    pub fn standing(&self, instant: Option<Timestamp>) -> &Standing {
        let withdrawn = self.changes.iter().find(|change| change.standing.is_withdrawn());
        let seen = |change: &&Change| instant.is_none_or(|instant| change.at <= instant);
        let latest = self.changes.iter().rev().find(seen);
        withdrawn.or(latest).map_or(&Standing::Available, |change| &change.standing)
    }
}

/// A change of a release's standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When the registry recorded it.
    pub at: Timestamp,
    /// What it changed to.
    pub standing: Standing,
}

/// Whether a release may be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Available,
    /// Only where it is locked already.
    Yanked {
        /// Why, in the owner's words.
        reason: String,
    },
    /// Never.
    Withdrawn {
        /// Why, in the owner's or the operator's words.
        reason: String,
    },
}

impl Standing {
    /// Whether the release may never be chosen.
    #[must_use]
    pub const fn is_withdrawn(&self) -> bool {
        matches!(self, Self::Withdrawn { .. })
    }
}

/// What a release, or a project, needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The package needed.
    pub name: PackageName,
    /// Which of its versions will do.
    pub requirement: VersionReq,
    /// What it is for.
    pub relation: DependencyRelation,
    /// Which variant it must be; any when absent.
    pub variant: Option<VariantName>,
}

impl Dependency {
    /// Whether this pins a base to one version, which then has a place of its own (V-7).
    #[must_use]
    pub fn is_pin(&self) -> bool {
        let exact = matches!(self.requirement.comparators.as_slice(),
            [one] if one.op == Op::Exact && one.minor.is_some() && one.patch.is_some());
        exact && self.relation == DependencyRelation::Base
    }
}

/// The variants of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variants {
    /// Their names, sorted.
    pub names: Vec<VariantName>,
    /// The one to install when nobody chooses.
    pub default: Option<VariantName>,
}
