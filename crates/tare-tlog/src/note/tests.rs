use proptest::prelude::*;

use crate::key::tests::{log, signer, witness};
use crate::key::{Algorithm, NameError};

use super::*;

/// A checkpoint of seven entries with its witness, as Go accepted it.
pub(crate) const CHECKPOINT: &str = "log.example.org/t
7
TL2ONYSUUEANTpxMCuf3HHmtRBD5rSxiRiL/X4YXMT0=

— log.example.org/t eXOZX3RgKxXU6FW/g1korFWoGoBtvzey4oXjdiniTlSlsWd+gHBw/sI9XjkixFaXHQ/q2oGddd57N3SXLkUlbPQTaAo=
— wit.example.org/w vL1atQAAAABlU/EAa5GC30tJ9Qv/FQS3mJIadS6Xo0i0aLWqwXHdiQPAWdCQEmKnWXa+kYTvwXQwEZPd7iZ0Dpv3UUyFRR7WFoyYCg==
";

const TEXT: &str = "This is an example message.\n";

fn other() -> SigningKey {
    signer("example.org/other", Algorithm::Ed25519, 3)
}

fn signed(text: &str, keys: &[&SigningKey]) -> Note {
    Note::sign(text, keys).unwrap()
}

/// The note with one byte of the last signature changed.
fn spoiled(note: &Note) -> Note {
    let mut note = note.clone();
    let last = note.signatures.pop().unwrap();
    let mut bytes = last.bytes().to_vec();
    bytes[9] ^= 1;
    let line = NoteSignature::new(log().verifier(), bytes);
    note.signatures.push(line);
    note
}

#[test]
fn the_vector_of_the_format_verifies() {
    let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let signature = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=";
    let bytes = format!("{TEXT}\n— example.com/foo {signature}\n");
    let note = Note::parse(bytes.as_bytes()).unwrap();
    assert_eq!(note.text(), TEXT);
    assert_eq!(note.to_bytes(), bytes.as_bytes());
    assert_eq!(note.require(&key.parse().unwrap()), Ok(()));
}

#[test]
fn the_checkpoint_of_the_vectors_is_made_and_read() {
    let note = Note::parse(CHECKPOINT.as_bytes()).unwrap();
    let (log, witness) = (log(), witness());
    let keys = [witness.verifier().clone(), other().verifier().clone(), log.verifier().clone()];
    assert_eq!(note.verify(&keys).unwrap(), [&keys[0], &keys[2]]);
    let mut made = signed(note.text(), &[&log]);
    made.add(note.signatures()[1].clone()).unwrap();
    assert_eq!(made.to_bytes(), CHECKPOINT.as_bytes());
}

#[test]
fn the_last_empty_line_ends_the_text() {
    for text in ["\n", "a\n\n", "a\n\nb\n", "— a AAAAAAA=\n\n— a AAAAAAA=\n\n\n"] {
        let bytes = signed(text, &[&log()]).to_bytes();
        let note = Note::parse(&bytes).unwrap();
        assert_eq!((note.text(), note.signatures().len()), (text, 1));
        assert_eq!(note.require(log().verifier()), Ok(()));
    }
}

#[test]
fn signatures_by_others_do_not_matter() {
    let note = signed(TEXT, &[&other(), &log()]);
    let same_name = signer("log.example.org/t", Algorithm::Ed25519, 9);
    let keys = [log().verifier().clone(), same_name.verifier().clone()];
    assert_eq!(note.verify(&keys).unwrap(), [&keys[0]]);
    let found = "`example.org/other`, `log.example.org/t`".to_owned();
    let unknown = NoteError::Unknown { known: 1, found };
    assert_eq!(note.verify(&keys[1..]), Err(unknown));
    assert!(matches!(note.verify(&[]), Err(NoteError::Unknown { known: 0, .. })));
}

#[test]
fn a_bad_signature_by_a_known_key_spoils_the_note() {
    let note = spoiled(&signed(TEXT, &[&other(), &log()]));
    let keys = [other().verifier().clone(), log().verifier().clone()];
    let invalid = NoteError::Invalid { key: Box::new(keys[1].clone()) };
    assert_eq!(note.verify(&keys), Err(invalid.clone()));
    assert_eq!(note.require(&keys[1]), Err(invalid));
    assert_eq!(note.verify(&keys[..1]).unwrap(), [&keys[0]], "who does not know the key");
}

#[test]
fn a_good_signature_does_not_cover_for_a_bad_one_of_the_same_key() {
    let good = signed(TEXT, &[&log()]);
    let mut note = good.clone();
    note.signatures.extend(spoiled(&good).signatures);
    assert!(matches!(note.require(log().verifier()), Err(NoteError::Invalid { .. })));
    assert!(matches!(note.verify(&[log().verifier().clone()]), Err(NoteError::Invalid { .. })));
}

#[test]
fn a_witness_does_not_speak_for_the_log() {
    let text = CHECKPOINT.lines().filter(|line| !line.starts_with("— log"));
    let text: String = text.map(|line| format!("{line}\n")).collect();
    let note = Note::parse(text.as_bytes()).unwrap();
    let keys = [log().verifier().clone(), witness().verifier().clone()];
    assert_eq!(note.verify(&keys).unwrap(), [&keys[1]]);
    let found = "`wit.example.org/w`".to_owned();
    assert_eq!(
        note.require(&keys[0]),
        Err(NoteError::Missing { key: keys[0].clone().into(), found })
    );
}

#[test]
fn one_key_in_a_list_twice_is_one_key() {
    let key = log().verifier().clone();
    let note = signed(TEXT, &[&log()]);
    assert_eq!(note.verify(&[key.clone(), key.clone()]).unwrap(), [&key]);
}

#[test]
fn bytes_of_other_forms_are_refused() {
    let line = "— a AAAAAAA=\n";
    for (bytes, expected) in [
        (String::new(), NoteError::Unsigned),
        ("text\n".to_owned(), NoteError::Unsigned),
        (format!("text\n{line}"), NoteError::Unsigned),
        ("text\n\n".to_owned(), NoteError::Unsigned),
        (format!("text\n\n{}", line.trim_end()), NoteError::Unsigned),
        (format!("te\txt\n\n{line}"), NoteError::Control { found: '\t' }),
        (format!("text\r\n\n{line}"), NoteError::Control { found: '\r' }),
        (format!("text\0\n\n{line}"), NoteError::Control { found: '\0' }),
        (format!("t\n\n{}", line.repeat(101)), NoteError::Signatures { found: 101 }),
        (format!("{}\n\n{line}", "x".repeat(MAX_NOTE)), NoteError::Size { found: MAX_NOTE + 17 }),
    ] {
        assert_eq!(Note::parse(bytes.as_bytes()), Err(expected));
    }
    assert_eq!(Note::parse(b"text\xff\n\n- a AA==\n"), Err(NoteError::Utf8 { at: 4 }));
}

#[test]
fn lines_of_other_forms_are_refused() {
    let a = || "a".parse().unwrap();
    for (line, expected) in [
        ("", SignatureLineError::Form),
        ("- a AAAAAAA=", SignatureLineError::Form),
        ("—a AAAAAAA=", SignatureLineError::Form),
        ("— a", SignatureLineError::Form),
        ("—  AAAAAAA=", NameError::Empty.into()),
        ("— a+b AAAAAAA=", NameError::Character { found: '+' }.into()),
        ("— a\u{a0}b AAAAAAA=", NameError::Character { found: '\u{a0}' }.into()),
        ("— a  AAAAAAA=", SignatureLineError::Base64 { name: a() }),
        ("— a AAAAAAA", SignatureLineError::Base64 { name: a() }),
        ("— a AAAAAAA= ", SignatureLineError::Base64 { name: a() }),
        ("— a AAAAAAB=", SignatureLineError::Base64 { name: a() }),
        ("— a ", SignatureLineError::Length { name: a(), found: 0 }),
        ("— a AAAAAA==", SignatureLineError::Length { name: a(), found: 4 }),
    ] {
        assert_eq!(line.parse::<NoteSignature>(), Err(expected.clone()), "{line}");
        let bytes = format!("text\n\n— b AAAAAAA=\n{line}\n");
        if !line.is_empty() {
            let expected = NoteError::Line { number: 2, source: expected };
            assert_eq!(Note::parse(bytes.as_bytes()), Err(expected), "{line}");
        }
    }
}

#[test]
fn what_cannot_be_a_note_is_not_signed() {
    let key = log();
    assert_eq!(Note::sign("no end", &[&key]), Err(NoteError::TextEnd));
    assert_eq!(Note::sign("", &[&key]), Err(NoteError::TextEnd));
    assert_eq!(Note::sign("a\tb\n", &[&key]), Err(NoteError::Control { found: '\t' }));
    assert_eq!(Note::sign("nobody\n", &[]), Err(NoteError::Unsigned));
    let cosigner = Box::new(witness().verifier().clone());
    assert_eq!(Note::sign(TEXT, &[&witness()]), Err(NoteError::Cosigner { key: cosigner }));
    let long = format!("{}\n", "x".repeat(MAX_NOTE));
    assert!(matches!(Note::sign(long, &[&key]), Err(NoteError::Size { .. })));
}

#[test]
fn signatures_are_gathered_up_to_the_limit() {
    let mut note = signed(TEXT, &[&log()]);
    let by_other = signed(TEXT, &[&other()]).signatures;
    note.add(by_other[0].clone()).unwrap();
    note.add(by_other[0].clone()).unwrap();
    assert_eq!(note, signed(TEXT, &[&log(), &other()]));
    for number in 2..MAX_SIGNATURES {
        note.add(NoteSignature::new(log().verifier(), vec![number as u8])).unwrap();
    }
    let full = note.clone();
    let one_more = NoteSignature::new(log().verifier(), vec![0]);
    assert_eq!(note.add(one_more), Err(NoteError::Signatures { found: 101 }));
    assert_eq!(note, full);
}

proptest! {
    #[test]
    fn any_text_is_signed_and_read_back(text in "[^\u{0}-\u{1f}]{0,40}(\n[^\u{0}-\u{1f}]{0,9}){0,5}\n") {
        let note = signed(&text, &[&log(), &other()]);
        let read = Note::parse(&note.to_bytes()).unwrap();
        prop_assert_eq!(read.require(log().verifier()), Ok(()));
        prop_assert_eq!(read, note);
    }

    #[test]
    fn what_parses_prints_the_same(bytes: Vec<u8>, text in "(\n|— a [A-Za-z0-9+/]{8}|[a-z]){0,12}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            if let Ok(note) = Note::parse(bytes) {
                prop_assert_eq!(note.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn no_changed_bit_goes_unnoticed(at in 0..CHECKPOINT.len() * 8) {
        let mut bytes = CHECKPOINT.as_bytes().to_vec();
        bytes[at / 8] ^= 1 << (at % 8);
        if let Ok(note) = Note::parse(&bytes) {
            let (log, witness) = (log(), witness());
            let log_good = note.require(log.verifier()).is_ok();
            let witness_good = note.require(witness.verifier()).is_ok();
            prop_assert!(!(log_good && witness_good));
            let in_text = at / 8 < CHECKPOINT.find('—').unwrap();
            prop_assert!(!in_text || (!log_good && !witness_good));
        }
    }
}
