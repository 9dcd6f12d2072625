//! Publishing: several prepared packages at once, all or nothing.
//!
//! ```text
//! Prepared ──open──▶ session ──documents──▶ meta, recipes, signatures
//!                       │
//!                       ├──plan──▶ the chunks that the registry lacks
//!                       ├──send──▶ packs of just these, several on their way at once
//!                       └─commit─▶ receipts ──confirm──▶ read back from the public side
//! ```
//!
//! Every step can be repeated, so a run that was cut off is continued by the next: the session's id is kept until its
//! commit, and what the registry has of it is not sent again. "Published" is only said once a head of the log, with its
//! quorum, proves the event and the page, and the release document was read back as anybody else would read it.

mod confirm;
mod error;
mod pack;
mod plan;
mod resume;
mod send;
mod sign;

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use tare_format::api::{Committed, Receipt, Session, SessionRelease};
use tare_format::lock::LockedHead;
use tare_format::manifest::PublishTo;
use tare_format::problem::Code;
use tare_format::registry::Registry;
use tare_sign::{PublicKey, Signer};

pub use error::PublishError;

use crate::event::Progress;
use crate::head::Follower;
use crate::home::Home;
use crate::package::Prepared;
use crate::registry::RegistryClient;
use plan::Plan;
use resume::Resume;
use send::Sent;

/// How to publish.
pub struct Options<'a> {
    /// Make every check, here and in the registry, and change nothing.
    pub dry_run: bool,
    /// Who signs. A dry run does without.
    pub signer: Option<&'a dyn Signer>,
    /// In a dry run, the key that would sign, so that it is checked as well.
    pub key: Option<&'a PublicKey>,
    /// A folder for packs on their way and the ids of open sessions, in `$TARE_HOME`.
    pub staging: &'a Path,
    /// Where it is kept what was seen of the registry's log.
    pub home: &'a Home,
    /// The time, for the age of the log's head.
    pub now: Timestamp,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Published {
    /// One for each release, in the order in which they were given.
    pub receipts: Vec<Receipt>,
    /// What the registry wants its publisher to know.
    pub warnings: Vec<String>,
    /// How much there was to send and how much was.
    pub traffic: Traffic,
    /// The head that proves it; none in a dry run.
    pub head: Option<LockedHead>,
}

/// How much was sent, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// The files of all releases together.
    pub total: u64,
    /// Sent, as stored: packs and documents. In a dry run, what would be sent at most, before compression.
    pub sent: u64,
    /// Of the files, what the registry had already.
    pub reused: u64,
}

/// Publishes `packages`, or in a dry run finds out whether it would.
///
/// # Errors
/// When any of them may not be published, or something cannot be read, sent or confirmed. Nothing is published then,
/// unless only the confirmation failed.
pub async fn publish(
    client: &RegistryClient,
    packages: Vec<Prepared>,
    options: &Options<'_>,
    progress: &Progress,
) -> Result<Published, PublishError> {
    check_names(&packages)?;
    let registry = client.descriptor().await?;
    let total = packages.iter().map(|package| package.release.total_size()).sum();
    match options.signer.map(Signer::public_key).or(options.key.filter(|_| options.dry_run)) {
        Some(key) => sign::check_signer(client, &packages, key).await?,
        None if options.dry_run => {}
        None => return Err(PublishError::NoSigner),
    }
    let resume = Resume::new(options.staging, registry, &packages);
    let session = open(client, &packages, &resume, options.dry_run, progress).await?;
    let outcome = fill_and_commit(client, registry, &packages, &session, options, progress).await;
    if options.dry_run {
        // The registry would forget it by itself; a failure to say so early harms nobody.
        let _ = client.close_session(&session.id).await;
    }
    let (committed, sent) = outcome.inspect_err(|error| {
        if error.ends_session() {
            resume.forget();
        }
    })?;
    let mut head = None;
    if !options.dry_run {
        let follower = Follower::new(client, registry.id.clone(), options.home, options.now, false);
        head = Some(confirm::confirm(client, follower, &packages, &committed, options).await?);
        resume.forget();
    }
    let reused = total - sent.lacking.min(total);
    let traffic = Traffic { total, sent: sent.bytes, reused };
    Ok(Published { receipts: committed.receipts, warnings: committed.warnings, traffic, head })
}

/// Whether the manifest lets the package go to a registry of this name.
///
/// # Errors
/// When it does not.
pub fn check_destination(to: &PublishTo, registry: &str) -> Result<(), PublishError> {
    match to {
        PublishTo::Only(names) if !names.iter().any(|name| name == registry) => {
            Err(PublishError::Destination { registry: registry.to_owned(), allowed: names.clone() })
        }
        PublishTo::Any | PublishTo::Only(_) => Ok(()),
    }
}

fn check_names(packages: &[Prepared]) -> Result<(), PublishError> {
    let mut seen = BTreeSet::new();
    for package in packages {
        let id = package.release.id();
        if !seen.insert((id.name.key(), id.version.clone())) {
            return Err(PublishError::Twice { release: id });
        }
    }
    Ok(())
}

/// The session of an earlier run that was cut off, or a new one.
async fn open(
    client: &RegistryClient,
    packages: &[Prepared],
    resume: &Resume,
    dry_run: bool,
    progress: &Progress,
) -> Result<Session, PublishError> {
    if let Some(id) = resume.id().filter(|_| !dry_run) {
        match client.session(&id).await {
            Ok(session) => {
                progress.status("Resuming", "what an earlier run has sent is not sent again");
                return Ok(session);
            }
            Err(error)
                if matches!(
                    error.problem(),
                    Some(Code::NotFound | Code::SessionExpired | Code::SessionState)
                ) =>
            {
                resume.forget();
            }
            Err(error) => return Err(error.into()),
        }
    }
    let documents =
        packages.iter().map(|package| String::from_utf8_lossy(&package.document).into_owned());
    let session = client.open_session(documents.collect()).await?;
    if !dry_run {
        resume.keep(&session.id)?;
    }
    Ok(session)
}

async fn fill_and_commit(
    client: &RegistryClient,
    registry: &Registry,
    packages: &[Prepared],
    session: &Session,
    options: &Options<'_>,
    progress: &Progress,
) -> Result<(Committed, Sent), PublishError> {
    let mut sent = Sent::default();
    let mut lacking = Vec::new();
    for package in packages {
        let state = state_of(session, package)?;
        if !state.published {
            if state.missing_meta.is_some() {
                sent.lacking += package.release.meta_size();
            }
            sent.bytes += send::documents(client, &session.id, package, state).await?;
            sent.bytes +=
                sign::send(client, registry, &session.id, package, state, options.signer).await?;
            lacking.push(package);
        }
    }
    let plan = Plan::make(client, &session.id, &lacking).await?;
    sent.lacking += plan.raw_size();
    if options.dry_run {
        sent.bytes += plan.raw_size();
    } else if !plan.is_empty() {
        sent.bytes +=
            send::packs(client, registry, &session.id, plan, options.staging, progress).await?;
    }
    let verb = if options.dry_run { "Checking" } else { "Committing" };
    let names: Vec<_> = packages.iter().map(|package| package.release.id().to_string()).collect();
    progress.status(verb, &names.join(", "));
    Ok((client.commit(&session.id, options.dry_run).await?, sent))
}

fn state_of<'s>(
    session: &'s Session,
    package: &Prepared,
) -> Result<&'s SessionRelease, PublishError> {
    let found = session.releases.iter().find(|state| state.release == package.digest);
    found.ok_or_else(|| PublishError::Session { release: package.release.id() })
}
