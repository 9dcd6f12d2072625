//! What a mirror says of itself after a sync: `coverage`, `status.json`, `metrics`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::coverage::Coverage;
use super::filter::Reason;
use super::inventory::InventoryError;
use super::position::Position;
use super::prepare::Prepared;
use super::publish::Shown;
use super::select::{Count, Level};
use super::status::{FailedRun, STATUS_FORMAT, Status};
use super::{Mirror, MirrorError};
use crate::error::{ClientError as _, chain};

/// The setting with what the last complete sync found.
const REPORT: &str = "report";

/// What only a sync knows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Report {
    held: Count,
    left_out: BTreeMap<Reason, Count>,
    #[serde(default)]
    head_size: u64,
    #[serde(default)]
    head_time: Option<Timestamp>,
    #[serde(default)]
    source_size: u64,
    #[serde(default)]
    source_time: Option<Timestamp>,
    #[serde(default)]
    last_sync: Option<Timestamp>,
    #[serde(default)]
    failed_runs: u64,
    #[serde(default)]
    last_failure: Option<FailedRun>,
}

impl Mirror {
    /// How the mirror is doing, from what is on its disk. No request is made.
    ///
    /// # Errors
    /// When its inventory cannot be read.
    pub async fn status(&self) -> Result<Status, MirrorError> {
        let (position, report) = (self.position().await?, self.report().await?);
        self.status_of(&position, &report).await
    }

    pub(super) async fn position(&self) -> Result<Position, MirrorError> {
        Position::load(&self.inventory).await
    }

    /// Writes the signed statement of what is held and what is not.
    pub(super) async fn write_coverage(&self, prepared: &Prepared) -> Result<(), MirrorError> {
        let incomplete = self.inventory.incomplete().await?;
        let mut missing =
            Count { releases: self.inventory.missing().await?.len() as u64, bytes: 0 };
        let mut held = prepared.plan.held;
        for (candidate, _) in &prepared.candidates {
            let wanted = prepared.why.get(&candidate.release).map(|(level, _)| *level);
            if incomplete.contains(&candidate.release) && wanted == Some(Level::Contents) {
                held.releases = held.releases.saturating_sub(1);
                held.bytes = held.bytes.saturating_sub(candidate.size);
                missing.bytes = missing.bytes.saturating_add(candidate.size);
            }
        }
        let edge = &prepared.position.edge;
        let plan = &prepared.plan;
        let coverage = Coverage {
            registry: self.config.registry.clone(),
            mirror: self.config.name.clone(),
            size: edge.size(),
            root: edge.root(),
            filters: self.config.filters.clone(),
            held,
            left_out: plan.left_out.clone(),
            missing,
        };
        let signed = coverage.sign(&self.statements_key()?);
        self.folder.write("coverage", &signed.map_err(|error| MirrorError::log(&error))?)?;
        let mut report = self.report().await?;
        (report.held, report.left_out) = (held, plan.left_out.clone());
        self.keep(&report).await
    }

    /// Remembers what a source shows as the newest, when it is newer than all before.
    pub(super) async fn note_source(&self, size: u64, time: Timestamp) -> Result<(), MirrorError> {
        let mut report = self.report().await?;
        if size <= report.source_size {
            return Ok(());
        }
        (report.source_size, report.source_time) = (size, Some(whole_seconds(time)));
        self.keep(&report).await
    }

    /// Writes what the mirror says of its health after a sync that ended well.
    pub(super) async fn write_status(
        &self,
        position: &Position,
        shown: Option<Shown>,
    ) -> Result<(), MirrorError> {
        let mut report = self.report().await?;
        if report.source_size == position.edge.size() {
            report.last_sync = Some(self.now());
        }
        report.failed_runs = 0;
        if let Some(shown) = shown {
            (report.head_size, report.head_time) = (shown.size, shown.time);
        }
        self.keep(&report).await?;
        self.refresh_status(position).await
    }

    /// Writes that a sync failed, and why. When that cannot be written, either, the sync's own failure is the one to tell.
    pub(super) async fn note_failure(&self, error: &MirrorError) {
        let noted = async {
            let mut report = self.report().await?;
            report.failed_runs = report.failed_runs.saturating_add(1);
            report.last_failure = Some(FailedRun {
                at: self.now(),
                code: error.code().to_owned(),
                reason: chain(error).join(": "),
            });
            self.keep(&report).await?;
            self.refresh_status(&self.position().await?).await
        };
        if let Err(error) = noted.await {
            self.progress
                .warn(&format!("the status cannot be written: {}", chain(&error).join(": ")));
        }
    }

    /// Writes the files of the status from what is known.
    pub(super) async fn refresh_status(&self, position: &Position) -> Result<(), MirrorError> {
        let status = self.status_of(position, &self.report().await?).await?;
        let bytes = status.to_bytes().map_err(|error| MirrorError::log(&error))?;
        self.folder.write("status.json", &bytes)?;
        Ok(self.folder.write("metrics", status.metrics().as_bytes())?)
    }

    async fn report(&self) -> Result<Report, MirrorError> {
        let text = self.inventory.setting(REPORT).await?;
        let damaged = |error: serde_json::Error| InventoryError::Damaged(error.to_string());
        Ok(text
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(damaged)?
            .unwrap_or_default())
    }

    async fn keep(&self, report: &Report) -> Result<(), MirrorError> {
        let text = serde_json::to_string(report)
            .map_err(|error| InventoryError::Damaged(error.to_string()))?;
        let mut change = self.inventory.change().await?;
        change.set(REPORT, &text).await?;
        Ok(change.commit().await?)
    }

    async fn status_of(&self, position: &Position, report: &Report) -> Result<Status, MirrorError> {
        let there = self.inventory.total().await?;
        let takedowns = self.inventory.takedowns().await?;
        let obeyed = takedowns.iter().filter(|takedown| takedown.obeyed.is_some()).count() as u64;
        let now = self.now();
        let missed = takedowns.iter().filter(|takedown| takedown.is_missed(now)).count() as u64;
        Ok(Status {
            format: STATUS_FORMAT.to_owned(),
            registry: self.config.registry.clone(),
            mirror: self.config.name.to_string(),
            size: position.edge.size(),
            root: position.edge.root().to_string(),
            head_size: report.head_size,
            source_size: report.source_size,
            log_time: position.last_time.map(whole_seconds),
            source_time: report.source_time,
            head_time: report.head_time,
            last_sync: report.last_sync,
            failed_runs: report.failed_runs,
            last_failure: report.last_failure.clone(),
            last_scrub: self.inventory.last_scrub().await?,
            objects: there.objects,
            bytes: there.bytes,
            missing: self.inventory.missing().await?.len() as u64,
            held: report.held,
            left_out: report.left_out.clone(),
            coverage: self.config.filters.words(),
            takedowns,
            obeyed_takedowns: obeyed,
            missed_takedowns: missed,
        })
    }
}

/// A time without what no reader needs of it.
pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
