//! What a resolution comes to, or why it comes to nothing.

use std::collections::BTreeSet;
use std::fmt;

use semver::Version;
use tare_format::manifest::Kind;
use tare_format::{PackageName, ReleaseId, Sha256, VariantName};

use super::index::{Dependency, IndexError};

/// The releases that a project uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The project's own requirements, sorted by name, each with the version that was chosen for it.
    pub requirements: Vec<Chosen>,
    /// Every release needed, sorted by name and version.
    pub packages: Vec<Resolved>,
    /// What the caller should tell the user.
    pub notes: Vec<Note>,
    /// How many decisions of the solver it took.
    pub steps: u32,
}

/// One release of a resolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// The SHA-256 of the release document, as the index has it.
    pub digest: Sha256,
    /// What it is.
    pub kind: Kind,
    /// The variant to install; none when the release has no variants.
    pub variant: Option<VariantName>,
    /// What it needs, sorted by name, each with the version that was chosen for it.
    pub dependencies: Vec<Chosen>,
}

/// A dependency and the version that was chosen for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The dependency.
    pub dependency: Dependency,
    /// The version.
    pub version: Version,
}

/// Something in a resolution that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A yanked release stays because it is locked.
    YankedKept {
        /// The release.
        release: ReleaseId,
        /// Why it was yanked.
        reason: String,
    },
    /// A locked release cannot stay because it was withdrawn.
    Withdrawn {
        /// The release.
        release: ReleaseId,
        /// Why it was withdrawn.
        reason: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::YankedKept { release, reason } => {
                write!(f, "`{release}` is yanked ({reason}); it stays because the lock has it")
            }
            Self::Withdrawn { release, reason } => {
                write!(f, "`{release}` was withdrawn ({reason}) and is no longer used")
            }
        }
    }
}

/// Why there is no resolution.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The requirements cannot be met.
    #[error(transparent)]
    Unsolvable(Box<Unsolvable>),
    /// The index has to get these packages first; then ask again.
    #[error("{} packages are not at hand yet", .0.len())]
    Pending(BTreeSet<PackageName>),
    /// The index failed.
    #[error(transparent)]
    Index(IndexError),
}

/// What stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// A package does not exist.
    NoPackage,
    /// No version of a package matches a requirement.
    NoVersion,
    /// Requirements contradict each other.
    Conflict,
    /// Releases need each other in a circle.
    Cycle,
    /// A release has no variant of that name, or several are asked for.
    Variant,
    /// The solver reached its step limit.
    GaveUp,
}

/// Requirements that cannot be met, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsolvable {
    /// What kind of obstacle it is.
    pub obstacle: Obstacle,
    /// One line that names the object.
    pub title: String,
    /// How it comes about, a line each.
    pub details: Vec<String>,
    /// What to change, a line each.
    pub help: Vec<String>,
}

impl Unsolvable {
    pub(super) fn new(obstacle: Obstacle, title: String) -> Self {
        Self { obstacle, title, details: Vec::new(), help: Vec::new() }
    }
}

impl std::error::Error for Unsolvable {}

/// Title and details; the help is left to whoever prints it.
impl fmt::Display for Unsolvable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)?;
        self.details.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl From<Unsolvable> for ResolveError {
    fn from(unsolvable: Unsolvable) -> Self {
        Self::Unsolvable(Box::new(unsolvable))
    }
}

impl From<IndexError> for ResolveError {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}
