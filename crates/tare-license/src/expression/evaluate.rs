//! From tree to classes: `AND` asks for everything, `OR` is a choice that somebody must make (G-14, G-15).

use std::sync::Arc;

use super::parse::{Expression, License, Tree};
use crate::catalogue::{Catalogue, Entry};
use crate::{Class, ClassSet};

/// A licence of an expression, looked up.
#[derive(Debug, Clone)]
pub struct Term<'c> {
    /// The catalogue's id for it, with `+` and `WITH` as written; the written id where the catalogue has none.
    pub license: Arc<str>,
    /// What the catalogue knows.
    pub entry: Option<&'c Entry>,
    /// Its classes; unknown when the catalogue has no entry or the exception is not in the SPDX list.
    pub classes: ClassSet,
}

/// A choice that an `OR` left open and that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Where the alternatives begin, in bytes from the start of the expression.
    pub at: usize,
    /// What was chosen.
    pub chosen: String,
    /// What was left.
    pub left: Vec<String>,
}

/// What an expression comes to once its choices are made.
#[derive(Debug, Clone, Default)]
pub struct Resolved<'c> {
    /// The licences that all apply, each once.
    pub terms: Vec<Term<'c>>,
    /// The choices that were made.
    pub choices: Vec<Choice>,
}

impl Resolved<'_> {
    /// The classes of all terms.
    #[must_use]
    pub fn classes(&self) -> ClassSet {
        self.terms.iter().fold(ClassSet::EMPTY, |set, term| set.union(term.classes))
    }

    fn absorb(&mut self, other: Self) {
        for term in other.terms {
            if !self.terms.iter().any(|known| known.license == term.license) {
                self.terms.push(term);
            }
        }
        self.choices.extend(other.choices);
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.terms.iter().map(|term| &*term.license).collect();
        names.join(" AND ")
    }
}

/// The classes of an expression in its most permissive reading; unknown for a text that is not an expression (G-16).
///
/// For a tree or a search result. An audit makes its choices by policy instead.
#[must_use]
pub fn class_of(text: &str, catalogue: &Catalogue) -> ClassSet {
    match text.parse::<Expression>() {
        Ok(expression) => expression.resolve(catalogue, |_| true).classes(),
        Err(_) => Class::Unknown.into(),
    }
}

impl Expression {
    /// Looks every licence up and makes every choice.
    ///
    /// Of the branches of an `OR` those are preferred whose terms are all `allowed`, then the one whose worst class is
    /// the least restrictive, then the one written first (G-15).
    #[must_use]
    pub fn resolve<'c>(
        &self,
        catalogue: &'c Catalogue,
        allowed: impl Fn(&Term<'c>) -> bool,
    ) -> Resolved<'c> {
        resolve(&self.tree, catalogue, &allowed)
    }
}

fn resolve<'c>(
    tree: &Tree,
    catalogue: &'c Catalogue,
    allowed: &dyn Fn(&Term<'c>) -> bool,
) -> Resolved<'c> {
    let mut resolved = Resolved::default();
    match tree {
        Tree::License(license) => resolved.terms.push(look_up(license, catalogue)),
        Tree::All(trees) => {
            for tree in trees {
                resolved.absorb(resolve(tree, catalogue, allowed));
            }
        }
        Tree::Any { branches, at } => {
            let mut branches: Vec<_> =
                branches.iter().map(|branch| resolve(branch, catalogue, allowed)).collect();
            // The sort is stable, so of equals the one written first stays first.
            branches.sort_by_key(|branch| {
                (!branch.terms.iter().all(allowed), branch.classes().worst())
            });
            let mut branches = branches.into_iter();
            if let Some(best) = branches.next() {
                let left = branches.map(|branch| branch.names()).collect();
                resolved.choices.push(Choice { at: *at, chosen: best.names(), left });
                resolved.absorb(best);
            }
        }
    }
    resolved
}

fn look_up<'c>(license: &License, catalogue: &'c Catalogue) -> Term<'c> {
    // SPDX's old `GPL-2.0+` is a licence of its own to the catalogue, so the whole word is tried first.
    let whole = format!("{}+", license.id);
    let later = if license.or_later { catalogue.resolve(&whole) } else { None };
    let entry = later.or_else(|| catalogue.resolve(&license.id));
    // G-13: an exception only ever adds permissions, but only those of the SPDX list are known to be exceptions.
    let known = license.exception.as_deref().is_none_or(|id| spdx::exception_id(id).is_some());
    let classes = entry.map_or(ClassSet::EMPTY, Entry::classes);
    let id = entry.map_or(license.id.as_str(), |entry| entry.id.as_str());
    let license = License {
        id: id.to_owned(),
        or_later: license.or_later && later.is_none(),
        ..license.clone()
    };
    Term {
        license: license.to_string().into(),
        entry,
        classes: if known && entry.is_some() {
            classes
        } else {
            classes.union(Class::Unknown.into())
        },
    }
}
