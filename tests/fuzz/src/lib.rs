//! The fuzz targets: each takes any bytes, and what it accepts must print as the same bytes again.
//!
//! None may panic, loop or allocate more than its input pays for. They are plain functions, so that a test on a stable
//! toolchain can call them too (`crates/tare-tlog/tests/fuzz.rs`).

use std::str;

use tare_tlog::bundle::TlogProof;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::cosignature;
use tare_tlog::key::{SigningKey, VerifierKey};
use tare_tlog::note::Note;
use tare_tlog::policy::Policy;
use tare_tlog::root::RootDocument;

/// A note, and all that is asked of one.
pub fn note(bytes: &[u8]) {
    let Ok(note) = Note::parse(bytes) else { return };
    assert_eq!(note.to_bytes(), bytes);
    let keys = [key_of_log(), key_of_witness()];
    let signed = |key| note.require(key).is_ok();
    // Whoever signed alone signed together, unless the other's signature is bad.
    if keys.iter().all(signed) {
        assert_eq!(note.verify(&keys).map(|signed| signed.len()), Ok(2));
    }
    let _ = Checkpoint::open(&note, &keys[0]);
    let _ = cosignature::times(&note, &keys[1..]);
    let _ = RootDocument::verify_first(&note);
}

/// The text of a checkpoint.
pub fn checkpoint(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text);
    }
}

/// A policy, which may be written in several ways and means one thing.
pub fn policy(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(policy) = text.parse::<Policy>() {
        let keys = policy.witness_keys();
        let seen: Vec<_> = keys.iter().zip(0..).collect();
        let _ = policy.quorum_time(&seen);
        assert_eq!(policy.to_string().parse(), Ok(policy));
    }
}

/// The text of a root document.
pub fn root(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(document) = RootDocument::parse(text) {
        assert_eq!(document.to_text().as_deref(), Ok(text));
    }
}

/// A proof file.
pub fn tlog_proof(bytes: &[u8]) {
    if let Ok(proof) = TlogProof::parse(bytes) {
        assert_eq!(proof.to_bytes().as_deref(), Ok(bytes));
    }
}

/// A public or private key.
pub fn key(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = text.parse::<SigningKey>() {
        assert_eq!(key.to_text().as_str(), text);
    }
}

fn key_of_log() -> VerifierKey {
    let key = "log.example.org/t+7973995f+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
    key.parse().expect("a key of the vectors")
}

fn key_of_witness() -> VerifierKey {
    let key = "wit.example.org/w+bcbd5ab5+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
    key.parse().expect("a key of the vectors")
}
