//! The published vectors (`spec/vectors/signatures`): bundles that must be accepted or refused, and for what.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::error::Error;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use tare_format::registry::RegistryId;
use tare_format::{ReleaseId, Sha256};
use tare_sign::{Claim, Identity, KeyId, PublicKey, verify_release};

/// One file: a bundle, what it is checked against, and what comes of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Vector {
    release: ReleaseId,
    digest: Sha256,
    registry: RegistryId,
    accepted_keys: Vec<String>,
    /// The bundle's bytes as text; absent when there is none.
    bundle: Option<String>,
    /// The key that signed, for a bundle that is accepted.
    signer: Option<KeyId>,
    /// A part of the message, for one that is refused.
    error: Option<String>,
}

fn vectors() -> Vec<(String, Vector)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors/signatures");
    let files =
        ["good", "bad"].into_iter().flat_map(|kind| fs::read_dir(folder.join(kind)).unwrap());
    let read = |path: std::path::PathBuf| {
        let vector = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        (path.display().to_string(), vector)
    };
    files.map(|file| read(file.unwrap().path())).collect()
}

/// An error with all its causes, as a program prints it.
fn chain(error: &(dyn Error + 'static)) -> String {
    let errors = std::iter::successors(Some(error), |error| (*error).source());
    errors.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn bundles_are_accepted_and_refused_as_the_vectors_say() {
    let vectors = vectors();
    assert!(vectors.len() > 20, "only {} vectors", vectors.len());
    for (name, vector) in vectors {
        let claim =
            Claim { release: vector.release, digest: vector.digest, registry: vector.registry };
        let keys = vector.accepted_keys.iter().map(|pem| PublicKey::from_pem(pem).unwrap());
        let keys: Vec<PublicKey> = keys.collect();
        let bundles: Vec<String> = vector.bundle.into_iter().collect();
        match (verify_release(&bundles, &claim, &keys), vector.signer, vector.error) {
            (Ok(verified), Some(signer), None) => {
                assert_eq!(verified.signers, [Identity::Key(signer)], "{name}");
            }
            (Err(error), None, Some(expected)) => {
                let message = chain(&error);
                assert!(message.contains(&expected), "{name}: {message}");
            }
            (result, ..) => panic!("{name}: {result:?}"),
        }
    }
}
