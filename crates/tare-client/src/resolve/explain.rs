//! Why requirements cannot be met, for the person who has to change something.
//!
//! PubGrub proves that there is no solution by a derivation whose leaves are dependencies. The proof itself is no
//! reading for anybody: in a graph of a few hundred releases it has thousands of steps. So this tells the end of
//! it: which package cannot be given a version, who needs it how, by which path the project comes to need those, and
//! what change would do, which is tried before it is said. Every line is one dependency as published.

mod facts;
mod remedy;
mod versions;

use std::collections::BTreeSet;

use pubgrub::DerivationTree;
use tare_format::ReleaseId;

use super::catalog::{Entry, Id};
use super::index::Dependency;
use super::provider::{Node, Provider};
use super::resolution::{Obstacle, ResolveError, Unsolvable};
use super::selection::Selection;
use facts::Facts;

type Tree = DerivationTree<Node, Selection, std::convert::Infallible>;

/// How many of those that need the contested package are named.
const MOST_DEMANDS: usize = 6;
/// How many lines explain how the project comes to need them.
const MOST_LINES: usize = 24;

/// The explanation of a failed resolution.
pub(super) fn explain(provider: &Provider<'_>, tree: Tree) -> Result<Unsolvable, ResolveError> {
    let facts = Facts::of(tree);
    let project = provider.project_edges()?;
    let unmet = facts.unmet_by(Node::Project);
    if let Some(edge) = project.iter().find(|edge| Some(edge.node) == unmet) {
        return Ok(unmet_requirement(provider, edge.package, &edge.dependency));
    }
    let mut unsolvable = match facts.contested().or_else(|| facts.any_unmet()) {
        Some(Node::Nothing { package }) => unmet_further_down(provider, &facts, package)?,
        Some(node) => contested(provider, &facts, node)?,
        None => Unsolvable::new(
            Obstacle::Conflict,
            "the requirements cannot be met together".to_owned(),
        ),
    };
    let mut culprits = Vec::new();
    if let Some(focus) = facts.focus() {
        let opponents = facts.opponents(focus);
        unsolvable.details.splice(0..0, paths(provider, &facts, focus, &opponents)?);
        culprits = opponents.iter().filter_map(|node| package_name(provider, *node)).collect();
    }
    unsolvable.help = remedy::help(provider, &facts, &culprits)?;
    Ok(unsolvable)
}

/// Fails when the version that a package is to come to cannot be chosen.
pub(super) fn refuse_unknown_precise(
    provider: &Provider<'_>,
    precise: &ReleaseId,
) -> Result<(), ResolveError> {
    let id = provider.catalog.id(&precise.name)?;
    let entry = provider.catalog.entry(id);
    let known = (0..entry.len()).any(|position| entry.version(position) == Some(&precise.version));
    if known || provider.catalog.is_pending(&precise.name) {
        return Ok(());
    }
    let requirement = versions::exactly(&precise.version);
    let dependency = Dependency {
        name: precise.name.clone(),
        requirement,
        relation: Default::default(),
        variant: None,
    };
    Err(unmet_requirement(provider, id, &dependency).into())
}

/// The error for a precise version that nothing uses.
pub(super) fn unused_precise(precise: &ReleaseId) -> Unsolvable {
    let ReleaseId { name, version } = precise;
    let mut unsolvable = Unsolvable::new(
        Obstacle::NoVersion,
        format!("nothing in this project can use `{name}` {version}"),
    );
    unsolvable.help.push(format!("see who needs it and how: `tare why {name}`"));
    unsolvable
}

/// The project itself asks for what is not there.
fn unmet_requirement(provider: &Provider<'_>, package: Id, dependency: &Dependency) -> Unsolvable {
    let entry = provider.catalog.entry(package);
    if entry.package.is_none() {
        return no_package(provider, &entry);
    }
    let requirement = &dependency.requirement;
    let title = format!("no version of `{}` matches {requirement}", entry.name);
    let mut unsolvable = Unsolvable::new(Obstacle::NoVersion, title);
    unsolvable.details = versions::survey(provider, &entry, requirement);
    unsolvable.help = versions::help(provider, &entry, requirement);
    unsolvable
}

fn no_package(provider: &Provider<'_>, entry: &Entry) -> Unsolvable {
    let mut unsolvable = Unsolvable::new(
        Obstacle::NoPackage,
        format!("there is no package `{}` in the registry", entry.name),
    );
    let similar = provider.catalog.similar_names(&entry.name);
    let names: Vec<String> = similar.iter().map(|name| format!("`{name}`")).collect();
    unsolvable.help.push(match names.as_slice() {
        [] => format!("look for it: `tare search {}`", entry.name.name()),
        names => format!("did you mean {}?", names.join(" or ")),
    });
    unsolvable
}

/// A package that is needed further down does not exist, or not in a version that will do.
fn unmet_further_down(
    provider: &Provider<'_>,
    facts: &Facts,
    package: Id,
) -> Result<Unsolvable, ResolveError> {
    let entry = provider.catalog.entry(package);
    let node = Node::Nothing { package };
    let mut unsolvable = if entry.package.is_none() {
        no_package(provider, &entry)
    } else {
        let title = format!("no version of `{}` matches what is needed of it", entry.name);
        Unsolvable::new(Obstacle::NoVersion, title)
    };
    if let (Some(_), Some(from)) = (&entry.package, facts.demands(node).first())
        && let Some(dependency) =
            facts::dependency(provider, *from, node, facts.versions(*from, node).highest())?
    {
        unsolvable.details.extend(versions::survey(provider, &entry, &dependency.requirement));
    }
    Ok(unsolvable)
}

/// Those that need a package do not agree on a version.
fn contested(
    provider: &Provider<'_>,
    facts: &Facts,
    node: Node,
) -> Result<Unsolvable, ResolveError> {
    let Some(package) = provider.package_of(node) else {
        return Ok(Unsolvable::new(
            Obstacle::Conflict,
            "the requirements cannot be met together".to_owned(),
        ));
    };
    let entry = provider.catalog.entry(package);
    let who =
        |node: &Node| package_name(provider, *node).unwrap_or_else(|| "this project".to_owned());
    let whom = match facts.opponents(node).as_slice() {
        [one, other] => format!("both {} and {}", who(one), who(other)),
        opponents => format!("all {} that need it", opponents.len()),
    };
    let mut unsolvable = Unsolvable::new(
        Obstacle::Conflict,
        format!("no version of `{}` satisfies {whom}", entry.name),
    );
    unsolvable.details.push(versions::available(&entry));
    Ok(unsolvable)
}

/// The name of a node's package, quoted; none for the project.
fn package_name(provider: &Provider<'_>, node: Node) -> Option<String> {
    provider.package_of(node).map(|package| format!("`{}`", provider.catalog.entry(package).name))
}

/// How the project comes to need `focus`: a line for each dependency on the way, then how those that need it do.
fn paths(
    provider: &Provider<'_>,
    facts: &Facts,
    focus: Node,
    opponents: &[Node],
) -> Result<Vec<String>, ResolveError> {
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    let mut demands = Vec::new();
    for from in opponents.iter().take(MOST_DEMANDS) {
        for (from, to) in facts.way_to(*from) {
            if seen.insert((from, to)) {
                lines.extend(facts::line(provider, facts, from, to)?);
            }
        }
        demands.extend(facts::line(provider, facts, *from, focus)?);
    }
    let hidden = lines.len().saturating_sub(MOST_LINES);
    if hidden > 0 {
        lines.truncate(MOST_LINES);
        lines.push(format!("… and {hidden} more dependencies on the way"));
    }
    lines.append(&mut demands);
    if opponents.len() > MOST_DEMANDS {
        lines.push(format!("… and {} more packages that need it", opponents.len() - MOST_DEMANDS));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests;
