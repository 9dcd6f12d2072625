use super::*;
use crate::{KeyPair, Signer as _};

fn key() -> PublicKey {
    KeyPair::generate().unwrap().public_key().clone()
}

#[test]
fn a_key_is_read_as_it_was_written() {
    let key = key();
    assert_eq!(PublicKey::from_pem(&key.to_pem()).unwrap(), key);
    assert_eq!(PublicKey::from_der(key.der()).unwrap(), key);
    assert_eq!(PublicKey::from_signer_key(&key.to_signer_key()).unwrap(), key);
    let text = format!("\"{}\"", key.id());
    assert_eq!(serde_json::from_str::<KeyId>(&text).unwrap(), key.id());
    assert_eq!(serde_json::to_string(&key.id()).unwrap(), text);
}

#[test]
fn line_ends_and_text_around_the_block_do_not_change_a_key() {
    let key = key();
    let foreign = format!("a key:\r\n{}", key.to_pem().replace('\n', "\r\n"));
    let read = PublicKey::from_pem(&foreign).unwrap();
    assert_eq!((read.id(), read.hint()), (key.id(), key.hint()));
}

#[test]
fn an_event_that_names_another_key_is_refused() {
    let (key, other) = (key(), key());
    let forged = SignerKey { id: other.id().digest(), pem: key.to_pem() };
    let error = PublicKey::from_signer_key(&forged).unwrap_err().to_string();
    assert_eq!(error, format!("public key is {}, expected {}", key.id(), other.id()));
}

#[test]
fn a_second_encoding_of_a_key_is_refused() {
    let der = key().der().to_vec();
    let (start, point) = der.split_at(26);
    // The same point compressed, in an encoding that a lenient reader would take.
    let mut compressed = start.to_vec();
    (compressed[1], compressed[24]) = (0x39, 0x22);
    compressed.push(2 | point[64] & 1);
    compressed.extend(&point[1..33]);
    assert_eq!(PublicKey::from_der(&compressed), Err(PublicKeyError::Unsupported));

    let longer = [&der[..], &[0]].concat();
    assert_eq!(PublicKey::from_der(&longer), Err(PublicKeyError::Unsupported));
    assert_eq!(PublicKey::from_der(&der[..der.len() - 1]), Err(PublicKeyError::Unsupported));
    assert_eq!(PublicKey::from_der(&[]), Err(PublicKeyError::Unsupported));
}

#[test]
fn a_point_that_is_not_on_the_curve_is_refused() {
    let mut der = key().der().to_vec();
    der[90] ^= 1;
    let algorithm = Algorithm::EcdsaP256;
    assert_eq!(PublicKey::from_der(&der), Err(PublicKeyError::NotAPoint { algorithm }));
}

#[test]
fn other_kinds_of_keys_say_what_they_are() {
    let rsa =
        pem::encode("PUBLIC KEY", b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00");
    assert_eq!(PublicKey::from_pem(&rsa), Err(PublicKeyError::Rsa));
    let private = KeyPair::generate().unwrap().to_plain_pem().unwrap();
    let found = "PRIVATE KEY".to_owned();
    assert_eq!(PublicKey::from_pem(&private), Err(PublicKeyError::Label { found }));
    assert_eq!(PublicKey::from_pem("no key"), Err(PublicKeyError::NotPem));
}
