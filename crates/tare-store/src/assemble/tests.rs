use tare_format::location::Place;
use tare_format::pack::Codec;
use tare_format::recipe::{Chunk, Chunker};

use super::*;
use crate::backend::{Content, MemoryStore};
use crate::chunk::{ChunkError, RawChunk, chunk_reader};
use crate::codec::Encoder;
use crate::pack::PackWriter;

/// A file of noise and text, its recipe, and a store that has its chunks in two packs.
struct Story {
    bytes: Vec<u8>,
    sha256: Sha256,
    recipe: Recipe,
    location: Location,
    store: MemoryStore,
}

fn story() -> Story {
    let mut bytes = vec![0; 2 << 20];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes.extend(b"text ".repeat(200_000));
    let store = MemoryStore::new().unwrap();
    let mut encoder = Encoder::new(&Codec::ALL).unwrap();
    let (mut packs, mut places) = (Vec::new(), Vec::new());
    let mut writer = PackWriter::new(Vec::new());
    let visit = |chunk: RawChunk<'_>| {
        if writer.size_bytes() > 1 << 20 {
            packs.push(keep(&store, std::mem::replace(&mut writer, PackWriter::new(Vec::new()))));
        }
        let encoded = encoder.encode(chunk.bytes, chunk.width);
        let (pack, offset) = (packs.len() as u32, writer.size_bytes());
        let stored_length = encoded.bytes.len() as u32;
        places.push(Place { pack, offset, stored_length, codec: encoded.codec });
        writer.push(chunk.chunk, encoded).unwrap();
        Ok::<_, ChunkError>(())
    };
    let cursor = io::Cursor::new(&bytes);
    let file = chunk_reader(cursor, bytes.len() as u64, "x", visit).unwrap();
    packs.push(keep(&store, writer));
    let location = Location::new(packs, places).unwrap();
    Story { sha256: file.sha256, recipe: file.recipe, location, store, bytes }
}

fn keep(store: &MemoryStore, writer: PackWriter<Vec<u8>>) -> Blake3 {
    let pack = writer.finish().unwrap();
    store.put(&ObjectKey::Pack(pack.digest), Content::Bytes(&pack.writer)).unwrap();
    pack.digest
}

#[test]
fn a_file_is_put_together_again() {
    let story = story();
    let home = tempfile::tempdir().unwrap();
    let partial = Partial::open(home.path(), story.sha256, story.recipe.clone()).unwrap();
    assemble(&partial, &story.location, &story.store).unwrap();
    let complete = partial.finish().unwrap();
    assert_eq!(std::fs::read(complete.data.path()).unwrap(), story.bytes);
    assert_eq!(hash_file(&story.recipe, &story.location, &story.store).unwrap(), story.sha256);
}

#[test]
fn a_reader_gives_the_file_from_any_byte() {
    let Story { bytes, recipe, location, store, .. } = story();
    let mut reader = FileReader::new(&recipe, &location, &store).unwrap();
    let mut whole = Vec::new();
    reader.read_to_end(&mut whole).unwrap();
    assert!(whole == bytes);
    for offset in [0, 1, 16_384, 2_000_001, bytes.len() - 1, bytes.len(), bytes.len() + 5] {
        reader.go_to(offset as u64).unwrap();
        let mut some = Vec::new();
        (&mut reader).take(100_000).read_to_end(&mut some).unwrap();
        let rest = bytes.get(offset..).unwrap_or_default();
        assert!(some == rest[..rest.len().min(100_000)], "{offset}");
    }
}

#[test]
fn few_and_long_ranges_are_read() {
    let Story { recipe, location, .. } = story();
    let all: Vec<_> = (0..recipe.chunks().len()).collect();
    let fetches = fetches(&recipe, &location, &all).unwrap();
    assert_eq!(fetches.len(), location.packs().len());
    let parts: usize = fetches.iter().map(|fetch| fetch.parts.len()).sum();
    assert_eq!(parts, all.len());
}

#[test]
fn gaps_are_read_over_up_to_a_size_and_ranges_end_at_theirs() {
    let chunk = Chunk { digest: Blake3::of(b"x"), length: 1 << 20 };
    let at = |offset| Place { pack: 0, offset, stored_length: 1 << 20, codec: Codec::Raw };
    let check = |offsets: &[u64], expected: &[(u64, u64, usize)]| {
        let recipe = Recipe::new(Chunker::Cdc64K, vec![chunk; offsets.len()]).unwrap();
        let places = offsets.iter().map(|offset| at(*offset)).collect();
        let location = Location::new(vec![Blake3::of(b"pack")], places).unwrap();
        let wanted: Vec<_> = (0..offsets.len()).collect();
        let found = fetches(&recipe, &location, &wanted).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|fetch| (fetch.range.start, fetch.range.end, fetch.parts.len()))
            .collect();
        assert_eq!(found, expected);
    };
    let mib = 1 << 20;
    check(&[mib + (256 << 10), 0], &[(0, 2 * mib + (256 << 10), 2)]);
    check(
        &[mib + (256 << 10) + 1, 0],
        &[(0, mib, 1), (mib + (256 << 10) + 1, 2 * mib + (256 << 10) + 1, 1)],
    );
    check(&[0, 0, 5], &[(0, mib + 5, 3)]);
    let many: Vec<_> = (0..17).map(|index| index * mib).collect();
    check(&many, &[(0, 16 * mib, 16), (16 * mib, 17 * mib, 1)]);
}

#[test]
fn a_location_of_another_recipe_is_refused() {
    let Story { recipe, store, .. } = story();
    let error = hash_file(&recipe, &Location::default(), &store).unwrap_err();
    assert!(matches!(error, AssembleError::Mismatch { places: 0, .. }), "{error}");
}

#[test]
fn a_location_that_lies_is_noticed_at_the_chunk() {
    let Story { recipe, location, store, sha256, .. } = story();
    let mut places = location.places().to_vec();
    places[1].offset = places[0].offset;
    let lies = Location::new(location.packs().to_vec(), places).unwrap();
    let error = hash_file(&recipe, &lies, &store).unwrap_err();
    assert!(matches!(error, AssembleError::Chunk { index: 1, .. }), "{error}");
    let home = tempfile::tempdir().unwrap();
    let partial = Partial::open(home.path(), sha256, recipe).unwrap();
    assemble(&partial, &lies, &store).unwrap_err();
    assert!(partial.missing().contains(&1));
}

#[test]
fn a_source_that_gives_too_little_is_noticed() {
    struct Short;
    impl PackSource for Short {
        fn read_pack(&self, _: &Blake3, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
            Ok(vec![0; (range.end - range.start) as usize / 2])
        }
    }
    let Story { recipe, location, .. } = story();
    let error = hash_file(&recipe, &location, &Short).unwrap_err();
    assert!(matches!(error, AssembleError::Short { .. } | AssembleError::Chunk { .. }), "{error}");
}

#[test]
fn a_missing_pack_is_named() {
    let Story { recipe, location, store, .. } = story();
    store.remove(&ObjectKey::Pack(location.packs()[1])).unwrap();
    let error = hash_file(&recipe, &location, &store).unwrap_err();
    assert!(
        matches!(error, AssembleError::Pack { pack, .. } if pack == location.packs()[1]),
        "{error}"
    );
}
