//! Replaying the new part of the log on the mirror's own pages (spec/events.md E-29).

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use tare_format::Sha256;
use tare_format::event::{EventBody, PageKey, Published, REDACTED, SignatureRef};
use tare_format::limits::Limits;
use tare_format::registry::RegistryId;
use tare_replay::replay::{Entry, Start, StateCheck};
use tare_replay::{
    Bundles, Content, Line, NoticesState, Pages, Redactions, Replay, ReplayError, States,
};
use tare_store::ObjectKey;
use tare_tlog::map::{Key, MemoryMap, Node, Value};

use super::MirrorError;
use super::bundles::read_bundle;
use super::folder::Folder;
use super::inventory::Inventory;
use super::log::NewEvent;
use super::position::Position;

/// After so many events, what has been replayed is put aside.
const FLUSH_EVENTS: usize = 4096;

/// What a replay came to.
#[derive(Debug)]
pub(super) struct Replayed {
    /// The pages that changed, by their key in the state map.
    pub(super) pages: BTreeMap<[u8; 32], (PageKey, Vec<u8>)>,
    /// The files of the state map that the mirror lacks.
    pub(super) nodes: Vec<(Sha256, Vec<u8>)>,
    /// The notices.
    pub(super) notices: NoticesState,
    /// The time of the newest state event.
    pub(super) last_time: Option<Timestamp>,
    /// What was published and has an effect.
    pub(super) published: Vec<(Timestamp, Published)>,
}

/// The mirror's pages, and over them those that changed.
struct MirrorPages<'a> {
    folder: &'a Folder,
    paths: HashMap<[u8; 32], String>,
    changed: BTreeMap<[u8; 32], (PageKey, Vec<u8>)>,
}

impl Pages for MirrorPages<'_> {
    type Error = MirrorError;

    fn get(&self, key: &PageKey) -> Result<Option<Vec<u8>>, MirrorError> {
        let state_key = key.state_key();
        if let Some((_, bytes)) = self.changed.get(&state_key) {
            return Ok(Some(bytes.clone()));
        }
        let Some(path) = self.paths.get(&state_key) else { return Ok(None) };
        let bytes = self.folder.read(path, Limits::default().page_size)?;
        bytes.map(Some).ok_or_else(|| MirrorError::Damaged { path: path.clone() })
    }

    fn put(&mut self, key: &PageKey, bytes: &[u8]) -> Result<(), MirrorError> {
        self.changed.insert(key.state_key(), (key.clone(), bytes.to_vec()));
        Ok(())
    }
}

/// Replays `events` from `position` on. The signature bundles that they need are in the folder already.
pub(super) async fn replay(
    folder: &Folder,
    inventory: &Inventory,
    registry: &RegistryId,
    position: &Position,
    events: &[NewEvent],
) -> Result<Replayed, MirrorError> {
    let (mut map, mut paths) = (MemoryMap::new(), HashMap::new());
    for (key, value, path) in inventory.rows().await? {
        map.insert(key, value);
        paths.insert(key.0, path);
    }
    let start = Start { size: position.edge.size(), last_time: position.last_time };
    let pages = MirrorPages { folder, paths, changed: BTreeMap::new() };
    let lacks = |node: &Node| {
        let digest = Sha256::from_bytes(node.hash.0);
        !folder.public(&ObjectKey::State(digest).path()).exists()
    };
    run(registry, pages, map, start, events, lacks)
}

/// Replays all `events` of the log. Every page and every file of the last state come out.
pub(super) fn replay_all(
    folder: &Folder,
    registry: &RegistryId,
    events: &[NewEvent],
) -> Result<Replayed, MirrorError> {
    let pages = MirrorPages { folder, paths: HashMap::new(), changed: BTreeMap::new() };
    run(registry, pages, MemoryMap::new(), Start::default(), events, |_| true)
}

fn run(
    registry: &RegistryId,
    pages: MirrorPages<'_>,
    map: MemoryMap,
    start: Start,
    events: &[NewEvent],
    lacks: impl Fn(&Node) -> bool,
) -> Result<Replayed, MirrorError> {
    let folder = pages.folder;
    let ahead = Redactions::scan(events.iter().filter_map(|event| event.line.as_deref()));
    let mut replay = Replay::new(registry.clone(), pages, map, start, ahead);
    let mut published = Vec::new();
    let mut bundles = Bundles::new(|bundle: &SignatureRef| read_bundle(folder, &bundle.sha256));
    for run in runs(events) {
        let leaves: Vec<Vec<u8>> = run.iter().map(|event| event.leaf.to_bytes()).collect();
        let entries = leaves.iter().zip(run).map(|(leaf, event)| {
            let line = event.line.as_deref().unwrap_or(REDACTED);
            Entry { leaf, line }
        });
        let entries: Vec<Entry<'_>> = entries.collect();
        let mut last = None;
        let replayed = replay.push_all(&entries, &mut bundles, |outcome, line| {
            if outcome.judgement.is_effective() {
                published.extend(line.and_then(publication));
            }
            last = outcome.state;
        });
        replayed.map_err(differs)?;
        if last == Some(StateCheck::Right) {
            replay.flush().map_err(differs)?;
        }
    }
    let (pages, map, states) = replay.finish().map_err(differs)?;
    settle(pages.changed, map, states, published, lacks)
}

fn settle(
    pages: BTreeMap<[u8; 32], (PageKey, Vec<u8>)>,
    mut map: MemoryMap,
    states: States,
    published: Vec<(Timestamp, Published)>,
    lacks: impl Fn(&Node) -> bool,
) -> Result<Replayed, MirrorError> {
    let nodes = map.nodes().map_err(|error| MirrorError::log(&error))?;
    let nodes = nodes.filter(lacks);
    let nodes = nodes.map(|node| (Sha256::from_bytes(node.hash.0), node.bytes)).collect();
    let (notices, last_time) = (states.notices, states.last_time);
    Ok(Replayed { pages, nodes, notices, last_time, published })
}

/// The row of the state map that a page has.
pub(super) fn row(key: &PageKey, bytes: &[u8]) -> (Key, Value) {
    (Key(key.state_key()), Value(*Sha256::of(bytes).as_bytes()))
}

/// Runs of events that each end in a state, as far as the log does.
fn runs(events: &[NewEvent]) -> impl Iterator<Item = &[NewEvent]> {
    let mut size = 0;
    events.chunk_by(move |event, _| {
        size += 1;
        let ends = size >= FLUSH_EVENTS && event.leaf.event_type == "state";
        if ends {
            size = 0;
        }
        !ends
    })
}

fn publication(line: &Line) -> Option<(Timestamp, Published)> {
    let Content::Event(event) = &line.content else { return None };
    match &event.body {
        EventBody::Publish(published) => Some((event.time, (**published).clone())),
        _ => None,
    }
}

fn differs(error: ReplayError<MirrorError>) -> MirrorError {
    match error {
        ReplayError::Pages { source, .. } => source,
        error => MirrorError::Differs { source: Box::new(error), evidence: None },
    }
}
