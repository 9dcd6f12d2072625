//! Which releases a mirror holds the contents of: those that pass the filters, with everything they need.
//!
//! A pure function of what the log says up to one size, so that the plan and the sync, and two mirrors with the same
//! filters, come to the same set (Z-6). What is included is always complete: for each requirement every version that meets
//! it is held, or, with `latest`, the highest so many of those. A release that needs something which the operator excludes
//! by name or licence is left out itself rather than held in pieces.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use tare_format::{ReleaseId, Sha256};

use super::candidate::{Candidate, Standing};
use super::filter::{Filters, Reason};

/// How much of a release is held, beyond its document and signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The meta archive: what an audit of something made from it reads.
    Meta,
    /// All contents.
    Contents,
}

/// Why a release is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It passes the filters.
    Filters,
    /// A release that is held needs it.
    NeededBy(ReleaseId),
    /// A release that is held was made from it.
    SourceOf(ReleaseId),
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Filters => f.write_str("filters"),
            Self::NeededBy(id) => write!(f, "needed by {id}"),
            Self::SourceOf(id) => write!(f, "source of {id}"),
        }
    }
}

/// A release that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// How much of it.
    pub level: Level,
    /// Why.
    pub why: Why,
}

/// How many releases, and how many bytes their files have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Count {
    /// Releases.
    pub releases: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Count {
    /// Counts one more.
    pub fn add(&mut self, bytes: u64) {
        self.releases = self.releases.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// Why a release is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The filter.
    pub reason: Reason,
    /// What it needs that is left out, when that is the reason.
    pub needs: Option<ReleaseId>,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, needs: None }
    }
}

/// What is held and what is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// What is held, by release document.
    pub wanted: BTreeMap<Sha256, Wanted>,
    /// Whose contents are left out, by the reason.
    pub left_out: BTreeMap<Reason, Count>,
    /// The same one by one, by release document.
    pub refused: BTreeMap<Sha256, Refusal>,
    /// What the files of the releases with contents come to.
    pub held: Count,
}

/// Chooses among `candidates`; `now` is the time of the log's last event.
#[must_use]
pub fn select(filters: &Filters, candidates: &[Candidate], now: Timestamp) -> Selection {
    let mut chooser = Chooser::new(filters, candidates);
    let mut refused: HashMap<usize, Refusal> = HashMap::new();
    let mut passing = Vec::new();
    for (at, candidate) in candidates.iter().enumerate() {
        match chooser.judge(at, now) {
            Ok(()) => passing.push((std::cmp::Reverse(candidate.at), &candidate.id, at)),
            Err(reason) => drop(refused.insert(at, reason.into())),
        }
    }
    // The newest first, so that a cap on the size leaves out the oldest.
    passing.sort();
    for (_, _, at) in passing {
        if let Err(refusal) = chooser.take(at) {
            refused.insert(at, refusal);
        }
    }
    chooser.take_lineage();
    chooser.finish(refused)
}

/// What is chosen so far.
struct Chooser<'a> {
    filters: &'a Filters,
    candidates: &'a [Candidate],
    /// The candidates of each package, the highest version first.
    packages: HashMap<String, Vec<usize>>,
    chosen: BTreeMap<usize, Wanted>,
    bytes: u64,
}

impl<'a> Chooser<'a> {
    fn new(filters: &'a Filters, candidates: &'a [Candidate]) -> Self {
        let mut packages: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, candidate) in candidates.iter().enumerate() {
            packages.entry(candidate.id.name.key()).or_default().push(at);
        }
        for versions in packages.values_mut() {
            versions.sort_by(|a, b| candidates[*b].id.version.cmp(&candidates[*a].id.version));
        }
        Self { filters, candidates, packages, chosen: BTreeMap::new(), bytes: 0 }
    }

    /// The filters that ask for one release, and for its place among the versions of its package.
    fn judge(&self, at: usize, now: Timestamp) -> Result<(), Reason> {
        let candidate = &self.candidates[at];
        self.filters.judge(candidate, now)?;
        let Some(latest) = self.filters.latest else { return Ok(()) };
        let versions = self.versions(&candidate.id.name.key());
        let live = versions.iter().filter(|at| self.candidates[**at].standing == Standing::Live);
        if live.take(most(latest.get())).any(|other| *other == at) {
            Ok(())
        } else {
            Err(Reason::Latest)
        }
    }

    /// Chooses a release and all that it needs, or none of it.
    fn take(&mut self, at: usize) -> Result<(), Refusal> {
        let closure = self.closure(at, &Why::Filters)?;
        let new: u64 = closure
            .keys()
            .filter(|at| !self.has_contents(**at))
            .map(|at| self.candidates[*at].size)
            .fold(0, u64::saturating_add);
        let bytes = self.bytes.saturating_add(new);
        if self.filters.max_size.is_some_and(|most| bytes > most.0) {
            return Err(Reason::Size.into());
        }
        self.bytes = bytes;
        for (at, why) in closure {
            let wanted = Wanted { level: Level::Contents, why };
            match self.chosen.get_mut(&at) {
                // What passes by itself is not said to be there for the sake of another.
                Some(known) if known.level == Level::Contents && wanted.why != Why::Filters => {}
                _ => drop(self.chosen.insert(at, wanted)),
            }
        }
        Ok(())
    }

    fn has_contents(&self, at: usize) -> bool {
        self.chosen.get(&at).is_some_and(|wanted| wanted.level == Level::Contents)
    }

    /// A release and all that it needs, each with why.
    fn closure(&self, at: usize, why: &Why) -> Result<BTreeMap<usize, Why>, Refusal> {
        let mut closure = BTreeMap::from([(at, why.clone())]);
        let mut waiting = vec![at];
        while let Some(at) = waiting.pop() {
            let candidate = &self.candidates[at];
            for (name, requirement) in &candidate.dependencies {
                for needed in self.meeting(&name.key(), requirement) {
                    let refuse = |reason| {
                        let needs = Some(self.candidates[needed].id.clone());
                        Err(Refusal { reason, needs })
                    };
                    match self.filters.judge_needed(&self.candidates[needed]) {
                        // What is gone is gone for everybody; the closure is what there is.
                        Err(Reason::TakenDown | Reason::Withdrawn) => continue,
                        Err(Reason::Excluded) => return refuse(Reason::DependencyExcluded),
                        Err(_) => return refuse(Reason::DependencyLicenseClass),
                        Ok(()) => {}
                    }
                    if let std::collections::btree_map::Entry::Vacant(place) = closure.entry(needed)
                    {
                        place.insert(Why::NeededBy(candidate.id.clone()));
                        waiting.push(needed);
                    }
                }
            }
        }
        Ok(closure)
    }

    /// The versions that meet a requirement, the highest first; with `latest`, so many of those that can be had.
    fn meeting(&self, key: &str, requirement: &semver::VersionReq) -> Vec<usize> {
        let versions = self.versions(key).iter().copied();
        let meets = |at: &usize| {
            let candidate = &self.candidates[*at];
            candidate.standing == Standing::Live && requirement.matches(&candidate.id.version)
        };
        let latest = self.filters.latest.map_or(usize::MAX, |latest| most(latest.get()));
        versions.filter(meets).take(latest).collect()
    }

    /// What the chosen releases were made from, and that in turn: archives, or contents where the filters say so.
    fn take_lineage(&mut self) {
        let exact: HashMap<&ReleaseId, usize> =
            self.candidates.iter().enumerate().map(|(at, known)| (&known.id, at)).collect();
        let mut waiting: Vec<usize> = self.chosen.keys().copied().collect();
        let mut seen: BTreeSet<usize> = waiting.iter().copied().collect();
        while let Some(at) = waiting.pop() {
            let candidate = &self.candidates[at];
            for source in &candidate.lineage {
                let Some(source) = exact.get(source).copied() else { continue };
                if !seen.insert(source) {
                    continue;
                }
                let standing = self.candidates[source].standing;
                if standing == Standing::TakenDown {
                    continue;
                }
                let why = Why::SourceOf(candidate.id.clone());
                waiting.push(source);
                if !self.take_source(source, &why) {
                    self.chosen.insert(source, Wanted { level: Level::Meta, why });
                }
                waiting.extend(self.chosen.keys().copied().filter(|at| seen.insert(*at)));
            }
        }
    }

    /// Chooses the contents of a source, when they are wanted, may be held and fit.
    fn take_source(&mut self, at: usize, why: &Why) -> bool {
        if !self.filters.with_lineage || self.filters.judge_needed(&self.candidates[at]).is_err() {
            return false;
        }
        let taken = self.take(at).is_ok();
        if taken && let Some(wanted) = self.chosen.get_mut(&at) {
            wanted.why = why.clone();
        }
        taken
    }

    fn versions(&self, key: &str) -> &[usize] {
        self.packages.get(key).map_or(&[], Vec::as_slice)
    }

    fn finish(self, mut refused: HashMap<usize, Refusal>) -> Selection {
        let mut selection = Selection::default();
        for (at, candidate) in self.candidates.iter().enumerate() {
            if self.has_contents(at) {
                selection.held.add(candidate.size);
            } else if let Some(refusal) = refused.remove(&at) {
                selection.left_out.entry(refusal.reason).or_default().add(candidate.size);
                selection.refused.insert(candidate.release, refusal);
            }
        }
        for (at, wanted) in self.chosen {
            selection.wanted.insert(self.candidates[at].release, wanted);
        }
        selection
    }
}

fn most(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
