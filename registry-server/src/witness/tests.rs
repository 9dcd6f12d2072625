use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use tare_tlog::hash::{Hash, leaf_hash, node_hash};
use tempfile::TempDir;

use super::*;
use crate::entropy::SystemEntropy;

struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A witness of one log, at a time that the test sets.
struct Scene {
    folder: TempDir,
    clock: Arc<Hands>,
    witness: Option<Witness>,
}

fn log() -> SigningKey {
    let name = "log.example.org/t".parse().unwrap();
    SigningKey::from_seed(name, Algorithm::Ed25519, &[1; 32]).unwrap()
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = "w1.example/w".parse().unwrap();
        Witness::init(folder.path(), name, &SystemEntropy).unwrap();
        let clock = Arc::new(Hands(AtomicI64::new(1_700_000_000)));
        let mut scene = Self { folder, clock, witness: None };
        scene.reopen();
        scene
    }

    /// As after the process ended.
    fn reopen(&mut self) {
        self.witness = None;
        let logs = vec![log().verifier().clone()];
        let clock: Arc<dyn Clock> = Arc::<Hands>::clone(&self.clock);
        self.witness = Some(Witness::open(self.folder.path(), logs, clock).unwrap());
    }

    fn witness(&self) -> &Witness {
        self.witness.as_ref().unwrap()
    }

    fn ask(&self, old: u64, proof: &[Hash], note: Note) -> Result<u64, Refusal> {
        let request = AddCheckpoint { old, proof: proof.to_vec(), note: note.clone() };
        let line = self.witness().add_checkpoint(&request.to_bytes())?;
        Ok(cosignature::time(self.witness().verifier(), note.text(), line.bytes()).unwrap())
    }
}

fn leaf(byte: u8) -> Hash {
    leaf_hash(&[byte])
}

/// The root of the tree of one entry, and of the two trees of two that continue it.
fn root(size: u64, second: u8) -> Hash {
    match size {
        0 => EMPTY_ROOT,
        1 => leaf(0),
        _ => node_hash(&leaf(0), &leaf(second)),
    }
}

fn checkpoint(size: u64, second: u8) -> Note {
    let origin = log().verifier().name().clone();
    let text = Checkpoint::new(origin, size, root(size, second)).unwrap().to_string();
    Note::sign(text, &[&log()]).unwrap()
}

#[test]
fn a_log_is_followed_and_the_record_survives_the_process() {
    let mut scene = Scene::new();
    assert_eq!(scene.ask(0, &[], checkpoint(1, 0)).unwrap(), 1_700_000_000);
    scene.reopen();
    scene.clock.0.fetch_add(60, Ordering::SeqCst);
    assert_eq!(scene.ask(1, &[leaf(1)], checkpoint(2, 1)).unwrap(), 1_700_000_060);
    scene.reopen();
    let hash = record::name(log().verifier().name());
    let note = Note::parse(&scene.witness().newest(&hash).unwrap().unwrap()).unwrap();
    let keys = [scene.witness().verifier().clone()];
    assert_eq!(cosignature::times(&note, &keys).unwrap(), [(&keys[0], 1_700_000_060)]);
    assert_eq!(Checkpoint::open(&note, log().verifier()).unwrap().size(), 2);
    assert_eq!(scene.witness().newest(&"0".repeat(64)).unwrap(), None);
}

#[test]
fn the_same_size_again_is_a_newer_time_and_never_an_older_one() {
    let scene = Scene::new();
    scene.ask(0, &[], checkpoint(1, 0)).unwrap();
    scene.clock.0.fetch_add(600, Ordering::SeqCst);
    assert_eq!(scene.ask(1, &[], checkpoint(1, 0)).unwrap(), 1_700_000_600);
    scene.clock.0.fetch_sub(9000, Ordering::SeqCst);
    assert_eq!(scene.ask(1, &[], checkpoint(1, 0)).unwrap(), 1_700_000_600);
}

#[test]
fn a_second_tree_of_the_same_log_is_refused() {
    let scene = Scene::new();
    scene.ask(0, &[], checkpoint(1, 0)).unwrap();
    scene.ask(1, &[leaf(1)], checkpoint(2, 1)).unwrap();
    for (old, proof) in [(2, vec![]), (2, vec![leaf(2)])] {
        let fork = scene.ask(old, &proof, checkpoint(2, 2));
        assert!(matches!(fork, Err(Refusal::Inconsistent { .. })), "{fork:?}");
    }
    assert!(matches!(
        scene.ask(1, &[leaf(2)], checkpoint(2, 2)),
        Err(Refusal::Conflict { size: 2, .. })
    ));
    assert!(matches!(scene.ask(1, &[], checkpoint(1, 0)), Err(Refusal::Conflict { size: 2, .. })));
    assert!(matches!(scene.ask(3, &[], checkpoint(2, 1)), Err(Refusal::Backwards { .. })));
}

#[test]
fn the_first_checkpoint_needs_no_proof_and_may_have_none() {
    let scene = Scene::new();
    assert!(matches!(
        scene.ask(0, &[leaf(0)], checkpoint(2, 1)),
        Err(Refusal::Inconsistent { .. })
    ));
    scene.ask(0, &[], checkpoint(2, 1)).unwrap();
}

#[test]
fn who_signed_decides_before_what_was_said() {
    let scene = Scene::new();
    let stranger =
        SigningKey::from_seed(log().verifier().name().clone(), Algorithm::Ed25519, &[9; 32]);
    let forged = Note::sign(checkpoint(1, 0).text(), &[&stranger.unwrap()]).unwrap();
    assert!(matches!(scene.ask(5, &[], forged), Err(Refusal::Unsigned(_))));
    let other = "other.example/t".parse().unwrap();
    let key = SigningKey::from_seed(other, Algorithm::Ed25519, &[1; 32]).unwrap();
    let text = Checkpoint::new(key.verifier().name().clone(), 1, leaf(0)).unwrap().to_string();
    let unknown = Note::sign(text, &[&key]).unwrap();
    assert!(matches!(scene.ask(0, &[], unknown), Err(Refusal::Unknown { .. })));
    assert!(matches!(scene.witness().add_checkpoint(b"old 0\n\nx"), Err(Refusal::Request(_))));
}

#[test]
fn a_damaged_record_is_not_taken_for_none() {
    let scene = Scene::new();
    scene.ask(0, &[], checkpoint(1, 0)).unwrap();
    let hash = record::name(log().verifier().name());
    std::fs::write(scene.folder.path().join("logs").join(&hash), "").unwrap();
    let asked = scene.ask(0, &[], checkpoint(2, 2));
    assert!(matches!(asked, Err(Refusal::Record { .. })), "{asked:?}");
    assert!(scene.witness().newest(&hash).is_err());
}

#[test]
fn of_many_requests_at_once_the_record_is_the_largest_that_was_answered() {
    let scene = Scene::new();
    let largest = std::thread::scope(|scope| {
        let ask = |size: u64| scene.ask(0, &[], checkpoint(size, 1)).ok().map(|_| size);
        let threads: Vec<_> =
            (0..16).map(|number| scope.spawn(move || ask(1 + number % 2))).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(largest.len(), 1, "only one of them found the witness without a record");
    let refused = scene.ask(9, &[], checkpoint(2, 1));
    assert!(matches!(refused, Err(Refusal::Backwards { .. })));
}

#[test]
fn one_process_at_a_time_serves_a_witness() {
    let scene = Scene::new();
    let clock: Arc<dyn Clock> = Arc::<Hands>::clone(&scene.clock);
    let second = Witness::open(scene.folder.path(), Vec::new(), clock);
    assert!(matches!(second, Err(WitnessError::Locked { .. })));
    let again = Witness::init(scene.folder.path(), "w2.example/w".parse().unwrap(), &SystemEntropy);
    assert!(matches!(again, Err(WitnessError::Key(KeyFileError::Exists { .. }))));
}
