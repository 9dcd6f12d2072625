//! A key alone: no log, no time, no trust root.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tare_format::Sha256;
use tare_sign::sigstore::{Artifact, Check, SignedBundle, SigstoreError, Verdict, verify_with_key};
use tare_sign::statement::pre_authentication_encoding;
use tare_sign::{KeyPair, PublicKey, Signer as _};

const FILE: &[u8] = b"weights";

fn bundle(key: &KeyPair) -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": { "publicKey": { "hint": key.public_key().hint() }, "tlogEntries": [] },
    })
}

/// A bundle over a statement about the file.
fn statement(key: &KeyPair) -> Value {
    let subject = json!({ "name": "weights", "digest": { "sha256": Sha256::of(FILE).hex() } });
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "other", "digest": { "sha256": "00".repeat(32) } }, subject],
        "predicateType": "https://example.com/made/v1",
    });
    let payload = statement.to_string().into_bytes();
    let signature = key.sign(&pre_authentication_encoding(&payload)).unwrap();
    let mut bundle = bundle(key);
    bundle["dsseEnvelope"] = json!({
        "payload": STANDARD.encode(payload),
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{ "sig": STANDARD.encode(signature), "keyid": "" }],
    });
    bundle
}

/// A bundle over the file itself.
fn message(key: &KeyPair) -> Value {
    let digest = STANDARD.encode(Sha256::of(FILE).as_bytes());
    let signature = STANDARD.encode(key.sign(FILE).unwrap());
    let mut bundle = bundle(key);
    bundle["messageSignature"] = json!({
        "messageDigest": { "algorithm": "SHA2_256", "digest": digest },
        "signature": signature,
    });
    bundle
}

fn verify(bundle: &Value, mut file: &[u8], key: &PublicKey) -> Result<Verdict, SigstoreError> {
    let bundle = SignedBundle::parse(bundle.to_string().as_bytes())?;
    verify_with_key(&bundle, Artifact::Reader(&mut file), key)
}

#[test]
fn a_key_signs_a_file_or_a_statement_about_it() {
    let key = KeyPair::generate().unwrap();
    for bundle in [statement(&key), message(&key)] {
        let verdict = verify(&bundle, FILE, key.public_key()).unwrap();
        assert_eq!(verdict.checked, [Check::Signature, Check::Artifact]);
        assert_eq!(verdict.trust_root, None);
        let other = verify(&bundle, b"other", key.public_key()).unwrap_err();
        assert!(matches!(other, SigstoreError::Artifact { .. }), "{other}");
    }
}

#[test]
fn another_key_is_refused_whatever_the_hint_says() {
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    for bundle in [statement(&key), message(&key)] {
        let error = verify(&bundle, FILE, other.public_key()).unwrap_err();
        assert!(error.to_string().contains(&other.public_key().id().to_string()), "{error}");
    }
}

#[test]
fn more_than_a_key_is_not_checked_without_a_root_and_so_refused() {
    let key = KeyPair::generate().unwrap();
    let mut stamped = statement(&key);
    let stamp = json!({ "rfc3161Timestamps": [{ "signedTimestamp": "AAAA" }] });
    stamped["verificationMaterial"]["timestampVerificationData"] = stamp;
    let error = verify(&stamped, FILE, key.public_key()).unwrap_err();
    assert!(matches!(error, SigstoreError::Material { .. }), "{error}");
}

#[test]
fn two_contents_two_signatures_or_none_are_no_bundle() {
    let key = KeyPair::generate().unwrap();
    let refused = |bundle: &Value| {
        SignedBundle::parse(bundle.to_string().as_bytes()).unwrap_err().to_string()
    };
    assert!(refused(&bundle(&key)).contains("0 signatures"));
    let mut both = statement(&key);
    both["messageSignature"] = message(&key)["messageSignature"].clone();
    assert!(refused(&both).contains("2 signatures"));
    let mut twice = statement(&key);
    let signature = twice["dsseEnvelope"]["signatures"][0].clone();
    twice["dsseEnvelope"]["signatures"] = json!([signature, signature]);
    assert!(refused(&twice).contains("2 signatures"));
    let mut other = statement(&key);
    other["dsseEnvelope"]["payloadType"] = json!("text/plain");
    assert!(refused(&other).contains("text/plain"));
}
