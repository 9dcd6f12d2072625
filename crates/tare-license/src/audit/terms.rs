//! The licence terms of every node: expressions read, looked up, and choices between alternatives made.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use super::graph::{Graph, Node, NodeKind};
use super::relation::{Carriage, Relation};
use super::report::ChoiceMade;
use super::{Flag, Rules};
use crate::catalogue::Catalogue;
use crate::expression::{self, Expression, Resolved};
use crate::{Class, ClassSet, Part};

/// One licence of one part of one node.
pub(super) struct Term<'c> {
    /// The node's place in the graph.
    pub(super) node: u32,
    pub(super) part: Part,
    pub(super) found: expression::Term<'c>,
    /// Which of [`Terms::carriages`] it has.
    pub(super) carriage: usize,
    /// Why there is no licence.
    pub(super) problem: Option<Problem>,
}

/// Why a part has no licence that could be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// None is declared.
    Missing,
    /// The expression is none, for this reason.
    Unreadable(String),
}

impl Term<'_> {
    /// Whether it goes into what is made from the node, and not only along with it.
    pub(super) const fn is_of_the_work(&self) -> bool {
        matches!(self.part, Part::Weights | Part::Data)
    }

    /// "the weights of `a/b@1.0.0` are under `MIT`"
    pub(super) fn sentence<'a>(&'a self, node: &'a Node) -> impl fmt::Display {
        let (part, verb) = (self.part, self.part.verb());
        fmt::from_fn(move |f| {
            write!(f, "the {part} of `{}` {verb} under `{}`", node.id, self.found.license)
        })
    }

    /// "weights are under `MIT`", after "whose"
    pub(super) fn clause(&self) -> String {
        format!("{} {} under `{}`", self.part, self.part.verb(), self.found.license)
    }

    /// Whether it counts for packages that stand on the node: documentation does not.
    pub(super) fn is_inherited(&self) -> bool {
        self.part != Part::Documentation
    }
}

/// The terms of a graph.
pub(super) struct Terms<'c> {
    pub(super) all: Vec<Term<'c>>,
    pub(super) choices: Vec<Vec<ChoiceMade>>,
    /// The ways in which terms pass along edges; few, however many terms there are.
    pub(super) carriages: Vec<Carriage>,
    of_node: Vec<Range<usize>>,
}

impl<'c> Terms<'c> {
    /// Reads every expression of the graph. Each distinct text is read once.
    pub(super) fn read(graph: &Graph, rules: &Rules, catalogue: &'c Catalogue) -> Self {
        let mut terms = Self {
            all: Vec::new(),
            choices: Vec::new(),
            carriages: Vec::new(),
            of_node: Vec::new(),
        };
        let mut read: HashMap<&str, Result<Resolved<'c>, String>> = HashMap::new();
        for ((node, data), at) in graph.nodes.iter().zip(used_as_data(graph)).zip(0..) {
            let start = terms.all.len();
            let mut choices = Vec::new();
            for (&part, text) in &node.license {
                let resolved = read.entry(text).or_insert_with(|| resolve(text, rules, catalogue));
                match resolved {
                    Ok(resolved) => {
                        for found in &resolved.terms {
                            terms.push(at, part, found.clone(), None);
                        }
                        choices.extend(resolved.choices.iter().map(|choice| ChoiceMade {
                            part,
                            chosen: choice.chosen.clone(),
                            left: choice.left.clone(),
                        }));
                    }
                    Err(problem) => terms.push(
                        at,
                        part,
                        nothing(text),
                        Some(Problem::Unreadable(problem.clone())),
                    ),
                }
            }
            if let Some(part) = missing_part(node, data) {
                terms.push(at, part, nothing("NONE"), Some(Problem::Missing));
            }
            terms.choices.push(choices);
            terms.of_node.push(start..terms.all.len());
        }
        terms
    }

    /// The terms of a node, with their places in [`Terms::all`].
    pub(super) fn of(&self, node: u32) -> impl Iterator<Item = (usize, &Term<'c>)> {
        let range = self.of_node.get(node as usize).cloned().unwrap_or_default();
        range.clone().zip(self.all.get(range).unwrap_or_default())
    }

    /// The classes that a node itself declares, documentation left out.
    pub(super) fn declared(&self, node: u32) -> ClassSet {
        let own = self.of(node).filter(|(_, term)| term.is_inherited());
        own.fold(ClassSet::EMPTY, |set, (_, term)| set.union(term.found.classes))
    }

    fn push(
        &mut self,
        node: u32,
        part: Part,
        found: expression::Term<'c>,
        problem: Option<Problem>,
    ) {
        let own = Carriage::of(found.entry);
        let known = self.carriages.iter().position(|carriage| *carriage == own);
        let carriage = known.unwrap_or_else(|| {
            self.carriages.push(own);
            self.carriages.len() - 1
        });
        self.all.push(Term { node, part, found, carriage, problem });
    }
}

fn resolve<'c>(
    text: &str,
    rules: &Rules,
    catalogue: &'c Catalogue,
) -> Result<Resolved<'c>, String> {
    let expression: Expression =
        text.parse().map_err(|error: expression::ExpressionError| error.to_string())?;
    Ok(expression.resolve(catalogue, |term| rules.refused(term).is_empty()))
}

fn nothing(license: &str) -> expression::Term<'static> {
    let license: String = license.chars().take(120).collect();
    expression::Term { license: license.into(), entry: None, classes: Class::Unknown.into() }
}

/// For each node, whether something was trained on it or derived from it: then it is data.
fn used_as_data(graph: &Graph) -> Vec<bool> {
    let mut data = vec![false; graph.nodes.len()];
    for link in &graph.links {
        if matches!(link.relation, Relation::TrainedOn | Relation::DerivedFrom) {
            data[link.to as usize] = true;
        }
    }
    data
}

/// The part without which a node of this kind is nothing, when no licence is declared for it.
fn missing_part(node: &Node, used_as_data: bool) -> Option<Part> {
    let part = match node.kind {
        NodeKind::Model | NodeKind::Adapter => Part::Weights,
        NodeKind::Dataset => Part::Data,
        NodeKind::Collection => return None,
        NodeKind::Foreign if !node.license.is_empty() => return None,
        // Nothing says what it is but what was made of it.
        NodeKind::Foreign if used_as_data => Part::Data,
        NodeKind::Foreign => Part::Weights,
    };
    let has_card_only = node.flags.contains(&Flag::CardOnly) && !node.license.is_empty();
    (!node.license.contains_key(&part) && !has_card_only).then_some(part)
}
