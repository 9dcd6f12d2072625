//! `tare verify-bundle` and `tare trust`: real bundles of npm, PyPI and cosign, without a network.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::Project;

/// A project with the bundle of a vector, the file that cosign signed, and the staging instance's root.
fn project(vector: &str) -> (Project, Value) {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors/sigstore");
    let project = Project::new();
    let case = fs::read(vectors.join(format!("{vector}.json"))).unwrap();
    let case: Value = serde_json::from_slice(&case).unwrap();
    fs::write(project.path().join("bundle.json"), case["bundle"].to_string()).unwrap();
    fs::write(project.path().join("blob.txt"), "test content for cosign\n").unwrap();
    let root = vectors.join("staging.trusted_root.json");
    fs::copy(root, project.path().join("staging.json")).unwrap();
    (project, case)
}

fn command(case: &Value, subject: &str) -> String {
    let (identity, issuer) = (case["identity"].as_str().unwrap(), case["issuer"].as_str().unwrap());
    format!(
        "verify-bundle --bundle bundle.json --certificate-identity {identity} \
         --certificate-oidc-issuer {issuer} {subject}"
    )
}

#[test]
fn a_file_is_told_who_signed_it_and_what_was_checked() {
    let (project, case) = project("cosign-blob");
    let verified = project.tare(&command(&case, "blob.txt")).succeeds();
    for word in ["w.vollprecht@gmail.com", "rekor.sigstore.dev", "certificate chain", "verified"] {
        assert!(verified.stdout.contains(word), "{}", verified.stdout);
    }
    let json = project.tare(&format!("{} --json", command(&case, "blob.txt"))).succeeds().json();
    assert_eq!(json["signer"]["identity"]["issuer"], case["issuer"]);
    assert_eq!(json["artifact"], case["artifact"]);
}

#[test]
fn a_build_is_told_by_its_repository_and_commit() {
    let (project, case) = project("npm-provenance");
    let subject = case["artifact"].as_str().unwrap();
    let json = project.tare(&format!("{} --json", command(&case, subject))).succeeds().json();
    let build = &json["signer"]["identity"]["build"];
    assert_eq!(build["repository"], "https://github.com/sigstore/sigstore-js");
    assert_eq!(build["runner"], "github-hosted");
}

#[test]
fn another_file_another_signer_and_a_changed_bundle_end_with_7() {
    let (project, mut case) = project("cosign-blob");
    project.tare(&command(&case, "staging.json")).ends_with(7).says(&[
        "does not count",
        "the file has sha256:",
        "expected sha256:e194b99d",
        "[E-BUNDLE-FILE]",
    ]);
    let text = fs::read_to_string(project.path().join("bundle.json")).unwrap();
    fs::write(
        project.path().join("bundle.json"),
        text.replacen("\"signature\":\"M", "\"signature\":\"N", 1),
    )
    .unwrap();
    project.tare(&command(&case, "blob.txt")).ends_with(7);
    fs::write(project.path().join("bundle.json"), text).unwrap();
    case["identity"] = "somebody@example.com".into();
    project.tare(&command(&case, "blob.txt")).ends_with(7).says(&[
        "signed by `w.vollprecht@gmail.com`, expected `somebody@example.com`",
        "[E-IDENTITY]",
    ]);
}

#[test]
fn everybody_is_nobody_to_ask_for() {
    let (project, _) = project("cosign-blob");
    let ask = |identity: &str| {
        let line = "verify-bundle --bundle bundle.json --certificate-oidc-issuer https://a.example";
        project.tare(&format!("{line} --certificate-identity {identity} blob.txt")).ends_with(2)
    };
    ask("*").says(&["accepts everybody"]);
    ask("https://*/org").says(&["leaves the host open"]);
    project.tare("verify-bundle --bundle bundle.json blob.txt").ends_with(2);
}

#[test]
fn another_instance_is_known_once_its_root_is_pinned() {
    let (project, case) = project("pypi-staging");
    let verify = command(&case, case["artifact"].as_str().unwrap());
    project.tare(&verify).ends_with(7).says(&[
        "log key unknown",
        "tare trust use",
        "[E-TRUST-STALE]",
    ]);
    project.tare(&format!("{verify} --trusted-root staging.json")).succeeds();

    let built_in = project.tare("trust show --json").succeeds().json();
    assert_eq!(built_in["source"], "built-in");
    let wrong = "0".repeat(64);
    project
        .tare(&format!("trust use staging.json --sha256 {wrong}"))
        .ends_with(7)
        .says(&["expected"]);
    let pinned = project.tare("trust use staging.json --json").succeeds().json();
    assert_eq!(pinned["source"], "pinned");
    project.tare(&verify).succeeds();
    project.tare("trust use --public").succeeds().says(&["built-in"]);
    project.tare(&verify).ends_with(7);
}
