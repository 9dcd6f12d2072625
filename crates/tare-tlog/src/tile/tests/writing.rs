use std::collections::BTreeSet;
use std::io;

use proptest::prelude::*;

use super::super::*;
use super::Files;
use crate::tree::tests::Naive;

#[test]
fn a_tile_holds_the_roots_of_its_subtrees() {
    let tree = Naive::new(1000);
    let files = Files::of(tree.leaves());
    let bottom = TileId::new(0, 3, 232).unwrap();
    assert_eq!(decode_tile(bottom, &files.tiles[&bottom]).unwrap(), tree.leaves()[768..]);
    let top = TileId::new(1, 0, 3).unwrap();
    let hashes = decode_tile(top, &files.tiles[&top]).unwrap();
    assert_eq!(hashes[0], tree.root(256));
    assert_eq!(hashes.len(), 3);
    assert_eq!(files.edge.root(), tree.root(1000));
}

#[test]
fn a_writer_does_not_build_on_foreign_tiles() {
    let tree = Naive::new(300);
    let files = Files::of(tree.leaves());
    let other = Files::of(&tree.leaves().iter().rev().copied().collect::<Vec<_>>());
    let read = |tile: &TileId| Ok::<_, io::Error>(other.tiles[tile].clone());
    let error = TileWriter::resume(&files.edge, read).unwrap_err();
    assert_eq!(
        error.to_string(),
        "tile `tile/1/000.p/1` does not belong to the log of 300 entries"
    );
    let short = |_: &TileId| Ok::<_, io::Error>(vec![0; 31]);
    let error = TileWriter::resume(&files.edge, short).unwrap_err();
    assert!(matches!(error, WriteError::Tile(_)));
    let gone = |_: &TileId| Err(io::Error::from(io::ErrorKind::NotFound));
    let error = TileWriter::resume(&files.edge, gone).unwrap_err();
    assert_eq!(error.to_string(), "cannot read tile `tile/1/000.p/1`");
}

#[test]
fn nothing_is_written_for_a_log_that_did_not_grow() {
    let mut files = Files::of(Naive::new(300).leaves());
    assert_eq!(files.append(&[]), []);
}

#[test]
fn bundles_hold_entries_of_any_length() {
    let id = EntryBundleId::new(0, 3).unwrap();
    let entries = [&b""[..], b"one", &[7; MAX_ENTRY_BYTES]];
    let bytes = encode_bundle(&entries).unwrap();
    assert_eq!(&bytes[..7], b"\0\0\0\x03one");
    assert_eq!(decode_bundle(id, &bytes).unwrap(), entries);
}

#[test]
fn bundles_have_their_width_and_nothing_else() {
    let id = EntryBundleId::new(0, 2).unwrap();
    let bytes = encode_bundle(&["a", "b"]).unwrap();
    let long = [&bytes[..], b"\0"].concat();
    assert_eq!(decode_bundle(id, &long), Err(BundleError::Long { bundle: id, bytes: 1 }));
    let short = BundleError::Short { bundle: id, number: 1 };
    assert_eq!(decode_bundle(id, &bytes[..5]), Err(short.clone()));
    assert_eq!(decode_bundle(id, &bytes[..4]), Err(short));
    assert_eq!(encode_bundle::<&str>(&[]), Err(BundleError::Count { found: 0 }));
    assert_eq!(encode_bundle(&["a"; 257]), Err(BundleError::Count { found: 257 }));
    let bytes = MAX_ENTRY_BYTES + 1;
    assert_eq!(encode_bundle(&[vec![0; bytes]]), Err(BundleError::Entry { number: 0, bytes }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn tiles_are_the_same_however_the_log_grew(steps in prop::collection::vec(0_usize..900, 0..6)) {
        let size = steps.iter().sum();
        let tree = Naive::new(size);
        let mut files = Files::default();
        let mut old = 0;
        for step in steps {
            let written: BTreeSet<TileId> = files.append(&tree.leaves()[old..old + step]).into_iter().collect();
            let expected: BTreeSet<TileId> = tiles_between(old as u64, (old + step) as u64).unwrap().collect();
            prop_assert_eq!(written, expected);
            old += step;
        }
        prop_assert_eq!(files.edge.root(), tree.root(size));
        let once = Files::of(tree.leaves());
        for (tile, bytes) in &once.tiles {
            prop_assert_eq!(&files.tiles[tile], bytes);
        }
        let ids: BTreeSet<TileId> = once.tiles.keys().copied().collect();
        prop_assert_eq!(ids, tiles_of(size as u64).unwrap().collect());
    }

    #[test]
    fn random_bundles_never_panic(width in 1_u16..=256, bytes in prop::collection::vec(0_u8..3, 0..600)) {
        let id = EntryBundleId::new(5, width).unwrap();
        if let Ok(entries) = decode_bundle(id, &bytes) {
            prop_assert_eq!(encode_bundle(&entries).unwrap(), bytes);
        }
    }
}
