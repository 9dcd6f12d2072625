use proptest::prelude::*;

use super::*;

/// The key whose seed is 32 times this byte.
pub(crate) fn signer(name: &str, algorithm: Algorithm, seed: u8) -> SigningKey {
    SigningKey::from_seed(name.parse().unwrap(), algorithm, &[seed; 32]).unwrap()
}

/// The log of the vectors.
pub(crate) fn log() -> SigningKey {
    signer("log.example.org/t", Algorithm::Ed25519, 1)
}

/// The witness of the vectors.
pub(crate) fn witness() -> SigningKey {
    signer("wit.example.org/w", Algorithm::CosignatureEd25519, 2)
}

const LOG: &str = "log.example.org/t+7973995f+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
const WITNESS: &str = "wit.example.org/w+bcbd5ab5+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
const FOO: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fn message(text: &str) -> String {
    let error = text.parse::<VerifierKey>().unwrap_err();
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[test]
fn known_keys_are_read_and_printed() {
    assert_eq!(log().verifier().to_string(), LOG);
    assert_eq!(witness().verifier().to_string(), WITNESS);
    for text in [LOG, WITNESS, FOO] {
        assert_eq!(text.parse::<VerifierKey>().unwrap().to_string(), text);
    }
    let foo: VerifierKey = FOO.parse().unwrap();
    assert_eq!((foo.name().as_str(), foo.id()), ("example.com/foo", 0x530d_903a));
    assert_eq!((foo.algorithm(), foo.public_key().len()), (Algorithm::Ed25519, 32));
}

#[test]
fn one_secret_has_one_id_for_each_name_and_job() {
    let same = signer("log.example.org/u", Algorithm::Ed25519, 1);
    let job = signer("log.example.org/t", Algorithm::CosignatureEd25519, 1);
    for other in [same.verifier(), job.verifier()] {
        assert_ne!(log().verifier(), other);
        assert_ne!(log().verifier().id(), other.id());
        assert!(log().verifier().same_public_key(other));
    }
}

#[test]
fn texts_of_other_forms_are_refused() {
    for (text, expected) in [
        ("", "key text has another form, expected `name+id+base64`"),
        ("name+00000000", "key text has another form, expected `name+id+base64`"),
        ("+530d903a+AQ==", "key has a bad name: key name is empty"),
        (
            "a b+530d903a+AQ==",
            "key has a bad name: key name has the character ' ', expected no space, control character or `+`",
        ),
        ("a+530D903A+AQ==", "key `a` has an id that is not eight lower-case hex digits"),
        ("a+30d903a+AQ==", "key `a` has an id that is not eight lower-case hex digits"),
        ("a++30d903a+AQ==", "key `a` has an id that is not eight lower-case hex digits"),
        ("a+530d903a+AQ", "key `a` is not standard base64 with padding"),
        ("a+530d903a+AR==", "key `a` is not standard base64 with padding"),
        ("a+530d903a+", "key text has another form, expected `name+id+base64`"),
        ("a+530d903a+AQAA", "key `a` has 2 bytes of key material, expected 32"),
        ("a+530d903a+AgAA", "key has algorithm 0x02 (ECDSA), which is not supported"),
        ("a+530d903a+BQAA", "key has algorithm 0x05 (RFC 6962 tree head), which is not supported"),
    ] {
        assert_eq!(message(text), expected, "{text}");
    }
    let other_id = LOG.replace("7973995f", "7973995e");
    assert_eq!(
        message(&other_id),
        "key `log.example.org/t` has id 7973995e, its name and public key have 7973995f"
    );
}

#[test]
fn keys_that_accept_what_nobody_signed_are_refused() {
    // Points of order 4, 1 and 2, and bytes that are no point.
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    let mut one = [0; 32];
    one[0] = 1;
    let mut none = [0; 32];
    none[0] = 2;
    for bytes in [[0; 32], one, minus_one, none] {
        let name: KeyName = "a".parse().unwrap();
        let refused = VerifierKey::new(name.clone(), Algorithm::Ed25519, &bytes);
        assert_eq!(refused, Err(KeyError::Point { name }));
    }
}

#[test]
fn names_keep_to_their_characters() {
    for good in ["a", "log.example.org/t", "oid/1.2.3", "ä€", &"x".repeat(255)] {
        assert_eq!(good.parse::<KeyName>().unwrap().as_str(), good);
    }
    for bad in ["", "a+b", "a b", "a\u{a0}b", "a\u{2003}", "a\nb", "a\0", &"x".repeat(256)] {
        assert!(bad.parse::<KeyName>().is_err(), "{bad:?}");
    }
}

#[test]
fn private_keys_are_read_back_and_never_shown() {
    let text = log().to_text();
    let seed = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
    assert_eq!(*text, format!("PRIVATE+KEY+log.example.org/t+7973995f+{seed}"));
    let read: SigningKey = text.parse().unwrap();
    assert_eq!(read.verifier(), log().verifier());
    assert_eq!(format!("{read:?}"), format!("SigningKey({LOG})"));
    assert_eq!(*witness().to_text().parse::<SigningKey>().unwrap().to_text(), *witness().to_text());
}

#[test]
fn bad_private_keys_are_refused_without_their_secret() {
    let good = log().to_text();
    let seed = good.rsplit('+').next().unwrap();
    for bad in [
        good.replace("PRIVATE+KEY+", ""),
        good.replace("7973995f", "7973995e"),
        good.replace("AQEBAQEB", "BAEBAQEB"),
        good.replace("AQEBAQEB", "AgEBAQEB"),
        good.replace("AQEBAQEB", "AQEB"),
        good.replace("log.example.org/t", "log.example.org/u"),
        format!("{}=", *good),
        String::new(),
    ] {
        let error = bad.parse::<SigningKey>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains(seed), "{error}");
    }
}

proptest! {
    #[test]
    fn any_key_is_read_back(seed: [u8; 32], name in "[!-*,-~äß€]{1,40}", cosigner: bool) {
        let algorithm = if cosigner { Algorithm::CosignatureEd25519 } else { Algorithm::Ed25519 };
        let key = SigningKey::from_seed(name.parse().unwrap(), algorithm, &seed).unwrap();
        let public = key.verifier();
        prop_assert_eq!(&public.to_string().parse::<VerifierKey>().unwrap(), public);
        let read: SigningKey = key.to_text().parse().unwrap();
        prop_assert_eq!(read.verifier(), public);
    }

    #[test]
    fn what_parses_prints_the_same(text in "[a+ ]{0,3}\\+[0-9a-g]{7,9}\\+[A-Za-z0-9+/=]{0,50}|.*") {
        if let Ok(key) = text.parse::<VerifierKey>() {
            prop_assert_eq!(key.to_string(), text);
        } else {
            let _ = text.parse::<SigningKey>();
        }
    }
}
