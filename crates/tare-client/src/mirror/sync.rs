//! One sync: look, obey, fetch, take on, cosign, clean up (spec/mirrors.md Z-4 to Z-11).
//!
//! ```text
//! head.pending ─► entries, events ─► replay ─► takedowns ─► contents ─► pages … tiles ─► checkpoint ─► head ─► removals
//! ```
//! Contents come before anything that names them, and what is removed goes after nothing names it any more. A source that
//! shows what the mirror has costs one request. A log that redacts a line is taken on at once, before the guard and before
//! contents (Z-9): the files that have the line must not wait, and the head that shows the new size can.

use std::collections::BTreeSet;

use serde::Serialize;
use tare_format::Sha256;
use tare_store::ObjectKey;

use super::advance::News;
use super::candidate::{Candidate, Standing};
use super::contents::Contents;
use super::guard;
use super::pace::{Limits, Pace, Stop};
use super::plan::Plan;
use super::prepare::{Outlook, Prepared, SETTLED, prepare};
use super::select::Level;
use super::takedown::Obedience;
use super::upstream::Upstream;
use super::{Mirror, MirrorError, settled_filters};
use crate::event::Unit;
use crate::registry::RegistryClient;

/// What a sync is asked to do.
#[derive(Debug, Clone, Copy, Default)]
pub struct SyncOptions {
    /// The limits of this run.
    pub limits: Limits,
    /// Let more than a twentieth of the mirror go.
    pub allow_mass_delete: bool,
}

/// What a sync did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Synced {
    /// The size of the log before.
    pub from: u64,
    /// The size of the log that is held now.
    pub to: u64,
    /// Releases whose contents or archives came.
    pub added: u64,
    /// Releases of which no source has everything.
    pub missing: u64,
    /// Objects that were deleted.
    pub deleted: u64,
    /// Takedowns that were obeyed.
    pub takedowns: u64,
    /// Bytes that were fetched.
    pub fetched: u64,
    /// Requests that were made.
    pub requests: u64,
    /// Whether `head` proves the size that is held: the quorum is there.
    pub is_proven: bool,
    /// The source's size, when it is behind the mirror.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_source: Option<u64>,
    /// Why it stopped before the end; the next run goes on from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
}

impl Mirror {
    /// What a sync would do now. Nothing that is served changes.
    ///
    /// # Errors
    /// When the source cannot be read, or shows something that is not so.
    pub async fn plan(&self, registry: &RegistryClient) -> Result<Plan, MirrorError> {
        let _lock = self.folder.lock()?;
        self.write_drafts().await?;
        let pace = Pace::new(Limits::default());
        let contents = self.contents(registry, &pace);
        match prepare(self, registry, &contents, self.now()).await? {
            Outlook::Work(prepared) => Ok(prepared.plan),
            Outlook::Same(_, position) => {
                let size = position.edge.size();
                Ok(Plan { from: size, to: size, ..Plan::default() })
            }
            Outlook::Stale { size } => Ok(Plan { from: size, to: size, ..Plan::default() }),
        }
    }

    /// Brings the mirror to what the source shows.
    ///
    /// # Errors
    /// When the source cannot be read, shows something that is not so, or too much would be deleted.
    pub async fn sync(
        &self,
        registry: &RegistryClient,
        options: SyncOptions,
    ) -> Result<Synced, MirrorError> {
        let _lock = self.folder.lock()?;
        let outcome = self.run(registry, options).await;
        if let Err(error) = &outcome {
            self.note_failure(error).await;
        }
        outcome
    }

    async fn run(
        &self,
        registry: &RegistryClient,
        options: SyncOptions,
    ) -> Result<Synced, MirrorError> {
        self.write_drafts().await?;
        let pace = Pace::new(options.limits);
        let before = registry.transport().requests();
        let contents = self.contents(registry, &pace);
        let mut synced = Synced::default();
        match prepare(self, registry, &contents, self.now()).await? {
            Outlook::Same(pending, position) => {
                let size = position.edge.size();
                (synced.from, synced.to) = (size, size);
                let shown = self.show(&pending, self.now())?;
                synced.is_proven = shown.is_some();
                self.write_status(&position, shown).await?;
            }
            Outlook::Stale { size } => {
                let position = self.position().await?;
                (synced.from, synced.to) = (position.edge.size(), position.edge.size());
                synced.stale_source = Some(size);
            }
            Outlook::Work(prepared) => {
                self.work(&prepared, &contents, options, &mut synced).await?;
            }
        }
        synced.fetched = pace.fetched();
        synced.requests = registry.transport().requests().saturating_sub(before);
        Ok(synced)
    }

    pub(super) fn contents<'a>(
        &'a self,
        registry: &'a RegistryClient,
        pace: &'a Pace,
    ) -> Contents<'a> {
        Contents {
            upstream: Upstream { registry, pace },
            folder: &self.folder,
            inventory: &self.inventory,
            clock: self.clock,
            progress: &self.progress,
        }
    }

    async fn work(
        &self,
        prepared: &Prepared,
        contents: &Contents<'_>,
        options: SyncOptions,
        synced: &mut Synced,
    ) -> Result<(), MirrorError> {
        (synced.from, synced.to) = (prepared.plan.from, prepared.plan.from);
        self.unsettle(prepared).await?;
        // Before the guard, which is about the operator's filters, and whatever the limits of the run.
        let deleted = self.obey(prepared).await? + self.drop_redacted(prepared).await?;
        (synced.takedowns, synced.deleted) = (prepared.plan.takedowns.len() as u64, deleted);
        self.forget_redacted(prepared).await?;
        let redacts = prepared.news.as_ref().is_some_and(News::redacts);
        if redacts {
            self.take_on(prepared, &contents.upstream).await?;
            synced.to = prepared.position.edge.size();
        }
        if !options.allow_mass_delete {
            guard::check(prepared.plan.removed, prepared.plan.there)?;
        }
        if let Err(stop) = self.fetch_contents(prepared, contents, synced).await? {
            synced.paused = Some(stop.to_string());
            let position = self.position().await?;
            return self.write_status(&position, None).await;
        }
        if !redacts {
            self.take_on(prepared, &contents.upstream).await?;
        }
        let shown = self.show(&prepared.pending, self.now())?;
        synced.to = prepared.position.edge.size();
        synced.is_proven = shown.is_some();
        synced.deleted += self.clean_up(prepared).await?;
        let mut change = self.inventory.change().await?;
        change.set(SETTLED, &settled_filters(&self.config.filters)).await?;
        change.commit().await?;
        self.write_coverage(prepared).await?;
        self.write_status(&prepared.position, shown).await
    }

    /// Enters what became of releases, and that the contents are not complete until this run says so.
    async fn unsettle(&self, prepared: &Prepared) -> Result<(), MirrorError> {
        let mut change = self.inventory.change().await?;
        change.set(SETTLED, "").await?;
        for at in &prepared.changed {
            if let Some((candidate, _)) = prepared.candidates.get(*at) {
                change.put_release(candidate).await?;
            }
        }
        change.commit().await?;
        let obedience = Obedience { folder: &self.folder, inventory: &self.inventory };
        for restored in &prepared.restored {
            obedience.restore(restored, &prepared.candidates).await?;
        }
        Ok(())
    }

    async fn obey(&self, prepared: &Prepared) -> Result<u64, MirrorError> {
        let obedience = Obedience { folder: &self.folder, inventory: &self.inventory };
        let mut deleted = 0;
        for order in prepared.orders.iter().filter(|order| order.is_open()) {
            self.progress
                .status("Deleting", &format!("what event {} took down", order.status.index));
            deleted += obedience.obey(order, &prepared.candidates, self.now()).await?;
        }
        Ok(deleted)
    }

    /// Deletes the contents of releases that were redacted.
    async fn drop_redacted(&self, prepared: &Prepared) -> Result<u64, MirrorError> {
        let is_gone = |candidate: &Candidate| candidate.standing == Standing::TakenDown;
        let mut change = self.inventory.change().await?;
        for (candidate, _) in prepared.candidates.iter().filter(|(known, _)| is_gone(known)) {
            change.hold(&candidate.release, None, &[]).await?;
        }
        change.commit().await?;
        Obedience { folder: &self.folder, inventory: &self.inventory }.delete_unneeded().await
    }

    /// Fetches what the releases that come need. The inner failure is a limit of the run.
    async fn fetch_contents(
        &self,
        prepared: &Prepared,
        contents: &Contents<'_>,
        synced: &mut Synced,
    ) -> Result<Result<(), Stop>, MirrorError> {
        let forbidden = self.inventory.tombstones().await?;
        let total = prepared.plan.added().bytes;
        let task = self.progress.task("fetching", Unit::Bytes, total);
        let mut waiting: BTreeSet<Sha256> = prepared.plan.retry.iter().copied().collect();
        waiting.extend(prepared.plan.add.iter().map(|planned| planned.release));
        // A takedown may have opened releases again whose packs it deleted.
        for (candidate, level) in self.inventory.releases().await? {
            let wanted = prepared.why.get(&candidate.release);
            if wanted.is_some_and(|(wanted, _)| Some(*wanted) > level) {
                waiting.insert(candidate.release);
            }
        }
        for release in &waiting {
            let release = *release;
            let Some((level, why)) = prepared.why.get(&release) else { continue };
            match contents.hold(&release, *level, why, &forbidden).await {
                Ok(()) => synced.added += 1,
                Err(MirrorError::Paused(stop)) => return Ok(Err(stop)),
                Err(error) => return Err(error),
            }
            let planned = prepared.plan.add.iter().find(|planned| planned.release == release);
            task.advance(planned.map_or(0, |planned| planned.bytes));
        }
        let incomplete = self.inventory.incomplete().await?;
        synced.missing = incomplete.intersection(&waiting).count() as u64;
        synced.added = synced.added.saturating_sub(synced.missing);
        Ok(Ok(()))
    }

    /// Removes what nothing names any more.
    async fn clean_up(&self, prepared: &Prepared) -> Result<u64, MirrorError> {
        let mut change = self.inventory.change().await?;
        for planned in &prepared.plan.remove {
            let needs = match planned.level {
                Some(Level::Meta) => {
                    let document = super::contents::document(&self.folder, &planned.release)?;
                    vec![ObjectKey::Meta(document.meta.sha256).path()]
                }
                _ => Vec::new(),
            };
            change.hold(&planned.release, planned.level, &needs).await?;
        }
        change.commit().await?;
        Obedience { folder: &self.folder, inventory: &self.inventory }.delete_unneeded().await
    }

    /// The document of a release whose publish event was redacted is named by nothing any more.
    async fn forget_redacted(&self, prepared: &Prepared) -> Result<(), MirrorError> {
        let Some(news) = &prepared.news else { return Ok(()) };
        let redactions = news.replayed.notices.redactions.values();
        let redacted: BTreeSet<(String, String)> = redactions
            .filter_map(|redaction| match &redaction.residue {
                tare_format::event::Residue::Publish { package, version } => {
                    Some((package.key(), version.to_string()))
                }
                _ => None,
            })
            .collect();
        for (candidate, _) in &prepared.candidates {
            let id = (candidate.id.name.key(), candidate.id.version.to_string());
            if candidate.standing == Standing::TakenDown && redacted.contains(&id) {
                let path = ObjectKey::Release(candidate.release).path();
                self.folder.remove(&path)?;
                let mut change = self.inventory.change().await?;
                change.remove_object(&path).await?;
                change.forget_release(&candidate.release).await?;
                change.commit().await?;
            }
        }
        Ok(())
    }
}
