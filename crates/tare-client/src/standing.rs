//! What became of locked releases, as far as this machine knows: by the pages that were last seen. Nothing is asked.

use std::collections::BTreeMap;

use tare_format::ReleaseId;
use tare_format::lock::Lock;
use tare_format::manifest::LineageSource;
use tare_format::registry::RegistryId;

use crate::local::Local;
use crate::pages::last_seen;
use crate::resolve::Standing;

/// What became of everything that `lock` has: packages and ancestors. What no page was seen of is left out.
#[must_use]
pub fn of_all(local: &Local, lock: &Lock) -> BTreeMap<ReleaseId, Standing> {
    let ancestors = lock.ancestors.iter().filter_map(|ancestor| {
        let LineageSource::Package(name) = &ancestor.source else { return None };
        let version = ancestor.version.clone()?;
        Some((ReleaseId { name: name.clone(), version }, ancestor.registry.as_ref()?))
    });
    look_up(local, packages(lock).chain(ancestors))
}

/// A line for each installed release of `lock` that was yanked or withdrawn since, with the reason.
#[must_use]
pub fn warnings(local: &Local, lock: &Lock) -> Vec<String> {
    let line = |(id, standing): (ReleaseId, Standing)| match standing {
        Standing::Available => None,
        Standing::Yanked { reason } => {
            Some(format!("`{id}` is yanked ({reason}); it stays because the lock has it"))
        }
        Standing::Withdrawn { reason } => {
            Some(format!("`{id}` was withdrawn ({reason}); move away from it with `tare update`"))
        }
    };
    look_up(local, packages(lock)).into_iter().filter_map(line).collect()
}

fn packages(lock: &Lock) -> impl Iterator<Item = (ReleaseId, &RegistryId)> {
    lock.packages.iter().map(|package| (package.id(), &package.registry))
}

fn look_up<'l>(
    local: &Local,
    releases: impl Iterator<Item = (ReleaseId, &'l RegistryId)>,
) -> BTreeMap<ReleaseId, Standing> {
    let known = |(id, registry): (ReleaseId, &RegistryId)| {
        let mut history = last_seen(local.home(), registry, &id.name)?;
        let release = history.releases.remove(&id.version)?;
        Some((id, release.standing))
    };
    releases.filter_map(known).collect()
}
