//! What somebody can make who has the public files of a registry and the key of its log: any log at all, with tiles, pages, a
//! map and a head that fit together. Only the rules, the witnesses and the memory of others stand against it.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tare_format::event::{
    BY_REGISTRY, Event, EventBody, LeafEntry, PageKey, Published, REDACTED, Salt, SignatureRef,
};
use tare_format::registry::RegistryId;
use tare_format::{ReleaseId, Sha256};
use tare_replay::replay::Start;
use tare_replay::{Bundles, MemoryPages, Pages as _, Redactions, Replay};
use tare_tlog::bundle::TlogProof;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::cosignature::cosign;
use tare_tlog::hash::leaf_hash;
use tare_tlog::key::SigningKey;
use tare_tlog::map::MemoryMap;
use tare_tlog::note::Note;
use tare_tlog::tile::{TileWriter, bundles_between, decode_bundle, encode_bundle, pages_between};
use tempfile::TempDir;

use super::keys::now;
use crate::shelf::files_below;

/// A log that is being forged, in a copy of a registry's public files.
pub(super) struct Forge<'k> {
    folder: TempDir,
    registry: RegistryId,
    key: &'k SigningKey,
    events: Vec<Logged>,
    /// Lines that pages are to have although no rule lets them.
    planted: Vec<(PageKey, String)>,
}

/// An event as a log has it.
#[derive(Clone)]
struct Logged {
    entry: Vec<u8>,
    line: String,
}

impl<'k> Forge<'k> {
    /// Begins with the log as it is.
    pub(super) fn of(public: &Path, registry: &RegistryId, key: &'k SigningKey) -> Self {
        let folder = TempDir::new().unwrap();
        copy_missing(public, folder.path());
        let events = read_events(public);
        Self { folder, registry: registry.clone(), key, events, planted: Vec::new() }
    }

    /// How many events there are.
    pub(super) fn size(&self) -> u64 {
        self.events.len() as u64
    }

    /// Lets it not have happened: the last `count` events.
    pub(super) fn forget(mut self, count: usize) -> Self {
        self.events.truncate(self.events.len() - count);
        self
    }

    /// Logs something that `by` did, whether or not they did.
    pub(super) fn log(mut self, by: &str, body: EventBody) -> Self {
        let mut salt = [7; 16];
        salt[..8].copy_from_slice(&self.size().to_le_bytes());
        let time = Timestamp::from_second(now().try_into().unwrap()).unwrap();
        let event = Event { salt: Salt(salt), time, by: by.to_owned(), body };
        let line = event.to_line().unwrap();
        let entry = Event::leaf_entry(event.body.type_name(), &line);
        self.events.push(Logged { entry, line });
        self
    }

    /// Writes the line of the last event in another way.
    pub(super) fn reworded(mut self, change: impl FnOnce(&str) -> String) -> Self {
        let last = self.events.last_mut().unwrap();
        let kind = LeafEntry::parse(&last.entry).unwrap().event_type;
        last.line = change(&last.line);
        last.entry = Event::leaf_entry(&kind, &last.line);
        self
    }

    /// Puts the last line onto a page, whatever the rules say.
    pub(super) fn plant(mut self, page: PageKey) -> Self {
        let line = self.events.last().unwrap().line.clone();
        self.planted.push((page, line));
        self
    }

    /// Puts a line that was never logged onto a page.
    pub(super) fn plant_line(mut self, page: PageKey, line: String) -> Self {
        self.planted.push((page, line));
        self
    }

    /// Takes what was planted back from the pages.
    pub(super) fn uproot(mut self) -> Self {
        self.planted.clear();
        self
    }

    /// Closes a batch with the state of the pages, those with planted lines included.
    pub(super) fn state(self) -> Self {
        let version = self.events.iter().rev().find_map(|logged| {
            match Event::from_line(&logged.line).ok()??.body {
                EventBody::State { root_version, .. } => Some(root_version),
                _ => None,
            }
        });
        self.state_under(version.unwrap())
    }

    /// The same, under another version of the root document.
    pub(super) fn state_under(self, root_version: u32) -> Self {
        let state = self.pages().to_map().commitment().unwrap();
        let (depth, count) = (state.depth(), state.count());
        let root = Sha256::from_bytes(state.root().0);
        self.log(BY_REGISTRY, EventBody::State { depth, count, root, root_version })
    }

    /// Takes the line of an event away, as if it had been redacted.
    pub(super) fn hide(mut self, index: u64) -> Self {
        let index = usize::try_from(index).unwrap();
        self.events[index].line = REDACTED.to_owned();
        self
    }

    /// The number and the line of the last event of a type.
    pub(super) fn last(&self, kind: &str) -> (u64, String) {
        let is_wanted = |(_, logged): &(u64, &Logged)| {
            LeafEntry::parse(&logged.entry).unwrap().event_type == kind
        };
        let found = (0..).zip(&self.events).filter(is_wanted).last().unwrap();
        (found.0, found.1.line.clone())
    }

    /// Logs that `by` published what was published in another folder, and brings the objects.
    pub(super) fn publish_from(self, other: &Path, by: &str, release: &str) -> Self {
        let id: ReleaseId = release.parse().unwrap();
        let published = published(other, &id);
        copy_missing(other, self.folder.path());
        self.log(by, EventBody::Publish(Box::new(published)))
    }

    /// Puts a file among the public ones.
    pub(super) fn write(self, path: &str, bytes: &[u8]) -> Self {
        write(&self.folder.path().join(path), bytes);
        self
    }

    /// Signs the log, lets others cosign it at their times, and writes all files.
    pub(super) fn show(self, cosigners: &[(&SigningKey, u64)]) -> TempDir {
        let folder = self.folder.path();
        let pages = self.pages();
        for (key, bytes) in pages.iter() {
            write(&folder.join(key.path()), bytes);
        }
        for node in pages.to_map().nodes().unwrap() {
            let name = node.hash.hex();
            write(&folder.join(format!("state/{}/{name}", &name[..2])), &node.bytes);
        }
        self.write_log();
        let head = self.head(cosigners);
        let bytes = head.to_bytes().unwrap();
        for name in ["head", "head.pending"] {
            write(&folder.join(name), &bytes);
        }
        write(&folder.join("checkpoint"), &head.checkpoint.to_bytes());
        self.folder
    }

    fn write_log(&self) {
        let folder = self.folder.path();
        let (mut writer, mut tiles) = (TileWriter::new(), Vec::new());
        for logged in &self.events {
            writer.append(leaf_hash(&logged.entry), &mut tiles).unwrap();
        }
        tiles.extend(writer.partial_tiles());
        for tile in tiles {
            write(&folder.join(tile.id.to_string()), &tile.bytes);
        }
        let run = |first: u64, width: u16| {
            let first = usize::try_from(first).unwrap();
            &self.events[first..first + usize::from(width)]
        };
        for bundle in bundles_between(0, self.size()).unwrap() {
            let events = run(bundle.first_entry(), bundle.width());
            let entries: Vec<&[u8]> = events.iter().map(|logged| &*logged.entry).collect();
            write(&folder.join(bundle.to_string()), &encode_bundle(&entries).unwrap());
        }
        for page in pages_between(0, self.size()).unwrap() {
            let events = run(page.first_entry(), page.width());
            let lines: Vec<String> = events.iter().map(|it| format!("{}\n", it.line)).collect();
            write(&folder.join(page.to_string()), lines.concat().as_bytes());
        }
    }

    fn head(&self, cosigners: &[(&SigningKey, u64)]) -> TlogProof {
        let mut writer = TileWriter::new();
        let (last, before) = self.events.split_last().unwrap();
        for logged in before {
            writer.append(leaf_hash(&logged.entry), &mut Vec::new()).unwrap();
        }
        let hashes = writer.edge().hashes().iter().rev().copied().collect();
        writer.append(leaf_hash(&last.entry), &mut Vec::new()).unwrap();
        let origin = self.key.verifier().name().clone();
        let checkpoint = Checkpoint::new(origin, self.size(), writer.edge().root()).unwrap();
        let mut note = Note::sign(checkpoint.to_string(), &[self.key]).unwrap();
        for (key, time) in cosigners {
            note.add(cosign(note.text(), *time, key).unwrap()).unwrap();
        }
        let extra = Some(last.line.clone().into_bytes());
        TlogProof { extra, index: self.size() - 1, hashes, checkpoint: note }
    }

    /// The pages by the rules, and what is planted.
    fn pages(&self) -> MemoryPages {
        let mut pages = MemoryPages::new();
        let ahead = Redactions::scan(self.events.iter().map(|logged| &*logged.line));
        let (map, start) = (MemoryMap::new(), Start::default());
        let mut replay = Replay::new(self.registry.clone(), &mut pages, map, start, ahead);
        let mut bundles = Bundles::new(|signature: &SignatureRef| {
            let name = signature.sha256.hex();
            fs::read(self.folder.path().join(format!("signatures/{}/{name}", &name[..2]))).ok()
        });
        for logged in &self.events {
            // A line that is gone without a redaction stops an honest replay; here it did nothing.
            let _ = replay.push(&logged.entry, &logged.line, &mut bundles);
        }
        replay.flush().unwrap();
        drop(replay);
        for (key, line) in &self.planted {
            let mut bytes = pages.get(key).unwrap().unwrap_or_default();
            bytes.extend_from_slice(format!("{line}\n").as_bytes());
            pages.put(key, &bytes).unwrap();
        }
        pages
    }
}

/// The page of a package.
pub(super) fn package(name: &str) -> PageKey {
    PageKey::Package(name.parse().unwrap())
}

/// What a log says of a release that it has.
pub(super) fn published(public: &Path, id: &ReleaseId) -> Published {
    let events = read_events(public);
    let mut found =
        events.iter().filter_map(|logged| match Event::from_line(&logged.line).ok()??.body {
            EventBody::Publish(published) if published.id() == *id => Some(*published),
            _ => None,
        });
    found.next().unwrap()
}

/// The events of the log whose head is in a folder.
fn read_events(public: &Path) -> Vec<Logged> {
    let head = TlogProof::parse(&fs::read(public.join("head")).unwrap()).unwrap();
    let size = head.index + 1;
    let (mut entries, mut lines) = (Vec::new(), Vec::new());
    for bundle in bundles_between(0, size).unwrap() {
        let bytes = fs::read(public.join(bundle.to_string())).unwrap();
        let found = decode_bundle(bundle, &bytes).unwrap();
        entries.extend(found.into_iter().map(<[u8]>::to_vec));
    }
    for page in pages_between(0, size).unwrap() {
        let text = fs::read_to_string(public.join(page.to_string())).unwrap();
        lines.extend(text.lines().map(str::to_owned));
    }
    entries.into_iter().zip(lines).map(|(entry, line)| Logged { entry, line }).collect()
}

/// Copies every file of a folder that is not in the other.
fn copy_missing(from: &Path, to: &Path) {
    let mut made = HashSet::new();
    for file in files_below(from) {
        let copy = to.join(file.strip_prefix(from).unwrap());
        let folder: PathBuf = copy.parent().unwrap().to_owned();
        if made.insert(folder.clone()) {
            fs::create_dir_all(folder).unwrap();
        }
        if !copy.exists() {
            fs::copy(file, copy).unwrap();
        }
    }
}

/// Writes a file anew, whatever is there: a copy of a public file may not be written to.
fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
}
