//! From what the mirror holds to what the log signed: the events between, from a source that tells the truth.
//!
//! Nothing says of a single file of entries whether it is the log's; only all of them together lead to the signed root, or
//! do not. When they do not, one source may have lied, or several were mixed that do not fit: each is then heard alone, and
//! the first whose events fit is followed. It is the log that contradicts itself only if what it *signed* does, which tiles
//! prove (spec/log.md W-50); a source that lies is no reason to accuse a log.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use tare_format::Sha256;
use tare_format::event::{Event, EventBody};
use tare_format::limits::Limits;
use tare_store::ObjectKey;
use tare_tlog::checkpoint::Checkpoint;

use super::contents::Contents;
use super::log::{Extension, extend};
use super::pending::Pending;
use super::position::Position;
use super::replaying::{Replayed, replay};
use super::upstream::Upstream;
use super::{Mirror, MirrorError};
use crate::error::{ClientError as _, ErrorKind, chain};
use crate::head::{Comparison, compare};
use crate::registry::{Failure, RegistryClient, RegistryError, told};

/// What the log has beyond the mirror, replayed.
#[derive(Debug)]
pub(super) struct News {
    pub(super) extension: Extension,
    pub(super) replayed: Replayed,
}

impl News {
    /// Whether it takes lines out of files that are served.
    pub(super) fn redacts(&self) -> bool {
        self.extension.events.iter().any(|event| event.leaf.event_type == "redact")
    }
}

/// Where a mirror stands, and where its log does.
#[derive(Clone, Copy)]
struct Way<'a> {
    mirror: &'a Mirror,
    contents: &'a Contents<'a>,
    position: &'a Position,
    pending: &'a Pending,
}

/// Fetches and replays what the log has beyond the mirror.
pub(super) async fn advance(
    mirror: &Mirror,
    contents: &Contents<'_>,
    position: Position,
    pending: &Pending,
    now: Timestamp,
) -> Result<(Position, Option<News>), MirrorError> {
    if pending.checkpoint.size() == position.edge.size() {
        return Ok((position, None));
    }
    let way = Way { mirror, contents, position: &position, pending };
    let news = way.search(now).await;
    let accepted = news.as_ref().map_or(&[][..], |news| &news.replayed.published);
    // After a failure too, when nothing is accepted and all of them go.
    contents.settle_bundles(accepted.iter().map(|(_, published)| published)).await?;
    let news = news?;
    let documents = news.replayed.published.iter().map(|(_, published)| published.release);
    let documents =
        documents.map(|release| (ObjectKey::Release(release), Limits::default().release_size));
    fetch_all(contents, documents.collect()).await?;
    let position = Position {
        edge: news.extension.edge.clone(),
        last_time: news.replayed.last_time,
        checkpoint: pending.proof.checkpoint.text().to_owned(),
    };
    Ok((position, Some(news)))
}

impl Way<'_> {
    /// The events, from all sources together or, when those do not fit, from one of them.
    async fn search(&self, now: Timestamp) -> Result<News, MirrorError> {
        match self.follow(self.contents.upstream.registry).await {
            Err(error) if is_of_a_source(&error) => {
                self.require_no_fork(now).await?;
                self.hear_each(error, now).await
            }
            other => other,
        }
    }

    /// The events as `registry` has them.
    async fn follow(&self, registry: &RegistryClient) -> Result<News, MirrorError> {
        let Self { mirror, contents, position, pending } = self;
        let (size, root) = (pending.checkpoint.size(), pending.checkpoint.root());
        let upstream = Upstream { registry, ..contents.upstream };
        let extension = extend(&upstream, &mirror.folder, &position.edge, size).await?;
        let found = extension.edge.root();
        if found != root {
            return Err(MirrorError::Log(format!("the entries lead to {found}, expected {root}")));
        }
        // Bundles have their name for a check, so they may come from anywhere.
        let lines = extension.events.iter().filter_map(|event| event.line.as_deref());
        contents.stage_bundles(lines.flat_map(bundles_of).collect()).await?;
        let (id, inventory) = (&mirror.config.registry, &mirror.inventory);
        let replayed = replay(&mirror.folder, inventory, id, position, &extension.events).await?;
        Ok(News { extension, replayed })
    }

    /// The events from the first source that has right ones of its own; `first` is what came of all of them together.
    async fn hear_each(&self, first: MirrorError, now: Timestamp) -> Result<News, MirrorError> {
        let registry = self.contents.upstream.registry;
        let sites = registry.sources().sites(true);
        let mut failures: Vec<Failure<MirrorError>> = Vec::new();
        for site in sites.iter().filter(|_| sites.len() > 1) {
            match self.follow(&registry.reading_from(site)).await {
                Ok(news) => {
                    self.blame(&failures);
                    return Ok(news);
                }
                Err(error) => failures.push(Failure { base: site.base().clone(), error }),
            }
        }
        match first {
            MirrorError::Differs { .. } => Err(self.mirror.with_evidence(first, self.pending, now)),
            MirrorError::Registry(_) if failures.is_empty() => Err(first),
            error => {
                if failures.is_empty() {
                    failures.push(Failure { base: registry.base().clone(), error });
                }
                let (size, root) = (self.pending.checkpoint.size(), self.pending.checkpoint.root());
                Err(MirrorError::Events { size, root, told: told(&failures) })
            }
        }
    }

    /// Remembers who sent events that are not the log's.
    fn blame(&self, failures: &[Failure<MirrorError>]) {
        let registry = self.contents.upstream.registry;
        for failure in failures {
            if !matches!(failure.error, MirrorError::Log(_)) {
                continue;
            }
            let error = RegistryError::Wrong {
                what: "what the log has after that".to_owned(),
                base: Box::new(failure.base.clone()),
                problem: chain(&failure.error).join(": "),
            };
            let sites = registry.sources().sites(false);
            if let Some(site) = sites.iter().find(|site| *site.base() == failure.base) {
                let progress = registry.transport().progress();
                registry.sources().blame(site, false, &error, progress);
            }
        }
    }

    /// Insists that what the log signed does not contradict what the mirror holds, as far as anybody's tiles show.
    async fn require_no_fork(&self, now: Timestamp) -> Result<(), MirrorError> {
        let (edge, new) = (&self.position.edge, &self.pending.checkpoint);
        let old = Checkpoint::new(new.origin().clone(), edge.size(), edge.root())
            .map_err(|error| MirrorError::log(&error))?;
        match compare(self.contents.upstream.registry, &old, new).await {
            Ok(Comparison::Forks { prefix, hashes }) => {
                Err(self.mirror.forks(self.position, self.pending, &prefix, &hashes, now))
            }
            // Tiles that are not to be had, or prove nothing, are no word against the log.
            Ok(Comparison::Continues) | Err(_) => Ok(()),
        }
    }
}

/// Whether a failure may be the fault of one source where another one does better.
fn is_of_a_source(error: &MirrorError) -> bool {
    match error {
        MirrorError::Log(_) | MirrorError::Differs { .. } => true,
        MirrorError::Registry(error) => {
            matches!(error.kind(), ErrorKind::Integrity | ErrorKind::Trust | ErrorKind::NotFound)
        }
        _ => false,
    }
}

/// The signature bundles that a line names, with the most bytes of each.
fn bundles_of(line: &str) -> Vec<(Sha256, u64)> {
    if !line.contains("\"publish\"") {
        return Vec::new();
    }
    let Ok(Some(Event { body: EventBody::Publish(published), .. })) = Event::from_line(line) else {
        return Vec::new();
    };
    let cap = Limits::default().signature_size;
    let bundles = published.signatures.iter().filter(|bundle| bundle.size <= cap);
    bundles.map(|bundle| (bundle.sha256, cap)).collect()
}

/// Fetches documents that the log itself needs.
async fn fetch_all(
    contents: &Contents<'_>,
    keys: BTreeMap<ObjectKey, u64>,
) -> Result<(), MirrorError> {
    futures::stream::iter(keys)
        .map(async |(key, cap)| contents.fetch_log_object(&key, cap).await)
        .buffer_unordered(contents.upstream.pace.connections())
        .try_collect()
        .await
}
