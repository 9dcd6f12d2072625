use std::error::Error as _;

use proptest::prelude::*;

use crate::hash::EMPTY_ROOT;
use crate::key::tests::{log, signer};
use crate::key::{Algorithm, SigningKey};
use crate::note::Note;
use crate::policy::{PolicyBuilder, Witness};

use super::*;

mod text;

/// A root key, by the first letter of its holder's name.
fn holder(letter: char) -> SigningKey {
    let seed = u8::try_from(letter).unwrap();
    signer(&format!("hub.example.org/root/{letter}"), Algorithm::Ed25519, seed)
}

fn rootkey(letter: char) -> RootKey {
    RootKey { label: letter.to_string(), key: holder(letter).verifier().clone() }
}

fn cosigner(seed: u8) -> VerifierKey {
    signer("w", Algorithm::CosignatureEd25519, seed).verifier().clone()
}

fn first() -> RootDocument {
    let mut policy = PolicyBuilder::new();
    policy
        .log(Log { key: log().verifier().clone(), url: Some("https://hub/".to_owned()) })
        .unwrap();
    for (label, key, url) in [("W1", cosigner(11), None), ("W2", cosigner(12), Some("https://w2/"))]
    {
        policy
            .witness(Witness { label: label.to_owned(), key, url: url.map(str::to_owned) })
            .unwrap();
    }
    policy.quorum("W1").unwrap();
    RootDocument {
        registry: "hub.example.org".parse().unwrap(),
        version: 1,
        expires: "2028-05-22T00:00:00Z".parse().unwrap(),
        threshold: 2,
        root_keys: ['a', 'b', 'c'].map(rootkey).to_vec(),
        old_logs: Vec::new(),
        policy: policy.build().unwrap(),
        fresh_warn: "36h".parse().unwrap(),
        fresh_fail: "14d".parse().unwrap(),
        max_entry: 4096,
    }
}

/// The next version, with d in place of a, and with another log.
fn second() -> RootDocument {
    let old = OldLog { key: log().verifier().clone(), size: 0, root: EMPTY_ROOT };
    let text = first().policy.to_string();
    let new = signer("log.example.org/t2", Algorithm::Ed25519, 30);
    let policy = text.replace(&log().verifier().to_string(), &new.verifier().to_string());
    RootDocument {
        version: 2,
        root_keys: ['b', 'c', 'd'].map(rootkey).to_vec(),
        old_logs: vec![old],
        policy: policy.parse().unwrap(),
        ..first()
    }
}

fn signed(document: &RootDocument, holders: &str) -> Note {
    let keys: Vec<_> = holders.chars().map(holder).collect();
    Note::sign(document.to_text().unwrap(), &keys.iter().collect::<Vec<_>>()).unwrap()
}

fn message(error: &RootError) -> String {
    let (mut text, mut source) = (error.to_string(), error.source());
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[test]
fn a_document_has_one_text() {
    let text = second().to_text().unwrap();
    assert_eq!(RootDocument::parse(&text), Ok(second()));
    let lines: Vec<&str> = text.lines().map(|line| line.split(' ').next().unwrap()).collect();
    let expected = "tare-root/v1 registry version expires threshold rootkey rootkey rootkey log oldlog witness witness quorum fresh-warn fresh-fail max-entry";
    assert_eq!(lines.join(" "), expected);
    assert_eq!(second().digest().unwrap(), Hash::of(text.as_bytes()));
}

#[test]
fn the_first_is_signed_by_enough_of_its_own_keys() {
    assert_eq!(RootDocument::verify_first(&signed(&first(), "ac")), Ok(first()));
    assert_eq!(RootDocument::verify_first(&signed(&first(), "abc")), Ok(first()));
    let error = RootDocument::verify_first(&signed(&first(), "a")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "root document 1 is signed by 1 of the root keys of version 1, expected at least 2"
    );
    let error = RootDocument::verify_first(&signed(&first(), "ax")).unwrap_err();
    assert!(matches!(error, RootError::Threshold { found: 1, .. }));
    let error = RootDocument::verify_first(&signed(&first(), "xy")).unwrap_err();
    assert!(matches!(error, RootError::Threshold { found: 0, .. }));
}

#[test]
fn the_next_is_signed_by_enough_keys_of_both() {
    for (holders, missing_of) in
        [("bc", None), ("abd", None), ("ab", Some(2)), ("bd", Some(1)), ("d", Some(1))]
    {
        match (first().verify_next(&signed(&second(), holders)), missing_of) {
            (Ok(document), None) => assert_eq!(document, second()),
            (Err(RootError::Threshold { keys_of, .. }), Some(version)) => {
                assert_eq!(keys_of, version, "{holders}");
            }
            (other, _) => panic!("{holders}: {other:?}"),
        }
    }
}

#[test]
fn one_signature_twice_counts_once() {
    let mut bytes = signed(&first(), "a").to_bytes();
    let line = bytes.len() - signed(&first(), "a").signatures()[0].to_string().len() - 1;
    bytes.extend_from_within(line..);
    let note = Note::parse(&bytes).unwrap();
    assert_eq!(note.signatures().len(), 2);
    let error = RootDocument::verify_first(&note).unwrap_err();
    assert!(matches!(error, RootError::Threshold { found: 1, .. }));
}

#[test]
fn a_bad_signature_by_a_root_key_spoils_the_note() {
    let mut note = signed(&second(), "bc");
    note.add(signed(&first(), "a").signatures()[0].clone()).unwrap();
    let error = first().verify_next(&note).unwrap_err();
    assert!(matches!(error, RootError::Note { source: NoteError::Invalid { .. } }));
}

#[test]
fn versions_follow_one_by_one() {
    for version in [1, 3, u64::MAX - 1] {
        let other = RootDocument { version, ..second() };
        let error = first().verify_next(&signed(&other, "bc")).unwrap_err();
        assert_eq!(error, RootError::Version { found: version, expected: 2 });
    }
    let last = RootDocument { version: u64::MAX - 1, ..second() };
    let error = last.verify_next(&signed(&last, "bc")).unwrap_err();
    assert!(matches!(error, RootError::Version { expected: u64::MAX, .. }));
}

#[test]
fn another_registry_does_not_follow() {
    let other = RootDocument { registry: "evil.example.org".parse().unwrap(), ..second() };
    let error = first().verify_next(&signed(&other, "bc")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "root document is of registry `evil.example.org`, expected `hub.example.org`"
    );
}

#[test]
fn a_log_that_was_replaced_is_not_forgotten() {
    let forgets = RootDocument { old_logs: Vec::new(), ..second() };
    let error = first().verify_next(&signed(&forgets, "bc")).unwrap_err();
    assert_eq!(error, RootError::LogForgotten { log: Box::new(log().verifier().clone()) });
    let third = RootDocument { version: 3, old_logs: Vec::new(), ..second() };
    let error = second().verify_next(&signed(&third, "bc")).unwrap_err();
    assert!(matches!(error, RootError::LogForgotten { .. }));
    let third = RootDocument { version: 3, ..second() };
    assert_eq!(second().verify_next(&signed(&third, "bc")), Ok(third));
}

#[test]
fn it_expires_on_the_second() {
    let at = first().expires.seconds();
    assert!(!first().is_expired(at - 1));
    assert!(first().is_expired(at));
}

proptest! {
    #[test]
    fn no_changed_bit_goes_unnoticed(at in 0_usize..8 * 1900) {
        let mut bytes = signed(&second(), "bc").to_bytes();
        let at = at % (bytes.len() * 8);
        bytes[at / 8] ^= 1 << (at % 8);
        if let Ok(note) = Note::parse(&bytes) {
            prop_assert!(first().verify_next(&note).is_err());
        }
    }
}
