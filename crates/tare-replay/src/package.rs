//! What happened to a package: its releases, who may sign the next one, what is to be known about them (E-19).
//!
//! A release is checked against the keys that were accepted *when it was published* (E-6): a key that was taken away later
//! does not make older releases invalid, and one that was added later cannot vouch for them.

mod apply;
mod check;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use semver::Version;
use tare_format::advisory::{Advisory, AdvisoryId};
use tare_format::event::{PageKey, Published, SignerKey, Takedown};
use tare_format::{PackageName, Sha256};

use crate::lines::Lines;
use crate::notices::KnownAdvisory;
use crate::page::{Page, PageError, Redactions};

/// What happened to a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageState {
    /// The package, in its owner's spelling.
    pub name: PackageName,
    /// Every version that was ever published.
    pub releases: BTreeMap<Version, ReleaseState>,
    /// The keys that may sign the next release.
    pub signers: Arc<[SignerKey]>,
    /// The advisories that name the package, the newest of each id.
    pub advisories: BTreeMap<AdvisoryId, KnownAdvisory>,
    lines: Lines,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseState {
    /// Its publish event; none once it is redacted.
    pub publication: Option<Box<Publication>>,
    /// The keys that were accepted when it was published.
    pub signers: Arc<[SignerKey]>,
    /// What its owners, or the registry, did with it.
    pub status: Status,
    /// The takedowns in force.
    pub takedowns: Vec<ReleaseTakedown>,
}

/// What a publish event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// When the registry accepted it.
    pub at: Timestamp,
    /// The login of who published it.
    pub by: String,
    /// What was published.
    pub published: Published,
}

/// What the owners did with a release. A reason is gone when its line was redacted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Status {
    /// Nothing.
    #[default]
    Live,
    /// Hidden from new resolutions.
    Yanked(Because),
    /// Not installable any more, for good.
    Withdrawn(Because),
}

/// Why something was done, and which line said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    /// Why; none once it is redacted.
    pub reason: Option<String>,
    line: Sha256,
}

/// A takedown of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseTakedown {
    /// SHA-256 of its line.
    pub payload: Sha256,
    /// What it says; none once it is redacted.
    pub takedown: Option<Box<Takedown>>,
}

/// What became of a release, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'s> {
    /// Its publish event was redacted: it exists, and nothing can be known of it.
    Redacted,
    /// Its bytes are gone, or have to go.
    TakenDown(Option<&'s Takedown>),
    /// It cannot be installed any more.
    Withdrawn {
        /// Why, if that is known.
        reason: Option<&'s str>,
    },
    /// It is not chosen anew.
    Yanked {
        /// Why, if that is known.
        reason: Option<&'s str>,
    },
    /// It is to be had.
    Available,
}

impl Standing<'_> {
    /// Whether it can be installed where a lock has it.
    #[must_use]
    pub const fn is_installable(&self) -> bool {
        matches!(self, Self::Available | Self::Yanked { .. })
    }
}

impl ReleaseState {
    /// What became of it.
    #[must_use]
    pub fn standing(&self) -> Standing<'_> {
        if self.publication.is_none() {
            return Standing::Redacted;
        }
        if let Some(taken) = self.takedowns.last() {
            return Standing::TakenDown(taken.takedown.as_deref());
        }
        match &self.status {
            Status::Live => Standing::Available,
            Status::Yanked(because) => Standing::Yanked { reason: because.reason.as_deref() },
            Status::Withdrawn(because) => Standing::Withdrawn { reason: because.reason.as_deref() },
        }
    }
}

impl PackageState {
    /// A package of which nothing has happened yet.
    #[must_use]
    pub fn new(name: PackageName) -> Self {
        Self {
            name,
            releases: BTreeMap::new(),
            signers: Arc::from([]),
            advisories: BTreeMap::new(),
            lines: Lines::default(),
        }
    }

    /// What a page says. Lines that break a rule have no effect (E-7).
    ///
    /// # Errors
    /// When the bytes are not the page of this package.
    pub fn read(name: &PackageName, page: &[u8]) -> Result<Self, PageError> {
        Self::read_with(name, page, &Redactions::new())
    }

    /// What a page says that is being made: as [`Page::parse_with`].
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_with(
        name: &PackageName,
        page: &[u8],
        ahead: &Redactions,
    ) -> Result<Self, PageError> {
        let page = Page::parse_with(page, &PageKey::Package(name.clone()), ahead)?;
        Ok(Self::of(name, &page))
    }

    /// What the lines of a page say.
    #[must_use]
    pub fn of(name: &PackageName, page: &Page) -> Self {
        let spelling = page.lines.iter().flat_map(|line| line.content.pages()).find_map(|page| {
            let PageKey::Package(found) = page else { return None };
            (found.key() == name.key()).then_some(found)
        });
        let mut state = Self::new(spelling.unwrap_or_else(|| name.clone()));
        for line in &page.lines {
            let _ = state.apply(line);
        }
        state
    }

    /// The advisories in force that name a version of the package. Those that name its files by hash are in the
    /// [notices](crate::NoticesState).
    pub fn advisories_of(&self, version: &Version) -> impl Iterator<Item = &Advisory> {
        let known = self.advisories.values().filter_map(|known| known.advisory.as_deref());
        let affects =
            |advisory: &&Advisory| advisory.is_in_force() && advisory.affects(&self.name, version);
        known.filter(affects)
    }
}

#[cfg(test)]
mod tests;
