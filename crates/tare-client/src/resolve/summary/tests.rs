//! Summaries read back as written, and damaged ones are refused.

use proptest::prelude::*;
use tare_format::Blake3;

use super::*;
use crate::resolve::index::Standing;
use crate::resolve::tests::{Registry, needs};

fn records() -> (PackageName, Vec<ReleaseRecord>) {
    let registry = Registry::of(&[
        "a 2.0.0-rc.1 [bf16* q4] > b ^1, c =1.0.0 base :bf16",
        "a 1.0.0 > b ^1",
        "a 1.1.0+build.7 > b ^1",
    ])
    .yank("a 1.0.0", "02-01")
    .change("a 1.0.0", "03-01", Standing::Available);
    registry.packages.into_iter().next().unwrap()
}

#[test]
fn what_was_written_is_read() {
    let (name, records) = records();
    let page = Sha256::of(b"the page");
    let Summary { package, page: found } = Summary::decode(encode(&name, page, &records)).unwrap();
    assert_eq!((package.name(), found), (&name, page));
    for record in &records {
        let release = package.release(&record.version).unwrap();
        assert_eq!(
            (&release.changes, release.digest, release.kind),
            (&record.changes, record.digest, record.kind)
        );
        assert_eq!(package.dependencies(release).unwrap(), record.dependencies);
        assert_eq!(package.variants(release).unwrap(), record.variants);
    }
}

#[test]
fn releases_are_in_the_order_of_their_versions_and_equal_details_are_kept_once() {
    let (name, records) = records();
    let package = Package::new(&name, &records).unwrap();
    let versions: Vec<String> =
        package.releases().iter().map(|release| release.version.to_string()).collect();
    assert_eq!(versions, ["1.0.0", "1.1.0+build.7", "2.0.0-rc.1"]);
    assert_eq!(package.releases()[0].details, package.releases()[1].details);
}

#[test]
fn a_version_twice_is_refused() {
    let (name, records) = records();
    let twice = [records[0].clone(), records[0].clone()];
    assert!(
        Package::new(&name, &twice)
            .unwrap_err()
            .to_string()
            .contains("versions that do not ascend")
    );
}

#[test]
fn a_changed_byte_is_noticed() {
    let (name, records) = records();
    let bytes = encode(&name, Sha256::of(b""), &records);
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        assert!(Summary::decode(changed).is_err(), "byte {position}");
    }
}

proptest! {
    /// Also when the check was made to fit: nothing panics, and no length is believed.
    #[test]
    fn damaged_summaries_never_panic(position in 0..500_usize, byte in any::<u8>(), cut in 0..500_usize) {
        let (name, records) = records();
        let mut bytes = encode(&name, Sha256::of(b""), &records);
        bytes.truncate(bytes.len() - CHECK_SIZE);
        let (position, cut) = (position % bytes.len(), cut % bytes.len());
        bytes[position] = byte;
        bytes.truncate(bytes.len() - cut);
        bytes.extend_from_slice(Blake3::of(&bytes).as_bytes());
        if let Ok(Summary { package, .. }) = Summary::decode(bytes) {
            for release in package.releases() {
                let _ = (package.dependencies(release), package.variants(release));
            }
        }
    }

    #[test]
    fn numbers_of_any_size_survive(major in any::<u64>(), minor in any::<u64>(), seconds in 0..4_000_000_000_i64) {
        let (name, mut records) = records();
        records.truncate(1);
        records[0].version = Version::new(major, minor, 0);
        records[0].published = Timestamp::from_second(seconds).unwrap();
        records[0].dependencies = needs("x ^1");
        let package = Package::new(&name, &records).unwrap();
        prop_assert_eq!(&package.releases()[0].version, &records[0].version);
        prop_assert_eq!(package.releases()[0].published, records[0].published);
    }
}
