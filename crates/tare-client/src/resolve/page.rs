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
use tare_format::event::PublishedDependency;
use tare_format::manifest::Kind;
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
    dependencies: Vec<PublishedDependency>,
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
    if let Some(release) = releases.get_mut(&version) {
        release.changes.push(Change { at: event.time, standing });
    }
    Ok(())
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
        let PublishedDependency { name, requirement, relation, variant } = needed;
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PUBLISH: &str = concat!(
        r#"{"salt":"00112233445566778899aabbccddeeff","time":"2026-11-01T00:00:00Z","by":"ann","type":"publish","#,
        r#""package":"a/b","version":"1.2.0","kind":"adapter","#,
        r#""release":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","release-size":9,"#,
        r#""dependencies":[{"name":"a/x","requirement":"=1.0.0","relation":"base","variant":"bf16"}],"#,
        r#""variants":["q4","bf16"],"default-variant":"bf16","license":{},"size":1,"signatures":[]}"#
    );

    fn name() -> PackageName {
        "a/b".parse().unwrap()
    }

    fn change(kind: &str, version: &str, time: &str) -> String {
        format!(
            r#"{{"salt":"00112233445566778899aabbccddeeff","time":"{time}","by":"ann","type":"{kind}","package":"a/b","version":"{version}","reason":"wrong labels"}}"#
        )
    }

    #[test]
    fn a_release_has_what_its_event_says() {
        let package = package(&name(), PUBLISH).unwrap();
        let [release] = package.releases() else { panic!("one release") };
        assert_eq!((release.version.to_string().as_str(), release.kind), ("1.2.0", Kind::Adapter));
        let [needed] = &package.dependencies(release).unwrap()[..] else {
            panic!("one dependency")
        };
        assert!(needed.is_pin());
        assert_eq!(needed.variant, Some("bf16".parse().unwrap()));
        let variants = package.variants(release).unwrap();
        assert_eq!(variants.names, ["bf16".parse().unwrap(), "q4".parse().unwrap()]);
    }

    #[test]
    fn whole_events_read_the_same() {
        let event = tare_format::event::Event::from_line(PUBLISH).unwrap().unwrap();
        assert_eq!(
            parse(&name(), PUBLISH).unwrap(),
            parse(&name(), &event.to_line().unwrap()).unwrap()
        );
    }

    #[test]
    fn later_events_change_the_standing_and_unknown_types_do_not() {
        let (yank, unyank) = (
            change("yank", "1.2.0", "2026-11-02T00:00:00Z"),
            change("unyank", "1.2.0", "2026-11-03T00:00:00Z"),
        );
        let page = format!(
            "{PUBLISH}\n{yank}\n{{\"type\":\"star\",\"time\":\"2026-11-02T00:00:00Z\"}}\n{unyank}\n"
        );
        let [release] = &parse(&name(), &page).unwrap()[..] else { panic!("one release") };
        let reason = "wrong labels".to_owned();
        let standings: Vec<_> =
            release.changes.iter().map(|change| change.standing.clone()).collect();
        assert_eq!(standings, [Standing::Yanked { reason }, Standing::Available]);
    }

    #[test]
    fn a_second_publish_and_a_change_of_nothing_have_no_effect() {
        let again = PUBLISH.replace("adapter", "model");
        let strange = change("yank", "9.0.0", "2026-11-02T00:00:00Z");
        let page = format!("{PUBLISH}\n{again}\n{strange}");
        assert_eq!(parse(&name(), &page).unwrap(), parse(&name(), PUBLISH).unwrap());
    }

    #[test]
    fn what_is_no_event_of_this_package_is_named_by_its_line() {
        let other = PUBLISH.replace("a/b", "a/c");
        let silent = change("yank", "1.2.0", "2026-11-02T00:00:00Z").replace("reason", "season");
        for (page, expected) in [
            (other, "line 1 of the page of `a/b` does not belong to this package"),
            ("{}".to_owned(), "line 1 of the page of `a/b` is not an event"),
            (
                PUBLISH.replace("\"kind\"", "\"kin\""),
                "line 1 of the page of `a/b` publishes a package of no kind",
            ),
            (format!("{PUBLISH}\n{silent}"), "line 2 of the page of `a/b` gives no reason"),
        ] {
            assert_eq!(parse(&name(), &page).unwrap_err().to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn damaged_pages_never_panic(cut in 0..PUBLISH.len(), byte in any::<u8>()) {
            let mut bytes = PUBLISH.as_bytes().to_vec();
            bytes[cut] = byte;
            if let Ok(text) = std::str::from_utf8(&bytes) {
                let _ = parse(&name(), text);
            }
        }
    }
}
