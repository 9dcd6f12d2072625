//! How long it takes to replay a log, and to check the signatures that it needs.
//!
//! The log has 100,000 events: 2,000 packages of 50 namespaces, one key each, versions that are published, yanked and
//! warned of, and a state after every ten events, as a busy registry writes it. A mirror replays it once in its life.

#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use tare_format::event::{
    BY_REGISTRY, Change, Event, EventBody, LeafEntry, Published, Salt, SignatureRef, SignerKey,
};
use tare_format::registry::RegistryId;
use tare_format::{PackageName, Sha256};
use tare_replay::replay::{Entry, Outcome, Signatures, Start};
use tare_replay::signed::MissingBundle;
use tare_replay::{Bundles, Line, MemoryPages, Redactions, Replay, SignedBy, signed_by};
use tare_sign::{Claim, KeyPair, Signer as _, sign_release};
use tare_tlog::map::MemoryMap;

const EVENTS: usize = 100_000;
const PACKAGES: usize = 2_000;
const NAMESPACES: usize = 50;
const BATCH: usize = 10;
const ROOT: &[u8] = b"tare-root/v1\n";

fn main() {
    // Made before anything is measured.
    LazyLock::force(&LOG);
    divan::main();
}

/// What a signature's check would say, so that the rules are measured alone.
struct Checked;

impl Signatures for Checked {
    fn signed_by(
        &mut self,
        _: &Published,
        accepted: &[SignerKey],
        _: &RegistryId,
    ) -> Result<SignedBy, MissingBundle> {
        Ok(SignedBy::checked(accepted.iter().map(|key| key.id).collect()))
    }
}

/// One for each namespace.
static KEYS: LazyLock<Vec<KeyPair>> =
    LazyLock::new(|| (0..NAMESPACES).map(|_| KeyPair::generate().unwrap()).collect());
static LOG: LazyLock<Log> = LazyLock::new(make_log);

struct Log {
    lines: Vec<(Vec<u8>, String)>,
    bundles: HashMap<Sha256, Vec<u8>>,
}

fn registry() -> RegistryId {
    RegistryId::of_root(&Sha256::of(ROOT))
}

fn name(package: usize) -> PackageName {
    format!("lab-{}/model-{package}", package % NAMESPACES).parse().unwrap()
}

/// A publish event and its signature bundle.
fn published(package: usize, version: usize) -> (Published, Vec<u8>) {
    let release = Sha256::of(format!("{package} {version}").as_bytes());
    let id = format!("{}@1.{version}.0", name(package)).parse().unwrap();
    let claim = Claim { release: id, digest: release, registry: registry() };
    let bundle = sign_release(&claim, &KEYS[package % NAMESPACES]).unwrap();
    let (signature, size) = (Sha256::of(&bundle), bundle.len());
    let text = format!(
        r#"{{"package":"{}","version":"1.{version}.0","kind":"model","release":"{release}","release-size":4096,"dependencies":[{{"name":"{}","requirement":"^1","relation":"base"}}],"variants":["bf16","q4"],"default-variant":"bf16","license":{{"weights":"Apache-2.0"}},"size":16000000000,"signatures":[{{"sha256":"{signature}","size":{size}}}]}}"#,
        name(package),
        name(package / 2)
    );
    (serde_json::from_str(&text).unwrap(), bundle)
}

/// The event with this number, states aside.
fn body(number: usize, bundles: &mut HashMap<Sha256, Vec<u8>>) -> (&'static str, EventBody) {
    if number == 0 {
        return (BY_REGISTRY, EventBody::Root { version: 1, sha256: Sha256::of(ROOT) });
    }
    if number <= NAMESPACES {
        let namespace = format!("lab-{}", number - 1).parse().unwrap();
        return ("ann", EventBody::Namespace { namespace, owner: "ann".to_owned() });
    }
    let number = number - NAMESPACES - 1;
    let (package, round) = (number % PACKAGES, number / PACKAGES);
    let body = match round {
        0 => {
            let key = KEYS[package % NAMESPACES].public_key().to_signer_key();
            EventBody::Signer { package: name(package), key, change: Change::Add }
        }
        round if round % 8 == 7 => {
            let version = format!("1.{}.0", round - 1).parse().unwrap();
            let reason = "the tokenizer has the wrong vocabulary".to_owned();
            EventBody::Yank { package: name(package), version, reason }
        }
        round => {
            let (published, bundle) = published(package, round);
            bundles.insert(published.signatures[0].sha256, bundle);
            EventBody::Publish(Box::new(published))
        }
    };
    ("ann", body)
}

fn make_log() -> Log {
    let mut replay = start();
    let (mut log, mut bundles) = (Vec::with_capacity(EVENTS), HashMap::new());
    let mut numbers = 0..;
    while log.len() < EVENTS {
        let (by, body) = if log.len() % BATCH == BATCH - 1 {
            let commitment = replay.commitment().unwrap();
            let root = Sha256::from_bytes(*commitment.root().as_bytes());
            let (depth, count) = (commitment.depth(), commitment.count());
            (BY_REGISTRY, EventBody::State { depth, count, root, root_version: 1 })
        } else {
            body(numbers.next().unwrap(), &mut bundles)
        };
        let index = log.len() as u64;
        let mut salt = [0; 16];
        salt[..8].copy_from_slice(&index.to_be_bytes());
        let time = Timestamp::from_second(1_795_000_000 + index as i64 / 10).unwrap();
        let event = Event { salt: Salt(salt), time, by: by.to_owned(), body };
        let text = event.to_line().unwrap();
        let entry = Event::leaf_entry(event.body.type_name(), &text);
        let outcome = replay.push(&entry, &text, &mut Checked).unwrap();
        assert!(outcome.judgement.is_effective(), "{text}: {outcome:?}");
        log.push((entry, text));
    }
    Log { lines: log, bundles }
}

fn start() -> Replay<MemoryPages> {
    let (pages, map) = (MemoryPages::new(), MemoryMap::new());
    Replay::new(registry(), pages, map, Start::default(), Redactions::new())
}

/// Everything but the signatures: reading, judging, pages, the map and a check of every state.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn replay_of_100_000_events() {
    let mut replay = start();
    for (entry, text) in &LOG.lines {
        replay.push(entry, text, &mut Checked).unwrap();
    }
    replay.finish().unwrap();
}

/// What a mirror does: the same and every signature, on all cores.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn replay_and_signatures_of_100_000_events() {
    let mut replay = start();
    let entries: Vec<Entry<'_>> =
        LOG.lines.iter().map(|(leaf, line)| Entry { leaf, line }).collect();
    let mut bundles = Bundles::new(|asked: &SignatureRef| LOG.bundles.get(&asked.sha256).cloned());
    let all_effective = |outcome: Outcome, _: Option<&Line>| {
        assert!(outcome.judgement.is_effective(), "{outcome:?}");
    };
    replay.push_all(&entries, &mut bundles, all_effective).unwrap();
    replay.finish().unwrap();
}

/// What a mirror pays to know of redactions before it begins.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn scan_of_100_000_lines_for_redactions() -> Redactions {
    Redactions::scan(LOG.lines.iter().map(|(_, text)| text.as_str()))
}

/// The leaf of each of 100,000 lines, for comparison: the least that anybody has to do.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn hashes_of_100_000_lines() {
    for (_, text) in &LOG.lines {
        divan::black_box(LeafEntry::of("publish", text));
    }
}

/// One signature of a key that was not seen before.
#[divan::bench]
fn one_signature(bencher: divan::Bencher<'_, '_>) {
    let (release, bundle) = published(7, 1);
    let (accepted, id) = ([KEYS[7].public_key().to_signer_key()], registry());
    bencher.bench(|| signed_by(&release, &accepted, &id, |_| Some(bundle.clone())).unwrap());
}
