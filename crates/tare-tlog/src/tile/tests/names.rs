use proptest::prelude::*;

use super::super::*;
use crate::checkpoint::MAX_TREE_SIZE;

fn tile(text: &str) -> Option<TileId> {
    text.parse().ok()
}

#[test]
fn paths_are_those_of_the_vectors() {
    let path = |level, index, width| TileId::new(level, index, width).unwrap().to_string();
    assert_eq!(path(0, 0, 7), "tile/0/000.p/7");
    assert_eq!(path(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(path(2, 999, 1), "tile/2/999.p/1");
    assert_eq!(EntryBundleId::new(1000, 256).unwrap().to_string(), "tile/entries/x001/000");
    assert_eq!(EventPageId::new(3, 9).unwrap().to_string(), "events/003.p/9");
}

#[test]
fn a_file_has_one_path() {
    let others = [
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/x001/x000",
        "tile/00/000",
        "tile/+0/000",
        "tile/-1/000",
        "tile/0/-01",
        "tile/0/+01",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/07",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1.p/1",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/",
        "tile/0",
        "tile//000",
        "",
        "tile/8/0/000",
        "tile/0/xx01/000",
        "tile/0/٠٠٠",
    ];
    for other in others {
        assert_eq!(tile(other), None, "{other}");
    }
    assert!("tile/entries/000.p/256".parse::<EntryBundleId>().is_err());
    assert!("events/x000/000".parse::<EventPageId>().is_err());
    assert!("events/000\n".parse::<EventPageId>().is_err());
}

#[test]
fn no_file_is_beyond_the_largest_log() {
    // Levels that other readers have panicked at.
    for beyond in ["tile/6/000", "tile/63/000", "tile/64/000", "tile/255/000", "tile/256/000"] {
        assert_eq!(tile(beyond), None, "{beyond}");
    }
    let last = MAX_TREE_SIZE / 256 - 1;
    assert!(TileId::new(0, last, 255).is_some());
    assert_eq!(TileId::new(0, last, 255).unwrap().full(), None);
    for index in [last + 1, 1 << 55, 1 << 56, u64::MAX] {
        assert_eq!(TileId::new(0, index, 1), None);
        assert_eq!(EventPageId::new(index, 1), None);
    }
    assert!(TileId::new(5, 0, 255).is_some());
    assert_eq!(TileId::new(5, 0, 256), None);
    assert_eq!(tile("tile/0/x999/x999/x999/x999/x999/x999/999"), None);
}

#[test]
fn a_log_of_70000_entries_has_these_tiles() {
    let tiles: Vec<String> = tiles_of(70_000).unwrap().map(|tile| tile.to_string()).collect();
    assert_eq!(tiles.len(), 273 + 1 + 1 + 1 + 1);
    let partial: Vec<&String> = tiles.iter().filter(|tile| tile.contains(".p/")).collect();
    assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    let tiles: Vec<String> = tiles_of(256).unwrap().map(|tile| tile.to_string()).collect();
    assert_eq!(tiles, ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(tiles_of(0).unwrap().count(), 0);
}

#[test]
fn sizes_that_are_none_are_refused() {
    for size in [MAX_TREE_SIZE, (1 << 63) + 1, u64::MAX] {
        assert!(tiles_of(size).is_err());
        assert!(bundles_between(0, size).is_err());
        assert!(pages_between(size - 1, size).is_err());
    }
    assert!(tiles_between(2, 1).is_err());
    let size = MAX_TREE_SIZE - 1;
    let last: Vec<String> =
        tiles_between(size - 1, size).unwrap().map(|tile| tile.to_string()).collect();
    assert_eq!(last, ["tile/0/x001/x099/x511/x627/775.p/255"]);
}

proptest! {
    #[test]
    fn ids_are_read_back(level in 0_u8..7, index in 0_u64..1 << 44, shift in 0_u32..44, width in 0_u16..260) {
        let index = index >> shift;
        if let Some(id) = TileId::new(level, index, width) {
            prop_assert_eq!(tile(&id.to_string()), Some(id));
        }
        if let Some(id) = EntryBundleId::new(index, width) {
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
        if let Some(id) = EventPageId::new(index, width) {
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn what_is_read_is_what_is_printed(text in "(tile|events)(/[0-9x]{1,4}){0,7}(\\.p/[0-9]{1,3})?|.{0,99}") {
        if let Some(id) = tile(&text) {
            prop_assert_eq!(id.to_string(), text);
        } else if let Ok(id) = text.parse::<EventPageId>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn growing_twice_writes_what_growing_once_does(a in 0_u64..200_000, b in 0_u64..70_000, c in 0_u64..70_000) {
        let (b, c) = (a + b, a + b + c);
        let mut twice: Vec<TileId> = tiles_between(a, b).unwrap().chain(tiles_between(b, c).unwrap()).collect();
        // The partial tiles of the size between are the only ones that need not be there.
        twice.retain(|tile| !tile.is_partial() || tiles_between(a, c).unwrap().any(|other| other == *tile));
        twice.sort();
        let mut once: Vec<TileId> = tiles_between(a, c).unwrap().collect();
        once.sort();
        prop_assert_eq!(twice, once);
    }

    #[test]
    fn an_entry_is_in_the_bundle_that_holds_it(size in 1_u64..1 << 47, entry: u64) {
        let entry = entry % size;
        let bundle = EntryBundleId::holding(entry, size).unwrap();
        let first = bundle.first_entry();
        prop_assert!((first..first + u64::from(bundle.width())).contains(&entry));
        prop_assert!(bundle.is_partial() == (bundle.index() == size / 256));
        prop_assert_eq!(EntryBundleId::holding(size, size), None);
    }
}
