//! What a stranger learns from the public files of a registry, with nothing but `tare-tlog`.

use tare_format::event::{Event, EventBody, LeafEntry, PageKey};
use tare_store::{ObjectKey, ObjectStore};
use tare_tlog::bundle::TlogProof;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::hash::{Hash, leaf_hash};
use tare_tlog::key::VerifierKey;
use tare_tlog::map::{Commitment, Key, Step, Walk};
use tare_tlog::note::Note;
use tare_tlog::proof::verify_inclusion;
use tare_tlog::root::RootDocument;
use tare_tlog::tile::{TileSet, consistency_checked, plan_consistency};

/// What a head proves.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) commitment: Commitment,
}

/// A public file, if it is there.
pub(crate) fn read(store: &dyn ObjectStore, path: &str) -> Option<Vec<u8>> {
    let key: ObjectKey = path.parse().unwrap();
    let size = store.size(&key).unwrap()?;
    Some(store.read(&key, 0..size).unwrap())
}

/// The newest root document, which is also the first in most tests.
pub(crate) fn root(store: &dyn ObjectStore) -> RootDocument {
    let latest = String::from_utf8(read(store, "root/latest").unwrap()).unwrap();
    let note = read(store, &format!("root/{}.note", latest.trim_end())).unwrap();
    RootDocument::verify_first(&Note::parse(&note).unwrap()).unwrap()
}

/// `head` or `head.pending`, verified down to the state event.
pub(crate) fn head(store: &dyn ObjectStore, path: &str) -> Option<Head> {
    let log: VerifierKey = root(store).log().unwrap().key.clone();
    let proof = TlogProof::parse(&read(store, path)?).unwrap();
    let checkpoint = Checkpoint::open(&proof.checkpoint, &log).unwrap();
    let line = String::from_utf8(proof.extra.unwrap()).unwrap();
    let leaf = leaf_hash(&LeafEntry::of("state", &line).to_bytes());
    let (size, root) = (checkpoint.size(), checkpoint.root());
    assert_eq!(proof.index, size - 1);
    verify_inclusion(&leaf, proof.index, size, &root, &proof.hashes).unwrap();
    let state = Event::from_line(&line).unwrap().unwrap();
    let EventBody::State { depth, count, root, .. } = state.body else { panic!("{line}") };
    let commitment = Commitment::new(depth, count, Hash(*root.as_bytes())).unwrap();
    Some(Head { checkpoint, commitment })
}

/// Proves from public tiles that the log of `new` continues that of `old`.
#[track_caller]
pub(crate) fn require_continues(store: &dyn ObjectStore, old: &Checkpoint, new: &Checkpoint) {
    let mut tiles = TileSet::new();
    for tile in plan_consistency(old.size(), new.size()).unwrap() {
        let bytes = read(store, &tile.to_string());
        let bytes = bytes.unwrap_or_else(|| {
            let full = read(store, &tile.full().unwrap().to_string()).expect("the full tile");
            tile.truncate(&full).unwrap().to_vec()
        });
        tiles.insert(tile, &bytes).unwrap();
    }
    consistency_checked(old.size(), &old.root(), new.size(), &new.root(), &tiles).unwrap();
}

/// What the state map under a head says of a page: its digest, or that there is none.
pub(crate) fn look_up(store: &dyn ObjectStore, head: &Head, page: &PageKey) -> Option<[u8; 32]> {
    let mut walk = Walk::new(&head.commitment, Key(page.state_key()));
    loop {
        match walk.next() {
            Step::Found(value) => return Some(value.0),
            Step::Absent => return None,
            Step::Fetch(name) => {
                let hex = name.hex();
                walk.feed(&read(store, &format!("state/{}/{hex}", &hex[..2])).unwrap()).unwrap();
            }
        }
    }
}
