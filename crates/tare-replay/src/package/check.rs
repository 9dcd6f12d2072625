//! The rules that a package's page alone decides.

use semver::Version;
use tare_format::event::{Change, EventBody, Published, Residue, SignerKey};
use tare_format::{PackageName, ReleaseId, Sha256};

use super::{PackageState, Status};
use crate::judge::Reason;
use crate::lines::Fact;
use crate::notices::KnownAdvisory;
use crate::page::Line;

impl PackageState {
    /// Checks what the page alone can say of a line.
    ///
    /// # Errors
    /// With the rule that it breaks.
    pub fn check(&self, line: &Line) -> Result<(), Reason> {
        self.lines.check_new(&line.payload)?;
        match line.content.fact() {
            Fact::Event(event) => match &event.body {
                EventBody::Signer { package, key, change } => {
                    self.check_name(package)?;
                    self.check_signer(key, *change)
                }
                EventBody::Publish(published) => self.check_publish(published),
                EventBody::Yank { package, version, .. } => self.check_yank(package, version),
                EventBody::Unyank { package, version } => self.check_unyank(package, version),
                EventBody::Withdraw { package, version, .. } => {
                    self.check_withdraw(package, version)
                }
                EventBody::Advisory { advisory } => {
                    for package in &advisory.packages() {
                        self.check_if_own(package)?;
                    }
                    let new = KnownAdvisory::of(line.payload, event, advisory);
                    self.check_advisory(&new)
                }
                EventBody::Takedown(takedown) => self.check_releases(&takedown.releases),
                EventBody::Restore { payload, releases, .. } => {
                    self.check_restore(payload, releases)
                }
                EventBody::Redact { payload, residue, .. } => {
                    self.lines.check_redaction(payload, residue)
                }
                _ => Err(Reason::NotHere),
            },
            Fact::Residue(residue) => self.check_residue(line.payload, residue),
        }
    }

    fn check_residue(&self, payload: Sha256, residue: &Residue) -> Result<(), Reason> {
        match residue {
            Residue::Publish { package, version } => {
                self.check_name(package)?;
                self.check_new_version(version)
            }
            Residue::Yank { package, version } => self.check_yank(package, version),
            Residue::Unyank { package, version } => self.check_unyank(package, version),
            Residue::Withdraw { package, version } => self.check_withdraw(package, version),
            Residue::Advisory { packages, .. } => {
                for package in packages {
                    self.check_if_own(package)?;
                }
                let known = KnownAdvisory::of_residue(payload, residue).ok_or(Reason::NotHere)?;
                self.check_advisory(&known)
            }
            Residue::Takedown { releases } => self.check_releases(releases),
            Residue::Inert => Err(Reason::NotHere),
        }
    }

    /// A package has one spelling.
    fn check_name(&self, package: &PackageName) -> Result<(), Reason> {
        if self.name == *package { Ok(()) } else { Err(Reason::OtherSpelling) }
    }

    /// As [`check_name`](Self::check_name), for one name among several.
    fn check_if_own(&self, package: &PackageName) -> Result<(), Reason> {
        if self.name.key() == package.key() { self.check_name(package) } else { Ok(()) }
    }

    fn check_signer(&self, key: &SignerKey, change: Change) -> Result<(), Reason> {
        let is_there = self.signers.iter().any(|known| known.id == key.id);
        match (change, is_there) {
            (Change::Add, true) | (Change::Remove, false) => Err(Reason::NoChange),
            (Change::Remove, true) if self.signers.len() == 1 => Err(Reason::LastSigner),
            _ => Ok(()),
        }
    }

    fn check_publish(&self, published: &Published) -> Result<(), Reason> {
        self.check_name(&published.package)?;
        if !published.version.build.is_empty() {
            return Err(Reason::BuildMetadata);
        }
        if self.signers.is_empty() {
            return Err(Reason::NoSigner);
        }
        self.check_new_version(&published.version)
    }

    fn check_new_version(&self, version: &Version) -> Result<(), Reason> {
        if self.releases.contains_key(version) { Err(Reason::VersionExists) } else { Ok(()) }
    }

    fn status(&self, package: &PackageName, version: &Version) -> Result<&Status, Reason> {
        self.check_name(package)?;
        self.releases.get(version).map(|release| &release.status).ok_or(Reason::NoVersion)
    }

    fn check_yank(&self, package: &PackageName, version: &Version) -> Result<(), Reason> {
        match self.status(package, version)? {
            Status::Live => Ok(()),
            Status::Yanked(_) => Err(Reason::NoChange),
            Status::Withdrawn(_) => Err(Reason::Withdrawn),
        }
    }

    fn check_unyank(&self, package: &PackageName, version: &Version) -> Result<(), Reason> {
        match self.status(package, version)? {
            Status::Live => Err(Reason::NoChange),
            Status::Yanked(_) => Ok(()),
            Status::Withdrawn(_) => Err(Reason::Withdrawn),
        }
    }

    fn check_withdraw(&self, package: &PackageName, version: &Version) -> Result<(), Reason> {
        match self.status(package, version)? {
            Status::Live | Status::Yanked(_) => Ok(()),
            Status::Withdrawn(_) => Err(Reason::NoChange),
        }
    }

    fn check_advisory(&self, new: &KnownAdvisory) -> Result<(), Reason> {
        if self.releases.is_empty() {
            return Err(Reason::NoPackage);
        }
        self.advisories.get(&new.id).map_or(Ok(()), |known| known.check_successor(new))
    }

    fn check_releases(&self, releases: &[ReleaseId]) -> Result<(), Reason> {
        for id in releases.iter().filter(|id| id.name.key() == self.name.key()) {
            self.status(&id.name, &id.version)?;
        }
        Ok(())
    }

    fn check_restore(&self, takedown: &Sha256, releases: &[ReleaseId]) -> Result<(), Reason> {
        self.check_releases(releases)?;
        let mut own = releases.iter().filter(|id| id.name == self.name);
        let is_down = own.all(|id| {
            let release = self.releases.get(&id.version);
            release.is_some_and(|release| {
                release.takedowns.iter().any(|taken| taken.payload == *takedown)
            })
        });
        if is_down { Ok(()) } else { Err(Reason::NoTakedown) }
    }
}
