//! Tiles, entries and proofs.

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRng, TestRunner};
use tare_tlog::hash::{Hash, leaf_hash};
use tare_tlog::proof::{verify_consistency, verify_inclusion};
use tare_tlog::tile::{
    TileSet, bundles_between, encode_bundle, grow, prove_consistency, prove_inclusion,
};
use tare_tlog::tree::Edge;

use crate::program::go;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors/log/tree.txt");

fn entry(index: u64) -> Vec<u8> {
    format!("entry number {index}").into_bytes()
}

fn leaves(size: u64) -> impl Iterator<Item = Hash> {
    (0..size).map(|index| leaf_hash(&entry(index)))
}

fn root(size: u64) -> Hash {
    let mut edge = Edge::new();
    leaves(size).for_each(|leaf| edge.append(leaf).unwrap());
    edge.root()
}

fn write(folder: &Path, name: String, bytes: Vec<u8>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A log as files, and how many tiles it has.
fn log(size: u64) -> (PathBuf, usize) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("log-{size}"));
    let _ = fs::remove_dir_all(&folder);
    let (_, tiles) = grow(&Edge::new(), leaves(size), |_| Ok::<_, Infallible>(Vec::new())).unwrap();
    let count = tiles.len();
    tiles.into_iter().for_each(|tile| write(&folder, tile.id.to_string(), tile.bytes));
    for bundle in bundles_between(0, size).unwrap() {
        let first = bundle.first_entry();
        let entries: Vec<Vec<u8>> = (first..first + u64::from(bundle.width())).map(entry).collect();
        write(&folder, bundle.to_string(), encode_bundle(&entries).unwrap());
    }
    (folder, count)
}

#[test]
fn go_reads_our_logs() {
    for size in [1, 255, 256, 257, 1_000, 65_536, 70_000] {
        let (folder, tiles) = log(size);
        let answer = go(&["log", folder.to_str().unwrap(), &size.to_string()], b"");
        assert_eq!(answer, format!("{} {tiles}\n", root(size)), "{size}");
    }
}

/// A proof as both sides are asked about it.
#[derive(Debug, Clone)]
struct Question {
    inclusion: bool,
    numbers: (u64, u64),
    hashes: (Hash, Hash),
    proof: Vec<Hash>,
}

impl Question {
    /// A right one about the first entries of the log.
    fn right(inclusion: bool, other: u64, size: u64) -> Self {
        let (_, files) =
            grow(&Edge::new(), leaves(size), |_| Ok::<_, Infallible>(Vec::new())).unwrap();
        let mut tiles = TileSet::new();
        files.iter().for_each(|file| tiles.insert(file.id, &file.bytes).unwrap());
        let (first, proof) = if inclusion {
            (leaf_hash(&entry(other)), prove_inclusion(other, size, &tiles))
        } else {
            (root(other), prove_consistency(other, size, &tiles))
        };
        let proof = proof.unwrap();
        Self { inclusion, numbers: (other, size), hashes: (first, root(size)), proof }
    }

    fn ours(&self) -> &'static str {
        let ((other, size), (first, root)) = (self.numbers, &self.hashes);
        let result = if self.inclusion {
            verify_inclusion(first, other, size, root, &self.proof)
        } else {
            verify_consistency(other, first, size, root, &self.proof)
        };
        if result.is_ok() { "ok" } else { "no" }
    }

    fn line(&self) -> String {
        let kind = if self.inclusion { "inclusion" } else { "consistency" };
        let ((other, size), (first, root)) = (self.numbers, self.hashes);
        let proof: String = self.proof.iter().map(|hash| format!(" {hash}")).collect();
        format!("{kind} {other} {first} {size} {root}{proof}\n")
    }
}

/// Right proofs, and such as were right before something was changed.
fn questions() -> impl Strategy<Value = Question> {
    let size = 1..90_u64;
    (any::<bool>(), size, any::<prop::sample::Index>(), 0..6_u8, any::<prop::sample::Index>())
        .prop_map(|(inclusion, size, other, change, place)| {
            // Go takes no consistency with a log without entries for a question.
            let other = u64::try_from(other.index(usize::try_from(size).unwrap())).unwrap();
            let other = if inclusion { other } else { other + 1 };
            let mut question = Question::right(inclusion, other, size);
            let place = place.index(question.proof.len().max(1));
            match change {
                0 => question.proof.insert(place, Hash([9; 32])),
                1 if !question.proof.is_empty() => _ = question.proof.remove(place),
                2 if !question.proof.is_empty() => question.proof[place].0[place] ^= 1,
                3 => question.numbers.0 += 1,
                4 => question.numbers.1 += 1,
                _ => {}
            }
            question
        })
}

#[test]
fn both_take_the_same_proofs() {
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(Default::default()));
    let questions = prop::collection::vec(questions(), 3_000);
    let questions = questions.new_tree(&mut runner).unwrap().current();
    let input: String = questions.iter().map(Question::line).collect();
    let answers = go(&["check"], input.as_bytes());
    assert_eq!(answers.lines().count(), questions.len());
    assert!(answers.contains("ok") && answers.contains("no"));
    for (question, theirs) in questions.iter().zip(answers.lines()) {
        assert_eq!(question.ours(), theirs, "{question:?}");
    }
}

#[test]
fn the_tree_vectors_are_what_go_writes() {
    let kept = fs::read_to_string(VECTORS).unwrap();
    assert!(go(&["tree"], b"") == kept, "spec/vectors/log/tree.txt is not what Go writes");
}
