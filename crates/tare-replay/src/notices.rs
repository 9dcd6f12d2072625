//! What everybody has to know: roots, advisories, takedowns and redactions (E-16).
//!
//! It is one page for the whole registry, so a client learns of a takedown without asking about a package.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use tare_format::advisory::{Advisory, AdvisoryId};
use tare_format::event::{Class, Event, EventBody, PageKey, Residue, Takedown};
use tare_format::{PackageName, ReleaseId, Sha256};

use crate::judge::Reason;
use crate::lines::{Fact, Lines};
use crate::page::{Line, Page, PageError, Redactions};

/// What the notices say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoticesState {
    /// The root documents: SHA-256 of each one's text by version.
    pub roots: BTreeMap<u32, Sha256>,
    /// The newest advisory of each id.
    pub advisories: BTreeMap<AdvisoryId, KnownAdvisory>,
    /// The takedowns, in order, also those that were taken back.
    pub takedowns: Vec<KnownTakedown>,
    /// What was redacted, by the digest of the line.
    pub redactions: HashMap<Sha256, Redaction>,
    lines: Lines,
}

/// An advisory, or what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAdvisory {
    /// What it says; none once it is redacted.
    pub advisory: Option<Box<Advisory>>,
    /// When it was changed.
    pub modified: Timestamp,
    /// The packages that it names.
    pub packages: Vec<PackageName>,
    /// Whether the registry wrote it, and no owner.
    pub by_registry: bool,
    /// Its name.
    pub id: AdvisoryId,
    line: Sha256,
}

/// A takedown, or what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTakedown {
    /// SHA-256 of its line.
    pub payload: Sha256,
    /// When it was logged, from which its deadline counts; none once it is redacted.
    pub at: Option<Timestamp>,
    /// The releases.
    pub releases: Vec<ReleaseId>,
    /// What it says; none once it is redacted.
    pub takedown: Option<Box<Takedown>>,
    /// Whether it was taken back.
    pub is_restored: bool,
}

/// A redaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    /// The number of the line.
    pub index: u64,
    /// Why.
    pub class: Class,
    /// What is left.
    pub residue: Residue,
}

impl KnownTakedown {
    /// Whether it is in force.
    #[must_use]
    pub const fn is_in_force(&self) -> bool {
        !self.is_restored
    }
}

impl KnownAdvisory {
    pub(crate) fn of(line: Sha256, event: &Event, advisory: &Advisory) -> Self {
        Self {
            modified: advisory.modified,
            packages: advisory.packages(),
            by_registry: event.is_by_registry(),
            id: advisory.id.clone(),
            advisory: Some(Box::new(advisory.clone())),
            line,
        }
    }

    pub(crate) fn of_residue(line: Sha256, residue: &Residue) -> Option<Self> {
        let Residue::Advisory { id, modified, packages, by_registry } = residue else {
            return None;
        };
        Some(Self {
            advisory: None,
            modified: *modified,
            packages: packages.clone(),
            by_registry: *by_registry,
            id: id.clone(),
            line,
        })
    }

    /// Whether `new` may take its place. It must be newer and name every package that this one does, so that no page is
    /// left with the old one; and no owner changes what the registry wrote.
    pub(crate) fn check_successor(&self, new: &Self) -> Result<(), Reason> {
        if new.modified <= self.modified {
            return Err(Reason::NotNewer);
        }
        if self.by_registry && !new.by_registry {
            return Err(Reason::NotRegistry);
        }
        let is_kept = |package: &PackageName| new.packages.contains(package);
        if self.packages.iter().all(is_kept) { Ok(()) } else { Err(Reason::DropsPackage) }
    }

    pub(crate) fn redact(&mut self, line: &Sha256) {
        if self.line == *line {
            self.advisory = None;
        }
    }
}

impl NoticesState {
    /// What the notices page says. Lines that break a rule have no effect (E-7).
    ///
    /// # Errors
    /// When the bytes are not that page.
    pub fn read(page: &[u8]) -> Result<Self, PageError> {
        Self::read_with(page, &Redactions::new())
    }

    /// What a page says that is being made: as [`Page::parse_with`].
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_with(page: &[u8], ahead: &Redactions) -> Result<Self, PageError> {
        let page = Page::parse_with(page, &PageKey::Notices, ahead)?;
        let mut state = Self::default();
        for line in &page.lines {
            let _ = state.apply(line);
        }
        Ok(state)
    }

    /// The version of the newest root document; 0 when there is none.
    #[must_use]
    pub fn newest_root(&self) -> u32 {
        self.roots.keys().next_back().copied().unwrap_or(0)
    }

    /// The takedowns in force.
    pub fn takedowns_in_force(&self) -> impl Iterator<Item = &KnownTakedown> {
        self.takedowns.iter().filter(|takedown| takedown.is_in_force())
    }

    /// The advisories in force that name a file or a release by its digest.
    pub fn advisories_of_digest(&self, digest: Sha256) -> impl Iterator<Item = &Advisory> {
        let known = self.advisories.values().filter_map(|known| known.advisory.as_deref());
        known.filter(move |advisory| advisory.is_in_force() && advisory.hashes.contains(&digest))
    }

    /// Checks what the page alone can say of a line.
    ///
    /// # Errors
    /// With the rule that it breaks.
    pub fn check(&self, line: &Line) -> Result<(), Reason> {
        self.lines.check_new(&line.payload)?;
        match line.content.fact() {
            Fact::Event(event) => match &event.body {
                EventBody::Root { version, .. } => {
                    let next = self.newest_root().checked_add(1);
                    if next == Some(*version) { Ok(()) } else { Err(Reason::RootVersion) }
                }
                EventBody::Advisory { advisory } => {
                    self.check_advisory(&KnownAdvisory::of(line.payload, event, advisory))
                }
                EventBody::Takedown(_) => Ok(()),
                EventBody::Restore { payload, releases, .. } => {
                    let mut in_force = self.takedowns_in_force();
                    let known = in_force.find(|known| known.payload == *payload);
                    match known {
                        Some(known) if known.releases == *releases => Ok(()),
                        _ => Err(Reason::NoTakedown),
                    }
                }
                EventBody::Redact { payload, residue, .. } => {
                    self.check_redaction(payload, residue)
                }
                _ => Err(Reason::NotHere),
            },
            Fact::Residue(residue @ Residue::Advisory { .. }) => {
                KnownAdvisory::of_residue(line.payload, residue)
                    .map_or(Err(Reason::NotHere), |known| self.check_advisory(&known))
            }
            Fact::Residue(Residue::Takedown { .. }) => Ok(()),
            Fact::Residue(_) => Err(Reason::NotHere),
        }
    }

    /// Takes in a line, when it breaks no rule of its page.
    ///
    /// # Errors
    /// With the rule that it breaks. Nothing has changed then.
    pub fn apply(&mut self, line: &Line) -> Result<(), Reason> {
        self.check(line)?;
        match line.content.fact() {
            Fact::Event(event) => self.apply_event(line.payload, event),
            Fact::Residue(Residue::Takedown { releases }) => {
                self.take_down(line.payload, None, releases, None);
            }
            Fact::Residue(residue) => {
                if let Some(known) = KnownAdvisory::of_residue(line.payload, residue) {
                    self.set_advisory(known);
                }
            }
        }
        self.lines.add(line.payload, &line.content);
        Ok(())
    }

    fn apply_event(&mut self, line: Sha256, event: &Event) {
        match &event.body {
            EventBody::Root { version, sha256 } => {
                self.roots.insert(*version, *sha256);
            }
            EventBody::Advisory { advisory } => {
                self.set_advisory(KnownAdvisory::of(line, event, advisory));
            }
            EventBody::Takedown(takedown) => {
                self.take_down(line, Some(event.time), &takedown.releases, Some(takedown));
            }
            EventBody::Restore { payload, .. } => {
                let known = self.takedowns.iter_mut().find(|known| known.payload == *payload);
                if let Some(known) = known {
                    known.is_restored = true;
                }
            }
            EventBody::Redact { index, payload, class, residue } => {
                self.redact(payload, residue);
                let residue = residue.clone();
                let redaction = Redaction { index: *index, class: *class, residue };
                self.redactions.insert(*payload, redaction);
            }
            _ => {}
        }
    }

    fn check_advisory(&self, new: &KnownAdvisory) -> Result<(), Reason> {
        self.advisories.get(&new.id).map_or(Ok(()), |known| known.check_successor(new))
    }

    fn check_redaction(&self, line: &Sha256, residue: &Residue) -> Result<(), Reason> {
        if self.redactions.contains_key(line) {
            return Err(Reason::NoChange);
        }
        if residue.pages().contains(&PageKey::Notices) {
            self.lines.check_redaction(line, residue)
        } else {
            Ok(())
        }
    }

    fn set_advisory(&mut self, known: KnownAdvisory) {
        self.advisories.insert(known.id.clone(), known);
    }

    fn take_down(
        &mut self,
        payload: Sha256,
        at: Option<Timestamp>,
        releases: &[ReleaseId],
        said: Option<&Takedown>,
    ) {
        let takedown = said.map(|takedown| Box::new(takedown.clone()));
        let releases = releases.to_vec();
        self.takedowns.push(KnownTakedown { payload, at, releases, takedown, is_restored: false });
    }

    /// Forgets what a line said, so that the state is as if it had been read from `-`.
    fn redact(&mut self, line: &Sha256, residue: &Residue) {
        self.lines.redact(line);
        if let Residue::Advisory { id, .. } = residue
            && let Some(known) = self.advisories.get_mut(id)
        {
            known.redact(line);
        }
        for known in self.takedowns.iter_mut().filter(|known| known.payload == *line) {
            known.at = None;
            known.takedown = None;
        }
    }
}

#[cfg(test)]
mod tests;
