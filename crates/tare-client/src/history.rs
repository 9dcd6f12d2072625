//! What a package page says about trust: who could sign each release, and what became of it.
//!
//! A page is the package's events in order (spec/events.md), and everything current is a function of them. The resolver
//! reads the same page for versions and dependencies only, because it reads thousands; this reading is whole and is done
//! for the packages that are locked, installed or shown.
//!
//! A release is checked against the keys that were accepted *when it was published* (E-6): a key that was taken away
//! later does not make older releases invalid, and one that was added later cannot vouch for them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use semver::Version;
use tare_format::PackageName;
use tare_format::event::{Change, Event, EventBody, Published, SignerKey};

use crate::resolve::Standing;
use crate::resolve::page::PageError;

/// The history of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The package, in its owner's spelling.
    pub name: PackageName,
    /// Every release that was ever published.
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
}

impl History {
    /// Reads the page of `name`, which must be in the owner's spelling.
    ///
    /// # Errors
    /// When a line is no event, belongs to another package, publishes a version twice or speaks of one that is not there.
    pub fn read(name: &PackageName, page: &str) -> Result<Self, PageError> {
        let mut history =
            Self { name: name.clone(), releases: BTreeMap::new(), signers: Vec::new() };
        for (line, text) in (1..).zip(page.lines()) {
            let event = Event::from_line(text).map_err(|source| PageError::Line {
                name: name.clone(),
                line,
                source,
            })?;
            let Some(event) = event else { continue };
            history.apply(event).map_err(|problem| PageError::Contradiction {
                name: name.clone(),
                line,
                problem,
            })?;
        }
        Ok(history)
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

    fn apply(&mut self, event: Event) -> Result<(), String> {
        if event.body.package() != Some(&self.name) {
            return Err("does not belong to this package".to_owned());
        }
        let Event { time, by, body, .. } = event;
        match body {
            EventBody::Signer { key, change, .. } => self.change_signer(key, change),
            EventBody::Publish(published) => return self.publish(time, by, *published),
            EventBody::Yank { version, reason, .. } => {
                return self.change_standing(&version, Standing::Yanked { reason });
            }
            EventBody::Unyank { version, .. } => {
                return self.change_standing(&version, Standing::Available);
            }
            EventBody::Withdraw { version, reason, .. } => {
                return self.change_standing(&version, Standing::Withdrawn { reason });
            }
            _ => {}
        }
        Ok(())
    }

    fn change_signer(&mut self, key: SignerKey, change: Change) {
        self.signers.retain(|known| known.id != key.id);
        if change == Change::Add {
            self.signers.push(key);
        }
    }

    fn publish(&mut self, at: Timestamp, by: String, published: Published) -> Result<(), String> {
        let version = published.version.clone();
        if self.releases.contains_key(&version) {
            return Err(format!("publishes version {version} a second time"));
        }
        let signers = self.signers.clone();
        let standing = Standing::Available;
        self.releases.insert(version, ReleaseHistory { at, by, published, signers, standing });
        Ok(())
    }

    /// A withdrawal is for good; anything else is undone by what comes after it.
    fn change_standing(&mut self, version: &Version, standing: Standing) -> Result<(), String> {
        let Some(release) = self.releases.get_mut(version) else {
            return Err(format!("changes version {version}, which was not published before"));
        };
        if !release.standing.is_withdrawn() {
            release.standing = standing;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
