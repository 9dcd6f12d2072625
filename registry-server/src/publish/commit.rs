//! The commit: everything a session holds becomes part of the registry, or nothing does.

use std::collections::HashSet;

use tare_format::api::{Committed, Receipt};
use tare_format::event::{Change, EventBody, SignatureRef, SignerKey};
use tare_format::problem::Code;
use tare_format::release::Release;
use tare_format::{Blake3, Sha256};
use tare_store::ObjectKey;

use super::candidate::{self, Candidate, Entry};
use super::session::Session;
use super::{admit, check, content, cycle};
use crate::App;
use crate::auth::Principal;
use crate::db::releases::NewRelease;
use crate::db::takedowns::Progress;
use crate::db::{
    Connection, chunks, names, releases, search, sessions, stale, takedowns, unsigned,
};
use crate::error::ApiError;
use crate::registry::Registry;
use crate::sequence::Batch;
use crate::{projection, standing, takedown};

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
    let mut entries = Vec::with_capacity(session.releases.len());
    for release in &session.releases {
        entries.push(candidate::read(registry, session, release, dry_run).await?);
    }
    let mut db = registry.db.read().await?;
    let offered = sessions::signers(&mut db, &session.row.id).await?;
    let seen = takedowns::progress(&mut db).await?;
    let gate = Gate { registry, principal, dry_run, offered: &offered, seen };
    let together: Vec<&Release> = new(&entries).map(|candidate| &candidate.release).collect();
    for candidate in new(&entries) {
        gate.pass(&mut db, candidate, &entries).await?;
        cycle::refuse(registry, &mut db, &candidate.release, &together).await?;
    }
    drop(db);
    for entry in &mut entries {
        if let Entry::New(candidate) = entry {
            candidate.contents =
                content::verify(registry, session, &candidate.release, dry_run).await?;
        }
    }
    let receipts = if dry_run {
        entries.iter().map(preview).collect()
    } else {
        let receipts = write(&gate, session, &entries).await?;
        projection::project(registry).await?;
        receipts
    };
    let warnings = new(&entries).filter_map(Candidate::warning).collect();
    Ok(Committed { dry_run, receipts, warnings })
}

fn new(entries: &[Entry]) -> impl Iterator<Item = &Candidate> {
    entries.iter().filter_map(|entry| match entry {
        Entry::New(candidate) => Some(candidate.as_ref()),
        Entry::Published(_) => None,
    })
}

fn preview(entry: &Entry) -> Receipt {
    match entry {
        Entry::Published(receipt) => Receipt { event: None, ..receipt.clone() },
        Entry::New(candidate) => candidate.receipt(false, None),
    }
}

/// Whether the registry lets a candidate in, asked before and inside the transaction.
struct Gate<'g> {
    registry: &'g Registry,
    principal: &'g Principal,
    dry_run: bool,
    offered: &'g [SignerKey],
    /// How far takedowns were before the bytes were verified.
    seen: Progress,
}

/// What the gate says of a candidate.
enum Passed {
    /// Somebody else has published it meanwhile, with this event.
    Existed(u64),
    /// It may be published; these keys signed it.
    New(Vec<SignerKey>),
}

impl Gate<'_> {
    async fn pass(
        &self,
        db: &mut Connection,
        candidate: &Candidate,
        all: &[Entry],
    ) -> Result<Passed, ApiError> {
        let Candidate { release, digest, signature, .. } = candidate;
        admit::name(db, self.principal, &release.name).await?;
        if let Some(row) = admit::version(db, release, *digest).await? {
            return Ok(Passed::Existed(unsigned(row.event)?));
        }
        takedown::refuse_files(db, release).await?;
        let together: Vec<&Release> = new(all).map(|other| &other.release).collect();
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

/// The transaction.
async fn write(
    gate: &Gate<'_>,
    session: &Session,
    entries: &[Entry],
) -> Result<Vec<Receipt>, ApiError> {
    let mut batch = gate.registry.batch(&gate.principal.login).await?;
    takedown::refuse_since(batch.db(), gate.seen).await?;
    let row = sessions::find(batch.db(), &session.row.id).await?;
    let row = row.filter(|row| row.state != "dead").ok_or_else(|| {
        ApiError::new(Code::SessionExpired, "the publish session ended while it was committed")
    })?;
    let packs: HashSet<Blake3> =
        new(entries).flat_map(|candidate| candidate.contents.packs.iter().copied()).collect();
    let packs: Vec<Blake3> = packs.into_iter().collect();
    chunks::publish_packs(batch.db(), &session.row.id, &packs).await?;
    let mut receipts = Vec::with_capacity(entries.len());
    for entry in entries {
        receipts.push(match entry {
            Entry::Published(receipt) => receipt.clone(),
            Entry::New(candidate) => match gate.pass(batch.db(), candidate, entries).await? {
                Passed::Existed(event) => candidate.receipt(true, Some(event)),
                Passed::New(signers) => {
                    let event = publish(gate, &mut batch, candidate, &signers).await?;
                    candidate.receipt(false, Some(event))
                }
            },
        });
    }
    sessions::update(batch.db(), &row.id, "committed", row.expires).await?;
    batch.commit().await?;
    Ok(receipts)
}

/// One release, with its events in order: namespace, signers, publish.
async fn publish(
    gate: &Gate<'_>,
    batch: &mut Batch<'_>,
    candidate: &Candidate,
    signers: &[SignerKey],
) -> Result<u64, ApiError> {
    let release = &candidate.release;
    claim_namespace(gate, batch, release).await?;
    let package = match names::package(batch.db(), &release.name.key()).await? {
        Some(row) => row.id,
        None => names::insert_package(batch.db(), &release.name).await?,
    };
    if releases::signers(batch.db(), &release.name.key()).await?.is_empty() {
        for key in signers {
            let (package, key) = (release.name.clone(), key.clone());
            batch.append(EventBody::Signer { package, key, change: Change::Add }).await?;
        }
        for key in signers {
            releases::insert_signer(batch.db(), package, key).await?;
        }
    }
    let (bundle, bytes) = candidate.signature.as_ref().ok_or_else(|| {
        ApiError::internal("a release without a signature came as far as its transaction")
    })?;
    let signature = SignatureRef { sha256: *bundle, size: bytes.len() as u64 };
    let body = EventBody::Publish(Box::new(candidate.published(signature)));
    let event = batch.append(body).await?;
    insert(batch.db(), candidate, package, *bundle, event).await?;
    Ok(event)
}

async fn claim_namespace(
    gate: &Gate<'_>,
    batch: &mut Batch<'_>,
    release: &Release,
) -> Result<(), ApiError> {
    let namespace = release.name.namespace();
    if names::namespace(batch.db(), &tare_format::name::fold(namespace)).await?.is_some() {
        return Ok(());
    }
    let namespace: tare_format::Namespace = namespace.parse().map_err(ApiError::internal)?;
    let owner = gate.principal.login.clone();
    batch.append(EventBody::Namespace { namespace: namespace.clone(), owner }).await?;
    names::insert_namespace(batch.db(), &namespace).await?;
    Ok(names::insert_owner(batch.db(), &namespace.key(), gate.principal.user).await?)
}

/// The rows of a release, besides its events.
async fn insert(
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
        stale::mark(db, &ObjectKey::Location(*recipe)).await?;
    }
    let words = search::words(&release.about);
    search::index(db, package, release.name.as_str(), &release.about.description, &words).await?;
    standing::settle_newest(db, package).await
}
