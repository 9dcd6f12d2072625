//! What a caller may ask of a resolution beyond its requirements.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use semver::Version;
use tare_format::{PackageName, ReleaseId};

/// How to resolve. The default resolves anew, to the newest versions of now.
#[derive(Debug, Clone)]
pub struct Options {
    /// The releases of the lockfile. They are kept wherever the requirements still allow it (V-9).
    pub locked: Vec<ReleaseId>,
    /// Which of the locked releases are let go.
    pub update: Update,
    /// The version that one package must come to, in the range that the version lies in (V-10).
    pub precise: Option<ReleaseId>,
    /// Resolve as if it were this instant: later releases and later yanks have not happened (V-11).
    pub as_of: Option<Timestamp>,
    /// After how many decisions of the solver to give up. Bounds the time without reading a clock.
    pub max_steps: u32,
}

impl Options {
    /// What `max_steps` is unless said otherwise: a graph of two thousand packages takes some four thousand.
    pub const DEFAULT_MAX_STEPS: u32 = 100_000;

    /// The locked versions, kept or let go, by package.
    pub(super) fn locked_versions(&self) -> HashMap<&PackageName, Vec<&Version>> {
        let mut versions: HashMap<&PackageName, Vec<&Version>> = HashMap::new();
        for locked in &self.locked {
            versions.entry(&locked.name).or_default().push(&locked.version);
        }
        versions
    }

    /// Whether the caller named `name` as one to update.
    pub(super) fn names_for_update(&self, name: &PackageName) -> bool {
        let named = matches!(&self.update, Update::Only(names) if names.contains(name));
        named || self.held(name).is_some()
    }

    /// The version that `name` is held to.
    pub(super) fn held(&self, name: &PackageName) -> Option<&Version> {
        self.precise.as_ref().filter(|held| held.name == *name).map(|held| &held.version)
    }

    /// Whether the locked versions of `name` may move although the requirements still allow them.
    pub(super) fn lets_go(&self, name: &PackageName) -> bool {
        self.update == Update::Everything || self.names_for_update(name)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            locked: Vec::new(),
            update: Update::Nothing,
            precise: None,
            as_of: None,
            max_steps: Self::DEFAULT_MAX_STEPS,
        }
    }
}

/// Which locked releases may change although the requirements still allow them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Update {
    /// None.
    #[default]
    Nothing,
    /// These packages, and others only as far as these need it.
    Only(BTreeSet<PackageName>),
    /// All.
    Everything,
}
