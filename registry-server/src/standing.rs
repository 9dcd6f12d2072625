//! Changes to what is published already: yank, withdrawal, owners, signers. Each is one event with its effect in one
//! batch, and asking twice changes nothing.

use semver::Version;
use tare_format::api::{Changed, OwnerChange, SignerChange, StatusChange};
use tare_format::event::{Change, EventBody};
use tare_format::name::fold;
use tare_format::problem::Code;
use tare_format::scope::Action;
use tare_format::{Namespace, PackageName};
use tare_sign::PublicKey;

use crate::auth::{Principal, Resource, authorize};
use crate::db::{Connection, names, releases, users};
use crate::error::{ApiError, chain};
use crate::projection;
use crate::registry::Registry;
use crate::sequence::Batch;

/// How long a reason may be, in bytes. It stays in the log for ever.
const MAX_REASON: usize = 500;

/// What is to become of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Hidden from new resolutions.
    Yanked,
    /// Not hidden any more.
    Live,
    /// Not installable any more.
    Withdrawn,
}

/// Yanks a version, takes that back, or withdraws it.
///
/// # Errors
/// `bad-request` without a reason; `not-found`; `state-conflict` for a version that is withdrawn; what [`authorize`]
/// says.
pub(crate) async fn change_status(
    registry: &Registry,
    principal: &Principal,
    name: &PackageName,
    version: &Version,
    status: Status,
    change: StatusChange,
) -> Result<Changed, ApiError> {
    let reason = reason(status, change)?;
    let mut batch = registry.batch(&principal.login).await?;
    let (package, name) = find_package(&mut batch, principal, Action::Yank, name).await?;
    let row = releases::find(batch.db(), &name.key(), version).await?;
    let row = row.filter(|row| row.version == version.to_string());
    let row = row.ok_or_else(|| {
        ApiError::not_found(format!("`{name}` has no version {version}"))
            .help(format!("`tare info {name}` lists its versions"))
    })?;
    let body = match (row.status.as_str(), status) {
        ("yanked", Status::Yanked) | ("live", Status::Live) | ("withdrawn", Status::Withdrawn) => {
            return Ok(Changed { changed: false, event: None });
        }
        ("withdrawn", _) => {
            let detail = format!("`{name}@{version}` is withdrawn, and that is not taken back");
            return Err(ApiError::new(Code::StateConflict, detail)
                .help("publish what should be installed as a new version"));
        }
        (_, Status::Yanked) => EventBody::Yank { package: name, version: version.clone(), reason },
        (_, Status::Live) => EventBody::Unyank { package: name, version: version.clone() },
        (_, Status::Withdrawn) => {
            EventBody::Withdraw { package: name, version: version.clone(), reason }
        }
    };
    let text = match status {
        Status::Yanked => "yanked",
        Status::Live => "live",
        Status::Withdrawn => "withdrawn",
    };
    let event = batch.append(body).await?;
    releases::set_status(batch.db(), row.id, text).await?;
    settle_newest(batch.db(), package).await?;
    finish(registry, batch, event).await
}

fn reason(status: Status, change: StatusChange) -> Result<String, ApiError> {
    let reason = change.reason.unwrap_or_default().trim().to_owned();
    if status == Status::Live {
        return Ok(String::new());
    }
    if reason.is_empty() {
        return Err(ApiError::bad_request("a reason is needed").help("say why, with `--reason`"));
    }
    if reason.len() > MAX_REASON || reason.chars().any(char::is_control) {
        return Err(ApiError::bad_request(format!(
            "a reason is one line of at most {MAX_REASON} bytes"
        )));
    }
    Ok(reason)
}

/// Chooses what a search shows of a package: its newest version that is neither a pre-release nor yanked, or else its
/// newest; never one that is withdrawn or taken down.
pub(crate) async fn settle_newest(db: &mut Connection, package: i64) -> Result<(), ApiError> {
    let mut best: Option<(bool, Version, i64)> = None;
    for row in releases::of_package(db, package).await? {
        let version: Version = row.version.parse().map_err(ApiError::internal)?;
        if row.status == "withdrawn" || row.is_down {
            continue;
        }
        let candidate = (row.status == "live" && version.pre.is_empty(), version, row.id);
        if best.as_ref().is_none_or(|best| candidate > *best) {
            best = Some(candidate);
        }
    }
    Ok(releases::set_newest(db, package, best.map(|(_, _, id)| id)).await?)
}

/// The owners of a namespace.
///
/// # Errors
/// `not-found` when nobody has claimed it.
pub(crate) async fn owners(
    registry: &Registry,
    namespace: &Namespace,
) -> Result<Vec<String>, ApiError> {
    let mut db = registry.db.read().await?;
    require_namespace(&mut db, namespace).await?;
    let owners = names::owners(&mut db, &namespace.key()).await?;
    Ok(owners.into_iter().map(|(_, login)| login).collect())
}

/// Adds or removes an owner of a namespace. The last one stays.
///
/// # Errors
/// `not-found` for a namespace or a user that is not here; `state-conflict` for the last owner; what [`authorize`] says.
pub(crate) async fn change_owner(
    registry: &Registry,
    principal: &Principal,
    namespace: &Namespace,
    change: OwnerChange,
) -> Result<Changed, ApiError> {
    let mut batch = registry.batch(&principal.login).await?;
    let name = require_namespace(batch.db(), namespace).await?;
    let owners = names::owners(batch.db(), &namespace.key()).await?;
    let ids: Vec<i64> = owners.iter().map(|(id, _)| *id).collect();
    let resource = Resource::Namespace { name: &name, owners: &ids };
    authorize(principal, Action::Owner, &resource)?;
    if !ids.contains(&principal.user) {
        batch.act_as_registry();
    }
    let user = users::by_login(batch.db(), &change.login).await?;
    let user = user.ok_or_else(|| {
        ApiError::not_found(format!("there is no user `{}`", change.login))
            .help("the registry's operator adds users with `tare-registry user add`")
    })?;
    match (change.change, ids.contains(&user.id)) {
        (Change::Add, true) | (Change::Remove, false) => {
            return Ok(Changed { changed: false, event: None });
        }
        (Change::Remove, true) if ids.len() == 1 => {
            let detail = format!("`{}` is the last owner of `{name}`", user.login);
            return Err(ApiError::new(Code::StateConflict, detail).help("add another owner first"));
        }
        (Change::Add, false) | (Change::Remove, true) => {}
    }
    let owned = name.parse().map_err(ApiError::internal)?;
    let body = EventBody::Owner { namespace: owned, login: user.login, change: change.change };
    let event = batch.append(body).await?;
    match change.change {
        Change::Add => names::insert_owner(batch.db(), &namespace.key(), user.id).await?,
        Change::Remove => names::delete_owner(batch.db(), &namespace.key(), user.id).await?,
    }
    finish(registry, batch, event).await
}

/// Adds or removes a key that may sign the releases of a package. The last one stays.
///
/// # Errors
/// `not-found`; `invalid-document` for a key that cannot sign; `state-conflict` for the last key; what [`authorize`]
/// says.
pub(crate) async fn change_signer(
    registry: &Registry,
    principal: &Principal,
    name: &PackageName,
    change: SignerChange,
) -> Result<Changed, ApiError> {
    let key = PublicKey::from_pem(&change.pem)
        .map_err(|error| ApiError::invalid(format!("the key is refused: {}", chain(&error))))?
        .to_signer_key();
    let mut batch = registry.batch(&principal.login).await?;
    let (package, name) = find_package(&mut batch, principal, Action::Owner, name).await?;
    let signers = releases::signers(batch.db(), &name.key()).await?;
    match (change.change, signers.iter().any(|signer| signer.id == key.id)) {
        (Change::Add, true) | (Change::Remove, false) => {
            return Ok(Changed { changed: false, event: None });
        }
        (Change::Remove, true) if signers.len() == 1 => {
            let detail = format!("the key {} is the last one that may sign `{name}`", key.id);
            return Err(ApiError::new(Code::StateConflict, detail).help("add another key first"));
        }
        (Change::Add, false) | (Change::Remove, true) => {}
    }
    let body = EventBody::Signer { package: name, key: key.clone(), change: change.change };
    let event = batch.append(body).await?;
    match change.change {
        Change::Add => releases::insert_signer(batch.db(), package, &key).await?,
        Change::Remove => releases::delete_signer(batch.db(), package, key.id).await?,
    }
    finish(registry, batch, event).await
}

/// The package's row and its name in its owner's case, when `principal` may do `action` to it. An administrator who does not
/// own it acts as the registry.
async fn find_package(
    batch: &mut Batch<'_>,
    principal: &Principal,
    action: Action,
    name: &PackageName,
) -> Result<(i64, PackageName), ApiError> {
    let row = names::package(batch.db(), &name.key()).await?;
    let row = row.ok_or_else(|| ApiError::not_found(format!("there is no package `{name}`")))?;
    let name: PackageName = row.name.parse().map_err(ApiError::internal)?;
    let owners = names::owners(batch.db(), &fold(name.namespace())).await?;
    let owners: Vec<i64> = owners.into_iter().map(|(id, _)| id).collect();
    authorize(principal, action, &Resource::Package { name: &name, owners: &owners })?;
    if !owners.contains(&principal.user) {
        batch.act_as_registry();
    }
    Ok((row.id, name))
}

async fn require_namespace(db: &mut Connection, namespace: &Namespace) -> Result<String, ApiError> {
    let name = names::namespace(db, &namespace.key()).await?;
    name.ok_or_else(|| ApiError::not_found(format!("there is no namespace `{namespace}`")))
}

/// Commits, and brings the public files up to it.
async fn finish(registry: &Registry, batch: Batch<'_>, event: u64) -> Result<Changed, ApiError> {
    batch.commit().await?;
    projection::project(registry).await?;
    Ok(Changed { changed: true, event: Some(event) })
}
