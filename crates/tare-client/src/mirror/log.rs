//! The new part of a log: fetched, hashed onto the mirror's own tree, and compared with what the log signed.
//!
//! The mirror trusts no tile: it has the edge of its own tree and adds the new leaves to it. If the root that comes out is
//! the signed one, every entry is right and the log continues what the mirror has; nothing else has to be proved. Tiles
//! are written from the entries, so they are the origin's byte for byte, or the roots would differ.
//!
//! A file of entries or events that is not full has a name for each width, so its beginning is here under a shorter name. Only
//! what comes after it is asked for; whatever is odd about that, the whole file is (Z-15).

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use tare_format::Sha256;
use tare_format::event::{LeafEntry, REDACTED};
use tare_store::{LogPath, ObjectKey};
use tare_tlog::hash::{Hash, leaf_hash};
use tare_tlog::tile::{
    EntryBundleId, TILE_WIDTH, TileId, TileWriter, bundles_between, decode_bundle, decode_tile,
    encode_bundle,
};
use tare_tlog::tree::Edge;

use super::MirrorError;
use super::folder::Folder;
use super::upstream::Upstream;

mod whole;

pub(super) use whole::{beginning, recompute};

/// The most bytes of a bundle of entries: 256 of at most 4,096 bytes, each with its length.
const BUNDLE_CAP: u64 = 256 * (4096 + 2);
/// The most bytes of a page of events.
const EVENTS_CAP: u64 = 256 * ((64 << 10) + 1);

/// An event of the log that the mirror has not had before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewEvent {
    /// Its number.
    pub(super) index: u64,
    /// Its leaf.
    pub(super) leaf: LeafEntry,
    /// Its line; none when it was redacted.
    pub(super) line: Option<String>,
}

/// What the log has beyond what the mirror has.
#[derive(Debug)]
pub(super) struct Extension {
    /// The new events.
    pub(super) events: Vec<NewEvent>,
    /// The tree with them.
    pub(super) edge: Edge,
    /// The files of the tree that changed, by path.
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

/// One bundle of entries and the lines to them.
#[derive(Clone)]
struct Block {
    first: u64,
    leaves: Vec<LeafEntry>,
    lines: Vec<Option<String>>,
}

/// Fetches what a log of `size` entries has beyond the tree with this edge. Whether its root is the signed one is for the
/// caller to say.
pub(super) async fn extend(
    upstream: &Upstream<'_>,
    folder: &Folder,
    edge: &Edge,
    size: u64,
) -> Result<Extension, MirrorError> {
    let mut writer = TileWriter::resume(edge, |tile| read_tile(folder, tile))
        .map_err(|error| MirrorError::log(&error))?;
    let held = Held::load(folder, edge)?;
    let ids: Vec<EntryBundleId> =
        bundles_between(edge.size(), size).map_err(|error| MirrorError::log(&error))?.collect();
    let blocks: Vec<Block> = futures::stream::iter(ids)
        .map(|id| fetch_block(upstream, id, held.as_ref().filter(|held| held.bundle == id.index())))
        .buffered(upstream.pace.connections())
        .try_collect()
        .await?;
    assemble(&mut writer, edge.size(), &blocks)
}

/// The events from `from` on and the files of all blocks. The writer holds the tree of the `from` entries before.
fn assemble(
    writer: &mut TileWriter,
    from: u64,
    blocks: &[Block],
) -> Result<Extension, MirrorError> {
    let mut extension =
        Extension { events: Vec::new(), edge: Edge::default(), files: BTreeMap::new() };
    let mut tiles = Vec::new();
    for block in blocks {
        extension.write_block(block)?;
        for ((index, leaf), line) in (block.first..).zip(&block.leaves).zip(&block.lines) {
            if index >= from {
                let hash: Hash = leaf_hash(&leaf.to_bytes());
                writer.append(hash, &mut tiles).map_err(|error| MirrorError::log(&error))?;
                let (leaf, line) = (leaf.clone(), line.clone());
                extension.events.push(NewEvent { index, leaf, line });
            }
        }
    }
    tiles.extend(writer.partial_tiles());
    extension.files.extend(tiles.into_iter().map(|tile| (tile.id.to_string(), tile.bytes)));
    extension.edge = writer.edge();
    Ok(extension)
}

impl Extension {
    /// The files of entries and lines of a block.
    fn write_block(&mut self, block: &Block) -> Result<(), MirrorError> {
        let width = u16::try_from(block.leaves.len()).unwrap_or(TILE_WIDTH);
        let number = block.first / u64::from(TILE_WIDTH);
        let Some(path) = LogPath::new(number, width) else { return Ok(()) };
        let entries: Vec<Vec<u8>> = block.leaves.iter().map(LeafEntry::to_bytes).collect();
        let entries = encode_bundle(&entries).map_err(|error| MirrorError::log(&error))?;
        self.files.insert(ObjectKey::Entries(path).path(), entries);
        self.files.insert(ObjectKey::Events(path).path(), page(&block.lines));
        Ok(())
    }
}

/// A page of events as a file.
fn page(lines: &[Option<String>]) -> Vec<u8> {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.as_deref().unwrap_or(REDACTED));
        text.push('\n');
    }
    text.into_bytes()
}

/// A bundle and its page of events; each line is what its entry is the commitment to. Entries that the tree has already are
/// those of the tree.
async fn fetch_block(
    upstream: &Upstream<'_>,
    id: EntryBundleId,
    held: Option<&Held>,
) -> Result<Block, MirrorError> {
    if let Some(held) = held
        && let Some(block) = held.grown(upstream, id).await
    {
        return Ok(block);
    }
    let known = held.map_or(&[][..], |held| &held.hashes);
    let check = |bytes: &[u8], found| agree(&leaves(bytes, found)?, known);
    let bytes = fetch(upstream, id, ObjectKey::Entries, BUNDLE_CAP, check).await?;
    let mut leaves = leaves(&bytes.0, bytes.1).map_err(MirrorError::Log)?;
    leaves.truncate(id.width().into());
    let (lines, _) = fetch(upstream, id, ObjectKey::Events, EVENTS_CAP, |bytes, _| {
        lines(bytes, &leaves).map(drop)
    })
    .await?;
    let lines = lines_of(&lines, &leaves)?;
    Ok(Block { first: id.first_entry(), leaves, lines })
}

/// What the mirror has of the bundle that the log ended in.
struct Held {
    /// The number of the bundle.
    bundle: u64,
    /// The leaves of the tree in it.
    hashes: Vec<Hash>,
    /// The files of it, when they are what the tree says.
    files: Option<HeldFiles>,
}

/// The beginnings of a bundle and its page.
struct HeldFiles {
    block: Block,
    /// The bytes of the file of entries.
    entries: u64,
    /// The bytes of the file of events.
    events: u64,
}

impl Held {
    /// Nothing when the tree ends with a full bundle.
    fn load(folder: &Folder, edge: &Edge) -> Result<Option<Self>, MirrorError> {
        let width = u16::try_from(edge.size() % u64::from(TILE_WIDTH)).unwrap_or_default();
        let bundle = edge.size() / u64::from(TILE_WIDTH);
        let (Some(tile), Some(id)) =
            (TileId::new(0, bundle, width), EntryBundleId::new(bundle, width))
        else {
            return Ok(None);
        };
        let hashes = decode_tile(tile, &read_tile(folder, &tile)?);
        let hashes = hashes.map_err(|error| MirrorError::log(&error))?;
        // A damaged file is no reason to fail: all of it is fetched then.
        let files = HeldFiles::load(folder, id).ok().flatten();
        let files = files.filter(|files| agree(&files.block.leaves, &hashes).is_ok());
        Ok(Some(Self { bundle, hashes, files }))
    }

    /// The bundle at its new width, of which only what is new is fetched. Nothing when that does not fit what is here.
    async fn grown(&self, upstream: &Upstream<'_>, id: EntryBundleId) -> Option<Block> {
        let HeldFiles { block, entries, events } = self.files.as_ref()?;
        let path = LogPath::new(id.index(), id.width())?;
        let more = id.width().checked_sub(u16::try_from(block.leaves.len()).ok()?)?;
        let added = EntryBundleId::new(id.index(), more)?;
        let bytes = upstream.tail(&ObjectKey::Entries(path), *entries, BUNDLE_CAP).await?;
        let new = leaves(&bytes, added).ok()?;
        let bytes = upstream.tail(&ObjectKey::Events(path), *events, EVENTS_CAP).await?;
        let new_lines = lines(&bytes, &new).ok()?;
        let mut grown = block.clone();
        grown.leaves.extend(new);
        grown.lines.extend(new_lines);
        Some(grown)
    }
}

impl HeldFiles {
    fn load(folder: &Folder, id: EntryBundleId) -> Result<Option<Self>, MirrorError> {
        let Some(path) = LogPath::new(id.index(), id.width()) else { return Ok(None) };
        let entries = folder.read(&ObjectKey::Entries(path).path(), BUNDLE_CAP)?;
        let events = folder.read(&ObjectKey::Events(path).path(), EVENTS_CAP)?;
        let (Some(entries), Some(events)) = (entries, events) else { return Ok(None) };
        let leaves = leaves(&entries, id).map_err(MirrorError::Log)?;
        let lines = lines_of(&events, &leaves)?;
        let block = Block { first: id.first_entry(), leaves, lines };
        // Bytes after the last line are none of the origin's file.
        let is_whole = page(&block.lines) == events;
        let (entries, events) = (entries.len() as u64, events.len() as u64);
        Ok(is_whole.then_some(Self { block, entries, events }))
    }
}

/// Whether entries begin with those that the tree has.
fn agree(leaves: &[LeafEntry], known: &[Hash]) -> Result<(), String> {
    if leaves.len() < known.len() {
        return Err(format!("{} entries, expected at least {}", leaves.len(), known.len()));
    }
    let differs =
        leaves.iter().zip(known).position(|(leaf, hash)| leaf_hash(&leaf.to_bytes()) != *hash);
    match differs {
        None => Ok(()),
        Some(place) => Err(format!("entry {place} is another one than the tree has")),
    }
}

fn lines_of(bytes: &[u8], leaves: &[LeafEntry]) -> Result<Vec<Option<String>>, MirrorError> {
    lines(bytes, leaves).map_err(MirrorError::Log)
}

/// A file of the log; when it is not full and gone, the full one, of which the caller takes what it needs.
async fn fetch(
    upstream: &Upstream<'_>,
    id: EntryBundleId,
    kind: impl Fn(LogPath) -> ObjectKey,
    cap: u64,
    check: impl Fn(&[u8], EntryBundleId) -> Result<(), String>,
) -> Result<(Bytes, EntryBundleId), MirrorError> {
    let key = |id: &EntryBundleId| {
        let path = LogPath::new(id.index(), id.width());
        path.map(&kind).ok_or_else(|| MirrorError::Log(format!("there is no `{id}`")))
    };
    if let Some(full) = id.full().filter(|_| id.is_partial()) {
        let found = upstream.object(&key(&id)?, cap, |bytes| check(bytes, id)).await?;
        if let super::upstream::Got::There(bytes) = found {
            return Ok((bytes, id));
        }
        let bytes = upstream.required(&key(&full)?, cap, |bytes| check(bytes, full)).await?;
        return Ok((bytes, full));
    }
    Ok((upstream.required(&key(&id)?, cap, |bytes| check(bytes, id)).await?, id))
}

fn leaves(bytes: &[u8], id: EntryBundleId) -> Result<Vec<LeafEntry>, String> {
    let entries = decode_bundle(id, bytes).map_err(|error| error.to_string())?;
    let parse = |entry: &&[u8]| LeafEntry::parse(entry).map_err(|error| error.to_string());
    entries.iter().map(parse).collect()
}

/// The lines of a page for these leaves; the page may have more.
fn lines(bytes: &[u8], leaves: &[LeafEntry]) -> Result<Vec<Option<String>>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the events are not UTF-8".to_owned())?;
    let mut rest = text.split_inclusive('\n');
    let mut found = Vec::with_capacity(leaves.len());
    for leaf in leaves {
        let line = rest.next().and_then(|line| line.strip_suffix('\n'));
        let line = line.ok_or_else(|| "there are fewer events than entries".to_owned())?;
        if line == REDACTED {
            found.push(None);
            continue;
        }
        let digest = Sha256::of(line.as_bytes());
        if digest != leaf.payload {
            return Err(format!("an event has {digest}, its entry says {}", leaf.payload));
        }
        found.push(Some(line.to_owned()));
    }
    Ok(found)
}

/// A tile that the mirror wrote.
fn read_tile(folder: &Folder, tile: &TileId) -> Result<Vec<u8>, MirrorError> {
    let bytes = folder.read(&tile.to_string(), 256 * 32)?;
    bytes.ok_or_else(|| MirrorError::Log(format!("the mirror's own `{tile}` is missing")))
}

/// Takes the line of an event out of a page of events (Z-8).
pub(super) fn redact(page: &[u8], place: usize) -> Vec<u8> {
    let mut redacted = Vec::with_capacity(page.len());
    for (at, line) in page.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if at == place {
            redacted.extend_from_slice(REDACTED.as_bytes());
            redacted.push(b'\n');
        } else {
            redacted.extend_from_slice(line);
        }
    }
    redacted
}

/// Takes the lines that are redacted out of all files of events.
pub(super) fn redact_payloads(
    files: &mut BTreeMap<String, Vec<u8>>,
    is_redacted: impl Fn(&Sha256) -> bool,
) {
    for (_, bytes) in files.iter_mut().filter(|(path, _)| path.starts_with("events/")) {
        let places: Vec<usize> = bytes
            .split(|byte| *byte == b'\n')
            .enumerate()
            .filter_map(|(place, line)| is_redacted(&Sha256::of(line)).then_some(place))
            .collect();
        for place in places {
            *bytes = redact(bytes, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Vec<LeafEntry>, String) {
        let lines = ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"];
        let leaves = lines.iter().map(|line| LeafEntry::of("yank", line)).collect();
        (leaves, lines.map(|line| format!("{line}\n")).concat())
    }

    #[test]
    fn a_line_is_what_its_entry_commits_to_or_redacted() {
        let (leaves, text) = sample();
        let found = lines(text.as_bytes(), &leaves).unwrap();
        assert_eq!(found[1].as_deref(), Some("{\"b\":2}"));
        let redacted = redact(text.as_bytes(), 1);
        assert_eq!(redacted, b"{\"a\":1}\n-\n{\"c\":3}\n");
        let found = lines(&redacted, &leaves).unwrap();
        assert_eq!((found[0].is_some(), found[1].is_some()), (true, false));
        assert_eq!(page(&found), redacted);
    }

    #[test]
    fn other_lines_fewer_lines_and_no_text_are_refused() {
        let (leaves, text) = sample();
        assert!(lines(text.replace('2', "3").as_bytes(), &leaves).is_err());
        assert!(lines(text.trim_end().as_bytes(), &leaves).is_err());
        assert!(lines(b"{\"a\":1}\n", &leaves).is_err());
        assert!(lines(b"\xff\n", &leaves).is_err());
        assert!(lines(b"", &leaves).is_err());
        let longer = format!("{text}{{\"d\":4}}\n");
        assert_eq!(lines(longer.as_bytes(), &leaves).unwrap().len(), 3);
    }
}
