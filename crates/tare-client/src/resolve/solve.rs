//! The resolver's one entry point.

use pubgrub::PubGrubError;
use tare_format::ReleaseId;

use super::catalog::Catalog;
use super::explain;
use super::index::{Dependency, Index};
use super::options::Options;
use super::provider::{Node, Provider, Stop};
use super::resolution::{Obstacle, Resolution, ResolveError, Unsolvable};
use super::settle::settle;

/// Chooses a release for every requirement and for all that those need (spec/resolution.md).
///
/// Pure: the same requirements, index and options give the same answer, in whatever order they come.
///
/// # Errors
/// [`ResolveError::Pending`] when the index lacks packages that are needed to decide; [`ResolveError::Unsolvable`]
/// with an explanation; [`ResolveError::Index`] when a package cannot be read.
pub fn resolve(
    requirements: &[Dependency],
    index: &dyn Index,
    options: &Options,
) -> Result<Resolution, ResolveError> {
    let provider = Provider::new(Catalog::new(index, options), requirements);
    if let Some(precise) = &options.precise {
        explain::refuse_unknown_precise(&provider, precise)?;
    }
    let solution = match pubgrub::resolve(&provider, Node::Project, 0_u32) {
        Ok(solution) => solution,
        Err(PubGrubError::NoSolution(tree)) => {
            return Err(explain::explain(&provider, tree)?.into());
        }
        Err(
            PubGrubError::ErrorRetrievingDependencies { source, .. }
            | PubGrubError::ErrorChoosingVersion { source, .. }
            | PubGrubError::ErrorInShouldCancel(source),
        ) => return Err(stopped(&provider, source)),
    };
    let pending = provider.catalog.pending();
    if !pending.is_empty() {
        return Err(ResolveError::Pending(pending));
    }
    let resolution = settle(&provider, &solution)?;
    match &options.precise {
        Some(precise) if !resolution.uses(precise) => Err(explain::unused_precise(precise).into()),
        _ => Ok(resolution),
    }
}

impl Resolution {
    /// Whether this release is part of it.
    #[must_use]
    pub fn uses(&self, release: &ReleaseId) -> bool {
        let found = self.packages.binary_search_by(|package| {
            (&package.name, &package.version).cmp(&(&release.name, &release.version))
        });
        found.is_ok()
    }
}

impl From<Stop> for ResolveError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Index(error) => Self::Index(error),
            Stop::Steps(steps) => {
                let title = format!("gave up after {steps} steps without an answer");
                Unsolvable::new(Obstacle::GaveUp, title).into()
            }
        }
    }
}

fn stopped(provider: &Provider<'_>, stop: Stop) -> ResolveError {
    let error = ResolveError::from(stop);
    let ResolveError::Unsolvable(mut unsolvable) = error else { return error };
    let contested: Vec<String> =
        provider.most_contested().into_iter().take(5).map(|name| format!("`{name}`")).collect();
    unsolvable.details.push(format!(
        "the packages that stood in each other's way most often: {}",
        contested.join(", ")
    ));
    unsolvable
        .help
        .push("narrow the requirements of these packages, best to exact versions".to_owned());
    ResolveError::Unsolvable(unsolvable)
}
