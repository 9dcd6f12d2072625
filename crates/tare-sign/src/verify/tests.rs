use proptest::prelude::*;
use tare_format::Sha256;

use super::*;
use crate::{KeyPair, Signer, SigningError, sign_release};

fn claim() -> Claim {
    Claim {
        release: "commons/tiny-chat@1.2.0".parse().unwrap(),
        digest: Sha256::of(b"release document"),
        registry: "tr1-000102030405060708090a0b0c0d0e0f".parse().unwrap(),
    }
}

fn signed() -> (Vec<u8>, PublicKey) {
    let key = KeyPair::generate().unwrap();
    (sign_release(&claim(), &key).unwrap(), key.public_key().clone())
}

#[test]
fn a_release_signed_by_an_accepted_key_is_verified() {
    let (bundle, key) = signed();
    let verified = verify_release(&[bundle], &claim(), std::slice::from_ref(&key)).unwrap();
    assert_eq!(verified.claim, claim());
    assert_eq!(verified.into_inner().signers, [Identity::Key(key.id())]);
}

#[test]
fn absence_is_an_error_that_says_whose_signature_is_missing() {
    let (bundle, key) = signed();
    let error = verify_release::<&[u8]>(&[], &claim(), std::slice::from_ref(&key)).unwrap_err();
    let expected = format!(
        "`commons/tiny-chat@1.2.0` is not signed, expected a signature by key {}",
        key.id()
    );
    assert_eq!(error.to_string(), expected);
    let error = verify_release(&[bundle], &claim(), &[]).unwrap_err();
    assert!(error.to_string().ends_with("and there is none"), "{error}");
}

#[test]
fn a_key_that_is_not_accepted_is_named() {
    let (bundle, key) = signed();
    let other = KeyPair::generate().unwrap();
    let error = verify_release(&[&bundle], &claim(), &[other.public_key().clone()]).unwrap_err();
    let expected = format!(
        "signed with a key of hint `{}`, expected key {}",
        key.hint(),
        other.public_key().id()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_hint_cannot_pass_one_key_off_as_another() {
    let (bundle, _) = signed();
    let other = KeyPair::generate().unwrap();
    let mut forged = Bundle::parse(&bundle).unwrap();
    forged.hint = other.public_key().hint().to_owned();
    let accepted = [other.public_key().clone()];
    let error = verify_release(&[forged.to_json()], &claim(), &accepted).unwrap_err();
    assert!(matches!(error, SignatureError::Wrong { key } if key == accepted[0].id()), "{error}");
}

#[test]
fn a_signature_for_something_else_says_what_was_signed() {
    let (bundle, key) = signed();
    let check = |claim: Claim| {
        let error = verify_release(&[&bundle], &claim, std::slice::from_ref(&key)).unwrap_err();
        assert!(matches!(error, SignatureError::Statement(_)), "{error}");
        error.to_string()
    };
    let other = Claim { release: "commons/other@1.2.0".parse().unwrap(), ..claim() };
    assert!(check(other).ends_with("package `commons/tiny-chat`, expected `commons/other`"));
    let other = Claim { release: "commons/tiny-chat@1.3.0".parse().unwrap(), ..claim() };
    assert!(check(other).ends_with("version `1.2.0`, expected `1.3.0`"));
    let other =
        Claim { registry: "tr1-ffffffffffffffffffffffffffffffff".parse().unwrap(), ..claim() };
    assert!(check(other).contains("has registry `tr1-0001"));
    let other = Claim { digest: Sha256::of(b"other"), ..claim() };
    assert!(check(other).contains("has release digest"));
}

#[test]
fn one_good_signature_beside_a_bad_one_is_enough_and_order_does_not_matter() {
    let (good, key) = signed();
    let (other, _) = signed();
    for bundles in [[&good, &other], [&other, &good], [&good, &good]] {
        let verified = verify_release(&bundles, &claim(), std::slice::from_ref(&key)).unwrap();
        assert_eq!(verified.signers, [Identity::Key(key.id())]);
    }
}

#[test]
fn callers_need_only_the_trait_of_a_signer() {
    struct Unplugged(PublicKey);
    impl Signer for Unplugged {
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SigningError> {
            Err(SigningError { key: self.0.id(), reason: "the token was removed".to_owned() })
        }
        fn public_key(&self) -> &PublicKey {
            &self.0
        }
    }
    let (_, key) = signed();
    let error = sign_release(&claim(), &Unplugged(key)).unwrap_err().to_string();
    assert!(error.ends_with("the token was removed"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_changed_byte_never_verifies_as_something_else(at in any::<usize>(), byte in any::<u8>()) {
        let (mut bundle, key) = signed();
        let at = at % bundle.len();
        let same = bundle[at] == byte;
        bundle[at] = byte;
        // What still verifies must be the same claim by the same key, and nothing but the same bytes does.
        let verified = verify_release(&[&bundle], &claim(), std::slice::from_ref(&key));
        prop_assert_eq!(verified.is_ok(), same);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        prop_assert!(verify_release(&[bytes], &claim(), &[]).is_err());
    }
}
