//! Advisories: taken from the registry's security role and from owners, and given out as OSV.
//!
//! They are events, so nobody can hold one back from a single reader: the page `notices` has them all, and the page of each
//! affected package has its own. Reading them is reading static files.

mod osv;

use jiff::SignedDuration;
use tare_format::advisory::Advisory;
use tare_format::api::Changed;
use tare_format::event::{BY_REGISTRY, Event, EventBody, PageKey};
use tare_format::name::fold;
use tare_format::problem::Code;
use tare_format::scope::{Action, Scope};
use tare_replay::{KnownAdvisory, NoticesState};

use crate::auth::{Principal, Resource, authorize};
use crate::db::{Connection, events, names};
use crate::error::ApiError;
use crate::projection::{self, pages};
use crate::registry::Registry;

pub use osv::Exported;

/// How far ahead of the registry's clock an advisory may say that it was changed.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

impl Registry {
    /// Logs an advisory of the registry itself. One that is logged already changes nothing.
    ///
    /// # Errors
    /// `not-found` for a package that is not here; `state-conflict` when the one before is newer or names more packages.
    pub async fn add_advisory(&self, advisory: Advisory) -> Result<Changed, ApiError> {
        append(self, BY_REGISTRY, advisory).await
    }

    /// Whether an advisory of the registry itself would be logged. Nothing changes.
    ///
    /// # Errors
    /// As [`Registry::add_advisory`].
    pub async fn plan_advisory(&self, advisory: &Advisory) -> Result<bool, ApiError> {
        refuse_future(self, advisory)?;
        let mut db = self.db.read().await?;
        is_new(&mut db, BY_REGISTRY, advisory).await
    }

    /// The advisories in the order in which they were logged; of one that was changed, every version. Redacted ones are left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn advisories(&self) -> Result<Vec<Advisory>, ApiError> {
        let mut db = self.db.read().await?;
        let rows = events::of_page(&mut db, &PageKey::Notices).await?;
        let mut advisories = Vec::new();
        for line in rows.iter().filter_map(|row| row.line.as_deref()) {
            let event = Event::from_line(line).map_err(ApiError::internal)?;
            if let Some(EventBody::Advisory { advisory }) = event.map(|event| event.body) {
                advisories.push(*advisory);
            }
        }
        Ok(advisories)
    }
}

/// Takes an advisory from a caller. With `security:*` an administrator speaks for the registry; anybody else only warns of
/// packages that are their own.
///
/// # Errors
/// What [`authorize`] says of an affected package, and as [`Registry::add_advisory`].
pub(crate) async fn submit(
    registry: &Registry,
    principal: &Principal,
    advisory: Advisory,
) -> Result<Changed, ApiError> {
    let is_security = principal.admin && principal.scopes.contains(&Scope::all(Action::Security));
    if is_security {
        return append(registry, BY_REGISTRY, advisory).await;
    }
    let mut db = registry.db.read().await?;
    for package in advisory.packages() {
        let owners = names::owners(&mut db, &fold(package.namespace())).await?;
        let owners: Vec<i64> = owners.into_iter().map(|(id, _)| id).collect();
        let resource = Resource::Package { name: &package, owners: &owners };
        authorize(principal, Action::Security, &resource)?;
    }
    drop(db);
    if !advisory.hashes.is_empty() {
        let detail = format!(
            "`{}` names files by their hashes, which only the registry may do",
            advisory.id
        );
        return Err(ApiError::new(Code::NotOwner, detail)
            .help("leave `hashes` out, or report it to the registry's security team"));
    }
    append(registry, &principal.login, advisory).await
}

async fn append(registry: &Registry, by: &str, advisory: Advisory) -> Result<Changed, ApiError> {
    refuse_future(registry, &advisory)?;
    let mut batch = registry.batch(by).await?;
    if !is_new(batch.db(), by, &advisory).await? {
        return Ok(Changed { changed: false, event: None });
    }
    let advisory = Box::new(advisory);
    let event = batch.append(EventBody::Advisory { advisory }).await?;
    batch.commit().await?;
    projection::project(registry).await?;
    Ok(Changed { changed: true, event: Some(event) })
}

fn refuse_future(registry: &Registry, advisory: &Advisory) -> Result<(), ApiError> {
    let latest = registry.clock.now().checked_add(AHEAD).map_err(ApiError::internal)?;
    if advisory.modified > latest {
        let (id, modified) = (&advisory.id, advisory.modified);
        let detail = format!("`{id}` was changed at {modified}, which is yet to come");
        return Err(ApiError::bad_request(detail));
    }
    Ok(())
}

/// Whether an advisory says something new; refuses one that may not take the place of the one before.
async fn is_new(db: &mut Connection, by: &str, advisory: &Advisory) -> Result<bool, ApiError> {
    for package in advisory.packages() {
        let row = names::package(db, &package.key()).await?;
        if row.is_none_or(|row| row.name != package.as_str()) {
            let detail =
                format!("`{}` names `{package}`, which is not in this registry", advisory.id);
            return Err(ApiError::not_found(detail).help("write the name as its owner does"));
        }
    }
    let page = pages::bytes(db, &PageKey::Notices).await?;
    let notices = NoticesState::read(&page).map_err(ApiError::internal)?;
    let Some(before) = notices.advisories.get(&advisory.id) else { return Ok(true) };
    if before.advisory.as_deref() == Some(advisory) {
        return Ok(false);
    }
    refuse_older(by, before, advisory)?;
    Ok(true)
}

fn refuse_older(by: &str, before: &KnownAdvisory, advisory: &Advisory) -> Result<(), ApiError> {
    let id = &advisory.id;
    if before.by_registry && by != BY_REGISTRY {
        let detail = format!("`{id}` is the registry's own advisory");
        return Err(ApiError::new(Code::NotOwner, detail).help("choose another id"));
    }
    let conflict = |detail| Err(ApiError::new(Code::StateConflict, detail));
    if advisory.modified <= before.modified {
        let (new, old) = (advisory.modified, before.modified);
        return conflict(format!("`{id}` is of {new}, and the one that is logged of {old}"));
    }
    let named = advisory.packages();
    match before.packages.iter().find(|package| !named.contains(package)) {
        Some(package) => conflict(format!(
            "`{id}` does not name `{package}` any more, whose page would keep the old one: withdraw it instead"
        )),
        None => Ok(()),
    }
}
