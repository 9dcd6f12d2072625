//! What to change so that the requirements can be met: each suggestion was resolved before it is made.

use semver::{Comparator, Op, VersionReq};

use super::facts::Facts;
use crate::resolve::catalog::Catalog;
use crate::resolve::index::Dependency;
use crate::resolve::options::Options;
use crate::resolve::provider::{Node, Provider};
use crate::resolve::resolution::ResolveError;

/// How many requirements are tried.
const MOST_TRIES: usize = 4;
/// How many steps all tries together may take: a few tens of milliseconds.
const MOST_STEPS: u32 = 2_000;

/// The changes of single requirements of the project that would do; if none does, which requirements are involved, or,
/// when the project has no choice, whose owners have (`culprits`).
pub(super) fn help(
    provider: &Provider<'_>,
    facts: &Facts,
    culprits: &[String],
) -> Result<Vec<String>, ResolveError> {
    let edges = provider.project_edges()?;
    let nodes = facts.needed_by_project();
    let involved: Vec<&Dependency> = edges
        .iter()
        .filter(|edge| nodes.contains(&edge.node))
        .map(|edge| &edge.dependency)
        .collect();
    let mut left = MOST_STEPS;
    let mut help = Vec::new();
    for dependency in involved.iter().take(MOST_TRIES) {
        help.extend(relaxed(provider, dependency, &mut left));
    }
    if help.is_empty() {
        let names: Vec<String> = involved
            .iter()
            .map(|needed| format!("`{}` {}", needed.name, needed.requirement))
            .collect();
        help.push(match names.as_slice() {
            [one] if !culprits.is_empty() => {
                format!("{one} has no other version that would do: ask the owner of {} for a release that fits", shortened(culprits))
            }
            names => format!("loosen or remove one of these requirements: {}", shortened(names)),
        });
    }
    Ok(help)
}

/// Tries the project with any version of one of its requirements.
fn relaxed(provider: &Provider<'_>, dependency: &Dependency, left: &mut u32) -> Option<String> {
    if *left == 0 {
        return None;
    }
    let mut requirements = provider.requirements().to_vec();
    for requirement in requirements.iter_mut().filter(|requirement| *requirement == dependency) {
        requirement.requirement = VersionReq::STAR;
    }
    let options = Options { max_steps: *left, ..provider.catalog.options().clone() };
    let trial = Provider::new(Catalog::new(provider.catalog.index(), &options), &requirements);
    let solution = pubgrub::resolve(&trial, Node::Project, 0_u32);
    *left = left.saturating_sub(trial.steps());
    let solution = solution.ok().filter(|_| trial.catalog.pending().is_empty())?;
    let edges = trial.project_edges().ok()?;
    let edge = edges.iter().find(|edge| edge.dependency.name == dependency.name)?;
    let bucket = match (edge.node, solution.get(&edge.node)?) {
        (Node::Spread(_), bucket) => Node::Bucket { package: edge.package, bucket: *bucket },
        (node, _) => node,
    };
    let entry = trial.catalog.entry(edge.package);
    let version = entry.version(*solution.get(&bucket)?)?;
    let comparator = Comparator {
        op: Op::Caret,
        major: version.major,
        minor: Some(version.minor),
        patch: Some(version.patch),
        pre: version.pre.clone(),
    };
    let requirement = VersionReq { comparators: vec![comparator] };
    Some(format!(
        "`{}` {version} would do: change its requirement from {} to {requirement}, or to ={version}",
        dependency.name, dependency.requirement
    ))
}

fn shortened(names: &[String]) -> String {
    const MOST: usize = 6;
    let shown = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MOST { format!("{shown} and {} more", names.len() - MOST) } else { shown }
}
