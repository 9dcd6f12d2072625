//! Why something is in a graph: the ways from the project to it.

use std::collections::VecDeque;

use tare_format::PackageName;
use tare_format::manifest::LineageSource;

use super::{Graph, NodeId, Relation};

/// One step of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The edge that was taken.
    pub relation: Relation,
    /// The node it leads to.
    pub node: usize,
}

/// A way from the project to a node.
pub type Path = Vec<Step>;

impl Graph {
    /// The nodes that are releases of `name`.
    #[must_use]
    pub fn releases_of(&self, name: &PackageName) -> Vec<usize> {
        let key = name.key();
        let nodes = self.nodes().iter().enumerate().skip(1);
        nodes
            .filter(|(_, node)| node.id.package().is_some_and(|package| package.key() == key))
            .map(|(index, _)| index)
            .collect()
    }

    /// The nodes that `source` names: the releases of a package, or what is outside any registry, with or without its
    /// revision.
    #[must_use]
    pub fn named(&self, source: &LineageSource) -> Vec<usize> {
        let text = match source {
            LineageSource::Package(name) => return self.releases_of(name),
            LineageSource::Foreign(text) => text,
        };
        let is_meant = |id: &NodeId| match id {
            // Where publishers contradict each other, what they state follows the name.
            NodeId::Outside { source, .. } => {
                let name = source.split_once(' ').map_or(source.as_str(), |(name, _)| name);
                name == text || id.to_string() == *text
            }
            _ => false,
        };
        let nodes = self.nodes().iter().enumerate();
        nodes.filter(|(_, node)| is_meant(&node.id)).map(|(index, _)| index).collect()
    }

    /// Up to `most` ways from the project to `target`, the shortest first, none of which passes a node twice.
    ///
    /// The search is breadth first over ways, and enters each node at most `most` times: a graph can have more ways than
    /// anybody could count, and the first arrival is by a shortest one.
    #[must_use]
    pub fn ways_to(&self, target: usize, most: usize) -> Vec<Path> {
        let leads_there = self.ancestors_of(target);
        let mut arrivals = vec![0_usize; self.nodes().len()];
        let mut open: VecDeque<Path> = VecDeque::from([Vec::new()]);
        let mut found = Vec::new();
        while let Some(way) = open.pop_front() {
            let at = way.last().map_or(0, |step| step.node);
            if at == target && !way.is_empty() {
                found.push(way);
                if found.len() >= most {
                    break;
                }
                continue;
            }
            let edges = self.node(at).map(|node| node.edges.as_slice()).unwrap_or_default();
            for edge in edges {
                let seen = edge.to == 0 || way.iter().any(|step| step.node == edge.to);
                let useful = leads_there.get(edge.to).copied().unwrap_or(false);
                let Some(arrivals) = arrivals.get_mut(edge.to).filter(|count| **count < most)
                else {
                    continue;
                };
                if !seen && useful {
                    *arrivals += 1;
                    let mut longer = way.clone();
                    longer.push(Step { relation: edge.relation, node: edge.to });
                    open.push_back(longer);
                }
            }
        }
        found
    }

    /// For each node, whether `target` can be reached from it.
    fn ancestors_of(&self, target: usize) -> Vec<bool> {
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); self.nodes().len()];
        for (from, node) in self.nodes().iter().enumerate() {
            for edge in &node.edges {
                if let Some(list) = users.get_mut(edge.to) {
                    list.push(from);
                }
            }
        }
        let mut reaches = vec![false; self.nodes().len()];
        let mut open = vec![target];
        while let Some(index) = open.pop() {
            if let Some(flag) = reaches.get_mut(index)
                && !*flag
            {
                *flag = true;
                open.extend(users.get(index).into_iter().flatten());
            }
        }
        reaches
    }
}
