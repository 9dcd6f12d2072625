//! The log of a generated registry and all that hangs from it: tiles, entries, events, pages, state map, root document, head.
//!
//! One key each for the root, the log and three witnesses, of which the quorum needs all, made from fixed seeds. A batch
//! makes the files that a registry makes for it, and says how many bytes they have.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, PoisonError, RwLockWriteGuard};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tare_format::Sha256;
use tare_format::event::{BY_REGISTRY, Event, EventBody, PageKey, Salt};
use tare_format::limits::Limits;
use tare_format::registry::{REGISTRY_FORMAT, Registry, RegistryId};
use tare_store::{LogPath, ObjectKey};
use tare_tlog::bundle::TlogProof;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::cosignature::cosign;
use tare_tlog::hash::{Hash, leaf_hash};
use tare_tlog::key::{Algorithm, SigningKey};
use tare_tlog::map::{Commitment, Key, MemoryMap, Value};
use tare_tlog::note::Note;
use tare_tlog::policy::{Group, Log, PolicyBuilder, Rule, Witness};
use tare_tlog::root::{RootDocument, RootKey};
use tare_tlog::tile::{TILE_WIDTH, TileFile, TileSet, TileWriter, encode_bundle};
use tare_tlog::tile::{plan_inclusion, prove_inclusion};

use crate::server::Files;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// How many witnesses there are.
const WITNESSES: u8 = 3;

/// What one batch wrote, in bytes, and how long its part of the state map took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Written {
    pub(crate) state: usize,
    pub(crate) tiles: usize,
    pub(crate) entries: usize,
    pub(crate) events: usize,
    pub(crate) pages: usize,
    pub(crate) head: usize,
    pub(crate) settling: Duration,
}

/// A log that grows.
pub(crate) struct Ledger {
    id: RegistryId,
    now: Timestamp,
    writer: TileWriter,
    map: MemoryMap,
    /// Entries and lines of the last files, which are not full.
    tail: Vec<(Vec<u8>, String)>,
    /// Whether full files of entries and events are kept, for somebody who replays them.
    keeps_events: bool,
    salt: u64,
    written: Written,
    files: Files,
}

impl Ledger {
    /// A log with its first root document.
    pub(crate) fn new(keeps_events: bool) -> Outcome<Self> {
        let note = Note::sign(root_document()?.to_text()?, &[&root_key()?])?;
        let sha256 = Sha256::of(note.text().as_bytes());
        let mut ledger = Self {
            id: RegistryId::of_root(&sha256),
            now: Timestamp::from_second(Timestamp::now().as_second())?,
            writer: TileWriter::new(),
            map: MemoryMap::new(),
            tail: Vec::new(),
            keeps_events,
            salt: 0,
            written: Written::default(),
            files: Files::default(),
        };
        let descriptor = Registry {
            format: REGISTRY_FORMAT.to_owned(),
            id: ledger.id.clone(),
            api: None,
            mirrors: Vec::new(),
            codecs: Vec::new(),
            limits: Limits::default(),
        };
        ledger.put(ObjectKey::Registry.path(), serde_json::to_vec(&descriptor)?);
        ledger.put(ObjectKey::Root(1).path(), note.to_bytes());
        ledger.put(ObjectKey::NewestRoot.path(), b"1\n".to_vec());
        ledger.log(BY_REGISTRY, EventBody::Root { version: 1, sha256 })?;
        Ok(ledger)
    }

    pub(crate) fn id(&self) -> &RegistryId {
        &self.id
    }

    pub(crate) fn size(&self) -> u64 {
        self.writer.size()
    }

    pub(crate) fn files(&self) -> Files {
        Arc::clone(&self.files)
    }

    /// Serves a document.
    pub(crate) fn put(&self, path: String, bytes: Vec<u8>) {
        self.open().insert(path, bytes);
    }

    /// The line of an event as it will be logged.
    pub(crate) fn line(&mut self, by: &str, body: EventBody) -> Outcome<String> {
        self.salt += 1;
        let mut salt = [0; 16];
        salt.copy_from_slice(&Sha256::of(&self.salt.to_be_bytes()).as_bytes()[..16]);
        let event = Event { salt: Salt(salt), time: self.now, by: by.to_owned(), body };
        Ok(event.to_line()?)
    }

    /// Adds a line to the log, and to no page.
    pub(crate) fn append(&mut self, event_type: &str, line: String) -> Outcome<()> {
        let entry = Event::leaf_entry(event_type, &line);
        let mut full = Vec::new();
        self.writer.append(leaf_hash(&entry), &mut full)?;
        self.tail.push((entry, line));
        self.write_tiles(full);
        if self.tail.len() == usize::from(TILE_WIDTH) {
            if self.keeps_events {
                self.write_tail()?;
            }
            self.tail.clear();
        }
        Ok(())
    }

    /// Logs an event, and adds its line to the pages that it stands on.
    pub(crate) fn log(&mut self, by: &str, body: EventBody) -> Outcome<()> {
        let (pages, event_type) = (body.pages(), body.type_name());
        let line = self.line(by, body)?;
        for key in pages {
            let mut page = self.open().remove(&key.path()).unwrap_or_default();
            page.extend_from_slice(line.as_bytes());
            page.push(b'\n');
            self.written.pages += page.len();
            self.set_page(&key, &page);
            self.put(key.path(), page);
        }
        self.append(event_type, line)
    }

    /// Makes the state say that these are the bytes of a page, which nobody will ask for.
    pub(crate) fn set_page(&mut self, key: &PageKey, page: &[u8]) {
        self.map.insert(Key(key.state_key()), Value(Hash::of(page).0));
    }

    /// Ends a batch: logs the state, writes what is not full, and signs.
    pub(crate) fn seal(&mut self) -> Outcome<Written> {
        let mut nodes = Vec::new();
        let begin = Instant::now();
        let state = self.map.settle(|node| nodes.push(node))?;
        self.written.settling = begin.elapsed();
        for node in nodes {
            self.written.state += node.bytes.len();
            self.put(ObjectKey::State(Sha256::from_bytes(node.hash.0)).path(), node.bytes);
        }
        let line = self.line(BY_REGISTRY, state_event(&state))?;
        self.append("state", line.clone())?;
        self.write_tiles(self.writer.partial_tiles());
        if !self.tail.is_empty() {
            self.write_tail()?;
        }
        self.write_head(line)?;
        Ok(std::mem::take(&mut self.written))
    }

    /// The tiles for a proof, and their bytes together.
    pub(crate) fn tiles(&self, plan: &[tare_tlog::tile::TileId]) -> Outcome<(TileSet, usize)> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        let (mut set, mut size) = (TileSet::new(), 0);
        for tile in plan {
            let bytes = files.get(&tile.to_string()).ok_or_else(|| format!("no `{tile}`"))?;
            set.insert(*tile, bytes)?;
            size += bytes.len();
        }
        Ok((set, size))
    }

    fn open(&self) -> RwLockWriteGuard<'_, HashMap<String, Vec<u8>>> {
        self.files.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_tiles(&mut self, tiles: Vec<TileFile>) {
        for tile in tiles {
            self.written.tiles += tile.bytes.len();
            self.put(tile.id.to_string(), tile.bytes);
        }
    }

    /// The last files of entries and events, at the width that they have.
    fn write_tail(&mut self) -> Outcome<()> {
        let width = u16::try_from(self.tail.len())?;
        let path = LogPath::new((self.size() - 1) / u64::from(TILE_WIDTH), width);
        let path = path.ok_or("the log is too large")?;
        let entries: Vec<&[u8]> = self.tail.iter().map(|(entry, _)| entry.as_slice()).collect();
        let entries = encode_bundle(&entries)?;
        let events: String = self.tail.iter().map(|(_, line)| format!("{line}\n")).collect();
        self.written.entries += entries.len();
        self.written.events += events.len();
        self.put(ObjectKey::Entries(path).path(), entries);
        self.put(ObjectKey::Events(path).path(), events.into_bytes());
        Ok(())
    }

    fn write_head(&mut self, line: String) -> Outcome<()> {
        let (size, root, log) = (self.size(), self.writer.edge().root(), log_key()?);
        let checkpoint = Checkpoint::new(log.verifier().name().clone(), size, root)?;
        let mut note = Note::sign(checkpoint.to_string(), &[&log])?;
        let seconds = u64::try_from(self.now.as_second())?;
        for number in 0..WITNESSES {
            note.add(cosign(&checkpoint.to_string(), seconds, &witness_key(number)?)?)?;
        }
        let (tiles, _) = self.tiles(&plan_inclusion(size - 1, size)?)?;
        let proof = TlogProof {
            extra: Some(line.into_bytes()),
            index: size - 1,
            hashes: prove_inclusion(size - 1, size, &tiles)?,
            checkpoint: note,
        };
        let bytes = proof.to_bytes()?;
        self.written.head += bytes.len();
        self.put(ObjectKey::PendingHead.path(), bytes.clone());
        self.put(ObjectKey::Head.path(), bytes);
        Ok(())
    }
}

/// What a batch ends in.
pub(crate) fn state_event(state: &Commitment) -> EventBody {
    let root = Sha256::from_bytes(state.root().0);
    EventBody::State { depth: state.depth(), count: state.count(), root, root_version: 1 }
}

fn root_document() -> Outcome<RootDocument> {
    let mut policy = PolicyBuilder::new();
    policy.log(Log { key: log_key()?.verifier().clone(), url: None })?;
    for number in 0..WITNESSES {
        let key = witness_key(number)?.verifier().clone();
        policy.witness(Witness { label: format!("W{number}"), key, url: None })?;
    }
    let members = (0..WITNESSES).map(|number| format!("W{number}")).collect();
    policy.group(Group { label: "everyone".to_owned(), rule: Rule::All, members })?;
    policy.quorum("everyone")?;
    Ok(RootDocument {
        registry: "hub.example.org".parse()?,
        version: 1,
        expires: "2099-01-01T00:00:00Z".parse()?,
        threshold: 1,
        root_keys: vec![RootKey { label: "ann".to_owned(), key: root_key()?.verifier().clone() }],
        old_logs: Vec::new(),
        policy: policy.build()?,
        fresh_warn: "36h".parse()?,
        fresh_fail: "14d".parse()?,
        max_entry: 4096,
    })
}

fn root_key() -> Outcome<SigningKey> {
    key("hub.example.org/root/ann", Algorithm::Ed25519, 1)
}

fn log_key() -> Outcome<SigningKey> {
    key("hub.example.org/log1", Algorithm::Ed25519, 2)
}

fn witness_key(number: u8) -> Outcome<SigningKey> {
    key(&format!("w{number}.example.org/w"), Algorithm::CosignatureEd25519, 10 + number)
}

fn key(name: &str, algorithm: Algorithm, seed: u8) -> Outcome<SigningKey> {
    Ok(SigningKey::from_seed(name.parse()?, algorithm, &[seed; 32])?)
}
