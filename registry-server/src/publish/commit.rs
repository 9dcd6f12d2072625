//! The commit: everything a session holds becomes part of the registry, or nothing does.

use std::collections::HashSet;

use tare_format::api::{Committed, Receipt};
use tare_format::event::{
    Change, EventBody, Published, PublishedDependency, SignatureRef, SignerKey,
};
use tare_format::problem::Code;
use tare_format::release::Release;
use tare_format::{Blake3, Sha256};
use tare_store::backend::read_all;
use tare_store::{ObjectKey, ObjectStore, StoreError};

use super::content::Contents;
use super::session::Session;
use super::{admit, check, content};
use crate::App;
use crate::auth::Principal;
use crate::db::releases::NewRelease;
use crate::db::sessions::SessionRelease;
use crate::db::{Connection, chunks, events, names, releases, search, sessions, unsigned};
use crate::error::ApiError;
use crate::projection;
use crate::registry::Registry;
use crate::standing;

/// A release of the session that was read, derived again, and found right.
struct Candidate {
    release: Release,
    digest: Sha256,
    size: u64,
    signature: Option<(Sha256, Vec<u8>)>,
    contents: Contents,
}

/// Publishes the session, or says what a commit would say.
///
/// Asking again gives the same receipts: a client that did not hear the answer may repeat the question. It also
/// writes public files that an earlier commit could not.
///
/// # Errors
/// The first reason why a release of it cannot be published. Nothing has changed then.
pub(crate) async fn commit(
    registry: &App,
    principal: &Principal,
    session: &Session,
    dry_run: bool,
) -> Result<Committed, ApiError> {
    let mut candidates = Vec::with_capacity(session.releases.len());
    for entry in &session.releases {
        candidates.push(read(registry, session, entry, dry_run).await?);
    }
    let offered = {
        let mut db = registry.db.read().await?;
        sessions::signers(&mut db, &session.row.id).await?
    };
    let gate = Gate { registry, principal, dry_run, offered: &offered };
    let mut db = registry.db.read().await?;
    for candidate in &candidates {
        gate.pass(&mut db, candidate, &candidates).await?;
    }
    drop(db);
    for candidate in &mut candidates {
        candidate.contents =
            content::verify(registry, session, &candidate.release, dry_run).await?;
    }
    let receipts = if dry_run {
        preview(registry, &candidates).await?
    } else {
        let receipts = write(&gate, session, &candidates).await?;
        projection::catch_up(registry).await?;
        receipts
    };
    let warnings = candidates.iter().filter_map(warning).collect();
    Ok(Committed { dry_run, receipts, warnings })
}

/// Reads what was uploaded of a release, and derives its document again.
async fn read(
    registry: &Registry,
    session: &Session,
    entry: &SessionRelease,
    dry_run: bool,
) -> Result<Candidate, ApiError> {
    let limits = registry.config.limits.clone();
    let (entry, session) = (entry.clone(), session.row.id.clone());
    let has_meta = {
        let mut db = registry.db.read().await?;
        releases::has_meta(&mut db, entry.meta).await?
            || sessions::has_object(&mut db, &session, &ObjectKey::Meta(entry.meta)).await?
    };
    registry
        .blocking(move |store| {
            let id = format!("{}@{}", entry.package, entry.version);
            let document = read_all(store, &ObjectKey::Release(entry.digest), limits.release_size)?;
            let release = Release::from_bytes(&document).map_err(ApiError::internal)?;
            let meta = has_meta
                .then(|| optional(store, &ObjectKey::Meta(entry.meta), limits.meta_packed_size));
            let meta = meta.transpose()?.flatten().ok_or_else(|| {
                ApiError::new(
                    Code::Incomplete,
                    format!("the meta archive of `{id}` was not uploaded"),
                )
            })?;
            check::rederive(&release, &document, &meta, &limits)?;
            let signature = match entry.signature {
                Some(bundle) => {
                    let bytes =
                        read_all(store, &ObjectKey::Signature(bundle), limits.signature_size)?;
                    Some((bundle, bytes))
                }
                None if dry_run => None,
                None => {
                    let detail = format!("`{id}` is not signed");
                    return Err(ApiError::new(Code::SignatureRefused, detail)
                        .help("sign it with your key: `tare keygen` makes one"));
                }
            };
            let size = document.len() as u64;
            Ok(Candidate {
                release,
                digest: entry.digest,
                size,
                signature,
                contents: Contents::default(),
            })
        })
        .await
}

fn optional(
    store: &dyn ObjectStore,
    key: &ObjectKey,
    cap: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    match read_all(store, key, cap) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(StoreError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the registry lets a candidate in, asked before and inside the transaction.
struct Gate<'g> {
    registry: &'g Registry,
    principal: &'g Principal,
    dry_run: bool,
    offered: &'g [SignerKey],
}

/// What the gate says of a candidate.
enum Passed {
    /// It is published already, with this event.
    Existed(u64),
    /// It may be published; these keys signed it.
    New(Vec<SignerKey>),
}

impl Gate<'_> {
    async fn pass(
        &self,
        db: &mut Connection,
        candidate: &Candidate,
        all: &[Candidate],
    ) -> Result<Passed, ApiError> {
        let Candidate { release, digest, signature, .. } = candidate;
        admit::name(db, self.principal, &release.name).await?;
        if let Some(row) = admit::version(db, release, *digest).await? {
            return Ok(Passed::Existed(unsigned(row.event)?));
        }
        let together: Vec<&Release> = all.iter().map(|other| &other.release).collect();
        admit::relations(db, release, &together).await?;
        if self.dry_run && signature.is_none() {
            return Ok(Passed::New(Vec::new()));
        }
        let bundle = signature.as_ref().map(|(_, bytes)| bytes.as_slice());
        let id = &self.registry.id;
        let signers = admit::signature(db, id, release, *digest, bundle, self.offered).await?;
        Ok(Passed::New(signers))
    }
}

async fn preview(registry: &Registry, candidates: &[Candidate]) -> Result<Vec<Receipt>, ApiError> {
    let mut db = registry.db.read().await?;
    let mut receipts = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let there = admit::version(&mut db, &candidate.release, candidate.digest).await?;
        receipts.push(receipt(candidate, there.is_some(), None));
    }
    Ok(receipts)
}

/// The transaction.
async fn write(
    gate: &Gate<'_>,
    session: &Session,
    candidates: &[Candidate],
) -> Result<Vec<Receipt>, ApiError> {
    let mut tx = gate.registry.db.begin().await?;
    let row = sessions::find(&mut tx, &session.row.id).await?;
    let row = row.filter(|row| row.state != "dead").ok_or_else(|| {
        ApiError::new(Code::SessionExpired, "the publish session ended while it was committed")
    })?;
    let packs: HashSet<Blake3> =
        candidates.iter().flat_map(|candidate| candidate.contents.packs.iter().copied()).collect();
    let packs: Vec<Blake3> = packs.into_iter().collect();
    chunks::publish_packs(&mut tx, &session.row.id, &packs).await?;
    let mut receipts = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        receipts.push(match gate.pass(&mut tx, candidate, candidates).await? {
            Passed::Existed(event) => receipt(candidate, true, Some(event)),
            Passed::New(signers) => {
                let event = publish(gate, &mut tx, candidate, &signers).await?;
                receipt(candidate, false, Some(event))
            }
        });
    }
    sessions::update(&mut tx, &row.id, "committed", row.expires).await?;
    tx.commit().await?;
    Ok(receipts)
}

/// One release, with its events in order: namespace, signers, publish.
async fn publish(
    gate: &Gate<'_>,
    db: &mut Connection,
    candidate: &Candidate,
    signers: &[SignerKey],
) -> Result<u64, ApiError> {
    let (registry, release) = (gate.registry, &candidate.release);
    let login = &gate.principal.login;
    let now = registry.clock.now();
    claim_namespace(gate, db, release).await?;
    let package = match names::package(db, &release.name.key()).await? {
        Some(row) => row.id,
        None => names::insert_package(db, &release.name).await?,
    };
    if releases::signers(db, &release.name.key()).await?.is_empty() {
        for key in signers {
            releases::insert_signer(db, package, key).await?;
            let (key, change) = (key.clone(), Change::Add);
            let body = EventBody::Signer { package: release.name.clone(), key, change };
            events::append(db, registry.entropy.as_ref(), now, login, body).await?;
        }
    }
    let (bundle, bytes) = candidate.signature.as_ref().ok_or_else(|| {
        ApiError::internal("a release without a signature came as far as its transaction")
    })?;
    let signature = SignatureRef { sha256: *bundle, size: bytes.len() as u64 };
    let body = EventBody::Publish(Box::new(published(candidate, signature)));
    let event = events::append(db, registry.entropy.as_ref(), now, login, body).await?;
    insert(registry, db, candidate, package, *bundle, event).await?;
    Ok(event)
}

async fn claim_namespace(
    gate: &Gate<'_>,
    db: &mut Connection,
    release: &Release,
) -> Result<(), ApiError> {
    let namespace = release.name.namespace();
    if names::namespace(db, &tare_format::name::fold(namespace)).await?.is_some() {
        return Ok(());
    }
    let namespace: tare_format::Namespace = namespace.parse().map_err(ApiError::internal)?;
    names::insert_namespace(db, &namespace).await?;
    names::insert_owner(db, &namespace.key(), gate.principal.user).await?;
    let owner = gate.principal.login.clone();
    let body = EventBody::Namespace { namespace, owner };
    let (registry, login) = (gate.registry, &gate.principal.login);
    events::append(db, registry.entropy.as_ref(), registry.clock.now(), login, body).await?;
    Ok(())
}

/// The rows of a release, besides its events.
async fn insert(
    registry: &Registry,
    db: &mut Connection,
    candidate: &Candidate,
    package: i64,
    signature: Sha256,
    event: u64,
) -> Result<(), ApiError> {
    let release = &candidate.release;
    let new = NewRelease {
        package,
        version: &release.version,
        digest: candidate.digest,
        meta: release.meta.sha256,
        signature,
        kind: release.kind.as_str(),
        description: &release.about.description,
        license_class: &check::license_class(&release.license),
        size: release.total_size(),
        event,
    };
    releases::insert(db, &new).await?;
    for (recipe, (size, length)) in &candidate.contents.recipes {
        chunks::insert_recipe(db, *recipe, *size, *length).await?;
        events::mark_stale(db, &ObjectKey::Location(*recipe)).await?;
    }
    let words = search::words(&release.about);
    search::index(db, package, release.name.as_str(), &release.about.description, &words).await?;
    standing::settle_newest(db, package).await?;
    let size = events::page_size(db, package).await?;
    let limit = registry.config.limits.page_size;
    if size > limit {
        let detail =
            format!("the page of `{}` would have {size} bytes, {limit} are allowed", release.name);
        return Err(ApiError::new(Code::TooLarge, detail).help("go on under another name"));
    }
    Ok(())
}

fn published(candidate: &Candidate, signature: SignatureRef) -> Published {
    let release = &candidate.release;
    let dependency = |dependency: &tare_format::release::ReleaseDependency| PublishedDependency {
        name: dependency.name.clone(),
        requirement: dependency.requirement.clone(),
        relation: dependency.relation,
        variant: dependency.variant.clone(),
    };
    Published {
        package: release.name.clone(),
        version: release.version.clone(),
        kind: release.kind,
        release: candidate.digest,
        release_size: candidate.size,
        dependencies: release.dependencies.iter().map(dependency).collect(),
        variants: release.variants.as_ref().map(|all| all.names.clone()).unwrap_or_default(),
        default_variant: release.variants.as_ref().map(|all| all.default.clone()),
        license: release.license.clone(),
        size: release.total_size(),
        signatures: vec![signature],
    }
}

fn receipt(candidate: &Candidate, existed: bool, event: Option<u64>) -> Receipt {
    let (package, version) = (candidate.release.name.clone(), candidate.release.version.clone());
    Receipt { package, version, release: candidate.digest, existed, event }
}

fn warning(candidate: &Candidate) -> Option<String> {
    let release = &candidate.release;
    let class = check::license_class(&release.license);
    (class == "unknown").then(|| {
        format!(
            "the licence of `{}` is not known here: whoever audits it will be told so",
            release.id()
        )
    })
}
