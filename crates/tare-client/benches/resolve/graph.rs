//! Graphs of packages to resolve, the same at every run.
//!
//! Every package has twenty versions, 1.0.0 to 1.19.0, all compatible, so that tools that allow one version of a package
//! solve the same problem.

use std::collections::BTreeMap;

use jiff::Timestamp;
use semver::Version;
use tare_client::resolve::{Dependency, ReleaseRecord, Variants};
use tare_format::manifest::{DependencyRelation, Kind};
use tare_format::{PackageName, Sha256};

pub(crate) const VERSIONS: u64 = 20;
const HUBS: usize = 10;

/// Packages, and what a project asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    pub(crate) packages: BTreeMap<PackageName, Vec<ReleaseRecord>>,
    pub(crate) project: Vec<Dependency>,
}

impl Graph {
    /// The graph of that name: `easy`, `hubs` or `unsat`, with `size` packages.
    pub(crate) fn named(shape: &str, size: usize) -> Option<Self> {
        match shape {
            "easy" => Some(Self::easy(size)),
            "hubs" => Some(Self::hubs(size)),
            "unsat" => Some(Self::unsat(size)),
            _ => None,
        }
    }

    /// About four dependencies a release; the newest of everything fits.
    pub(crate) fn easy(size: usize) -> Self {
        let mut random = Random(0x7a2e);
        let mut graph = Self::default();
        for package in 0..size {
            let targets: Vec<usize> = (0..4)
                .map(|_| package + 1 + random.below(200))
                .filter(|target| *target < size)
                .collect();
            for version in 0..VERSIONS {
                let needs = targets.iter().map(|target| {
                    let least = random.below(version as usize + 1);
                    need(&format!("p{target}"), &format!(">=1.{least}.0, <2.0.0"))
                });
                graph.insert(&format!("p{package}"), version, needs.collect());
            }
        }
        graph.project = (0..10).map(|root| need(&format!("p{root}"), ">=1.0.0, <2.0.0")).collect();
        graph
    }

    /// Each version of a package takes three neighbouring versions of one of ten hubs, and the last package, deep down,
    /// wants all hubs old: everything depends on base models, and something on old ones.
    pub(crate) fn hubs(size: usize) -> Self {
        let mut graph = Self::around_hubs(size);
        let old = (0..HUBS).map(|hub| need(&format!("hub{hub}"), "=1.3.0")).collect::<Vec<_>>();
        for version in 0..VERSIONS {
            graph.insert(&format!("p{}", size - 1), version, old.clone());
        }
        graph
    }

    /// As `hubs`, but the last two packages want different versions of one hub.
    pub(crate) fn unsat(size: usize) -> Self {
        let mut graph = Self::around_hubs(size);
        for (leaf, wanted) in [(size - 1, "=1.3.0"), (size - 2, "=1.9.0")] {
            for version in 0..VERSIONS {
                graph.insert(&format!("p{leaf}"), version, vec![need("hub0", wanted)]);
            }
        }
        graph
    }

    fn around_hubs(size: usize) -> Self {
        let mut random = Random(0x5eed);
        let mut graph = Self::default();
        for hub in 0..HUBS {
            for version in 0..VERSIONS {
                graph.insert(&format!("hub{hub}"), version, Vec::new());
            }
        }
        for package in 0..size - 2 {
            let others = [
                package + 1,
                package + 2 + random.below(size - package - 2).min(size - package - 3),
            ];
            for version in 0..VERSIONS {
                let (least, beyond) = (version.saturating_sub(1), version + 2);
                let mut needs = vec![need(
                    &format!("hub{}", package % HUBS),
                    &format!(">=1.{least}.0, <1.{beyond}.0"),
                )];
                needs.extend(others.map(|other| need(&format!("p{other}"), ">=1.0.0, <2.0.0")));
                if package + 3 == size {
                    needs.push(need(&format!("p{}", size - 1), ">=1.0.0, <2.0.0"));
                }
                graph.insert(&format!("p{package}"), version, needs);
            }
        }
        for version in 0..VERSIONS {
            graph.insert(&format!("p{}", size - 2), version, Vec::new());
        }
        graph.project = vec![need("p0", ">=1.0.0, <2.0.0")];
        graph
    }

    fn insert(&mut self, name: &str, minor: u64, mut dependencies: Vec<Dependency>) {
        dependencies.sort_by(|a, b| a.name.cmp(&b.name));
        dependencies.dedup_by(|a, b| a.name == b.name);
        let release = ReleaseRecord {
            version: Version::new(1, minor, 0),
            published: Timestamp::UNIX_EPOCH,
            digest: Sha256::of(format!("{name} {minor}").as_bytes()),
            kind: Kind::Model,
            changes: Vec::new(),
            dependencies,
            variants: Variants::default(),
        };
        let releases = self.packages.entry(named(name)).or_default();
        releases.retain(|other| other.version != release.version);
        releases.push(release);
    }
}

fn need(name: &str, requirement: &str) -> Dependency {
    let requirement = requirement.parse().expect("a requirement written here");
    Dependency {
        name: named(name),
        requirement,
        relation: DependencyRelation::Component,
        variant: None,
    }
}

fn named(name: &str) -> PackageName {
    format!("bench/{name}").parse().expect("a name written here")
}

/// Knuth's linear congruential generator: any will do that gives the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}
