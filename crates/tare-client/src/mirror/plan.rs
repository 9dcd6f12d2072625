//! What a sync would do, said before it is done. The sync does exactly this.

use std::collections::BTreeMap;

use serde::Serialize;
use tare_format::release::FileClass;
use tare_format::{ReleaseId, Sha256};
use tare_store::ObjectKey;

use super::MirrorError;
use super::candidate::{Candidate, Standing};
use super::contents::document;
use super::filter::{Filters, Reason};
use super::folder::Folder;
use super::guard::Amount;
use super::inventory::Inventory;
use super::select::{Count, Level, Selection};
use super::status::TakedownStatus;

/// A release that comes or goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Planned {
    /// The package and version.
    pub id: ReleaseId,
    /// Its document.
    pub release: Sha256,
    /// How much of it is held afterwards; nothing when it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Why.
    pub why: String,
    /// The files that are fetched for it: data files and the archive.
    pub files: u64,
    /// Their size in bytes, as the release document gives it. What travels may be less: it is compressed, and shared.
    pub bytes: u64,
}

/// A release whose contents are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeftOut {
    /// The package and version.
    pub id: ReleaseId,
    /// The first filter that says no.
    pub reason: Reason,
    /// What of the release, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What it needs that is left out, when that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<ReleaseId>,
    /// The size of its files in bytes.
    pub bytes: u64,
}

/// What a sync would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// The size of the log that is held.
    pub from: u64,
    /// The size of the log that the source shows.
    pub to: u64,
    /// Releases whose contents, or archives, come.
    pub add: Vec<Planned>,
    /// Releases whose contents go.
    pub remove: Vec<Planned>,
    /// The objects that go, what was taken down or redacted left aside.
    pub removed: Amount,
    /// What is there before.
    pub there: Amount,
    /// Takedowns that are obeyed first.
    pub takedowns: Vec<TakedownStatus>,
    /// Releases whose contents are held afterwards.
    pub held: Count,
    /// Releases whose contents are left out, by the reason.
    pub left_out: BTreeMap<Reason, Count>,
    /// The same releases one by one, in the order of their names and versions.
    pub left_out_releases: Vec<LeftOut>,
    /// Releases of which something is asked for again that no source had.
    pub retry: Vec<Sha256>,
}

impl Plan {
    /// Enters the releases that are left out, each with why.
    pub(super) fn leave_out(
        &mut self,
        filters: &Filters,
        candidates: &[Candidate],
        selection: &Selection,
    ) {
        let left_out = candidates.iter().filter_map(|candidate| {
            let refusal = selection.refused.get(&candidate.release)?;
            Some(LeftOut {
                id: candidate.id.clone(),
                reason: refusal.reason,
                detail: filters.detail(candidate, refusal.reason),
                needs: refusal.needs.clone(),
                bytes: candidate.size,
            })
        });
        self.left_out_releases = left_out.collect();
        self.left_out_releases.sort_by(|a, b| a.id.cmp(&b.id));
    }

    /// Whether there is nothing to do but to look again later.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.from == self.to
            && self.add.is_empty()
            && self.remove.is_empty()
            && self.takedowns.is_empty()
            && self.retry.is_empty()
    }

    /// The files and bytes that come.
    #[must_use]
    pub fn added(&self) -> Amount {
        let sum = |of: fn(&Planned) -> u64| self.add.iter().map(of).fold(0, u64::saturating_add);
        Amount { objects: sum(|planned| planned.files), bytes: sum(|planned| planned.bytes) }
    }

    /// Compares what is to be held with what is.
    pub(super) async fn compare(
        &mut self,
        folder: &Folder,
        inventory: &Inventory,
        candidates: &[(Candidate, Option<Level>)],
        selection: &Selection,
    ) -> Result<(), MirrorError> {
        let mut going = Vec::new();
        let mut staying = Vec::new();
        for (candidate, held) in candidates {
            let wanted = selection.wanted.get(&candidate.release);
            let level = wanted.map(|wanted| wanted.level);
            if level == *held {
                continue;
            }
            let why = match wanted {
                Some(wanted) => wanted.why.to_string(),
                None => "filters".to_owned(),
            };
            if level < *held {
                // What was redacted or taken down has to go, however much it is (Z-9).
                if candidate.standing != Standing::TakenDown {
                    going.push(candidate.release);
                }
                if level == Some(Level::Meta) {
                    let document = document(folder, &candidate.release)?;
                    staying.push(ObjectKey::Meta(document.meta.sha256).path());
                }
                self.remove.push(planned(candidate, level, why, 0, 0));
            } else if let Some(level) = level {
                let (files, bytes) = lacking(folder, inventory, candidate, level).await?;
                self.add.push(planned(candidate, Some(level), why, files, bytes));
            }
        }
        for (path, size) in inventory.only_needed_by(&going).await? {
            if !staying.contains(&path) {
                self.removed.add(size);
            }
        }
        self.there = inventory.total().await?;
        (self.held, self.left_out) = (selection.held, selection.left_out.clone());
        Ok(())
    }
}

fn planned(
    candidate: &Candidate,
    level: Option<Level>,
    why: String,
    files: u64,
    bytes: u64,
) -> Planned {
    Planned { id: candidate.id.clone(), release: candidate.release, level, why, files, bytes }
}

/// The files of a release that the mirror lacks, and their bytes.
async fn lacking(
    folder: &Folder,
    inventory: &Inventory,
    candidate: &Candidate,
    level: Level,
) -> Result<(u64, u64), MirrorError> {
    let document = document(folder, &candidate.release)?;
    let (mut files, mut bytes) = (0_u64, 0_u64);
    let mut count = |size: u64| {
        files = files.saturating_add(1);
        bytes = bytes.saturating_add(size);
    };
    if !inventory.has(&ObjectKey::Meta(document.meta.sha256).path()).await? {
        count(document.meta.size);
    }
    let data = document.files.iter().filter(|file| file.class == FileClass::Data);
    for file in data.filter(|_| level == Level::Contents) {
        let Some(recipe) = file.recipe else { continue };
        if !inventory.has(&ObjectKey::Location(recipe).path()).await? {
            count(file.size);
        }
    }
    Ok((files, bytes))
}
