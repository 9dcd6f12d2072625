//! The dependencies that a proof of failure rests on, and one line of prose for each.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::Arc;

use pubgrub::{DerivationTree, External, VersionSet};

use super::Tree;
use super::versions::spans;
use crate::resolve::index::Dependency;
use crate::resolve::provider::{Node, Provider, Stop};
use crate::resolve::selection::Selection;

/// How many different requirements of one package on another a line names.
const MOST_REQUIREMENTS: usize = 3;

/// `versions` of the one node need `allowed` of the other; several of these may join two nodes.
struct Fact {
    versions: Selection,
    allowed: Selection,
}

/// The leaves of a derivation.
pub(super) struct Facts {
    by_ends: BTreeMap<(Node, Node), Vec<Fact>>,
    /// Who needs a node, by the node.
    dependents: BTreeMap<Node, BTreeSet<Node>>,
}

impl Facts {
    /// Collects the leaves. A derivation is a graph whose shared parts, walked as a tree, would never end: each part
    /// is visited once, and taken apart without recursion.
    pub(super) fn of(tree: Tree) -> Self {
        let mut facts = Self { by_ends: BTreeMap::new(), dependents: BTreeMap::new() };
        let mut seen = HashSet::new();
        let mut open = vec![Arc::new(tree)];
        let mut held = Vec::new();
        while let Some(part) = open.pop() {
            if seen.insert(Arc::as_ptr(&part)) {
                match part.as_ref() {
                    DerivationTree::External(External::FromDependencyOf(
                        from,
                        versions,
                        to,
                        allowed,
                    )) => {
                        facts.insert(*from, versions, *to, allowed);
                    }
                    DerivationTree::External(_) => {}
                    DerivationTree::Derived(derived) => {
                        open.push(Arc::clone(&derived.cause2));
                        open.push(Arc::clone(&derived.cause1));
                    }
                }
            }
            held.push(part);
        }
        while let Some(part) = held.pop() {
            if let Some(DerivationTree::Derived(derived)) = Arc::into_inner(part) {
                held.push(derived.cause1);
                held.push(derived.cause2);
            }
        }
        facts
    }

    fn insert(&mut self, from: Node, versions: &Selection, to: Node, allowed: &Selection) {
        let same = self.by_ends.entry((from, to)).or_default();
        match same.iter_mut().find(|fact| fact.allowed == *allowed) {
            Some(fact) => fact.versions = fact.versions.union(versions),
            None => same.push(Fact { versions: versions.clone(), allowed: allowed.clone() }),
        }
        self.dependents.entry(to).or_default().insert(from);
    }

    /// What is not there although `from` needs it.
    pub(super) fn unmet_by(&self, from: Node) -> Option<Node> {
        let mut ends = self.by_ends.keys().filter(|(source, _)| *source == from);
        ends.find(|(_, to)| matches!(to, Node::Nothing { .. })).map(|(_, to)| *to)
    }

    /// What is not there although something needs it.
    pub(super) fn any_unmet(&self) -> Option<Node> {
        self.dependents.keys().find(|node| matches!(node, Node::Nothing { .. })).copied()
    }

    /// The node whose dependents cannot agree: of several, the one with the fewest.
    pub(super) fn contested(&self) -> Option<Node> {
        let taken =
            |node: &&Node| matches!(node, Node::Bucket { .. }) && self.demands(**node).len() > 1;
        let disputed = |node: &&Node| self.agreed(**node).is_empty();
        let fewest = |node: &&Node| self.demands(**node).len();
        let all = self.dependents.keys().filter(taken);
        let hopeless = all.clone().filter(disputed).min_by_key(fewest);
        // Where no node is hopeless by itself, the one that most depend on is where they meet.
        hopeless
            .or_else(|| if self.any_unmet().is_some() { None } else { all.max_by_key(fewest) })
            .copied()
    }

    /// What the explanation is about.
    pub(super) fn focus(&self) -> Option<Node> {
        self.contested().or_else(|| self.any_unmet())
    }

    /// Who needs a node, nearest to the project first.
    pub(super) fn demands(&self, node: Node) -> Vec<Node> {
        self.dependents.get(&node).into_iter().flatten().copied().collect()
    }

    /// The versions of `from` that need `to`.
    pub(super) fn versions(&self, from: Node, to: Node) -> Selection {
        let facts = self.by_ends.get(&(from, to)).into_iter().flatten();
        facts.fold(Selection::empty(), |all, fact| all.union(&fact.versions))
    }

    /// The nodes that the project needs itself.
    pub(super) fn needed_by_project(&self) -> Vec<Node> {
        let ends = self.by_ends.keys().filter(|(from, _)| *from == Node::Project);
        ends.map(|(_, to)| *to).collect()
    }

    /// The shortest chain of dependencies from the project to a node.
    pub(super) fn way_to(&self, node: Node) -> Vec<(Node, Node)> {
        let mut next: BTreeMap<Node, Node> = BTreeMap::new();
        let mut open = VecDeque::from([node]);
        while let Some(to) = open.pop_front() {
            for from in self.dependents.get(&to).into_iter().flatten() {
                if *from != node && !next.contains_key(from) {
                    next.insert(*from, to);
                    open.push_back(*from);
                }
            }
        }
        let mut way = Vec::new();
        let mut from = Node::Project;
        while let Some(to) = next.get(&from) {
            way.push((from, *to));
            from = *to;
        }
        way
    }

    /// Those of the dependents that cannot agree, as few as will do, and rather those nearest to the project; all when
    /// they could agree by themselves.
    pub(super) fn opponents(&self, node: Node) -> Vec<Node> {
        let demands = self.demands(node);
        let nearer: Vec<Selection> = demands
            .iter()
            .scan(Selection::full(), |agreed, from| {
                let before = agreed.clone();
                *agreed = before.intersection(&self.wanted(*from, node));
                Some(before)
            })
            .collect();
        let mut agreed = Selection::full();
        let mut opponents = Vec::new();
        for (from, nearer) in demands.iter().zip(nearer).rev() {
            if !agreed.is_disjoint(&nearer) {
                agreed = agreed.intersection(&self.wanted(*from, node));
                opponents.push(*from);
            }
        }
        opponents.reverse();
        if agreed.is_empty() { opponents } else { demands }
    }

    /// The versions that every dependent would take in one of its own versions.
    fn agreed(&self, node: Node) -> Selection {
        let wanted = self.demands(node).into_iter().map(|from| self.wanted(from, node));
        wanted.fold(Selection::full(), |all, one| all.intersection(&one))
    }

    /// The versions of `to` that some version of `from` takes.
    fn wanted(&self, from: Node, to: Node) -> Selection {
        let facts = self.by_ends.get(&(from, to)).into_iter().flatten();
        facts.fold(Selection::empty(), |all, fact| all.union(&fact.allowed))
    }
}

/// One line that says how `from` needs `to`; none for the inner works of a requirement over several buckets.
pub(super) fn line(
    provider: &Provider<'_>,
    facts: &Facts,
    from: Node,
    to: Node,
) -> Result<Option<String>, Stop> {
    let Some(target) = provider.package_of(to) else { return Ok(None) };
    let target = provider.catalog.entry(target);
    let package = match from {
        Node::Project => {
            let requirement =
                dependency(provider, from, to, Some(0))?.map(|found| found.requirement.to_string());
            return Ok(requirement
                .map(|requirement| format!("this project needs `{}` {requirement}", target.name)));
        }
        Node::Bucket { package, .. } | Node::Pin { package, .. } => package,
        Node::Spread(_) | Node::Nothing { .. } => return Ok(None),
    };
    let source = provider.catalog.entry(package);
    let mut by_requirement: Vec<(String, Vec<u32>)> = Vec::new();
    for position in facts.versions(from, to).positions_from_top() {
        let Some(found) = dependency(provider, from, to, Some(position))? else { continue };
        let requirement = found.requirement.to_string();
        match by_requirement.iter_mut().find(|(text, _)| *text == requirement) {
            Some((_, positions)) => positions.push(position),
            None => by_requirement.push((requirement, vec![position])),
        }
    }
    let needs: Vec<String> = by_requirement
        .iter()
        .take(MOST_REQUIREMENTS)
        .map(|(requirement, positions)| {
            format!("{requirement} (in {})", spans(&source, positions.iter().copied()))
        })
        .collect();
    let hidden = by_requirement.len().saturating_sub(MOST_REQUIREMENTS);
    let others = if hidden > 0 {
        format!(", and {hidden} other requirements in other versions")
    } else {
        String::new()
    };
    Ok(Some(match by_requirement.as_slice() {
        [] => return Ok(None),
        [(requirement, positions)] => {
            format!(
                "`{}` {} needs `{}` {requirement}",
                source.name,
                spans(&source, positions.iter().copied()),
                target.name
            )
        }
        _ => format!("`{}` needs `{}` {}{others}", source.name, target.name, needs.join(", ")),
    }))
}

/// The dependency of one version of `from` that leads to `to`.
pub(super) fn dependency(
    provider: &Provider<'_>,
    from: Node,
    to: Node,
    position: Option<u32>,
) -> Result<Option<Dependency>, Stop> {
    let edges = match (from, position) {
        (Node::Project, _) => provider.project_edges()?,
        (Node::Bucket { package, .. } | Node::Pin { package, .. }, Some(position)) => {
            provider.edges(package, position)?
        }
        _ => return Ok(None),
    };
    Ok(edges.iter().find(|edge| edge.node == to).map(|edge| edge.dependency.clone()))
}
