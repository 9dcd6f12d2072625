use proptest::prelude::*;

use crate::key::Algorithm;
use crate::key::tests::{log, signer, witness};
use crate::note::tests::CHECKPOINT;

use super::*;

const ROOT: &str = "TL2ONYSUUEANTpxMCuf3HHmtRBD5rSxiRiL/X4YXMT0=";

fn note() -> Note {
    Note::parse(CHECKPOINT.as_bytes()).unwrap()
}

fn signed(text: &str) -> Note {
    Note::sign(text, &[&log()]).unwrap()
}

#[test]
fn the_vector_is_opened() {
    let checkpoint = Checkpoint::open(&note(), log().verifier()).unwrap();
    assert_eq!(checkpoint.origin().as_str(), "log.example.org/t");
    assert_eq!((checkpoint.size(), checkpoint.root().to_string().as_str()), (7, ROOT));
    assert_eq!(checkpoint.to_string(), note().text());
}

#[test]
fn only_the_log_speaks_for_the_log() {
    let other = signer("log.example.org/t", Algorithm::Ed25519, 9);
    let error = Checkpoint::open(&note(), other.verifier()).unwrap_err();
    assert!(matches!(error, CheckpointError::Note { source: NoteError::Missing { .. } }));
    let error = Checkpoint::open(&note(), witness().verifier()).unwrap_err();
    assert!(matches!(error, CheckpointError::NotLogKey { .. }));
}

#[test]
fn a_log_speaks_for_itself_only() {
    let note = signed(&format!("log.example.org/u\n7\n{ROOT}\n"));
    let error = Checkpoint::open(&note, log().verifier()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "checkpoint has origin `log.example.org/u`, expected `log.example.org/t`"
    );
}

#[test]
fn what_is_signed_must_still_be_a_checkpoint() {
    let error = Checkpoint::open(&signed("tare-root/v1\n"), log().verifier()).unwrap_err();
    assert_eq!(error, CheckpointError::Form);
}

#[test]
fn texts_of_other_forms_are_refused() {
    let size = |found: &str| CheckpointError::Size { found: found.to_owned() };
    for (text, expected) in [
        (String::new(), CheckpointError::Form),
        (format!("o\n7\n{ROOT}"), CheckpointError::Form),
        ("o\n7\n".to_owned(), CheckpointError::Form),
        (format!("o\n7\n{ROOT}\nextension\n"), CheckpointError::Extension),
        (format!("o\n7\n{ROOT}\n\n"), CheckpointError::Extension),
        (format!("\n7\n{ROOT}\n"), NameError::Empty.into()),
        (format!("o p\n7\n{ROOT}\n"), NameError::Character { found: ' ' }.into()),
        (format!("o\n\n{ROOT}\n"), size("")),
        (format!("o\n07\n{ROOT}\n"), size("07")),
        (format!("o\n+7\n{ROOT}\n"), size("+7")),
        (format!("o\n7 \n{ROOT}\n"), size("7 ")),
        (format!("o\n281474976710656\n{ROOT}\n"), size("281474976710656")),
        (format!("o\n9223372036854775809\n{ROOT}\n"), size("9223372036854775809")),
        (format!("o\n18446744073709551616\n{ROOT}\n"), size("18446744073709551616")),
        (format!("o\n0\n{ROOT}\n"), CheckpointError::NotEmpty { found: ROOT.parse().unwrap() }),
    ] {
        assert_eq!(text.parse::<Checkpoint>(), Err(expected), "{text}");
    }
    for root in ["", "AAAA", &ROOT[..43], &ROOT.replace("0=", "1=")] {
        let error = format!("o\n7\n{root}\n").parse::<Checkpoint>().unwrap_err();
        assert!(matches!(error, CheckpointError::Root { .. }), "{root}");
    }
}

#[test]
fn the_ends_of_the_range_are_in_it() {
    let origin: KeyName = "o".parse().unwrap();
    let empty = Checkpoint::new(origin.clone(), 0, EMPTY_ROOT).unwrap();
    let full = Checkpoint::new(origin.clone(), MAX_TREE_SIZE - 1, EMPTY_ROOT).unwrap();
    for checkpoint in [empty, full] {
        assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint));
    }
    assert!(Checkpoint::new(origin, MAX_TREE_SIZE, EMPTY_ROOT).is_err());
}

proptest! {
    #[test]
    fn any_checkpoint_is_read_back(size in 1..MAX_TREE_SIZE, root: [u8; 32]) {
        let checkpoint = Checkpoint::new("o".parse().unwrap(), size, Hash(root)).unwrap();
        prop_assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint));
    }

    #[test]
    fn what_parses_prints_the_same(text in "[a-c ]{0,2}\n[0-9]{0,3}\n([A-P]{42}[AEIMQ]=)?\n|.*") {
        if let Ok(checkpoint) = text.parse::<Checkpoint>() {
            prop_assert_eq!(checkpoint.to_string(), text);
        }
    }
}
