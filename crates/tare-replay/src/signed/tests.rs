use tare_format::event::EventBody;

use super::*;
use crate::samples::*;

fn published(release: &str, number: usize) -> Published {
    let EventBody::Publish(published) = publish(release, number) else { panic!() };
    *published
}

#[test]
fn a_signature_is_one_of_an_accepted_key_over_this_release_in_this_registry() {
    let release = published("lab/a@1.0.0", 0);
    let keys = |release: &Published, accepted: &[SignerKey], registry: &RegistryId| {
        signed_by(release, accepted, registry, bundle).unwrap().keys().to_vec()
    };
    assert_eq!(keys(&release, &[key(1), key(0)], &registry()), [key(0).id]);
    assert!(keys(&release, &[key(1)], &registry()).is_empty());
    let other = RegistryId::of_root(&Sha256::of(b"another"));
    assert!(keys(&release, &[key(0)], &other).is_empty());
    let mut moved = release.clone();
    moved.version = "2.0.0".parse().unwrap();
    assert!(keys(&moved, &[key(0)], &registry()).is_empty());
    let unsigned = Published { signatures: Vec::new(), ..release };
    assert!(keys(&unsigned, &[key(0)], &registry()).is_empty());
}

#[test]
fn a_bundle_that_is_missing_or_changed_is_an_error() {
    let release = published("lab/a@1.0.0", 0);
    let expected = format!(
        "signature bundle {} of `lab/a@1.0.0` is missing, or has other bytes",
        release.signatures[0].sha256
    );
    let missing = signed_by(&release, &[key(0)], &registry(), |_| None::<Vec<u8>>).unwrap_err();
    assert_eq!(missing.to_string(), expected);
    let changed = |signature: &SignatureRef| {
        bundle(signature).map(|mut bytes| {
            bytes[9] ^= 1;
            bytes
        })
    };
    assert!(signed_by(&release, &[key(0)], &registry(), changed).is_err());
}
