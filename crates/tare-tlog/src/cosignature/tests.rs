use proptest::prelude::*;

use crate::key::tests::{log, signer, witness};
use crate::note::tests::CHECKPOINT;

use super::*;

const TIME: u64 = 1_700_000_000;

fn note() -> Note {
    Note::parse(CHECKPOINT.as_bytes()).unwrap()
}

fn text() -> String {
    note().text().to_owned()
}

#[test]
fn the_vector_is_made_and_read() {
    let made = cosign(&text(), TIME, &witness()).unwrap();
    assert_eq!(made, note().signatures()[1]);
    assert_eq!(time(witness().verifier(), &text(), made.bytes()), Some(TIME));
    let keys = [witness().verifier().clone()];
    assert_eq!(times(&note(), &keys).unwrap(), [(&keys[0], TIME)]);
}

#[test]
fn the_newest_time_of_each_witness_counts() {
    let second = signer("second.example.org/w", Algorithm::CosignatureEd25519, 3);
    let absent = signer("absent.example.org/w", Algorithm::CosignatureEd25519, 4);
    let mut note = note();
    for (key, time) in [(&witness(), TIME + 9), (&witness(), TIME + 5), (&second, 7)] {
        note.add(cosign(note.text(), time, key).unwrap()).unwrap();
    }
    let keys = [&absent, &second, &witness()].map(|key| key.verifier().clone());
    assert_eq!(times(&note, &keys).unwrap(), [(&keys[1], 7), (&keys[2], TIME + 9)]);
    assert_eq!(times(&note, &keys[..1]).unwrap(), []);
}

#[test]
fn a_bad_cosignature_by_a_known_witness_spoils_the_note() {
    let mut note = note();
    let other = note.text().replace("\n7\n", "\n8\n");
    note.add(cosign(&other, TIME, &witness()).unwrap()).unwrap();
    let key = witness().verifier().clone();
    let expected = NoteError::Invalid { key: Box::new(key.clone()) };
    assert_eq!(times(&note, &[key]), Err(expected.into()));
}

#[test]
fn the_last_time_is_in_range_and_the_next_is_not() {
    let last = cosign(&text(), MAX_TIME, &witness()).unwrap();
    assert_eq!(time(witness().verifier(), &text(), last.bytes()), Some(MAX_TIME));
    let error = cosign(&text(), MAX_TIME + 1, &witness());
    assert_eq!(error, Err(CosignatureError::Time { found: 1 << 63 }));

    // A witness that signs it all the same is not believed.
    let time_after = MAX_TIME + 1;
    let message = message(&text().parse().unwrap(), time_after, witness().verifier());
    let mut bytes = time_after.to_be_bytes().to_vec();
    bytes.extend(witness().sign_message(&message).unwrap());
    assert_eq!(time(witness().verifier(), &text(), &bytes), None);
}

#[test]
fn a_witness_signs_checkpoints_only() {
    for text in ["", "tare-root/v1\n", "o\n7\n", "o\n7\nAAAA\n"] {
        let error = cosign(text, TIME, &witness()).unwrap_err();
        assert!(matches!(error, CosignatureError::Checkpoint { .. }), "{text}");
    }
}

#[test]
fn each_key_keeps_to_its_job() {
    assert!(matches!(cosign(&text(), TIME, &log()), Err(CosignatureError::NotCosigner { .. })));
    let keys = [log().verifier().clone()];
    assert!(matches!(times(&note(), &keys), Err(CosignatureError::NotCosigner { .. })));

    // One secret in both jobs: what it signed in one is worth nothing in the other.
    let as_log = signer("a", Algorithm::Ed25519, 5);
    let as_witness = signer("a", Algorithm::CosignatureEd25519, 5);
    let plain = as_log.sign_message(text().as_bytes()).unwrap();
    assert!(!as_witness.verifier().accepts(&text(), &[&[0; 8][..], &plain].concat()));
    let cosigned = cosign(&text(), TIME, &as_witness).unwrap();
    assert!(!as_log.verifier().accepts(&text(), &cosigned.bytes()[8..]));
}

#[cfg(feature = "ml-dsa")]
mod ml_dsa {
    use crate::hash::Hash;
    use crate::policy::{Policy, QuorumTime};

    use super::*;

    fn witness() -> SigningKey {
        signer("wit.example.org/w", Algorithm::CosignatureMlDsa44, 2)
    }

    #[test]
    fn the_message_is_that_of_the_vector() {
        let message = message(&text().parse().unwrap(), TIME, witness().verifier());
        let expected = "3aac835cdd36e9e54986b41d915fe552c818d3e4349ec37077f3c7a143f89e19";
        assert_eq!(Hash::of(&message).hex(), expected);
    }

    #[test]
    fn a_witness_of_this_kind_counts_as_any_other() {
        let (key, mut note) = (witness(), note());
        note.add(cosign(&text(), TIME, &key).unwrap()).unwrap();
        let note = Note::parse(&note.to_bytes()).unwrap();
        assert_eq!(note.signatures()[2].bytes().len(), 8 + 2420);
        let log = log();
        let policy = format!("log {}\nwitness W {}\nquorum W", log.verifier(), key.verifier());
        let accepted = policy.parse::<Policy>().unwrap().open(&note, TIME).unwrap();
        assert_eq!(accepted.time, QuorumTime::At(TIME));
    }

    #[test]
    fn its_keys_are_read_back() {
        let key = witness();
        assert_eq!(key.verifier().to_string().parse(), Ok(key.verifier().clone()));
        assert_eq!(key.to_text().parse::<SigningKey>().unwrap().verifier(), key.verifier());
    }

    #[test]
    fn it_vouches_for_its_own_name_time_and_checkpoint_only() {
        let key = witness();
        let made = cosign(&text(), TIME, &key).unwrap();
        assert_eq!(time(key.verifier(), &text(), made.bytes()), Some(TIME));
        let other = signer("wit.example.org/x", Algorithm::CosignatureMlDsa44, 2);
        assert_eq!(time(other.verifier(), &text(), made.bytes()), None);
        assert_eq!(time(key.verifier(), &text().replace("\n7\n", "\n8\n"), made.bytes()), None);
        for at in [0, 7, 8, 40, 2000, 2427] {
            let mut bytes = made.bytes().to_vec();
            bytes[at] ^= 1;
            assert_eq!(time(key.verifier(), &text(), &bytes), None, "byte {at}");
        }
        assert_eq!(time(key.verifier(), &text(), &made.bytes()[..2427]), None);
    }
}

proptest! {
    #[test]
    fn no_changed_bit_goes_unnoticed(at in 0..72_usize * 8) {
        let mut bytes = cosign(&text(), TIME, &witness()).unwrap().bytes().to_vec();
        bytes[at / 8] ^= 1 << (at % 8);
        prop_assert_eq!(time(witness().verifier(), &text(), &bytes), None);
    }

    #[test]
    fn any_bytes_are_refused(bytes: Vec<u8>) {
        prop_assert_eq!(time(witness().verifier(), &text(), &bytes), None);
    }
}
