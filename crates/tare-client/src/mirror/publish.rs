//! Writing what a mirror shows: the files of a new size of the log, then its own word on it.
//!
//! The size is taken on in one transaction together with every file that it needs; the files are written afterwards and may
//! be written again. So a process that dies at any point is followed by one that finishes its work before anything else, and
//! the order below holds whatever happened: what a file names is there before it.
//!
//! ```text
//! pages ─► nodes of the state map ─► tiles, entries, events ─► registry.json, roots ─► checkpoint, head.pending ─► head
//! ```

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use tare_format::Sha256;
use tare_format::event::{Event, EventBody};
use tare_format::registry::Registry;
use tare_store::{LogPath, ObjectKey};
use tare_tlog::bundle::TlogProof;
use tare_tlog::cosignature::{cosign, time};
use tare_tlog::note::{Note, NoteSignature};
use tare_tlog::policy::Policy;
use tare_tlog::tile::TILE_WIDTH;

use super::advance::News;
use super::inventory::Change;
use super::log::redact;
use super::pending::Pending;
use super::prepare::Prepared;
use super::replaying::row;
use super::upstream::Upstream;
use super::{Mirror, MirrorError};
use crate::head::check_head;
use crate::root::TrustedRoot;

/// How many files are read from the database at a time.
const BATCH: u32 = 64;

/// In which order files are written.
mod rank {
    pub(super) const PAGE: u8 = 0;
    pub(super) const STATE: u8 = 1;
    pub(super) const LOG: u8 = 2;
    pub(super) const ROOT: u8 = 3;
    pub(super) const NEWEST_ROOT: u8 = 4;
}

impl Mirror {
    /// Takes on what was prepared: after this the mirror stands at the new size, whatever happens.
    pub(super) async fn take_on(
        &self,
        prepared: &Prepared,
        upstream: &Upstream<'_>,
    ) -> Result<(), MirrorError> {
        let descriptor = match prepared.news {
            Some(_) => Some(self.descriptor(upstream).await?),
            None => None,
        };
        let mut change = self.inventory.change().await?;
        if let Some(news) = &prepared.news {
            draft_news(&mut change, news).await?;
            for (path, bytes) in self.redacted_events(news)? {
                change.put_draft(&path, rank::LOG, &bytes).await?;
            }
        }
        for root in &prepared.pending.new_roots {
            let path = ObjectKey::Root(root.version()).path();
            change.put_draft(&path, rank::ROOT, root.bytes()).await?;
            let latest = format!("{}\n", root.version());
            let path = ObjectKey::NewestRoot.path();
            change.put_draft(&path, rank::NEWEST_ROOT, latest.as_bytes()).await?;
        }
        if let Some(bytes) = descriptor {
            change.put_draft(&ObjectKey::Registry.path(), rank::ROOT, &bytes).await?;
        }
        prepared.position.store(&mut change).await?;
        change.commit().await?;
        self.write_drafts().await
    }

    /// Writes the files that were decided on and are not written yet.
    pub(super) async fn write_drafts(&self) -> Result<(), MirrorError> {
        loop {
            let drafts = self.inventory.drafts(BATCH).await?;
            if drafts.is_empty() {
                return Ok(());
            }
            let mut change = self.inventory.change().await?;
            for draft in &drafts {
                self.folder.write(&draft.path, &draft.bytes)?;
                change.clear_draft(&draft.path).await?;
            }
            change.commit().await?;
        }
    }

    /// Cosigns what the mirror holds and shows it: `checkpoint` and `head.pending` at once, `head` when the quorum is there.
    /// Gives the quorum's time.
    pub(super) fn show(
        &self,
        pending: &Pending,
        now: Timestamp,
    ) -> Result<Option<Shown>, MirrorError> {
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let note = self.cosigned(&pending.proof.checkpoint, pending, seconds)?;
        let proof = TlogProof { checkpoint: note, ..pending.proof.clone() };
        let bytes = Bytes::from(proof.to_bytes().map_err(|error| MirrorError::log(&error))?);
        self.folder.write(&ObjectKey::Checkpoint.path(), &proof.checkpoint.to_bytes())?;
        self.folder.write(&ObjectKey::PendingHead.path(), &bytes)?;
        let Ok(seen) = check_head(&bytes, pending.root.document(), seconds) else {
            return Ok(None);
        };
        self.folder.write(&ObjectKey::Head.path(), &bytes)?;
        let time = match seen.seconds() {
            0 => None,
            seconds => i64::try_from(seconds).ok().and_then(|s| Timestamp::from_second(s).ok()),
        };
        Ok(Some(Shown { size: pending.checkpoint.size(), time }))
    }

    /// Whether a note is as [`show`](Self::show) writes it: the mirror cosigned it, and each of its lines is right.
    pub(super) fn is_as_shown(&self, note: &Note, root: &TrustedRoot) -> Result<bool, MirrorError> {
        let (key, text) = (self.cosigner()?, note.text());
        let own = key.verifier();
        let is_own = |signature: &NoteSignature| {
            signature.is_by(own) && time(own, text, signature.bytes()).is_some()
        };
        let policy = &root.document().policy;
        let mut lines = note.signatures().iter();
        Ok(note.signatures().iter().any(is_own)
            && lines.all(|line| is_own(line) || is_right(line, text, policy)))
    }

    /// The checkpoint with the log's signature, the witnesses' that are right, and the mirror's own of now. Others are left
    /// out: a single wrong one would make every reader refuse the note.
    fn cosigned(&self, shown: &Note, pending: &Pending, seconds: u64) -> Result<Note, MirrorError> {
        let key = self.cosigner()?;
        let text = shown.text();
        let own = cosign(text, seconds, &key).map_err(|error| MirrorError::log(&error))?;
        let policy = &pending.root.document().policy;
        let earlier = self.earlier_signatures(text)?;
        let is_good = |signature: &NoteSignature| {
            !signature.is_by(key.verifier()) && is_right(signature, text, policy)
        };
        let all = shown.signatures().iter().chain(&earlier).filter(|signature| is_good(signature));
        let mut lines: BTreeMap<(String, u32), NoteSignature> = BTreeMap::new();
        for signature in all {
            let by = (signature.name().to_string(), signature.id());
            // Of two cosignatures by one witness the newer counts; its time stands first in the bytes.
            let is_newer = lines
                .get(&by)
                .is_none_or(|known| known.bytes().get(..8) < signature.bytes().get(..8));
            if is_newer {
                lines.insert(by, signature.clone());
            }
        }
        let mut note = with_signature(text, own)?;
        for signature in lines.into_values() {
            note.add(signature).map_err(|error| MirrorError::log(&error))?;
        }
        Ok(note)
    }

    /// The signatures that the mirror showed before over the same text.
    fn earlier_signatures(&self, text: &str) -> Result<Vec<NoteSignature>, MirrorError> {
        let bytes = self.folder.read(&ObjectKey::Checkpoint.path(), 64 << 10)?.unwrap_or_default();
        let earlier = Note::parse(&bytes).ok().filter(|earlier| earlier.text() == text);
        Ok(earlier.map(|earlier| earlier.signatures().to_vec()).unwrap_or_default())
    }

    /// `registry.json` as a read-only copy has it.
    async fn descriptor(&self, upstream: &Upstream<'_>) -> Result<Vec<u8>, MirrorError> {
        let check = |bytes: &Bytes| match serde_json::from_slice::<Registry>(bytes) {
            Ok(registry) if registry.id == self.config.registry => Ok(()),
            Ok(registry) => Err(format!("it is of the registry {}", registry.id)),
            Err(error) => Err(error.to_string()),
        };
        let bytes = upstream.required(&ObjectKey::Registry, 1 << 20, check).await?;
        let registry: Registry =
            serde_json::from_slice(&bytes).map_err(|error| MirrorError::log(&error))?;
        let registry = Registry { api: None, ..registry };
        serde_json::to_vec_pretty(&registry).map_err(|error| MirrorError::log(&error))
    }

    /// The files of events, new and earlier, without the lines that are redacted now, in every width that there is.
    fn redacted_events(&self, news: &News) -> Result<BTreeMap<String, Vec<u8>>, MirrorError> {
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (index, payload) in redactions(news) {
            let number = index / u64::from(TILE_WIDTH);
            let place = usize::try_from(index % u64::from(TILE_WIDTH)).unwrap_or(usize::MAX);
            for width in 1..=TILE_WIDTH {
                let Some(at) = LogPath::new(number, width) else { continue };
                let path = ObjectKey::Events(at).path();
                let kept = match files.get(&path).or_else(|| news.extension.files.get(&path)) {
                    Some(bytes) => Some(bytes.clone()),
                    None => self.folder.read(&path, 256 << 16)?,
                };
                let Some(bytes) = kept else { continue };
                let line = bytes.split(|byte| *byte == b'\n').nth(place).unwrap_or_default();
                if Sha256::of(line) == payload {
                    files.insert(path, redact(&bytes, place));
                }
            }
        }
        Ok(files)
    }
}

/// What a mirror showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    /// The size that `head` proves.
    pub(super) size: u64,
    /// The quorum's time, when one is asked for.
    pub(super) time: Option<Timestamp>,
}

/// The numbers and digests of the lines that new events redact.
fn redactions(news: &News) -> Vec<(u64, Sha256)> {
    let lines = news.extension.events.iter();
    let lines = lines.filter(|event| event.leaf.event_type == "redact");
    let redacted = lines.filter_map(|event| {
        let event = Event::from_line(event.line.as_deref()?).ok()??;
        match event.body {
            EventBody::Redact { index, payload, .. }
                if news.replayed.notices.redactions.contains_key(&payload) =>
            {
                Some((index, payload))
            }
            _ => None,
        }
    });
    redacted.collect()
}

/// The files of new events and of what they changed.
async fn draft_news(change: &mut Change, news: &News) -> Result<(), MirrorError> {
    for (key, bytes) in news.replayed.pages.values() {
        let path = key.path();
        change.put_draft(&path, rank::PAGE, bytes).await?;
        let (key, value) = row(key, bytes);
        change.put_row(key, value, &path).await?;
    }
    for (digest, bytes) in &news.replayed.nodes {
        change.put_draft(&ObjectKey::State(*digest).path(), rank::STATE, bytes).await?;
    }
    for (path, bytes) in &news.extension.files {
        change.put_draft(path, rank::LOG, bytes).await?;
    }
    Ok(())
}

/// Whether a line over `text` is a right one of the log or of one of its witnesses.
fn is_right(signature: &NoteSignature, text: &str, policy: &Policy) -> bool {
    let by_log = policy
        .logs()
        .iter()
        .any(|log| signature.is_by(&log.key) && log.key.accepts(text, signature.bytes()));
    let by_witness = policy.witnesses().iter().any(|witness| {
        signature.is_by(&witness.key) && time(&witness.key, text, signature.bytes()).is_some()
    });
    by_log || by_witness
}

/// A note with one signature that was made elsewhere.
fn with_signature(text: &str, signature: NoteSignature) -> Result<Note, MirrorError> {
    Note::parse(format!("{text}\n{signature}\n").as_bytes())
        .map_err(|error| MirrorError::log(&error))
}
