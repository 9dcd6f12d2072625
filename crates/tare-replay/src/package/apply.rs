//! What a line changes about a package.

use std::sync::Arc;

use semver::Version;
use tare_format::event::{Change, Event, EventBody, Residue, SignerKey, Takedown};
use tare_format::{ReleaseId, Sha256};

use super::{Because, PackageState, Publication, ReleaseState, ReleaseTakedown, Status};
use crate::judge::Reason;
use crate::lines::Fact;
use crate::notices::KnownAdvisory;
use crate::page::Line;

impl PackageState {
    /// Takes in a line, when it breaks no rule of its page.
    ///
    /// # Errors
    /// With the rule that it breaks. Nothing has changed then.
    pub fn apply(&mut self, line: &Line) -> Result<(), Reason> {
        self.check(line)?;
        match line.content.fact() {
            Fact::Event(event) => self.apply_event(line.payload, event),
            Fact::Residue(residue) => self.apply_residue(line.payload, residue),
        }
        self.lines.add(line.payload, &line.content);
        Ok(())
    }

    fn apply_event(&mut self, payload: Sha256, event: &Event) {
        match &event.body {
            EventBody::Signer { key, change, .. } => self.change_signer(key, *change),
            EventBody::Publish(published) => {
                let (at, by, published) = (event.time, event.by.clone(), (**published).clone());
                let version = published.version.clone();
                self.publish(version, Some(Publication { at, by, published }));
            }
            EventBody::Yank { version, reason, .. } => {
                let because = Because { reason: Some(reason.clone()), line: payload };
                self.set_status(version, Status::Yanked(because));
            }
            EventBody::Unyank { version, .. } => self.set_status(version, Status::Live),
            EventBody::Withdraw { version, reason, .. } => {
                let because = Because { reason: Some(reason.clone()), line: payload };
                self.set_status(version, Status::Withdrawn(because));
            }
            EventBody::Advisory { advisory } => {
                self.set_advisory(KnownAdvisory::of(payload, event, advisory));
            }
            EventBody::Takedown(takedown) => {
                self.take_down(payload, &takedown.releases, Some(takedown));
            }
            EventBody::Restore { payload, releases, .. } => self.restore(payload, releases),
            EventBody::Redact { payload, residue, .. } => self.redact(payload, residue),
            _ => {}
        }
    }

    fn apply_residue(&mut self, payload: Sha256, residue: &Residue) {
        let because = Because { reason: None, line: payload };
        match residue {
            Residue::Publish { version, .. } => self.publish(version.clone(), None),
            Residue::Yank { version, .. } => self.set_status(version, Status::Yanked(because)),
            Residue::Unyank { version, .. } => self.set_status(version, Status::Live),
            Residue::Withdraw { version, .. } => {
                self.set_status(version, Status::Withdrawn(because));
            }
            Residue::Advisory { .. } => {
                if let Some(known) = KnownAdvisory::of_residue(payload, residue) {
                    self.set_advisory(known);
                }
            }
            Residue::Takedown { releases } => self.take_down(payload, releases, None),
            Residue::Inert => {}
        }
    }

    fn change_signer(&mut self, key: &SignerKey, change: Change) {
        let others = self.signers.iter().filter(|known| known.id != key.id).cloned();
        let added = (change == Change::Add).then(|| key.clone());
        self.signers = others.chain(added).collect();
    }

    fn publish(&mut self, version: Version, publication: Option<Publication>) {
        let release = ReleaseState {
            publication: publication.map(Box::new),
            signers: Arc::clone(&self.signers),
            status: Status::Live,
            takedowns: Vec::new(),
        };
        self.releases.insert(version, release);
    }

    fn set_status(&mut self, version: &Version, status: Status) {
        if let Some(release) = self.releases.get_mut(version) {
            release.status = status;
        }
    }

    fn set_advisory(&mut self, known: KnownAdvisory) {
        self.advisories.insert(known.id.clone(), known);
    }

    fn take_down(&mut self, payload: Sha256, releases: &[ReleaseId], said: Option<&Takedown>) {
        for id in releases.iter().filter(|id| id.name == self.name) {
            let release = self.releases.get_mut(&id.version);
            let takedown = said.map(|takedown| Box::new(takedown.clone()));
            // A takedown that names a release twice takes it down once.
            if let Some(release) =
                release.filter(|release| release.takedowns.iter().all(|it| it.payload != payload))
            {
                release.takedowns.push(ReleaseTakedown { payload, takedown });
            }
        }
    }

    fn restore(&mut self, takedown: &Sha256, releases: &[ReleaseId]) {
        for id in releases.iter().filter(|id| id.name == self.name) {
            if let Some(release) = self.releases.get_mut(&id.version) {
                release.takedowns.retain(|taken| taken.payload != *takedown);
            }
        }
    }

    /// Forgets what a line said, so that the state is as if it had been read from `-`.
    fn redact(&mut self, line: &Sha256, residue: &Residue) {
        self.lines.redact(line);
        match residue {
            Residue::Publish { version, .. } => {
                if let Some(release) = self.releases.get_mut(version) {
                    release.publication = None;
                }
            }
            Residue::Yank { version, .. } | Residue::Withdraw { version, .. } => {
                let status = self.releases.get_mut(version).map(|release| &mut release.status);
                if let Some(Status::Yanked(because) | Status::Withdrawn(because)) = status
                    && because.line == *line
                {
                    because.reason = None;
                }
            }
            Residue::Advisory { id, .. } => {
                if let Some(known) = self.advisories.get_mut(id) {
                    known.redact(line);
                }
            }
            Residue::Takedown { .. } => {
                let releases = self.releases.values_mut();
                for taken in releases.flat_map(|release| &mut release.takedowns) {
                    if taken.payload == *line {
                        taken.takedown = None;
                    }
                }
            }
            Residue::Unyank { .. } | Residue::Inert => {}
        }
    }
}
