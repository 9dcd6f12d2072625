//! What a package page says about trust: who could sign each release, and what became of it.
//!
//! A page is the package's effective events in order (spec/events.md), and everything current is a function of them. That
//! function is [`tare_replay`]'s, the same that the registry and its mirrors use; this is its result in the words of the
//! client. The resolver reads the same page for versions and dependencies only, because it reads thousands.

use std::collections::BTreeMap;

use jiff::Timestamp;
use semver::Version;
use tare_format::PackageName;
use tare_format::event::{Published, SignerKey, Takedown};
use tare_replay::package::ReleaseState;
use tare_replay::{PackageState, PageError};

use crate::resolve::Standing;

/// The history of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The package, in its owner's spelling.
    pub name: PackageName,
    /// Every release that was ever published and that something can be known of.
    pub releases: BTreeMap<Version, ReleaseHistory>,
    /// The keys that may sign the next release.
    pub signers: Vec<SignerKey>,
}

/// The history of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseHistory {
    /// When the registry recorded it.
    pub at: Timestamp,
    /// The login of who published it.
    pub by: String,
    /// What the registry recorded.
    pub published: Published,
    /// The keys that were accepted when it was published.
    pub signers: Vec<SignerKey>,
    /// What became of it.
    pub standing: Standing,
    /// Whether its bytes are gone or have to go, and what is said of that; nothing when the notice itself is redacted.
    pub takedown: Option<Option<Takedown>>,
}

impl History {
    /// Reads the page of `name`, which must be in the owner's spelling.
    ///
    /// # Errors
    /// When the bytes are not the page of that package.
    pub fn read(name: &PackageName, page: &[u8]) -> Result<Self, PageError> {
        let state = PackageState::read(name, page)?;
        let release = |(version, release): (Version, ReleaseState)| {
            Some((version, ReleaseHistory::of(release)?))
        };
        Ok(Self {
            name: state.name,
            releases: state.releases.into_iter().filter_map(release).collect(),
            signers: state.signers.to_vec(),
        })
    }

    /// The newest release that is to be had: not yanked, not withdrawn, and no pre-release if there is another.
    #[must_use]
    pub fn newest(&self) -> Option<&ReleaseHistory> {
        let available = || {
            let releases = self.releases.values().rev();
            releases.filter(|release| release.standing == Standing::Available)
        };
        available()
            .find(|release| release.published.version.pre.is_empty())
            .or_else(|| available().next())
    }
}

impl ReleaseHistory {
    /// Nothing can be known of a release whose publication was redacted.
    fn of(release: ReleaseState) -> Option<Self> {
        let standing = Standing::from(release.standing());
        let takedown = release.takedowns.last().map(|taken| taken.takedown.as_deref().cloned());
        let publication = release.publication?;
        Some(Self {
            at: publication.at,
            by: publication.by,
            published: publication.published,
            signers: release.signers.to_vec(),
            standing,
            takedown,
        })
    }
}

impl From<tare_replay::Standing<'_>> for Standing {
    /// To a resolver, what cannot be installed is withdrawn.
    fn from(standing: tare_replay::Standing<'_>) -> Self {
        let known = |reason: Option<&str>| reason.unwrap_or("the reason was redacted").to_owned();
        match standing {
            tare_replay::Standing::Available => Self::Available,
            tare_replay::Standing::Yanked { reason } => Self::Yanked { reason: known(reason) },
            tare_replay::Standing::Withdrawn { reason } => {
                Self::Withdrawn { reason: known(reason) }
            }
            tare_replay::Standing::TakenDown(takedown) => {
                Self::Withdrawn { reason: describe(takedown) }
            }
            tare_replay::Standing::Redacted => {
                Self::Withdrawn { reason: "its publication was redacted".to_owned() }
            }
        }
    }
}

/// A takedown in words: `taken down: malware, notice 2026-12`.
pub(crate) fn describe(takedown: Option<&Takedown>) -> String {
    match takedown {
        Some(takedown) => format!("taken down: {}, notice {}", takedown.class, takedown.notice),
        None => "taken down, for a reason that was redacted".to_owned(),
    }
}

#[cfg(test)]
mod tests;
