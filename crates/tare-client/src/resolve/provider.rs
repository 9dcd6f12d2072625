//! The registry as `pubgrub` wants to see it.
//!
//! PubGrub knows packages of which one version is chosen. Here one package may stand in several versions side by
//! side, so what PubGrub calls a package is a [`Node`]: a place that takes one version.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::rc::Rc;

use pubgrub::{Dependencies, DependencyProvider, PackageResolutionStatistics, VersionSet};
use semver::VersionReq;
use tare_format::PackageName;

use super::catalog::{Catalog, Id};
use super::index::{Dependency, IndexError};
use super::selection::Selection;
use super::summary::SummaryError;

/// A place that takes one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Node {
    /// What is resolved: the requirements as given.
    Project,
    /// One of the compatible versions of a package.
    Bucket { package: Id, bucket: u32 },
    /// An exactly pinned base (V-7).
    Pin { package: Id, position: u32 },
    /// A requirement that spans several buckets; its "versions" are the buckets (V-6).
    Spread(u32),
    /// Where nothing fits: no such package, or no candidate that matches.
    Nothing { package: Id },
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// A dependency, and where it leads.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    pub(super) dependency: Dependency,
    pub(super) package: Id,
    pub(super) node: Node,
    pub(super) allowed: Selection,
}

/// All that one release needs.
pub(super) type Edges = Rc<Vec<Edge>>;

/// A requirement over several buckets.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    pub(super) package: Id,
    pub(super) allowed: Selection,
}

/// Why the solver was stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error("gave up after {0} steps")]
    Steps(u32),
}

pub(super) struct Provider<'a> {
    pub(super) catalog: Catalog<'a>,
    requirements: Vec<Dependency>,
    /// What the project (no key) and the releases need, once it was asked for.
    edges: RefCell<HashMap<Option<(Id, u32)>, Edges>>,
    spreads: RefCell<Vec<Spread>>,
    spread_ids: RefCell<HashMap<(Id, VersionReq), u32>>,
    conflicts: RefCell<HashMap<Node, u32>>,
    steps: Cell<u32>,
}

impl<'a> Provider<'a> {
    /// Sorts the requirements, so that their order cannot matter.
    pub(super) fn new(catalog: Catalog<'a>, requirements: &[Dependency]) -> Self {
        let mut requirements = requirements.to_vec();
        sort(&mut requirements);
        Self {
            catalog,
            requirements,
            edges: RefCell::default(),
            spreads: RefCell::default(),
            spread_ids: RefCell::default(),
            conflicts: RefCell::default(),
            steps: Cell::default(),
        }
    }

    pub(super) fn requirements(&self) -> &[Dependency] {
        &self.requirements
    }

    pub(super) fn steps(&self) -> u32 {
        self.steps.get()
    }

    pub(super) fn spread(&self, spread: u32) -> Spread {
        self.spreads.borrow()[spread as usize].clone()
    }

    /// What the project needs.
    pub(super) fn project_edges(&self) -> Result<Edges, Stop> {
        self.remembered(None, || Ok(self.requirements.clone()))
    }

    /// What a release needs.
    pub(super) fn edges(&self, package: Id, position: u32) -> Result<Edges, Stop> {
        self.remembered(Some((package, position)), || {
            let entry = self.catalog.entry(package);
            let found = entry.package.as_ref().zip(entry.release(position));
            let mut dependencies =
                match found.map(|(package, release)| package.dependencies(release)) {
                    Some(dependencies) => {
                        dependencies.map_err(|source| unreadable(&entry.name, source))?
                    }
                    None => Vec::new(),
                };
            sort(&mut dependencies);
            Ok(dependencies)
        })
    }

    /// The packages that stood in each other's way most often, worst first.
    pub(super) fn most_contested(&self) -> Vec<PackageName> {
        let conflicts = self.conflicts.borrow();
        let mut worst: Vec<(Reverse<u32>, PackageName)> = conflicts
            .iter()
            .filter_map(|(node, count)| Some((Reverse(*count), self.package_of(*node)?)))
            .map(|(count, package)| (count, self.catalog.entry(package).name.clone()))
            .collect();
        worst.sort();
        worst.dedup_by(|a, b| a.1 == b.1);
        worst.into_iter().map(|(_, name)| name).collect()
    }

    /// Which package's versions a node takes.
    pub(super) fn package_of(&self, node: Node) -> Option<Id> {
        match node {
            Node::Project => None,
            Node::Bucket { package, .. }
            | Node::Pin { package, .. }
            | Node::Nothing { package } => Some(package),
            Node::Spread(spread) => Some(self.spread(spread).package),
        }
    }

    fn remembered(
        &self,
        key: Option<(Id, u32)>,
        dependencies: impl FnOnce() -> Result<Vec<Dependency>, Stop>,
    ) -> Result<Edges, Stop> {
        if let Some(edges) = self.edges.borrow().get(&key) {
            return Ok(Rc::clone(edges));
        }
        let mut edges = Vec::new();
        for dependency in dependencies()? {
            edges.extend(self.follow(dependency)?);
        }
        let edges = Rc::new(edges);
        self.edges.borrow_mut().insert(key, Rc::clone(&edges));
        Ok(edges)
    }

    /// Where a dependency leads; nowhere yet when its package is still to be fetched.
    fn follow(&self, dependency: Dependency) -> Result<Option<Edge>, Stop> {
        let package = self.catalog.id(&dependency.name)?;
        let entry = self.catalog.entry(package);
        if entry.package.is_none() && self.catalog.is_pending(&dependency.name) {
            return Ok(None);
        }
        let (node, allowed) = if dependency.is_pin() {
            match entry.matching_pin(&dependency.requirement).highest() {
                Some(position) => (Node::Pin { package, position }, Selection::singleton(position)),
                None => (Node::Nothing { package }, Selection::empty()),
            }
        } else {
            let allowed = entry.matching(&dependency.requirement);
            let buckets = entry.buckets_of(&allowed);
            match (buckets.highest(), buckets.len()) {
                (None, _) => (Node::Nothing { package }, Selection::empty()),
                (Some(bucket), 1) => (Node::Bucket { package, bucket }, allowed),
                _ => (self.spread_node(package, &dependency.requirement, allowed), buckets),
            }
        };
        Ok(Some(Edge { dependency, package, node, allowed }))
    }

    fn spread_node(&self, package: Id, requirement: &VersionReq, allowed: Selection) -> Node {
        let mut ids = self.spread_ids.borrow_mut();
        let id = ids.entry((package, requirement.clone())).or_insert_with(|| {
            let mut spreads = self.spreads.borrow_mut();
            spreads.push(Spread { package, allowed });
            spreads.len() as u32 - 1
        });
        Node::Spread(*id)
    }

    fn constraints_of(&self, node: Node, edges: &[Edge], position: u32) -> Vec<(Node, Selection)> {
        let mut constraints = Vec::with_capacity(edges.len());
        for edge in edges {
            // PubGrub wants no edge from a node to itself: it holds or fails by the version alone.
            if edge.node != node {
                constraints.push((edge.node, edge.allowed.clone()));
            } else if !edge.allowed.contains(&position) {
                constraints.push((Node::Nothing { package: edge.package }, Selection::empty()));
            }
        }
        constraints
    }

    fn newest_or_locked(&self, package: Id, range: &Selection) -> Option<u32> {
        let entry = self.catalog.entry(package);
        let locked = entry.locked.intersection(range);
        let rather = range.intersection(&entry.last_resort.complement());
        locked.highest().or_else(|| rather.highest()).or_else(|| range.highest())
    }

    /// The bucket of a precise version, else the newest with a locked version, else the newest with one that is not
    /// yanked, else the newest.
    fn bucket_for(&self, spread: &Spread, buckets: &Selection) -> Option<u32> {
        let entry = self.catalog.entry(spread.package);
        let newest_with = |candidates: &Selection| {
            let wanted = entry.buckets_of(&spread.allowed.intersection(candidates));
            wanted.intersection(buckets).highest()
        };
        newest_with(&entry.held)
            .or_else(|| newest_with(&entry.locked))
            .or_else(|| newest_with(&entry.last_resort.complement()))
            .or_else(|| buckets.highest())
    }
}

fn unreadable(name: &PackageName, source: SummaryError) -> Stop {
    Stop::Index(IndexError { name: name.clone(), source: Box::new(source) })
}

fn sort(dependencies: &mut [Dependency]) {
    dependencies.sort_by(|a, b| {
        let same_name = || {
            let requirement = |dependency: &Dependency| dependency.requirement.to_string();
            requirement(a)
                .cmp(&requirement(b))
                .then_with(|| (a.relation, &a.variant).cmp(&(b.relation, &b.variant)))
        };
        a.name.cmp(&b.name).then_with(same_name)
    });
}

impl DependencyProvider for Provider<'_> {
    type P = Node;
    type V = u32;
    type VS = Selection;
    type M = Infallible;
    type Err = Stop;
    /// Asked to update; conflicts so far; locked; fewest versions left.
    type Priority = (bool, u32, bool, Reverse<u32>);

    fn prioritize(
        &self,
        node: &Node,
        range: &Selection,
        statistics: &PackageResolutionStatistics,
    ) -> Self::Priority {
        let conflicts = statistics.conflict_count();
        if conflicts > 0 {
            self.conflicts.borrow_mut().insert(*node, conflicts);
        }
        let Some(package) = self.package_of(*node) else {
            return (true, u32::MAX, true, Reverse(0));
        };
        let entry = self.catalog.entry(package);
        let locked = match node {
            Node::Spread(_) => !entry.locked.is_empty(),
            _ => !entry.locked.is_disjoint(range),
        };
        (entry.updated, conflicts, locked, Reverse(range.len()))
    }

    fn choose_version(&self, node: &Node, range: &Selection) -> Result<Option<u32>, Stop> {
        Ok(match node {
            Node::Project => Some(0),
            Node::Bucket { package, .. } => self.newest_or_locked(*package, range),
            Node::Pin { .. } | Node::Nothing { .. } => range.highest(),
            Node::Spread(spread) => self.bucket_for(&self.spread(*spread), range),
        })
    }

    fn get_dependencies(
        &self,
        node: &Node,
        position: &u32,
    ) -> Result<Dependencies<Node, Selection, Infallible>, Stop> {
        let constraints = match node {
            Node::Project => self.constraints_of(*node, &self.project_edges()?, 0),
            Node::Bucket { package, .. } | Node::Pin { package, .. } => {
                self.constraints_of(*node, &self.edges(*package, *position)?, *position)
            }
            Node::Spread(spread) => {
                let Spread { package, allowed } = self.spread(*spread);
                let entry = self.catalog.entry(package);
                let bucket = entry.buckets.get(*position as usize);
                let allowed =
                    bucket.map_or_else(Selection::empty, |bucket| allowed.intersection(bucket));
                vec![(Node::Bucket { package, bucket: *position }, allowed)]
            }
            Node::Nothing { .. } => Vec::new(),
        };
        Ok(Dependencies::Available(constraints.into_iter().collect()))
    }

    fn should_cancel(&self) -> Result<(), Stop> {
        let steps = self.steps.get().saturating_add(1);
        self.steps.set(steps);
        let most = self.catalog.options().max_steps;
        if steps > most { Err(Stop::Steps(most)) } else { Ok(()) }
    }
}
