//! A registry in memory, written as lines of text.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use semver::VersionReq;
use tare_format::manifest::{DependencyRelation, Kind};
use tare_format::{PackageName, ReleaseId, Sha256, VariantName};

use crate::resolve::{
    Change, Dependency, Index, IndexError, Lookup, Options, Package, ReleaseRecord, Resolution,
    ResolveError, Standing, Unsolvable, Variants, resolve,
};

/// Packages of the namespace `t`.
#[derive(Debug, Clone, Default)]
pub(in crate::resolve) struct Registry {
    pub(in crate::resolve) packages: BTreeMap<PackageName, Vec<ReleaseRecord>>,
    /// Packages that exist and are not at hand.
    pub(in crate::resolve) pending: Vec<PackageName>,
}

impl Registry {
    /// A release a line: `a 1.0.0 [bf16* q4] > b ^1, c =1.0.0 base, d 2 :q4` (`*` marks the default variant).
    pub(in crate::resolve) fn of(lines: &[&str]) -> Self {
        let mut registry = Self::default();
        for line in lines {
            let (head, needed) = line.split_once('>').unwrap_or((line, ""));
            let (id, variants) = head.split_once('[').unwrap_or((head, ""));
            let (name, version) = id.trim().split_once(' ').unwrap();
            registry.packages.entry(named(name)).or_default().push(ReleaseRecord {
                version: version.parse().unwrap(),
                published: "2026-01-01T00:00:00Z".parse().unwrap(),
                digest: Sha256::of(id.trim().as_bytes()),
                kind: Kind::Model,
                changes: Vec::new(),
                dependencies: needed.split(',').filter_map(dependency).collect(),
                variants: listed(variants.trim_end().trim_end_matches(']')),
            });
        }
        registry
    }

    /// Changes the record of `a 1.0.0`.
    pub(in crate::resolve) fn edit(
        mut self,
        id: &str,
        change: impl FnOnce(&mut ReleaseRecord),
    ) -> Self {
        let (name, version) = id.split_once(' ').unwrap();
        let releases = self.packages.get_mut(&named(name)).unwrap();
        change(releases.iter_mut().find(|release| release.version.to_string() == version).unwrap());
        self
    }

    /// Yanks `a 1.0.0` on a day of 2026.
    pub(in crate::resolve) fn yank(self, id: &str, day: &str) -> Self {
        self.change(id, day, Standing::Yanked { reason: "wrong labels".to_owned() })
    }

    /// Changes the standing of `a 1.0.0` on a day of 2026.
    pub(in crate::resolve) fn change(self, id: &str, day: &str, standing: Standing) -> Self {
        self.edit(id, |release| release.changes.push(Change { at: noon(day), standing }))
    }

    /// Says when `a 1.0.0` was published, a day of 2026.
    pub(in crate::resolve) fn publish_on(self, id: &str, day: &str) -> Self {
        self.edit(id, |release| release.published = noon(day))
    }

    pub(in crate::resolve) fn resolve(
        &self,
        wanted: &str,
        options: &Options,
    ) -> Result<Resolution, ResolveError> {
        resolve(&needs(wanted), self, options)
    }

    /// The releases chosen for `wanted`, such as `a 1.0.0, b 2.1.0`.
    pub(in crate::resolve) fn choose(&self, wanted: &str) -> String {
        self.choose_with(wanted, &Options::default())
    }

    pub(in crate::resolve) fn choose_with(&self, wanted: &str, options: &Options) -> String {
        match self.resolve(wanted, options) {
            Ok(resolution) => listing(&resolution),
            Err(error) => panic!("{error}"),
        }
    }

    pub(in crate::resolve) fn fail(&self, wanted: &str) -> Unsolvable {
        self.fail_with(wanted, &Options::default())
    }

    pub(in crate::resolve) fn fail_with(&self, wanted: &str, options: &Options) -> Unsolvable {
        match self.resolve(wanted, options) {
            Err(ResolveError::Unsolvable(unsolvable)) => *unsolvable,
            other => panic!("{other:?}"),
        }
    }
}

impl Index for Registry {
    fn package(&self, name: &PackageName) -> Result<Lookup, IndexError> {
        if self.pending.contains(name) {
            return Ok(Lookup::Pending);
        }
        let Some(releases) = self.packages.get(name) else { return Ok(Lookup::Absent) };
        let package = Package::new(name, releases)
            .map_err(|source| IndexError { name: name.clone(), source: Box::new(source) })?;
        Ok(Lookup::Found(Arc::new(package)))
    }

    fn names(&self) -> Vec<PackageName> {
        self.packages.keys().cloned().collect()
    }
}

/// Requirements: `a ^1, b *`.
pub(in crate::resolve) fn needs(wanted: &str) -> Vec<Dependency> {
    wanted.split(',').filter_map(dependency).collect()
}

/// The release `a 1.0.0`.
pub(in crate::resolve) fn release(id: &str) -> ReleaseId {
    let (name, version) = id.trim().split_once(' ').unwrap();
    ReleaseId { name: named(name), version: version.parse().unwrap() }
}

pub(in crate::resolve) fn listing(resolution: &Resolution) -> String {
    let chosen: Vec<String> = resolution
        .packages
        .iter()
        .map(|package| format!("{} {}", package.name.name(), package.version))
        .collect();
    chosen.join(", ")
}

/// The options that keep what `locked` lists.
pub(in crate::resolve) fn locked(locked: &str) -> Options {
    let locked = locked.split(',').filter(|id| !id.trim().is_empty()).map(release).collect();
    Options { locked, ..Options::default() }
}

pub(in crate::resolve) fn noon(day: &str) -> Timestamp {
    format!("2026-{day}T12:00:00Z").parse().unwrap()
}

fn named(name: &str) -> PackageName {
    format!("t/{name}").parse().unwrap()
}

fn dependency(text: &str) -> Option<Dependency> {
    let mut words = text.split_whitespace();
    let name = named(words.next()?);
    let mut relation = DependencyRelation::Component;
    let mut variant = None;
    let mut requirement: Vec<&str> = Vec::new();
    for word in words {
        match (word, word.strip_prefix(':')) {
            ("base", _) => relation = DependencyRelation::Base,
            (_, Some(name)) => variant = Some(name.parse().unwrap()),
            (part, None) => requirement.push(part),
        }
    }
    let requirement = if requirement.is_empty() {
        VersionReq::STAR
    } else {
        requirement.join(",").parse().unwrap()
    };
    Some(Dependency { name, requirement, relation, variant })
}

fn listed(variants: &str) -> Variants {
    let name = |text: &str| text.trim_end_matches('*').parse::<VariantName>().unwrap();
    let names = variants.split_whitespace().map(name).collect();
    let default = variants.split_whitespace().find(|text| text.ends_with('*')).map(name);
    Variants { names, default }
}
