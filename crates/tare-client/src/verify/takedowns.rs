//! What was taken down, by the notices that were last seen (W-58): it is named, whether or not its bytes are still here.

use std::collections::BTreeMap;

use tare_format::Sha256;
use tare_format::lock::{Lock, LockedPackage};
use tare_format::registry::RegistryId;
use tare_replay::NoticesState;

use super::{Concern, Difference};
use crate::cache::{CacheError, contents_taken_down};
use crate::history::describe;
use crate::install::installed_path;
use crate::local::Local;
use crate::pages::last_notices;
use crate::trust::takedown;

/// What is to be said of the locked releases that were taken down, by the digests of their documents.
pub(super) fn of_lock(local: &Local, lock: &Lock) -> BTreeMap<Sha256, Difference> {
    let mut notices: BTreeMap<&RegistryId, Option<NoticesState>> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for package in &lock.packages {
        let known = notices.entry(&package.registry);
        let known = known.or_insert_with(|| last_notices(local.home(), &package.registry));
        if let Some(notices) = known
            && let Some(difference) = of_package(local, package, notices)
        {
            found.insert(package.release, difference);
        }
    }
    found
}

fn of_package(
    local: &Local,
    package: &LockedPackage,
    notices: &NoticesState,
) -> Option<Difference> {
    let document = local.documents().local_release(&package.release).ok();
    let files = document.iter().flat_map(|document| document.files_of(package.variant.as_ref()));
    let id = package.id();
    let known = takedown::find(notices, &id, files)?;
    let mut message = format!("it was {}", describe(known.takedown.as_deref()));
    if installed_path(local.home(), package).is_some() {
        message.push_str(", and its bytes are still here");
    }
    Some(Difference { release: Some(id), concern: Concern::TakenDown, message })
}

/// What is to be said of `stored` contents.
pub(super) fn of_store<'f>(
    local: &Local,
    stored: impl Iterator<Item = &'f Sha256>,
) -> Result<Vec<Difference>, CacheError> {
    let gone = contents_taken_down(local)?;
    let message = |content: &Sha256| format!("content {content} was taken down and is still here");
    let difference = |content| Difference {
        release: None,
        concern: Concern::TakenDown,
        message: message(content),
    };
    Ok(stored.filter(|content| gone.contains(content)).map(difference).collect())
}
