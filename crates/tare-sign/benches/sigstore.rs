//! What it costs to check one bundle, from its bytes to the verdict: `cargo bench -p tare-sign`.

#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

use std::fs;

use divan::Bencher;
use jiff::Timestamp;
use serde_json::Value;
use tare_sign::sigstore::{Artifact, IdentityPolicy, SignedBundle, TrustRoot};

fn main() {
    divan::main();
}

/// A build's certificate with a log of the first kind, a person's with one of the second and a timestamp.
#[divan::bench(args = ["npm-provenance", "rekor-2"])]
fn verify(bencher: Bencher<'_, '_>, name: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors/sigstore");
    let case: Value =
        serde_json::from_slice(&fs::read(format!("{folder}/{name}.json")).unwrap()).unwrap();
    let root = match case["trust-root"].as_str().unwrap() {
        "public" => TrustRoot::public_good().unwrap(),
        other => {
            let root = fs::read(format!("{folder}/{other}.trusted_root.json")).unwrap();
            TrustRoot::parse(&root).unwrap()
        }
    };
    let identity = case["identity"].as_str().unwrap().parse().unwrap();
    let policy = IdentityPolicy::new(identity, case["issuer"].as_str().unwrap()).unwrap();
    let (bytes, now) = (case["bundle"].to_string(), Timestamp::now());
    bencher.bench(|| {
        let bundle = SignedBundle::parse(bytes.as_bytes()).unwrap();
        let artifact = Artifact::Digest(case["artifact"].as_str().unwrap().parse().unwrap());
        root.verify(&bundle, artifact, &policy, now).unwrap()
    });
}

/// Reading the built-in trust root, once a command.
#[divan::bench]
fn trust_root() -> TrustRoot {
    TrustRoot::public_good().unwrap()
}
