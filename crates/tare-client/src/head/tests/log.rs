//! A small registry's log: events, tiles, state, root documents and heads, as files that a test can change.

use std::sync::{Arc, Mutex};

use tare_format::Sha256;
use tare_format::event::{Change, Event, EventBody, PageKey, Salt, SignerKey};
use tare_format::registry::RegistryId;
use tare_tlog::bundle::TlogProof;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::cosignature::cosign;
use tare_tlog::hash::{Hash, leaf_hash};
use tare_tlog::key::{Algorithm, SigningKey};
use tare_tlog::map::{Key, MemoryMap, Value};
use tare_tlog::note::Note;
use tare_tlog::policy::{Log, PolicyBuilder, Witness};
use tare_tlog::root::{OldLog, RootDocument, RootKey};
use tare_tlog::tile::{TileSet, TileWriter, prove_inclusion};

use crate::registry::tests::site::{Answer, EvilSite, Objects};

/// The time of these stories: 2026-11-25.
pub(crate) const NOW: u64 = 1_795_564_800;

/// A log and everything that its registry serves.
#[derive(Clone)]
pub(crate) struct TestLog {
    root: RootDocument,
    generation: u8,
    writer: TileWriter,
    tiles: TileSet,
    leaves: Vec<Hash>,
    map: MemoryMap,
    /// Makes the events of two forks differ.
    salt: u8,
    objects: Arc<Mutex<Objects>>,
}

impl TestLog {
    /// A log with its first root document and so many witnesses, of which the quorum needs all.
    pub(crate) fn new(witnesses: u8) -> Self {
        let mut log = Self {
            root: document(1, 1, witnesses),
            generation: 1,
            writer: TileWriter::default(),
            tiles: TileSet::new(),
            leaves: Vec::new(),
            map: MemoryMap::new(),
            salt: 0,
            objects: Arc::default(),
        };
        log.publish_root();
        log
    }

    pub(crate) fn id(&self) -> RegistryId {
        let objects = self.objects();
        let note = Note::parse(&objects["root/1.note"]).unwrap();
        RegistryId::of_root(&Sha256::of(note.text().as_bytes()))
    }

    /// Another history with the same keys and the same past.
    pub(crate) fn fork(&self) -> Self {
        let objects = Arc::new(Mutex::new(self.objects()));
        Self { objects, salt: self.salt + 1, ..self.clone() }
    }

    /// Adds events, each of which makes the page of a package.
    pub(crate) fn add(&mut self, events: usize) -> &mut Self {
        for _ in 0..events {
            let name = format!("lab/p{}-{}", self.leaves.len(), self.salt);
            self.add_to(&name);
        }
        self
    }

    /// Adds an event to the page of a package.
    pub(crate) fn add_to(&mut self, name: &str) -> &mut Self {
        let key = SignerKey { id: Sha256::of(&[self.salt]), pem: self.leaves.len().to_string() };
        let package = name.parse().unwrap();
        self.log(EventBody::Signer { package, key, change: Change::Add })
    }

    /// Adds an event, and its line to the pages that it stands on.
    pub(crate) fn log(&mut self, body: EventBody) -> &mut Self {
        let pages = body.pages();
        let line = self.append(body);
        for page in pages {
            let before = self.objects.lock().unwrap().get(&page.path()).cloned();
            let mut bytes = before.unwrap_or_default();
            bytes.extend(format!("{line}\n").bytes());
            self.set_page(&page, bytes);
        }
        self
    }

    /// Makes the state say that these are the bytes of a page.
    pub(crate) fn set_page(&mut self, page: &PageKey, bytes: Vec<u8>) {
        let _ = self.map.insert(Key(page.state_key()), Value(Hash::of(&bytes).0));
        self.set(&page.path(), bytes);
    }

    /// Ends a batch, cosigned by all witnesses at `time`.
    pub(crate) fn seal(&mut self, time: u64) -> &mut Self {
        let witnesses = self.root.policy.witnesses().len();
        self.seal_with(&vec![time; witnesses])
    }

    /// Ends a batch, cosigned by the first witnesses at these times.
    pub(crate) fn seal_with(&mut self, times: &[u64]) -> &mut Self {
        let objects = Arc::clone(&self.objects);
        let emit = |node: tare_tlog::map::Node| {
            let hex = node.hash.hex();
            objects.lock().unwrap().insert(format!("state/{}/{hex}", &hex[..2]), node.bytes);
        };
        let state = self.map.settle(emit).unwrap();
        let line = self.append(EventBody::State {
            depth: state.depth(),
            count: state.count(),
            root: Sha256::from_bytes(state.root().0),
            root_version: u32::try_from(self.root.version).unwrap(),
        });
        for tile in self.writer.partial_tiles() {
            self.tiles.insert(tile.id, &tile.bytes).unwrap();
            self.set(&tile.id.to_string(), tile.bytes);
        }
        let log = log_key(self.generation);
        let checkpoint =
            Checkpoint::new(log.verifier().name().clone(), self.size(), self.root()).unwrap();
        let mut note = Note::sign(checkpoint.to_string(), &[&log]).unwrap();
        for (number, time) in (0..).zip(times) {
            note.add(cosign(&checkpoint.to_string(), *time, &witness_key(number)).unwrap())
                .unwrap();
        }
        let proof = TlogProof {
            extra: Some(line.into_bytes()),
            index: self.size() - 1,
            hashes: prove_inclusion(self.size() - 1, self.size(), &self.tiles).unwrap(),
            checkpoint: note,
        };
        self.set("head", proof.to_bytes().unwrap());
        self
    }

    /// Publishes a root document that goes on with a new log key.
    pub(crate) fn rotate(&mut self) -> &mut Self {
        let (size, root) = (self.size(), self.root());
        self.rotate_at(size, root)
    }

    /// Publishes the next root document with the same keys.
    pub(crate) fn renew(&mut self) -> &mut Self {
        self.root.version += 1;
        self.publish_root();
        self
    }

    /// As [`rotate`](Self::rotate), and the root document says that the old log ended as `other` did.
    pub(crate) fn rotate_from(&mut self, other: &Self) -> &mut Self {
        self.rotate_at(other.size(), other.root())
    }

    fn rotate_at(&mut self, size: u64, root: Hash) -> &mut Self {
        let key = log_key(self.generation).verifier().clone();
        self.generation += 1;
        let witnesses = u8::try_from(self.root.policy.witnesses().len()).unwrap();
        let mut next = document(self.root.version + 1, self.generation, witnesses);
        next.old_logs.clone_from(&self.root.old_logs);
        next.old_logs.push(OldLog { key, size, root });
        self.root = next;
        self.publish_root();
        self
    }

    pub(crate) fn size(&self) -> u64 {
        self.writer.size()
    }

    pub(crate) fn root(&self) -> Hash {
        self.writer.edge().root()
    }

    pub(crate) fn leaf(&self, index: usize) -> Hash {
        self.leaves[index]
    }

    pub(crate) fn objects(&self) -> Objects {
        self.objects.lock().unwrap().clone()
    }

    pub(crate) fn set(&self, path: &str, bytes: Vec<u8>) {
        self.objects.lock().unwrap().insert(path.to_owned(), bytes);
    }

    /// Serves the files as they are at each moment.
    pub(crate) fn serve(&self) -> EvilSite {
        let objects = Arc::clone(&self.objects);
        EvilSite::start(&Objects::new(), move |asked| {
            let found = objects.lock().unwrap().get(&asked.path).cloned();
            found.map_or(Answer::Status(404, ""), Answer::Bytes)
        })
    }

    /// Serves the files as they are now.
    pub(crate) fn serve_copy(&self) -> EvilSite {
        EvilSite::honest(&self.objects())
    }

    /// Serves the files as they are now, changed.
    pub(crate) fn serve_with(&self, change: impl Fn(&str, &mut Vec<u8>)) -> EvilSite {
        let mut objects = self.objects();
        objects.iter_mut().for_each(|(path, bytes)| change(path, bytes));
        EvilSite::honest(&objects)
    }

    /// Serves only some of the files as they are now.
    pub(crate) fn serve_without(&self, lacks: impl Fn(&str) -> bool) -> EvilSite {
        let mut objects = self.objects();
        objects.retain(|path, _| !lacks(path));
        EvilSite::honest(&objects)
    }

    fn append(&mut self, body: EventBody) -> String {
        let time = "2026-11-01T00:00:00Z".parse().unwrap();
        let name = body.type_name();
        let salt = Salt([self.salt; 16]);
        let line = Event { salt, time, by: "registry".to_owned(), body }.to_line().unwrap();
        let leaf = leaf_hash(&Event::leaf_entry(name, &line));
        let mut full = Vec::new();
        self.writer.append(leaf, &mut full).unwrap();
        self.leaves.push(leaf);
        for tile in full {
            self.tiles.insert(tile.id, &tile.bytes).unwrap();
            self.set(&tile.id.to_string(), tile.bytes);
        }
        line
    }

    /// Signs the root document and logs it.
    fn publish_root(&mut self) {
        let note = Note::sign(self.root.to_text().unwrap(), &[&root_key()]).unwrap();
        let (version, sha256) = (self.root.version, Sha256::of(note.text().as_bytes()));
        self.set(&format!("root/{version}.note"), note.to_bytes());
        let version = u32::try_from(version).unwrap();
        self.log(EventBody::Root { version, sha256 });
    }
}

fn document(version: u64, generation: u8, witnesses: u8) -> RootDocument {
    let mut policy = PolicyBuilder::new();
    policy.log(Log { key: log_key(generation).verifier().clone(), url: None }).unwrap();
    for number in 0..witnesses {
        let key = witness_key(number).verifier().clone();
        policy.witness(Witness { label: format!("W{number}"), key, url: None }).unwrap();
    }
    if witnesses > 0 {
        let members = (0..witnesses).map(|number| format!("W{number}")).collect();
        let rule = tare_tlog::policy::Rule::All;
        let group = tare_tlog::policy::Group { label: "everyone".to_owned(), rule, members };
        policy.group(group).unwrap();
        policy.quorum("everyone").unwrap();
    } else {
        policy.quorum("none").unwrap();
    }
    RootDocument {
        registry: "hub.example.org".parse().unwrap(),
        version,
        expires: "2028-05-22T00:00:00Z".parse().unwrap(),
        threshold: 1,
        root_keys: vec![RootKey { label: "ann".to_owned(), key: root_key().verifier().clone() }],
        old_logs: Vec::new(),
        policy: policy.build().unwrap(),
        fresh_warn: "36h".parse().unwrap(),
        fresh_fail: "14d".parse().unwrap(),
        max_entry: 4096,
    }
}

fn root_key() -> SigningKey {
    key("hub.example.org/root/ann", Algorithm::Ed25519, 1)
}

fn log_key(generation: u8) -> SigningKey {
    key(&format!("hub.example.org/log{generation}"), Algorithm::Ed25519, 10 + generation)
}

fn witness_key(number: u8) -> SigningKey {
    key(&format!("w{number}.example.org/w"), Algorithm::CosignatureEd25519, 20 + number)
}

fn key(name: &str, algorithm: Algorithm, seed: u8) -> SigningKey {
    SigningKey::from_seed(name.parse().unwrap(), algorithm, &[seed; 32]).unwrap()
}
