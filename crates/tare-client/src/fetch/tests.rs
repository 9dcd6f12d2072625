//! Files from several places: one is evil, one is good, the bytes are right and no more is fetched than has to be.

use std::time::Duration;

use tare_format::location::{Location, Place};
use tare_format::pack::Codec;
use tare_format::recipe::{Chunk, Chunker};
use tare_format::{Blake3, Sha256};
use tare_store::ObjectKey;

use super::*;
use crate::error::{ClientError as _, ErrorKind};
use crate::event::{Progress, Unit};
use crate::home::Home;
use crate::local::Local;
use crate::registry::tests::site::{Answer, Asked, EvilSite, Objects};
use crate::registry::tests::{client, hasty};
use crate::transport::Settings;

/// So many packs, each with so many chunks of so many bytes.
const PACKS: usize = 3;
const CHUNKS: usize = 4;
const CHUNK: usize = 8 << 10;
const PACK: usize = CHUNKS * CHUNK;

/// A file of raw chunks, and the registry that has it.
struct Sample {
    file: ReleaseFile,
    bytes: Vec<u8>,
    objects: Objects,
    packs: Vec<String>,
}

fn sample() -> Sample {
    let bytes: Vec<u8> = (0..(PACKS * PACK) as u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
    sample_of(bytes[..PACKS * PACK].to_vec())
}

fn sample_of(bytes: Vec<u8>) -> Sample {
    let chunks =
        bytes.chunks(CHUNK).map(|raw| Chunk { digest: Blake3::of(raw), length: raw.len() as u32 });
    let recipe = Recipe::new(Chunker::Cdc64K, chunks.collect()).unwrap();
    let packs: Vec<&[u8]> = bytes.chunks(PACK).collect();
    let names: Vec<Blake3> = packs.iter().map(|pack| Blake3::of(pack)).collect();
    let place = |index: usize| Place {
        pack: (index / CHUNKS) as u32,
        offset: (index % CHUNKS * CHUNK) as u64,
        stored_length: CHUNK as u32,
        codec: Codec::Raw,
    };
    let places = (0..recipe.chunks().len()).map(place).collect();
    let location = Location::new(names.clone(), places).unwrap();
    let mut objects = Objects::new();
    objects.insert(ObjectKey::Recipe(recipe.digest()).path(), recipe.to_bytes());
    objects.insert(ObjectKey::Location(recipe.digest()).path(), location.to_bytes());
    let path = |name: &Blake3| ObjectKey::Pack(*name).path();
    objects.extend(names.iter().map(path).zip(packs.iter().map(|pack| pack.to_vec())));
    let file = ReleaseFile {
        size: bytes.len() as u64,
        sha256: Sha256::of(&bytes),
        recipe: Some(recipe.digest()),
        ..crate::samples::release("a/b@1.0.0").files.remove(0)
    };
    Sample { file, bytes, objects, packs: names.iter().map(path).collect() }
}

impl Sample {
    fn evil(&self, script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> EvilSite {
        EvilSite::start(&self.objects, script)
    }

    fn good(&self) -> EvilSite {
        EvilSite::honest(&self.objects)
    }

    /// Fetches the file from `sites`, the origin last. What is fetched is what it should be.
    async fn fetch(&self, sites: &[&EvilSite], settings: Settings) -> Result<(), FetchError> {
        let home = tempfile::tempdir().unwrap();
        let local = Local::open(Home::new(home.path())).unwrap();
        let (client, _) = client(sites, settings);
        let store = Arc::clone(local.files());
        let (id, now) = (crate::samples::registry(), jiff::Timestamp::UNIX_EPOCH);
        let source = Source::new(&client, id, local, now, false, Progress::silent());
        let task = Progress::silent().task("fetching", Unit::Bytes, self.file.size);
        let fetched = Fetcher::new(&source, Arc::clone(&store)).fetch(&self.file, &[], &task).await;
        if fetched.is_ok() {
            let bytes = std::fs::read(store.path(&self.file.sha256)).unwrap();
            assert!(bytes == self.bytes, "other bytes were kept");
            assert_eq!(task.done(), self.file.size, "every byte is counted once");
        }
        fetched
    }
}

fn settings() -> Settings {
    hasty(Settings::default())
}

/// Wrong bytes in the middle of a pack.
fn flipped(pack: &[u8], at: usize) -> Vec<u8> {
    let mut pack = pack.to_vec();
    pack[at] ^= 1;
    pack
}

#[tokio::test]
async fn a_wrong_chunk_is_fetched_elsewhere_and_nothing_else_is() {
    let sample = sample();
    let wrong = sample.packs[1].clone();
    let bytes = flipped(&sample.objects[&wrong], 2 * CHUNK + 5);
    let evil = sample.evil(move |asked| match asked.path == wrong {
        true => Answer::Bytes(bytes.clone()),
        false => Answer::Honest,
    });
    let good = sample.good();
    sample.fetch(&[&evil, &good], settings()).await.unwrap();
    assert_eq!(evil.asked("packs").len(), PACKS);
    let [again] = &good.asked("packs")[..] else { panic!("{:?}", good.asked("packs")) };
    assert_eq!((&again.path, again.range.clone()), (&sample.packs[1], Some(2 * CHUNK..3 * CHUNK)));
}

#[tokio::test]
async fn whatever_a_mirror_does_with_a_pack_another_goes_on_where_it_stopped() {
    let answers: [fn() -> Answer; 8] = [
        || Answer::Status(404, ""),
        || Answer::Status(451, ""),
        || Answer::Status(503, ""),
        || Answer::Stall(CHUNK + 1),
        || Answer::Break(CHUNK + 1),
        || Answer::Endless,
        || Answer::Bytes(b"short".to_vec()),
        || Answer::Encoded("br"),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let sample = sample();
        let odd = sample.packs[2].clone();
        let evil = sample.evil(move |asked| match asked.path == odd {
            true => answer(),
            false => Answer::Honest,
        });
        let good = sample.good();
        sample.fetch(&[&evil, &good], settings()).await.unwrap();
        let [again] = &good.asked("packs")[..] else { panic!("{number}: {:?}", good.asked("")) };
        let start = if matches!(answer(), Answer::Stall(_) | Answer::Break(_)) { CHUNK } else { 0 };
        assert_eq!(again.range, Some(start..PACK), "answer {number}");
        assert_eq!(again.path, sample.packs[2], "answer {number}");
    }
}

#[tokio::test]
async fn a_location_that_does_not_fit_is_taken_from_the_next_place() {
    let sample = sample();
    let other = sample_of(vec![7; 2 * PACK]);
    let theirs = other.objects.iter().find(|(path, _)| path.starts_with("locations"));
    let theirs = theirs.unwrap().1.clone();
    for lie in [theirs, b"no location".to_vec()] {
        let evil = sample.evil(move |asked| match asked.path.starts_with("locations") {
            true => Answer::Bytes(lie.clone()),
            false => Answer::Honest,
        });
        let good = sample.good();
        sample.fetch(&[&evil, &good], settings()).await.unwrap();
        assert_eq!(evil.asked("packs").len(), 0);
        assert_eq!(good.asked("packs").len(), PACKS);
    }
}

#[tokio::test]
async fn a_mirror_may_have_packed_it_otherwise() {
    let sample = sample();
    let (mut objects, whole) = (sample.objects.clone(), Blake3::of(&sample.bytes));
    let place = |index: usize| Place {
        pack: 0,
        offset: (index * CHUNK) as u64,
        stored_length: CHUNK as u32,
        codec: Codec::Raw,
    };
    let location = Location::new(vec![whole], (0..PACKS * CHUNKS).map(place).collect()).unwrap();
    objects.retain(|path, _| !path.starts_with("packs"));
    let path = ObjectKey::Location(sample.file.recipe.unwrap()).path();
    objects.insert(path, location.to_bytes());
    objects.insert(ObjectKey::Pack(whole).path(), flipped(&sample.bytes, 5 * CHUNK));
    let (mirror, good) = (EvilSite::honest(&objects), sample.good());
    sample.fetch(&[&mirror, &good], settings()).await.unwrap();
    let ranges: Vec<_> = good.asked("packs").into_iter().map(|asked| asked.range).collect();
    assert_eq!(ranges, [Some(CHUNK..2 * CHUNK)], "the one chunk, from where this place has it");
}

#[tokio::test]
async fn a_server_without_ranges_sends_every_pack_once() {
    let sample = sample();
    let plain = sample.evil(|_| Answer::Whole);
    // So that parts are missing, not whole packs.
    let first = sample.evil(|asked| match asked.path.starts_with("packs") {
        true => Answer::Break(CHUNK + 1),
        false => Answer::Honest,
    });
    sample.fetch(&[&first, &plain], settings()).await.unwrap();
    let mut asked: Vec<_> = plain.asked("packs").into_iter().map(|asked| asked.path).collect();
    asked.sort_unstable();
    let mut packs = sample.packs.clone();
    packs.sort_unstable();
    assert_eq!(asked, packs);
}

#[tokio::test]
async fn a_wrong_whole_pack_is_not_used() {
    let sample = sample();
    let (wrong, bytes) = (sample.packs[0].clone(), flipped(&sample.objects[&sample.packs[0]], 9));
    let evil = sample.evil(move |asked| match asked.path == wrong && asked.range.is_some() {
        true => Answer::Bytes(bytes.clone()),
        false => Answer::Whole,
    });
    let good = sample.good();
    sample.fetch(&[&evil, &good], settings()).await.unwrap();
    assert!(good.asked("packs").iter().any(|asked| asked.path == sample.packs[0]));
}

#[tokio::test]
async fn the_last_range_is_asked_of_another_when_it_takes_long() {
    let sample = sample();
    let last = sample.packs[2].clone();
    let slow = sample.evil(move |asked| match asked.path == last {
        true => Answer::Stall(CHUNK),
        false => Answer::Honest,
    });
    let good = sample.good();
    let settings = Settings {
        stall_timeout: Duration::from_secs(600),
        hedge_after: Duration::from_millis(50),
        ..settings()
    };
    sample.fetch(&[&slow, &good], settings).await.unwrap();
    assert_eq!(good.asked("packs").len(), 1);
}

#[tokio::test]
async fn when_nobody_has_all_of_it_every_place_is_named() {
    let sample = sample();
    let bytes = flipped(&sample.objects[&sample.packs[0]], 0);
    let wrong = sample.packs[0].clone();
    let evil = sample.evil(move |asked| match asked.path == wrong {
        true => Answer::Bytes(bytes.clone()),
        false => Answer::Honest,
    });
    let gone = sample.evil(|asked| match asked.path.starts_with("packs") {
        true => Answer::Status(410, r#"{"errors":[{"detail":"taken down"}]}"#),
        false => Answer::Honest,
    });
    let error = sample.fetch(&[&evil, &gone], settings()).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("E-CHUNK", ErrorKind::Integrity));
    let said = crate::error::chain(&error).join(": ");
    for part in [evil.url().as_str(), gone.url().as_str(), "410", "taken down"] {
        assert!(said.contains(part), "{said}");
    }
}

#[tokio::test]
async fn a_sole_place_is_asked_again_and_never_from_the_start() {
    let sample = sample_of((0..PACK as u32).flat_map(|n| n.to_le_bytes()).take(PACK).collect());
    let flaky = sample.evil(|asked| match &asked.range {
        Some(range) if range.start < 2 * CHUNK => Answer::Break(CHUNK + 100),
        _ => Answer::Honest,
    });
    sample.fetch(&[&flaky], settings()).await.unwrap();
    let starts: Vec<_> = flaky.asked("packs").into_iter().map(|asked| asked.range).collect();
    assert_eq!(starts, [Some(0..PACK), Some(CHUNK..PACK), Some(2 * CHUNK..PACK)]);
}

#[tokio::test]
async fn a_location_far_behind_every_pack_is_wrong_and_no_memory_is_spent_on_it() {
    let sample = sample();
    let place = |_| Place {
        pack: 0,
        offset: u64::MAX - (2 * CHUNK) as u64,
        stored_length: CHUNK as u32,
        codec: Codec::Raw,
    };
    let places = (0..PACKS * CHUNKS).map(place).collect();
    let lie = Location::new(vec![Blake3::of(&sample.bytes[..PACK])], places).unwrap().to_bytes();
    for whole in [false, true] {
        let lie = lie.clone();
        let evil = sample.evil(move |asked| match asked.path.starts_with("locations") {
            true => Answer::Bytes(lie.clone()),
            false if whole => Answer::Whole,
            false => Answer::Honest,
        });
        sample.fetch(&[&evil, &sample.good()], settings()).await.unwrap();
        let error = sample.fetch(&[&evil], settings()).await.unwrap_err();
        assert_eq!((error.code(), error.kind()), ("E-RANGE", ErrorKind::Integrity));
    }
}
