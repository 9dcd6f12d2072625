//! The whole log again, from the mirror's own files of entries and events; from a source where they are not right (Z-17).

use tare_store::ObjectKey;
use tare_tlog::hash::leaf_hash;
use tare_tlog::tile::{EntryBundleId, TileId, TileWriter, bundles_between, decode_tile};
use tare_tlog::tree::Edge;

use super::{Block, Extension, HeldFiles, assemble, fetch_block, read_tile};
use crate::mirror::MirrorError;
use crate::mirror::folder::Folder;
use crate::mirror::upstream::Upstream;

/// All events of the tree with this edge, and all files that follow from them. With `is_fresh` nothing is taken from the
/// mirror's own files.
pub(in crate::mirror) async fn recompute(
    upstream: &Upstream<'_>,
    folder: &Folder,
    edge: &Edge,
    is_fresh: bool,
) -> Result<Extension, MirrorError> {
    let ids = bundles_between(0, edge.size()).map_err(|error| MirrorError::log(&error))?;
    let ids: Vec<EntryBundleId> = ids.collect();
    // First whatever can be read; then without what the tiles do not confirm; then, as tiles may be damaged, nothing.
    for doubt in [Doubt::Unreadable, Doubt::Unconfirmed, Doubt::Everything] {
        if is_fresh && doubt != Doubt::Everything {
            continue;
        }
        let mut blocks = Vec::with_capacity(ids.len());
        for id in &ids {
            blocks.push(match own(folder, *id, doubt) {
                Some(block) => block,
                None => fetch_block(upstream, *id, None).await?,
            });
        }
        let whole = assemble(&mut TileWriter::new(), 0, &blocks)?;
        if whole.edge == *edge {
            return Ok(whole);
        }
    }
    let (size, root) = (edge.size(), edge.root());
    let told = "their entries lead to another root".to_owned();
    Err(MirrorError::Events { size, root, told })
}

/// Which of the mirror's own files are not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    Unreadable,
    Unconfirmed,
    Everything,
}

fn own(folder: &Folder, id: EntryBundleId, doubt: Doubt) -> Option<Block> {
    if doubt == Doubt::Everything {
        return None;
    }
    let block = HeldFiles::load(folder, id).ok().flatten()?.block;
    if doubt == Doubt::Unconfirmed {
        let tile = TileId::new(0, id.index(), id.width())?;
        let hashes = decode_tile(tile, &read_tile(folder, &tile).ok()?).ok()?;
        let leaves = block.leaves.iter().map(|leaf| leaf_hash(&leaf.to_bytes()));
        return leaves.eq(hashes).then_some(block);
    }
    Some(block)
}

/// The file of the log at `key` as the beginning of `longer`, which is the same file at a greater width.
pub(in crate::mirror) fn beginning<'f>(key: &ObjectKey, longer: &'f [u8]) -> Option<&'f [u8]> {
    match key {
        ObjectKey::Tile(_, path) => longer.get(..usize::from(path.width()) * 32),
        ObjectKey::Events(path) => {
            let lines = longer.split_inclusive(|byte| *byte == b'\n').take(path.width().into());
            longer.get(..lines.map(<[u8]>::len).sum())
        }
        ObjectKey::Entries(path) => {
            let mut end = 0_usize;
            for _ in 0..path.width() {
                let length = longer.get(end..)?.first_chunk::<2>()?;
                end = end.checked_add(2 + usize::from(u16::from_be_bytes(*length)))?;
            }
            longer.get(..end)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tare_store::LogPath;

    use super::*;

    #[test]
    fn a_shorter_file_is_the_beginning_of_a_longer_one() {
        let at = |width| LogPath::new(0, width).unwrap();
        let cut = |key, bytes| beginning(&key, bytes).map(<[u8]>::to_vec);
        assert_eq!(cut(ObjectKey::Events(at(2)), b"a\nbc\nd\n"), Some(b"a\nbc\n".to_vec()));
        let entries = b"\x00\x01a\x00\x02bc";
        assert_eq!(cut(ObjectKey::Entries(at(1)), entries), Some(b"\x00\x01a".to_vec()));
        assert_eq!(cut(ObjectKey::Entries(at(3)), entries), None);
        assert_eq!(cut(ObjectKey::Tile(0, at(1)), &[7; 64]), Some(vec![7; 32]));
        assert_eq!(cut(ObjectKey::Tile(0, at(3)), &[7; 64]), None);
        assert_eq!(cut(ObjectKey::Notices, b"a"), None);
    }
}
