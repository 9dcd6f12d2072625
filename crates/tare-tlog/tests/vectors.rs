//! The files of `spec/vectors/log`, which Go's own package wrote and judged (`tests/go`).

#![expect(clippy::unwrap_used, reason = "a vector that cannot be read has failed")]

use std::fs;
use std::path::PathBuf;

use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::key::VerifierKey;
use tare_tlog::note::Note;
use tare_tlog::policy::QuorumTime;
use tare_tlog::root::{RootDocument, RootError};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors/log");

fn keys() -> Vec<VerifierKey> {
    let keys = fs::read_to_string(format!("{VECTORS}/keys")).unwrap();
    keys.lines().map(|key| key.parse().unwrap()).collect()
}

fn notes(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(format!("{VECTORS}/{folder}")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|found| found == "note")).collect()
}

fn good(name: &str) -> Note {
    Note::parse(&fs::read(format!("{VECTORS}/good/{name}.note")).unwrap()).unwrap()
}

#[test]
fn good_notes_are_opened() {
    let (keys, paths) = (keys(), notes("good"));
    assert!(!paths.is_empty());
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        let note = Note::parse(&bytes).unwrap();
        assert_eq!(note.to_bytes(), bytes, "{}", path.display());
        for key in note.verify(&keys).unwrap() {
            assert_eq!(note.require(key), Ok(()), "{}", path.display());
        }
    }
}

#[test]
fn bad_notes_are_refused() {
    let (keys, paths) = (keys(), notes("bad"));
    assert!(!paths.is_empty());
    for path in paths {
        let note = Note::parse(&fs::read(&path).unwrap());
        assert!(
            note.and_then(|note| note.verify(&keys).map(|_| ())).is_err(),
            "{}",
            path.display()
        );
    }
}

#[test]
fn the_checkpoint_is_the_log_s_and_has_its_quorum() {
    let root = RootDocument::verify_first(&good("root-1")).unwrap();
    let accepted = root.policy.open(&good("checkpoint"), u64::MAX).unwrap();
    assert_eq!(accepted.checkpoint.size(), 7);
    assert_eq!(accepted.time, QuorumTime::At(1_700_000_000));
    assert_eq!(Checkpoint::open(&good("checkpoint"), &accepted.log), Ok(accepted.checkpoint));
}

#[test]
fn the_second_root_document_follows_the_first_and_the_forged_one_does_not() {
    let first = RootDocument::verify_first(&good("root-1")).unwrap();
    let second = first.verify_next(&good("root-2")).unwrap();
    assert_eq!(second.to_text().unwrap(), good("root-2").text());
    let error = first.verify_next(&good("root-2-forged")).unwrap_err();
    assert!(matches!(error, RootError::Threshold { keys_of: 1, found: 1, threshold: 2, .. }));
}
