//! From a package page to what the resolver needs of it.
//!
//! A page is the package's events as JSON lines, in order (spec/events.md). Only the fields that decide a resolution
//! are read, straight from the text: reading whole events takes several times as long, and a first resolution
//! reads thousands. Types of events that are not known here have no effect, as the chapter demands. The few pages with
//! a takedown or a redaction are read a second time, by all the rules.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use semver::Version;
use serde::Deserialize;
use tare_format::manifest::Kind;
use tare_format::release::ReleaseDependency;
use tare_format::{PackageName, Sha256, VariantName};
use tare_replay::PackageState;

use super::index::{Change, Dependency, Package, Standing, Variants};
use super::summary::{ReleaseRecord, SummaryError};

/// Why a page cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// A line is no event.
    #[error("line {line} of the page of `{name}` is not an event")]
    Line {
        /// The package.
        name: PackageName,
        /// The line's number, from 1.
        line: usize,
        /// What JSON says.
        source: serde_json::Error,
    },
    /// An event lacks what its type has, or stands on the wrong page, or contradicts what else is known.
    #[error("line {line} of the page of `{name}` {problem}")]
    Contradiction {
        /// The package.
        name: PackageName,
        /// The line's number, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// The page is no text.
    #[error("the page of `{name}` is not UTF-8")]
    Text {
        /// The package.
        name: PackageName,
    },
    /// The page breaks the rules of redaction.
    #[error("the page of `{name}` breaks a rule of pages")]
    Rules {
        /// The package.
        name: PackageName,
        /// Which.
        source: Box<tare_replay::PageError>,
    },
    /// The releases cannot be put in order.
    #[error("cannot order the releases of `{name}`")]
    Releases {
        /// The package.
        name: PackageName,
        /// Why.
        source: SummaryError,
    },
}

/// Reads the page of `name`: its releases, with everything that happened to them, in no particular order.
///
/// # Errors
/// When a line is no event, lacks a field of its type, or belongs to another package.
pub fn parse(name: &PackageName, page: &str) -> Result<Vec<ReleaseRecord>, PageError> {
    let mut releases = BTreeMap::new();
    let mut is_plain = true;
    for (line, text) in (1..).zip(page.lines()) {
        if text.starts_with("- ") {
            is_plain = false;
            continue;
        }
        let event: Line<'_> = serde_json::from_str(text).map_err(|source| PageError::Line {
            name: name.clone(),
            line,
            source,
        })?;
        is_plain &= !matches!(&*event.kind_of_event, "takedown" | "restore" | "redact");
        apply(&mut releases, event, name).map_err(|problem| PageError::Contradiction {
            name: name.clone(),
            line,
            problem,
        })?;
    }
    if !is_plain {
        apply_rules(&mut releases, name, page)?;
    }
    Ok(releases.into_values().collect())
}

/// Reads the page of `name` as a package.
///
/// # Errors
/// As [`parse`].
pub fn package(name: &PackageName, page: &str) -> Result<Package, PageError> {
    let releases = parse(name, page)?;
    Package::new(name, &releases)
        .map_err(|source| PageError::Releases { name: name.clone(), source })
}

/// The fields of all events together; which are there depends on the type.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind_of_event: Cow<'a, str>,
    time: Timestamp,
    package: Option<PackageName>,
    version: Option<Version>,
    reason: Option<String>,
    kind: Option<Kind>,
    release: Option<Sha256>,
    #[serde(default)]
    dependencies: Vec<ReleaseDependency>,
    #[serde(default)]
    variants: Vec<VariantName>,
    default_variant: Option<VariantName>,
}

fn apply(
    releases: &mut BTreeMap<Version, ReleaseRecord>,
    event: Line<'_>,
    name: &PackageName,
) -> Result<(), String> {
    let kind_of_event = event.kind_of_event.as_ref();
    if !matches!(kind_of_event, "publish" | "yank" | "unyank" | "withdraw") {
        return Ok(());
    }
    if event.package.as_ref() != Some(name) {
        return Err("does not belong to this package".to_owned());
    }
    let Some(version) = event.version.clone() else {
        return Err("names no version".to_owned());
    };
    let standing = match (kind_of_event, event.reason.clone()) {
        ("publish", _) => {
            // spec/events.md E-7: a version published a second time stays what it was.
            let record = published(event, version.clone())?;
            releases.entry(version).or_insert(record);
            return Ok(());
        }
        ("unyank", _) => Standing::Available,
        ("yank", Some(reason)) => Standing::Yanked { reason },
        (_, Some(reason)) => Standing::Withdrawn { reason },
        (_, None) => return Err("gives no reason".to_owned()),
    };
    // E-7 again: nothing happens to a version that is not there.
    if let Some(release) = releases.get_mut(&version)
        && is_change(release, &standing)
    {
        release.changes.push(Change { at: event.time, standing });
    }
    Ok(())
}

/// Whether an event changes anything (E-19): what is yanked is not yanked again, and what is withdrawn stays so.
fn is_change(release: &ReleaseRecord, next: &Standing) -> bool {
    let now = release.changes.last().map_or(&Standing::Available, |change| &change.standing);
    !matches!(
        (now, next),
        (Standing::Withdrawn { .. }, _)
            | (Standing::Available, Standing::Available)
            | (Standing::Yanked { .. }, Standing::Yanked { .. })
    )
}

/// Takes in what a line alone does not say: which releases are gone, and what was done for a reason that is.
fn apply_rules(
    releases: &mut BTreeMap<Version, ReleaseRecord>,
    name: &PackageName,
    page: &str,
) -> Result<(), PageError> {
    let state = PackageState::read(name, page.as_bytes())
        .map_err(|source| PageError::Rules { name: name.clone(), source: Box::new(source) })?;
    releases.retain(|version, record| {
        let known = state.releases.get(version).filter(|known| known.publication.is_some());
        let Some(known) = known else { return false };
        let standing = Standing::from(known.standing());
        let told = record.changes.last().map_or(&Standing::Available, |change| &change.standing);
        // Bytes that are gone are gone at whatever date somebody resolves for.
        if *told != standing {
            record.changes = vec![Change { at: record.published, standing }];
        }
        true
    });
    Ok(())
}

fn published(event: Line<'_>, version: Version) -> Result<ReleaseRecord, String> {
    let Some(kind) = event.kind else { return Err("publishes a package of no kind".to_owned()) };
    let Some(digest) = event.release else {
        return Err("publishes without the release's digest".to_owned());
    };
    let dependencies = event.dependencies.into_iter().map(|needed| {
        let ReleaseDependency { name, requirement, relation, variant } = needed;
        Dependency { name, requirement, relation, variant }
    });
    let mut names = event.variants;
    names.sort();
    Ok(ReleaseRecord {
        version,
        published: event.time,
        digest,
        kind,
        changes: Vec::new(),
        dependencies: dependencies.collect(),
        variants: Variants { names, default: event.default_variant },
    })
}

#[cfg(test)]
mod tests;
