use super::*;

#[test]
fn a_new_key_signs_and_its_public_key_checks() {
    let key = KeyPair::generate().unwrap();
    let signature = key.sign(b"statement").unwrap();
    assert_eq!(key.public_key().algorithm(), Algorithm::EcdsaP256);
    assert!(key.public_key().verifies(b"statement", &signature));
    assert!(!key.public_key().verifies(b"Statement", &signature));
    assert!(!key.public_key().verifies(b"statement", &[]));
}

#[test]
fn a_key_file_gives_the_same_key_back() {
    let key = KeyPair::generate().unwrap();
    let plain = key.to_plain_pem().unwrap();
    assert!(!KeyPair::is_encrypted(&plain));
    let again = KeyPair::from_pem(&plain, None).unwrap();
    assert_eq!(again.public_key(), key.public_key());

    let encrypted = key.to_encrypted_pem("correct horse").unwrap();
    assert!(KeyPair::is_encrypted(&encrypted));
    assert!(encrypted.lines().all(|line| line.len() <= 64));
    let again = KeyPair::from_pem(&encrypted, Some("correct horse")).unwrap();
    assert_eq!(again.public_key(), key.public_key());
}

#[test]
fn two_files_of_one_key_share_no_salt() {
    let key = KeyPair::generate().unwrap();
    assert_ne!(key.to_encrypted_pem("p").unwrap(), key.to_encrypted_pem("p").unwrap());
}

#[test]
fn passphrases_that_are_missing_wrong_or_empty_are_told_apart() {
    let key = KeyPair::generate().unwrap();
    let encrypted = key.to_encrypted_pem("right").unwrap();
    let read = |passphrase| KeyPair::from_pem(&encrypted, passphrase).unwrap_err();
    assert_eq!(read(None), KeyError::PassphraseMissing);
    assert_eq!(read(Some("wrong")), KeyError::PassphraseWrong);
    assert_eq!(read(Some("")), KeyError::PassphraseWrong);
    assert_eq!(key.to_encrypted_pem("").unwrap_err(), KeyError::PassphraseEmpty);
}

#[test]
fn files_that_are_no_key_of_ours_say_what_they_are() {
    let block = |label: &str, body: &str| {
        let text = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        KeyPair::from_pem(&text, Some("p")).unwrap_err().to_string()
    };
    for (label, body, said) in [
        ("ENCRYPTED SIGSTORE PRIVATE KEY", "AAAA", "key of cosign is damaged"),
        ("ENCRYPTED COSIGN PRIVATE KEY", "AAAA", "key of cosign is damaged"),
        ("ENCRYPTED SIGSTORE PRIVATE KEY", "Proc-Type: 4\n\nAAAA", "openssl pkcs8 -topk8"),
        ("RSA PRIVATE KEY", "AAAA", "RSA keys are not supported"),
        ("OPENSSH PRIVATE KEY", "AAAA", "PEM block is `OPENSSH PRIVATE KEY`"),
        ("PUBLIC KEY", "AAAA", "PEM block is `PUBLIC KEY`"),
        ("EC PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nAAAA", "openssl pkcs8 -topk8"),
        ("PRIVATE KEY", "!!!!", "not PEM"),
        ("PRIVATE KEY", "AAAA", "damaged or not"),
        ("ENCRYPTED PRIVATE KEY", "AAAA", "something unknown, or is damaged"),
    ] {
        let message = block(label, body);
        assert!(message.contains(said), "{label}: {message}");
    }
    for text in ["", "-----BEGIN ", "-----BEGIN A-----\nAAAA\n-----END B-----\n", "sha256:00"] {
        assert_eq!(KeyPair::from_pem(text, None).unwrap_err(), KeyError::NotPem);
    }
}

#[test]
fn a_key_does_not_print_itself() {
    let key = KeyPair::generate().unwrap();
    let shown = format!("{key:?}");
    assert_eq!(shown, format!("KeyPair {{ public: ECDSA P-256 {}, .. }}", key.public_key().id()));
}

#[test]
fn a_damaged_file_is_refused() {
    let plain = KeyPair::generate().unwrap().to_plain_pem().unwrap();
    let der = pem::first_block(&plain).unwrap().decode().unwrap();
    for size in 0..der.len() {
        assert!(KeyPair::from_pem(&pem::encode("PRIVATE KEY", &der[..size]), None).is_err());
    }
}
