//! Real bundles of Sigstore's public and staging instances, and everything that can be done to one
//! (`spec/vectors/sigstore`).

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use tare_sign::PublicKey;
use tare_sign::sigstore::{
    Artifact, Check, IdentityPolicy, SignedBundle, SignedBy, SigstoreError, TrustRoot, Verdict,
};

mod damage;
mod instance;
mod keys;
mod kit;

#[derive(Deserialize)]
struct Case {
    artifact: String,
    #[serde(rename = "trust-root")]
    trust_root: String,
    identity: Option<String>,
    issuer: Option<String>,
    key: Option<String>,
    bundle: Value,
}

impl Case {
    fn load(name: &str) -> Self {
        let text = fs::read(folder().join(format!("{name}.json"))).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    fn root(&self) -> TrustRoot {
        match self.trust_root.as_str() {
            "public" => TrustRoot::public_good().unwrap(),
            other => root_file(other),
        }
    }

    fn policy(&self) -> IdentityPolicy {
        policy(self.identity.as_deref().unwrap(), self.issuer.as_deref().unwrap())
    }

    fn verify(&self) -> Result<Verdict, SigstoreError> {
        self.verify_text(&self.bundle.to_string(), &self.root())
    }

    fn verify_text(&self, bundle: &str, root: &TrustRoot) -> Result<Verdict, SigstoreError> {
        let bundle = SignedBundle::parse(bundle.as_bytes())?;
        let artifact = Artifact::Digest(self.artifact.parse().unwrap());
        match &self.key {
            Some(pem) => {
                root.verify_key(&bundle, artifact, &PublicKey::from_pem(pem).unwrap(), now())
            }
            None => root.verify(&bundle, artifact, &self.policy(), now()),
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors/sigstore")
}

fn root_file(name: &str) -> TrustRoot {
    let path = folder().join(format!("{name}.trusted_root.json"));
    TrustRoot::parse(&fs::read(path).unwrap()).unwrap()
}

fn policy(identity: &str, issuer: &str) -> IdentityPolicy {
    IdentityPolicy::new(identity.parse().unwrap(), issuer).unwrap()
}

fn now() -> Timestamp {
    "2026-11-25T00:00:00Z".parse().unwrap()
}

fn cases() -> BTreeMap<String, Case> {
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    let names = names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned));
    names.filter(|name| !name.ends_with("_root")).map(|n| (n.clone(), Case::load(&n))).collect()
}

#[test]
fn every_bundle_holds_and_says_who_signed() {
    let cases = cases();
    assert!(cases.len() >= 9, "{:?}", cases.keys());
    for (name, case) in cases {
        let verdict = case.verify().unwrap_or_else(|error| panic!("{name}: {error}"));
        match &verdict.signer {
            SignedBy::Identity { identity, issuer, .. } => {
                assert_eq!(
                    (Some(identity), Some(issuer)),
                    (case.identity.as_ref(), case.issuer.as_ref())
                );
                let all = [Check::Certificate, Check::CertificateLog, Check::LogInclusion];
                assert!(all.iter().all(|check| verdict.checked.contains(check)), "{name}");
            }
            SignedBy::Key(_) => assert!(case.key.is_some(), "{name}"),
            other => panic!("{name}: {other:?}"),
        }
        assert!(!verdict.times.is_empty() && verdict.log.is_some(), "{name}");
    }
}

#[test]
fn a_build_says_which_commit_of_which_repository_it_was() {
    let verdict = Case::load("npm-provenance").verify().unwrap();
    let SignedBy::Identity { build, .. } = &verdict.signer else { panic!("{verdict:?}") };
    assert_eq!(build.repository.as_deref(), Some("https://github.com/sigstore/sigstore-js"));
    assert_eq!(build.commit.as_ref().map(String::len), Some(40));
    assert_eq!(build.runner.as_deref(), Some("github-hosted"));
    assert_eq!(build.reference.as_deref(), Some("refs/heads/main"));
    let log = verdict.log.as_ref().unwrap();
    assert_eq!((log.log.as_str(), log.index), ("https://rekor.sigstore.dev", 1_697_019_812));
    assert_eq!(verdict.predicate_type.as_deref(), Some("https://slsa.dev/provenance/v1"));
}

#[test]
fn somebody_else_is_named_beside_who_was_expected() {
    let case = Case::load("pypi-github");
    let (root, bundle) = (case.root(), case.bundle.to_string());
    let verify = |identity: &str, issuer: &str| {
        let bundle = SignedBundle::parse(bundle.as_bytes()).unwrap();
        let artifact = Artifact::Digest(case.artifact.parse().unwrap());
        root.verify(&bundle, artifact, &policy(identity, issuer), now()).map_err(|e| e.to_string())
    };
    let issuer = case.issuer.as_deref().unwrap();
    let file = "https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml";
    assert!(verify(&format!("{file}@refs/tags/v*"), issuer).is_ok());
    let other = verify(&format!("{file}@refs/heads/*"), issuer).unwrap_err();
    let expected = format!("signed by `{file}@refs/tags/v0.0.19`, expected `{file}@refs/heads/*`");
    assert_eq!(other, expected);
    let other = verify(&format!("{file}@refs/tags/v*"), "https://gitlab.com").unwrap_err();
    assert!(other.contains(issuer) && other.contains("expected `https://gitlab.com`"), "{other}");
}

#[test]
fn another_file_is_named_by_its_digest_beside_what_was_signed() {
    let case = Case::load("cosign-blob");
    let bundle = SignedBundle::parse(case.bundle.to_string().as_bytes()).unwrap();
    let verify = |mut file: &[u8]| {
        case.root().verify(&bundle, Artifact::Reader(&mut file), &case.policy(), now())
    };
    let wrong = verify(b"other").unwrap_err().to_string();
    let found = "sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa";
    assert_eq!(wrong, format!("the file has {found}, expected {}", case.artifact));
    let right = verify(b"test content for cosign\n");
    assert!(
        right.is_ok() || right.is_err_and(|error| error.to_string().starts_with("the file has"))
    );
}

#[test]
fn an_unknown_log_is_told_as_an_old_root_and_a_clock_that_is_behind_as_that() {
    let case = Case::load("pypi-staging");
    let public = TrustRoot::public_good().unwrap();
    let error = case.verify_text(&case.bundle.to_string(), &public).unwrap_err();
    assert!(error.to_string().starts_with("log key unknown"), "{error}");
    assert!(error.to_string().contains(&public.sha256().hex()), "{error}");
    assert!(error.help().unwrap().contains("tare trust use"));

    let bundle = SignedBundle::parse(case.bundle.to_string().as_bytes()).unwrap();
    let artifact = Artifact::Digest(case.artifact.parse().unwrap());
    let early: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    let error = case.root().verify(&bundle, artifact, &case.policy(), early).unwrap_err();
    assert!(matches!(error, SigstoreError::Future { behind, .. } if behind > 86_400), "{error}");
}

#[test]
fn a_digest_of_the_wrong_kind_asks_for_the_file() {
    let case = Case::load("npm-provenance");
    let bundle = SignedBundle::parse(case.bundle.to_string().as_bytes()).unwrap();
    let digest = format!("sha256:{}", "00".repeat(32)).parse().unwrap();
    let verified = case.root().verify(&bundle, Artifact::Digest(digest), &case.policy(), now());
    let error = verified.unwrap_err();
    assert!(error.to_string().contains("sha512"), "{error}");
}
