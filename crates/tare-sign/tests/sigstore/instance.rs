//! What only an instance of one's own can be made to do wrong.

use serde_json::{Value, json};
use tare_sign::sigstore::{
    Artifact, Check, SignedBundle, SignedBy, SigstoreError, TrustRoot, Verdict,
};

use super::kit::{ARTIFACT, IDENTITY, ISSUER, Kit, Wrong};
use super::{now, policy};

fn verify(bundle: &Value, root: &TrustRoot) -> Result<Verdict, SigstoreError> {
    let bundle = SignedBundle::parse(bundle.to_string().as_bytes())?;
    let mut artifact = ARTIFACT;
    root.verify(&bundle, Artifact::Reader(&mut artifact), &policy(IDENTITY, ISSUER), now())
}

/// What is said when one thing goes wrong.
fn refused(wrong: &Wrong) -> String {
    let kit = Kit::new();
    verify(&kit.sign(wrong), &kit.root(true)).unwrap_err().to_string()
}

#[test]
fn a_private_instance_is_as_good_as_the_public_one() {
    let kit = Kit::new();
    let claims = vec![(12, "https://git.example/org/repo"), (13, "c0ffee"), (11, "self-hosted")];
    let verdict =
        verify(&kit.sign(&Wrong { claims, ..Wrong::default() }), &kit.root(true)).unwrap();
    let SignedBy::Identity { build, .. } = &verdict.signer else { panic!("{verdict:?}") };
    assert_eq!(build.commit.as_deref(), Some("c0ffee"));
    assert_eq!(build.runner.as_deref(), Some("self-hosted"));
    assert!(verdict.checked.contains(&Check::CertificateLog));
    assert!(verify(&kit.sign(&Wrong::default()), &Kit::new().root(true)).is_err());
}

#[test]
fn a_certificate_that_had_expired_or_was_not_yet_valid_signs_nothing() {
    for seconds_late in [541, 86_400, -61] {
        let said = refused(&Wrong { seconds_late, ..Wrong::default() });
        assert!(said.contains("certificate"), "{seconds_late}: {said}");
    }
    let kit = Kit::new();
    let late = kit.sign(&Wrong { seconds_late: 500, ..Wrong::default() });
    assert!(verify(&late, &kit.root(true)).is_ok());
}

#[test]
fn a_time_that_the_log_did_not_promise_is_no_time() {
    // Signed long after the certificate expired, and dated back to when it was valid.
    let said = refused(&Wrong { promised_late: 86_400, ..Wrong::default() });
    assert!(said.contains("promise"), "{said}");
}

#[test]
fn an_entry_of_something_else_is_not_the_entry_of_this() {
    let logged = Some(b"another statement".to_vec());
    let said = refused(&Wrong { logged, ..Wrong::default() });
    assert!(said.contains("log entry does not match"), "{said}");
    // A whole entry of another signature, which is right in itself.
    let kit = Kit::new();
    let mut bundle = kit.sign(&Wrong::default());
    let other = kit.sign(&Wrong { artifact: Some(b"other"), ..Wrong::default() });
    let entries = "/verificationMaterial/tlogEntries";
    *bundle.pointer_mut(entries).unwrap() = other.pointer(entries).unwrap().clone();
    assert!(verify(&bundle, &kit.root(true)).is_err());
}

#[test]
fn a_certificate_of_another_authority_of_the_same_name_is_refused() {
    let kit = Kit::new();
    let root = kit.root(true);
    let bundle = kit.with_other_authority().sign(&Wrong::default());
    let said = verify(&bundle, &root).unwrap_err().to_string();
    assert!(said.contains("certificate chain"), "{said}");
}

#[test]
fn a_certificate_for_something_else_than_signing_is_refused() {
    let said = refused(&Wrong { other_usage: true, ..Wrong::default() });
    assert!(said.contains("certificate chain"), "{said}");
}

#[test]
fn certificates_are_in_a_log_unless_the_root_says_that_none_is_kept() {
    let wrong = Wrong { no_certificate_log: true, ..Wrong::default() };
    let said = refused(&wrong);
    assert!(said.contains("signed certificate timestamp"), "{said}");
    let kit = Kit::new();
    let verdict = verify(&kit.sign(&wrong), &kit.root(false)).unwrap();
    assert!(!verdict.checked.contains(&Check::CertificateLog));
}

#[test]
fn a_right_signature_over_another_file_says_which() {
    let said = refused(&Wrong { artifact: Some(b"other"), ..Wrong::default() });
    assert!(
        said.starts_with("the file has sha256:") && said.contains("expected sha256:"),
        "{said}"
    );
}

#[test]
fn a_certificate_and_a_signature_of_two_people_do_not_go_together() {
    let (ours, theirs) = (Kit::new(), Kit::new());
    let mut bundle = ours.sign(&Wrong::default());
    bundle["dsseEnvelope"] = theirs.sign(&Wrong::default())["dsseEnvelope"].clone();
    assert!(verify(&bundle, &ours.root(true)).is_err());
}

#[test]
fn nothing_is_proven_without_a_time() {
    let kit = Kit::new();
    let mut bundle = kit.sign(&Wrong::default());
    bundle["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"] = json!(null);
    let said = verify(&bundle, &kit.root(true)).unwrap_err().to_string();
    assert!(said.contains("without `inclusionPromise`"), "{said}");
}
