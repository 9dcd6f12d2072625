//! What a log and its state map cost. `cargo bench -p tare-tlog`.
//!
//! Everything lies in memory, so nothing here waits for a disk. Before the times, the sizes of the files are printed.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io;
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use tare_tlog::hash::{Hash, leaf_hash};
use tare_tlog::map::{
    Commitment, FAN_OUT, Key, MemoryMap, Prefix, Rewritten, Step, Value, Walk, build, depth_for,
    rewrite,
};
use tare_tlog::tile::{TileFile, TileSet, grow, inclusion_checked, plan_inclusion};
use tare_tlog::tree::Edge;

const ENTRIES: u64 = 100_000;

fn main() -> io::Result<()> {
    print_sizes(&mut io::stdout().lock())?;
    divan::main();
    Ok(())
}

fn entries(count: u64) -> impl Iterator<Item = Vec<u8>> {
    (0..count)
        .map(|index| format!("publish {}\n", Hash::of(&index.to_be_bytes()).hex()).into_bytes())
}

fn log(count: u64) -> (Edge, Vec<TileFile>) {
    let leaves = entries(count).map(|entry| leaf_hash(&entry));
    grow(&Edge::new(), leaves, |_| Ok::<_, Infallible>(Vec::new())).expect("the log is small")
}

static LOG: LazyLock<(Edge, Vec<TileFile>)> = LazyLock::new(|| log(ENTRIES));

fn rows(count: u64) -> BTreeMap<Key, Value> {
    let row = |number: u64| {
        (Key(Hash::of(&number.to_be_bytes()).0), Value(Hash::of(&number.to_le_bytes()).0))
    };
    (0..count).map(row).collect()
}

#[divan::bench]
fn append_and_tile_100_000(bencher: Bencher<'_, '_>) {
    let entries: Vec<Vec<u8>> = entries(ENTRIES).collect();
    bencher.counter(ItemsCount::new(ENTRIES)).bench(|| {
        let leaves = entries.iter().map(|entry| leaf_hash(entry));
        grow(&Edge::new(), leaves, |_| Ok::<_, Infallible>(Vec::new()))
    });
}

#[divan::bench]
fn replay_root_of_100_000(bencher: Bencher<'_, '_>) {
    let entries: Vec<Vec<u8>> = entries(ENTRIES).collect();
    bencher.counter(ItemsCount::new(ENTRIES)).bench(|| {
        let mut edge = Edge::new();
        entries.iter().for_each(|entry| edge.append(leaf_hash(entry)).expect("the log is small"));
        edge.root()
    });
}

/// As a client does it: the planned tiles are decoded, the proof is made and checked.
#[divan::bench]
fn inclusion_from_tiles(bencher: Bencher<'_, '_>) {
    let files: BTreeMap<_, &[u8]> = LOG.1.iter().map(|file| (file.id, &file.bytes[..])).collect();
    let leaves: Vec<Hash> = entries(ENTRIES).map(|entry| leaf_hash(&entry)).collect();
    let root = LOG.0.root();
    let mut index = 0;
    bencher.bench_local(|| {
        index = (index + 7_919) % ENTRIES;
        let mut tiles = TileSet::new();
        for tile in plan_inclusion(index, ENTRIES).expect("the entry is there") {
            tiles.insert(tile, files[&tile]).expect("the tile is whole");
        }
        let place = usize::try_from(index).expect("the log is small");
        inclusion_checked(&leaves[place], index, ENTRIES, &root, &tiles)
            .expect("the tiles are right")
    });
}

#[divan::bench(args = [1_000, 100_000, 1_000_000], sample_count = 5)]
fn build_map(bencher: Bencher<'_, '_>, count: u64) {
    let rows = rows(count);
    let rows = || rows.iter().map(|(key, value)| (*key, *value));
    bencher.counter(ItemsCount::new(count)).bench(|| build(count, rows(), drop));
}

#[divan::bench(args = [1, 100])]
fn rewrite_map_of_100_000(bencher: Bencher<'_, '_>, count: u64) {
    let map = Stored::new(100_000);
    let changes = changes(count);
    bencher.counter(ItemsCount::new(count)).bench(|| map.rewrite(&changes));
}

#[divan::bench(args = [1, 100])]
fn update_memory_map_of_100_000(bencher: Bencher<'_, '_>, count: u64) {
    let mut map = MemoryMap::new();
    for (key, value) in rows(100_000) {
        map.insert(key, value);
    }
    map.commitment().expect("the rows are hashes");
    let mut round = 0_u64;
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        round += 1;
        for key in changes(count).into_keys() {
            map.insert(key, Value(Hash::of(&round.to_be_bytes()).0));
        }
        map.commitment()
    });
}

#[divan::bench]
fn walk_map_of_100_000(bencher: Bencher<'_, '_>) {
    let map = Stored::new(100_000);
    let keys: Vec<Key> = map.rows.keys().copied().collect();
    let mut place = 0;
    bencher.bench_local(|| {
        place = (place + 7_919) % keys.len();
        map.walk(keys[place])
    });
}

fn changes(count: u64) -> BTreeMap<Key, Option<Value>> {
    rows(count).into_keys().map(|key| (key, Some(Value([7; 32])))).collect()
}

/// A map as a database and a folder hold it.
struct Stored {
    commitment: Commitment,
    rows: BTreeMap<Key, Value>,
    children: BTreeMap<Prefix, [Hash; FAN_OUT]>,
    files: BTreeMap<Hash, Vec<u8>>,
}

impl Stored {
    fn new(count: u64) -> Self {
        let rows = rows(count);
        let (mut children, mut files) = (BTreeMap::new(), BTreeMap::new());
        let sorted = rows.iter().map(|(key, value)| (*key, *value));
        let commitment = build(count, sorted, |node| {
            if node.prefix.level() < depth_for(count) {
                let hashes: Vec<Hash> =
                    node.bytes.as_chunks().0.iter().map(|hash| Hash(*hash)).collect();
                children.insert(node.prefix, hashes.try_into().expect("a node has 64 children"));
            }
            files.insert(node.hash, node.bytes);
        });
        Self { commitment: commitment.expect("the rows are sorted"), rows, children, files }
    }

    fn rewrite(&self, changes: &BTreeMap<Key, Option<Value>>) -> Rewritten {
        let rows_of = |bucket: &Prefix| {
            let (low, high) = bucket.range();
            Some(self.rows.range(low..=high).map(|(key, value)| (*key, *value)).collect())
        };
        let children_of = |prefix: &Prefix| self.children.get(prefix).copied();
        rewrite(&self.commitment, changes, rows_of, children_of).expect("the map is whole")
    }

    /// How many files and bytes a client reads for one key.
    fn walk(&self, key: Key) -> (usize, usize) {
        let mut walk = Walk::new(&self.commitment, key);
        let mut read = (0, 0);
        while let Step::Fetch(name) = walk.next() {
            let file = &self.files[&name];
            walk.feed(file).expect("the file is right");
            read = (read.0 + 1, read.1 + file.len());
        }
        read
    }
}

fn print_sizes(out: &mut impl io::Write) -> io::Result<()> {
    let (_, tiles) = &*LOG;
    let bytes: usize = tiles.iter().map(|tile| tile.bytes.len()).sum();
    let levels = tiles.iter().map(|tile| tile.id.level()).collect::<BTreeSet<_>>().len();
    writeln!(
        out,
        "log of {ENTRIES} entries: {} tiles on {levels} levels, {bytes} bytes",
        tiles.len()
    )?;
    writeln!(
        out,
        "\n| rows | depth | files | bytes | lookup: files, bytes | written for 1, 100 updates |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for count in [1_000, 100_000, 1_000_000] {
        let map = Stored::new(count);
        let bytes: usize = map.files.values().map(Vec::len).sum();
        let (fetched, read) = map.walk(Key(Hash::of(&0_u64.to_be_bytes()).0));
        let written = |updates| -> usize {
            map.rewrite(&changes(updates)).nodes.iter().map(|node| node.bytes.len()).sum()
        };
        let (depth, files) = (map.commitment.depth(), map.files.len());
        let (one, hundred) = (written(1), written(100));
        writeln!(
            out,
            "| {count} | {depth} | {files} | {bytes} | {fetched}, {read} | {one}, {hundred} |"
        )?;
    }
    writeln!(out)
}
