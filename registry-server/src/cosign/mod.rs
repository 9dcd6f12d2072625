//! Getting cosignatures over HTTP, from witnesses that are asked and from mirrors that are read.
//!
//! A witness answers `add-checkpoint` (C2SP tlog-witness). A static mirror answers nothing, but cosigns what it reads from
//! `head.pending` and serves the result as its own `checkpoint`; it is found out by its 404, 405 or 501, and then read until the
//! cosignature is there. All are asked at once, and what they say is verified before it is kept. Nobody is waited for once the
//! quorum is there: one that is down must not hold up what the others have seen.

mod fetch;
mod proof;
mod silence;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::cosignature;
use tare_tlog::key::{KeyName, VerifierKey};
use tare_tlog::note::{Note, NoteSignature};
use tare_tlog::policy::Witness;
use tare_tlog::root::RootDocument;
use tokio::time::{Instant, sleep, timeout};

use crate::cosigners::{Cosigners, Seen};
use crate::db::tree;
use crate::error::chain;
use crate::registry::Registry;
use crate::witness::AddCheckpoint;

use fetch::{Added, Http};
use silence::{Silence, Silences};

pub use fetch::SetupError;

/// How long mirrors are read for a cosignature.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a mirror is read.
const POLL: Duration = Duration::from_millis(300);
/// How long others may still answer when the quorum is there.
const GRACE: Duration = Duration::from_millis(200);
/// How often one witness is told another size before it is left for the next time.
const TRIES: u32 = 3;

/// Those whom the root document names, over HTTP.
pub struct HttpCosigners {
    http: Http,
    /// The size that each witness was last known to have, so that the first question is mostly the right one. Guarded by the
    /// lock, held for no wait.
    sizes: Mutex<HashMap<(VerifierKey, KeyName), u64>>,
    silences: Silences,
}

/// One checkpoint that cosignatures are wanted for.
struct Wanted<'w> {
    registry: &'w Registry,
    note: &'w Note,
    checkpoint: Checkpoint,
}

impl HttpCosigners {
    /// Asks nobody yet.
    ///
    /// # Errors
    /// When no client can be set up.
    pub fn new() -> Result<Self, SetupError> {
        Ok(Self { http: Http::new()?, sizes: Mutex::default(), silences: Silences::default() })
    }

    async fn ask_all(&self, wanted: &Wanted<'_>, root: &RootDocument) -> Vec<NoteSignature> {
        let policy = &root.policy;
        let mut asked: FuturesUnordered<_> = policy
            .witnesses()
            .iter()
            .filter(|witness| is_http(witness))
            .map(|witness| async move { (witness, self.ask(wanted, witness).await) })
            .collect();
        let mut lines: Vec<(&VerifierKey, u64, NoteSignature)> = Vec::new();
        let mut end = Instant::now() + PATIENCE;
        let mut waiting: Vec<&Witness> =
            policy.witnesses().iter().filter(|witness| is_http(witness)).collect();
        while let Ok(Some((witness, answer))) =
            timeout(end.saturating_duration_since(Instant::now()), asked.next()).await
        {
            waiting.retain(|one| one.key != witness.key);
            let key = &witness.key;
            let found = answer.and_then(|answer| valid(wanted, key, answer));
            self.silences.note(witness, found.as_ref().err());
            for (time, line) in found.unwrap_or_default() {
                lines.push((key, time, line));
            }
            let times: Vec<(&VerifierKey, u64)> =
                lines.iter().map(|(key, time, _)| (*key, *time)).collect();
            if policy.quorum_time(&times).is_some() {
                end = end.min(Instant::now() + GRACE);
                // Who is slower than the others has not refused.
                waiting.clear();
            }
        }
        for witness in waiting {
            self.silences.note(witness, Some(&Silence::Slow));
        }
        lines.into_iter().map(|(_, _, line)| line).collect()
    }

    /// The signature lines of one witness, not verified.
    ///
    /// # Errors
    /// When it cannot be reached or does not cosign.
    async fn ask(
        &self,
        wanted: &Wanted<'_>,
        witness: &Witness,
    ) -> Result<Vec<NoteSignature>, Silence> {
        let url = witness.url.as_deref().unwrap_or_default();
        let place = (witness.key.clone(), wanted.checkpoint.origin().clone());
        let mut old = self.known(&place);
        for _ in 0..TRIES {
            let proof = proof::consistency(wanted.registry, old, wanted.checkpoint.size()).await;
            let proof = proof.map_err(|source| Silence::Proof { size: old, source })?;
            let request = AddCheckpoint { old, proof, note: wanted.note.clone() };
            match self.http.add_checkpoint(url, &request).await? {
                Added::Cosigned(lines) => {
                    self.remember(place, wanted.checkpoint.size());
                    return Ok(lines);
                }
                Added::Has(size) if size <= wanted.checkpoint.size() => old = size,
                // Only a later checkpoint of this very log can be newer; a restart finds out which (the rollback guard).
                Added::Has(size) => return Err(Silence::Larger { size }),
                Added::Unsupported => return self.poll(wanted, witness, url).await,
            }
        }
        Err(Silence::Restless)
    }

    /// Reads a mirror until it has cosigned the checkpoint, or the log has grown: mirrors then go on to the newer one.
    async fn poll(
        &self,
        wanted: &Wanted<'_>,
        mirror: &Witness,
        url: &str,
    ) -> Result<Vec<NoteSignature>, Silence> {
        loop {
            match self.http.checkpoint(url).await {
                Ok(note) if note.text() == wanted.note.text() => {
                    let own = |line: &&NoteSignature| line.is_by(&mirror.key);
                    let lines: Vec<_> = note.signatures().iter().filter(own).cloned().collect();
                    if !lines.is_empty() {
                        return Ok(lines);
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(mirror = mirror.label, cause = chain(&error), "not read");
                }
            }
            if wanted.is_past().await {
                return Err(Silence::Past);
            }
            sleep(POLL).await;
        }
    }

    fn known(&self, place: &(VerifierKey, KeyName)) -> u64 {
        let sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.get(place).copied().unwrap_or(0)
    }

    fn remember(&self, place: (VerifierKey, KeyName), size: u64) {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner).insert(place, size);
    }

    /// The newest checkpoint of a log that a witness or a mirror serves.
    async fn seen(&self, witness: &Witness, log: &VerifierKey) -> Option<Seen> {
        let url = witness.url.as_deref()?;
        let note = match self.http.monitored(url, log.name()).await {
            Ok(note) => note,
            Err(_) => self.http.checkpoint(url).await.ok()?,
        };
        // What the log did not sign is not held against it.
        let checkpoint = Checkpoint::open(&note, log).ok()?;
        Some(Seen { by: witness.label.clone(), checkpoint })
    }
}

impl Wanted<'_> {
    /// Whether the log has grown since: then mirrors are about to go on to the newer checkpoint.
    async fn is_past(&self) -> bool {
        let Ok(mut db) = self.registry.db.read().await else { return true };
        let newest = tree::newest_checkpoint(&mut db).await.ok().flatten();
        newest.is_none_or(|newest| newest.size > self.checkpoint.size())
    }
}

impl Cosigners for HttpCosigners {
    fn gather<'a>(
        &'a self,
        registry: &'a Registry,
        root: &'a RootDocument,
        checkpoint: &'a Note,
    ) -> BoxFuture<'a, Vec<NoteSignature>> {
        Box::pin(async move {
            let Ok(parsed) = checkpoint.text().parse() else { return Vec::new() };
            let wanted = Wanted { registry, note: checkpoint, checkpoint: parsed };
            self.ask_all(&wanted, root).await
        })
    }

    fn largest_seen<'a>(
        &'a self,
        root: &'a RootDocument,
        origin: &'a KeyName,
    ) -> BoxFuture<'a, Option<Seen>> {
        Box::pin(async move {
            let log = root.log().filter(|log| log.key.name() == origin)?;
            let witnesses = root.policy.witnesses().iter().filter(|witness| is_http(witness));
            let asked: FuturesUnordered<_> =
                witnesses.map(|witness| self.seen(witness, &log.key)).collect();
            let seen: Vec<Seen> = asked.filter_map(std::future::ready).collect().await;
            seen.into_iter().max_by_key(|seen| seen.checkpoint.size())
        })
    }
}

/// The lines that are cosignatures by `key`, each with its time.
fn valid(
    wanted: &Wanted<'_>,
    key: &VerifierKey,
    lines: Vec<NoteSignature>,
) -> Result<Vec<(u64, NoteSignature)>, Silence> {
    let time = |line: &NoteSignature| cosignature::time(key, wanted.note.text(), line.bytes());
    let found: Vec<_> = lines.into_iter().filter_map(|line| Some((time(&line)?, line))).collect();
    if found.is_empty() { Err(Silence::Invalid) } else { Ok(found) }
}

/// Whether the witness can be asked. One without a URL is for those who gossip in other ways.
fn is_http(witness: &Witness) -> bool {
    let url = witness.url.as_deref().unwrap_or_default();
    url.starts_with("https://") || url.starts_with("http://")
}
