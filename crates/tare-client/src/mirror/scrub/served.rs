//! What follows from the log, computed again and compared with what is served (Z-17).
//!
//! ```text
//! size and edge of the inventory ─► entries ─► tiles
//!                                          └► events ─► replay ─► pages, notices, state map, digests of the root documents
//! ```
//! What differs is written as it has to be. Only entries, events and root documents that are damaged are fetched; all else is
//! made from them. What the log knows nothing of is removed.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use tare_format::Sha256;
use tare_format::event::{Event, EventBody};
use tare_store::ObjectKey;
use tare_tlog::bundle::TlogProof;
use tare_tlog::note::{MAX_NOTE, Note};

use super::Scrubbed;
use crate::mirror::contents::check_name;
use crate::mirror::log::{Extension, beginning, recompute, redact_payloads};
use crate::mirror::pending::{self, Pending, kept_root};
use crate::mirror::position::Position;
use crate::mirror::replaying::{Replayed, replay_all};
use crate::mirror::upstream::{Got, Upstream};
use crate::mirror::{Mirror, MirrorError};
use crate::root::TrustedRoot;

/// The setting with the time at which this was done last.
const DONE: &str = "log-scrubbed";
/// The folders in which nothing lies but what follows from the log.
const FOLDERS: [&str; 5] = ["tile", "events", "packages", "namespaces", "state"];

impl Mirror {
    /// Compares what is served of the log with what follows from it, unless that was done after `before`.
    pub(super) async fn scrub_log(
        &self,
        upstream: &Upstream<'_>,
        before: Timestamp,
        scrubbed: &mut Scrubbed,
    ) -> Result<(), MirrorError> {
        let position = self.position().await?;
        let done = self.inventory.setting(DONE).await?;
        let done = done.and_then(|text| text.parse::<Timestamp>().ok());
        if position.edge.size() == 0 || done.is_some_and(|done| done > before) {
            return Ok(());
        }
        let (whole, replayed) = self.recomputed(upstream, &position).await?;
        let expected = expected(&whole, &replayed);
        for (path, bytes) in &expected {
            self.compare(path, bytes, scrubbed)?;
        }
        for path in FOLDERS.iter().map(|folder| self.folder.files(folder)) {
            for path in path?.iter().filter(|path| !expected.contains_key(*path)) {
                self.look_at_other(path, &expected, scrubbed)?;
            }
        }
        self.look_at_roots(upstream, &whole, scrubbed).await?;
        self.look_at_heads(upstream, &position, scrubbed).await?;
        let mut change = self.inventory.change().await?;
        change.set(DONE, &self.now().to_string()).await?;
        Ok(change.commit().await?)
    }

    /// The whole log and what it leads to. When the mirror's own lines lead elsewhere, those of a source are taken.
    async fn recomputed(
        &self,
        upstream: &Upstream<'_>,
        position: &Position,
    ) -> Result<(Extension, Replayed), MirrorError> {
        let registry = &self.config.registry;
        let whole = recompute(upstream, &self.folder, &position.edge, false).await?;
        if let Ok(replayed) = replay_all(&self.folder, registry, &whole.events) {
            return Ok((whole, replayed));
        }
        let whole = recompute(upstream, &self.folder, &position.edge, true).await?;
        let replayed = replay_all(&self.folder, registry, &whole.events)?;
        Ok((whole, replayed))
    }

    /// Compares a file with what it has to be, and makes it that.
    fn compare(
        &self,
        path: &str,
        bytes: &[u8],
        scrubbed: &mut Scrubbed,
    ) -> Result<(), MirrorError> {
        scrubbed.files += 1;
        let found = match self.folder.read(path, bytes.len() as u64) {
            Ok(found) => found,
            // Too long, or the disk cannot read it.
            Err(MirrorError::Read { .. }) => None,
            Err(error) => return Err(error),
        };
        if found.as_deref() == Some(bytes) {
            return Ok(());
        }
        self.tell_damaged(path, scrubbed);
        self.folder.write(path, bytes)?;
        scrubbed.repaired += 1;
        Ok(())
    }

    /// Looks at a file that is none of the newest: a file of the log under a smaller width, or a node of an earlier state.
    fn look_at_other(
        &self,
        path: &str,
        expected: &BTreeMap<String, Vec<u8>>,
        scrubbed: &mut Scrubbed,
    ) -> Result<(), MirrorError> {
        let key = path.parse::<ObjectKey>().ok();
        if let Some(bytes) = key.as_ref().and_then(|key| shorter(key, expected)) {
            return self.compare(path, bytes, scrubbed);
        }
        scrubbed.files += 1;
        if let Some(key @ ObjectKey::State(_)) = &key {
            let found = self.folder.read(path, 1 << 20).ok().flatten();
            if found.is_some_and(|bytes| check_name(key, &bytes).is_ok()) {
                return Ok(());
            }
        }
        self.tell_damaged(path, scrubbed);
        self.folder.remove(path)?;
        scrubbed.repaired += 1;
        Ok(())
    }

    /// Looks at the root documents: the log has the digest of each.
    async fn look_at_roots(
        &self,
        upstream: &Upstream<'_>,
        whole: &Extension,
        scrubbed: &mut Scrubbed,
    ) -> Result<(), MirrorError> {
        let cap = u64::try_from(MAX_NOTE).unwrap_or(u64::MAX);
        let mut newest = 0;
        for (version, digest) in
            whole.events.iter().filter_map(|event| root_of(event.line.as_deref()?))
        {
            newest = newest.max(version);
            scrubbed.files += 1;
            let key = ObjectKey::Root(version);
            let check = |bytes: &Bytes| self.check_root(bytes, &digest);
            let found = self.folder.read(&key.path(), cap).ok().flatten().map(Bytes::from);
            if found.is_some_and(|bytes| check(&bytes).is_ok()) {
                continue;
            }
            self.tell_damaged(&key.path(), scrubbed);
            if let Got::There(bytes) = upstream.object(&key, cap, check).await? {
                self.folder.write(&key.path(), &bytes)?;
                scrubbed.repaired += 1;
            }
        }
        // One that the log does not name yet may be there, and is followed by itself.
        let kept = kept_root(&self.folder, &self.config.registry)?;
        let newest = kept.map_or(newest, |root| root.version().max(newest));
        self.compare(&ObjectKey::NewestRoot.path(), format!("{newest}\n").as_bytes(), scrubbed)
    }

    fn check_root(&self, bytes: &Bytes, digest: &Sha256) -> Result<(), String> {
        let note = Note::parse(bytes).map_err(|error| error.to_string())?;
        let found = Sha256::of(note.text().as_bytes());
        if found != *digest {
            return Err(format!("its text has {found}, the log says {digest}"));
        }
        let kept = TrustedRoot::kept(bytes, &self.config.registry);
        kept.map(drop).ok_or_else(|| "too few keys signed it".to_owned())
    }

    /// Looks at what shows the log: each must be of the mirror's own tree and signed as the mirror
    /// shows it, so that a damaged line of a witness is found too. They are shown anew when the source is
    /// where the mirror is, else by the next sync.
    async fn look_at_heads(
        &self,
        upstream: &Upstream<'_>,
        position: &Position,
        scrubbed: &mut Scrubbed,
    ) -> Result<(), MirrorError> {
        let mut damaged = Vec::new();
        for key in [ObjectKey::Checkpoint, ObjectKey::PendingHead, ObjectKey::Head] {
            let bytes = self.folder.read(&key.path(), 128 << 10).ok().flatten();
            // A mirror whose quorum was never there has no head.
            if bytes.is_none() && key == ObjectKey::Head {
                continue;
            }
            scrubbed.files += 1;
            if !self.is_own_head(&key, bytes.unwrap_or_default(), position)? {
                self.tell_damaged(&key.path(), scrubbed);
                damaged.push(key);
            }
        }
        if damaged.is_empty() {
            return Ok(());
        }
        let bytes = pending::fetch(upstream).await?;
        let (registry, id) = (upstream.registry, &self.config.registry);
        let pending = pending::verify(registry, &self.folder, id, &bytes, self.now()).await?;
        let is_here = pending.checkpoint.size() == position.edge.size()
            && pending.checkpoint.root() == position.edge.root();
        if is_here {
            self.show(&pending, self.now())?;
            for key in damaged {
                let bytes = self.folder.read(&key.path(), 128 << 10)?.unwrap_or_default();
                scrubbed.repaired += u64::from(self.is_own_head(&key, bytes, position)?);
            }
        }
        Ok(())
    }

    fn is_own_head(
        &self,
        key: &ObjectKey,
        bytes: Vec<u8>,
        position: &Position,
    ) -> Result<bool, MirrorError> {
        let Some(root) = kept_root(&self.folder, &self.config.registry)? else { return Ok(false) };
        let bytes = Bytes::from(bytes);
        let checkpoint = match key {
            ObjectKey::Checkpoint => Pending::signed(&bytes, &root),
            _ => Pending::shown(&bytes, &root, self.now()),
        };
        let note = match key {
            ObjectKey::Checkpoint => Note::parse(&bytes).ok(),
            _ => TlogProof::parse(&bytes).ok().map(|proof| proof.checkpoint),
        };
        let (Some(checkpoint), Some(note)) = (checkpoint, note) else { return Ok(false) };
        if !self.is_as_shown(&note, &root)? {
            return Ok(false);
        }
        let (size, root) = (checkpoint.size(), checkpoint.root());
        if size > position.edge.size() {
            return Ok(false);
        }
        Ok(self.contains(&position.edge, size, &root)?.is_ok())
    }

    fn tell_damaged(&self, path: &str, scrubbed: &mut Scrubbed) {
        self.progress.warn(&format!("`{path}` is damaged"));
        scrubbed.damaged.push(path.to_owned());
    }
}

/// All files of the newest size, by path.
fn expected(whole: &Extension, replayed: &Replayed) -> BTreeMap<String, Vec<u8>> {
    let mut files = whole.files.clone();
    redact_payloads(&mut files, |payload| replayed.notices.redactions.contains_key(payload));
    let pages = replayed.pages.values().map(|(key, bytes)| (key.path(), bytes.clone()));
    files.extend(pages);
    let nodes = replayed.nodes.iter();
    files.extend(nodes.map(|(digest, bytes)| (ObjectKey::State(*digest).path(), bytes.clone())));
    files
}

/// What a file of the log under a smaller width has to be, from the one at the greatest.
fn shorter<'f>(key: &ObjectKey, expected: &'f BTreeMap<String, Vec<u8>>) -> Option<&'f [u8]> {
    let widened = |make: &dyn Fn(tare_store::LogPath) -> ObjectKey, at: &tare_store::LogPath| {
        let widths = at.width().checked_add(1)?..=256;
        let paths = widths.rev().filter_map(|width| tare_store::LogPath::new(at.number(), width));
        paths.map(|path| make(path).path()).find_map(|path| expected.get(&path))
    };
    let longer = match key {
        ObjectKey::Tile(level, at) => widened(&|path| ObjectKey::Tile(*level, path), at),
        ObjectKey::Entries(at) => widened(&ObjectKey::Entries, at),
        ObjectKey::Events(at) => widened(&ObjectKey::Events, at),
        _ => None,
    };
    beginning(key, longer?)
}

fn root_of(line: &str) -> Option<(u32, Sha256)> {
    match Event::from_line(line).ok()??.body {
        EventBody::Root { version, sha256 } => Some((version, sha256)),
        _ => None,
    }
}
