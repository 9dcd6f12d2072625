//! A release as the filters see it: what its `publish` event and its release document say, and what became of it.

use jiff::Timestamp;
use semver::VersionReq;
use serde::{Deserialize, Serialize};
use tare_format::event::Published;
use tare_format::manifest::{Kind, LicenseParts, LineageSource};
use tare_format::release::Release;
use tare_format::{PackageName, ReleaseId, Sha256};

/// What became of a release, as far as its contents are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It can be had; it may be yanked, because a lock may still name it.
    Live,
    /// Its owner or the registry took it back for good.
    Withdrawn,
    /// Its contents have to go.
    TakenDown,
}

/// A release that a mirror may hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Candidate {
    /// The package and version.
    pub id: ReleaseId,
    /// Its release document.
    pub release: Sha256,
    /// When it was published.
    pub at: Timestamp,
    /// What it is.
    pub kind: Kind,
    /// Which licence each part is under.
    pub license: LicenseParts,
    /// The size of all files in bytes.
    pub size: u64,
    /// The size of its largest file in bytes.
    pub largest_file: u64,
    /// What is needed to use it.
    pub dependencies: Vec<(PackageName, VersionReq)>,
    /// What it was made from, inside the registry.
    pub lineage: Vec<ReleaseId>,
    /// What became of it.
    pub standing: Standing,
}

impl Candidate {
    /// A release that was published at `at`, with its document.
    #[must_use]
    pub fn new(published: &Published, document: &Release, at: Timestamp) -> Self {
        let needed = published.dependencies.iter();
        let made_from = document.lineage.iter().filter_map(|entry| match &entry.source {
            LineageSource::Package(name) => {
                let version = entry.version.clone()?;
                Some(ReleaseId { name: name.clone(), version })
            }
            LineageSource::Foreign(_) => None,
        });
        Self {
            id: document.id(),
            release: published.release,
            at,
            kind: published.kind,
            license: published.license.clone(),
            size: document.total_size(),
            largest_file: document.files.iter().map(|file| file.size).max().unwrap_or(0),
            dependencies: needed
                .map(|need| (need.name.clone(), need.requirement.clone()))
                .collect(),
            lineage: made_from.collect(),
            standing: Standing::Live,
        }
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;

    /// A small MIT model without needs.
    pub(in crate::mirror) fn candidate(name: &str, version: &str) -> Candidate {
        let id = ReleaseId { name: name.parse().unwrap(), version: version.parse().unwrap() };
        Candidate {
            release: Sha256::of(id.to_string().as_bytes()),
            id,
            at: "2026-11-24T12:00:00Z".parse().unwrap(),
            kind: Kind::Model,
            license: LicenseParts {
                weights: Some("MIT".parse().unwrap()),
                ..LicenseParts::default()
            },
            size: 100,
            largest_file: 100,
            dependencies: Vec::new(),
            lineage: Vec::new(),
            standing: Standing::Live,
        }
    }
}
