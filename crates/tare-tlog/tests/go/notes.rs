//! Keys, notes, cosignatures and root documents.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tare_tlog::cosignature::cosign;
use tare_tlog::key::{Algorithm, SigningKey, VerifierKey};
use tare_tlog::note::{Note, NoteError, SignatureLineError};

use crate::program::go;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors/log");

fn signer(name: &str, algorithm: Algorithm, seed: u8) -> SigningKey {
    SigningKey::from_seed(name.parse().unwrap(), algorithm, &[seed; 32]).unwrap()
}

fn hex_of(seed: u8) -> String {
    format!("{seed:02x}").repeat(32)
}

/// What Go's package says of each note, with these keys.
fn opened<'a>(keys: &[VerifierKey], notes: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let keys: Vec<String> = keys.iter().map(VerifierKey::to_string).collect();
    let arguments: Vec<&str> =
        ["open"].into_iter().chain(keys.iter().map(String::as_str)).collect();
    let input: String = notes.map(|note| STANDARD.encode(note) + "\n").collect();
    go(&arguments, input.as_bytes()).lines().map(str::to_owned).collect()
}

#[test]
fn keys_have_the_same_texts() {
    for (name, seed) in [("log.example.org/t", 1), ("ä/€", 7), ("a", 255)] {
        let ours = signer(name, Algorithm::Ed25519, seed);
        let theirs = go(&["signer", name, &hex_of(seed)], b"");
        assert_eq!(theirs, format!("{}\n{}\n", *ours.to_text(), ours.verifier()));
    }
}

#[test]
fn go_opens_our_notes() {
    let (log, other) = (signer("log", Algorithm::Ed25519, 1), signer("b", Algorithm::Ed25519, 2));
    let witness = signer("w", Algorithm::CosignatureEd25519, 3);
    let checkpoint = format!("log\n7\n{}\n", tare_tlog::hash::Hash([7; 32]));
    let mut cosigned = Note::sign(checkpoint, &[&log]).unwrap();
    cosigned.add(cosign(cosigned.text(), u64::MAX / 2, &witness).unwrap()).unwrap();
    let notes = [
        Note::sign("text\n", &[&log]).unwrap(),
        Note::sign("\n\n— a\n\n\n", &[&other, &log]).unwrap(),
        cosigned,
    ];
    let keys = [&log, &other, &witness].map(|key| key.verifier().clone());
    let notes = notes.map(|note| note.to_bytes());
    assert_eq!(opened(&keys, notes.iter().map(Vec::as_slice)), ["ok log", "ok b log", "ok log w"]);
}

#[test]
fn we_write_what_go_writes() {
    let (log, seed) = (signer("log", Algorithm::Ed25519, 1), hex_of(3));
    let witness = signer("w", Algorithm::CosignatureEd25519, 3);
    let text = format!("log\n7\n{}\n", tare_tlog::hash::Hash([7; 32]));
    let mut ours = Note::sign(text.clone(), &[&log]).unwrap();
    let theirs = go(&["sign", &log.to_text()], text.as_bytes());
    assert_eq!(theirs.as_bytes(), ours.to_bytes());

    let theirs = go(&["cosign", "w", &seed, "1700000000"], theirs.as_bytes());
    ours.add(cosign(&text, 1_700_000_000, &witness).unwrap()).unwrap();
    assert_eq!(theirs.as_bytes(), ours.to_bytes());
}

/// The files of a folder and of the folders in it, by their path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for part in ["good", "bad"] {
        for entry in fs::read_dir(folder.join(part)).unwrap().map(Result::unwrap) {
            let name = format!("{part}/{}", entry.file_name().to_str().unwrap());
            found.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    found.insert("keys".to_owned(), fs::read(folder.join("keys")).unwrap());
    found
}

#[test]
fn the_vectors_are_what_go_writes() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("log-vectors");
    let _ = fs::remove_dir_all(&folder);
    go(&["vectors", folder.to_str().unwrap()], b"");
    let (fresh, kept) = (files(&folder), files(Path::new(VECTORS)));
    for (name, bytes) in &fresh {
        assert!(kept.get(name) == Some(bytes), "spec/vectors/log/{name} is not what Go writes");
    }
}

/// The checkpoint of the vectors with some bytes replaced, removed and put in.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let good = fs::read(format!("{VECTORS}/good/checkpoint.note")).unwrap();
    let interesting = prop::sample::select(b"\n\n\n +=-A0\x00\x7f\xe2\x80\x94\xc2\xa0".to_vec());
    let edit = (0..good.len(), 0..3_u8, prop_oneof![interesting, any::<u8>()]);
    prop::collection::vec(edit, 1..4).prop_map(move |edits| {
        let mut bytes = good.clone();
        for (at, what, new) in edits {
            let at = at.min(bytes.len() - 1);
            match what {
                0 => bytes[at] = new,
                1 => bytes.insert(at, new),
                _ => _ = bytes.remove(at),
            }
        }
        bytes
    })
}

#[test]
fn both_take_the_same_notes() {
    let keys = fs::read_to_string(format!("{VECTORS}/keys")).unwrap();
    let keys: Vec<VerifierKey> = keys.lines().map(|key| key.parse().unwrap()).collect();
    let notes = prop::collection::vec(mutated(), 4000);
    let mut runner = TestRunner::deterministic();
    let notes = notes.new_tree(&mut runner).unwrap().current();
    let theirs = opened(&keys, notes.iter().map(Vec::as_slice));
    for (note, theirs) in notes.iter().zip(theirs) {
        let ours = Note::parse(note);
        let loose =
            matches!(ours, Err(NoteError::Line { source: SignatureLineError::Base64 { .. }, .. }));
        let ours = match ours.and_then(|note| note.verify(&keys).map(|_| ())) {
            Ok(()) => "ok",
            Err(_) => "no",
        };
        // Go reads base64 whose unused bits are set. We do not: a note would have several byte sequences.
        let same = theirs.starts_with(ours) || (loose && theirs.starts_with("ok"));
        assert!(same, "Go says {theirs}, we {ours}: {:?}", String::from_utf8_lossy(note));
    }
}
