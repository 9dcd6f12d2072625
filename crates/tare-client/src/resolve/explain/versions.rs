//! Which versions of a package there are, and why those that would match cannot be had.

use semver::{Comparator, Op, Prerelease, Version, VersionReq};

use crate::resolve::catalog::Entry;
use crate::resolve::index::{Release, Standing};
use crate::resolve::provider::Provider;

const MOST_NEWEST: usize = 5;
const MOST_EXCLUDED: usize = 4;
const MOST_SPANS: usize = 3;

/// What there is instead of a version that matches.
pub(super) fn survey(
    provider: &Provider<'_>,
    entry: &Entry,
    requirement: &VersionReq,
) -> Vec<String> {
    let mut lines = vec![available(entry)];
    let releases = entry.package.as_ref().map_or([].as_slice(), |package| package.releases());
    let reasons =
        releases.iter().rev().filter_map(|release| excluded(provider, entry, requirement, release));
    lines.extend(reasons.take(MOST_EXCLUDED));
    lines
}

/// What to ask for instead.
pub(super) fn help(
    provider: &Provider<'_>,
    entry: &Entry,
    requirement: &VersionReq,
) -> Vec<String> {
    let versions = (0..entry.len()).rev().filter_map(|position| entry.version(position));
    let named = versions.clone().find(|version| would_match_if_named(requirement, version));
    if let Some(version) = named {
        return vec![format!("name the pre-release: `{}@{version}`", entry.name)];
    }
    if let Some(held) = provider.catalog.options().held(&entry.name) {
        return vec![format!("{held} does not match the requirement: change one of the two")];
    }
    match versions
        .clone()
        .find(|version| version.pre.is_empty())
        .or_else(|| versions.clone().next())
    {
        Some(newest) => {
            vec![format!("the newest version that can be used: `{}@{newest}`", entry.name)]
        }
        None => vec![format!("see what happened to its versions: `tare info {}`", entry.name)],
    }
}

/// The newest versions that can be chosen.
pub(super) fn available(entry: &Entry) -> String {
    let newest: Vec<String> = (0..entry.len())
        .rev()
        .take(MOST_NEWEST)
        .filter_map(|position| entry.version(position))
        .map(ToString::to_string)
        .collect();
    match entry.len() as usize {
        0 => format!("`{}` has no version that can be used", entry.name),
        all if all > newest.len() => {
            format!(
                "versions of `{}`: {} and {} older",
                entry.name,
                newest.join(", "),
                all - newest.len()
            )
        }
        _ => format!("versions of `{}`: {}", entry.name, newest.join(", ")),
    }
}

/// Positions as runs of versions, the newest first: `2.0.0, 1.4.0 to 1.1.0`.
pub(super) fn spans(entry: &Entry, positions_from_top: impl Iterator<Item = u32>) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for position in positions_from_top {
        match runs.last_mut() {
            Some((_, lowest)) if *lowest == position + 1 => *lowest = position,
            _ => runs.push((position, position)),
        }
    }
    let version = |position| entry.version(position).map(ToString::to_string).unwrap_or_default();
    let mut texts: Vec<String> = runs
        .iter()
        .take(MOST_SPANS)
        .map(|(highest, lowest)| match highest - lowest {
            0 => version(*highest),
            1 => format!("{}, {}", version(*lowest), version(*highest)),
            _ => format!("{} to {}", version(*lowest), version(*highest)),
        })
        .collect();
    if runs.len() > MOST_SPANS {
        texts.push("others".to_owned());
    }
    texts.join(", ")
}

/// The requirement of exactly this version.
pub(super) fn exactly(version: &Version) -> VersionReq {
    let Version { major, minor, patch, pre, .. } = version.clone();
    let one = Comparator { op: Op::Exact, major, minor: Some(minor), patch: Some(patch), pre };
    VersionReq { comparators: vec![one] }
}

fn excluded(
    provider: &Provider<'_>,
    entry: &Entry,
    requirement: &VersionReq,
    release: &Release,
) -> Option<String> {
    let version = &release.version;
    if would_match_if_named(requirement, version) {
        return Some(format!(
            "{version} is a pre-release, which only a requirement that names it can match"
        ));
    }
    if !requirement.matches(version) {
        return None;
    }
    let options = provider.catalog.options();
    if let Some(instant) = options.as_of.filter(|instant| release.published > *instant) {
        return Some(format!("{version} was published at {}, after {instant}", release.published));
    }
    match release.standing(options.as_of) {
        Standing::Withdrawn { reason } => Some(format!("{version} was withdrawn: {reason}")),
        Standing::Yanked { reason } => Some(format!("{version} is yanked: {reason}")),
        Standing::Available => {
            let held = options.held(&entry.name)?;
            Some(format!("{version} would match, but the package is to come to {held}"))
        }
    }
}

/// Whether `version` is a pre-release of a version that matches.
fn would_match_if_named(requirement: &VersionReq, version: &Version) -> bool {
    let finished = Version { pre: Prerelease::EMPTY, ..version.clone() };
    !version.pre.is_empty() && !requirement.matches(version) && requirement.matches(&finished)
}
