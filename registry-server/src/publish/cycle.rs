//! Releases that need each other in a circle cannot be installed by anybody (spec/resolution.md V-12), so the one that
//! would close a circle is not let in.
//!
//! A resolver takes the newest version that fits, so that is the way that is walked. A circle that only opens with older
//! versions is left to the resolver, which knows what else is wanted.

use std::collections::HashMap;

use semver::Version;
use tare_format::release::{Release, ReleaseDependency};
use tare_format::{ReleaseId, Sha256};
use tare_store::backend::read_all;
use tare_store::{ObjectKey, StoreError};

use crate::db::releases::ReleaseRow;
use crate::db::{Connection, bytes32, names, releases};
use crate::error::ApiError;
use crate::registry::Registry;

/// How many releases are looked at for one that is published; what lies beyond is left to the resolver.
const MOST_RELEASES: usize = 1000;

/// Refuses `release` when what it needs comes back to it. `together` are the new releases of its session.
///
/// # Errors
/// `invalid-document` with the circle.
pub(super) async fn refuse(
    registry: &Registry,
    db: &mut Connection,
    release: &Release,
    together: &[&Release],
) -> Result<(), ApiError> {
    let start = release.id();
    let mut needed_by: HashMap<ReleaseId, ReleaseId> = HashMap::new();
    let mut open = vec![(start.clone(), release.dependencies.clone())];
    while let Some((from, dependencies)) = open.pop() {
        for dependency in &dependencies {
            let Some(target) = newest(registry, db, dependency, together).await? else { continue };
            let id = target.id();
            if id == start {
                return Err(circle(&start, &from, &needed_by));
            }
            if needed_by.contains_key(&id) || needed_by.len() >= MOST_RELEASES {
                continue;
            }
            needed_by.insert(id.clone(), from.clone());
            open.push((id, target.dependencies));
        }
    }
    Ok(())
}

/// The newest release that fits, among those of the session and those that are published and not yanked.
async fn newest(
    registry: &Registry,
    db: &mut Connection,
    dependency: &ReleaseDependency,
    together: &[&Release],
) -> Result<Option<Release>, ApiError> {
    let requirement = &dependency.requirement;
    let fits =
        |other: &&&Release| other.name == dependency.name && requirement.matches(&other.version);
    let offered = together.iter().filter(fits).max_by(|a, b| a.version.cmp(&b.version));
    let package = names::package(db, &dependency.name.key()).await?;
    let rows = match package {
        Some(package) => releases::of_package(db, package.id).await?,
        None => Vec::new(),
    };
    let version = |row: ReleaseRow| Some((row.version.parse::<Version>().ok()?, row));
    let live = rows.into_iter().filter(|row| row.status == "live").filter_map(version);
    let there =
        live.filter(|(version, _)| requirement.matches(version)).max_by(|(a, _), (b, _)| a.cmp(b));
    match (offered, there) {
        (Some(offered), Some((version, _))) if offered.version >= version => {
            Ok(Some((**offered).clone()))
        }
        (_, Some((_, row))) => {
            read(registry, Sha256::from_bytes(bytes32(row.digest)?)).await.map(Some)
        }
        (offered, None) => Ok(offered.map(|offered| (**offered).clone())),
    }
}

async fn read(registry: &Registry, digest: Sha256) -> Result<Release, ApiError> {
    let limit = registry.config.limits.release_size;
    let read = move |store: &dyn tare_store::ObjectStore| {
        read_all(store, &ObjectKey::Release(digest), limit)
    };
    let document = registry.blocking::<_, StoreError>(read).await?;
    Release::from_bytes(&document).map_err(ApiError::internal)
}

fn circle(
    start: &ReleaseId,
    last: &ReleaseId,
    needed_by: &HashMap<ReleaseId, ReleaseId>,
) -> ApiError {
    let mut way = vec![start.to_string(), last.to_string()];
    let mut at = last;
    while let Some(from) = needed_by.get(at) {
        way.push(from.to_string());
        at = from;
    }
    way.reverse();
    let way: Vec<String> = way.into_iter().map(|id| format!("`{id}`")).collect();
    ApiError::invalid(format!(
        "`{start}` needs itself, so that nobody could install it: {}",
        way.join(" needs ")
    ))
    .help("drop one of these dependencies")
}
