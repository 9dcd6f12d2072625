//! A file is stored and read back with every operation of the store failing once, in every way.

use std::io::Cursor;

use tare_format::location::{Location, Place};
use tare_format::pack::Codec;
use tare_format::{Blake3, Sha256};
use tare_store::assemble::hash_file;
use tare_store::chunk::{ChunkError, RawChunk, chunk_reader};
use tare_store::codec::Encoder;
use tare_store::fault::{Fault, FaultStore};
use tare_store::pack::{PackWriter, verify_pack};
use tare_store::{Content, FolderStore, ObjectKey, ObjectKind, ObjectStore, StoreError};

/// Stores a file: its pack first, then what says where its chunks lie, then its recipe.
fn store_file(store: &dyn ObjectStore, bytes: &[u8]) -> Result<Blake3, StoreError> {
    let mut encoder = Encoder::new(&Codec::ALL).expect("an encoder");
    let mut writer = PackWriter::new(store.stage()?);
    let mut places = Vec::new();
    let visit = |chunk: RawChunk<'_>| {
        let encoded = encoder.encode(chunk.bytes, chunk.width);
        let (stored_length, codec) = (encoded.bytes.len() as u32, encoded.codec);
        places.push(Place { pack: 0, offset: writer.size_bytes(), stored_length, codec });
        writer.push(chunk.chunk, encoded).expect("room");
        Ok::<_, ChunkError>(())
    };
    let file = chunk_reader(Cursor::new(bytes), bytes.len() as u64, "x", visit).expect("chunks");
    let mut pack = writer.finish().expect("a pack");
    verify_pack(pack.writer.rewind().expect("the staged file"), &pack.index, pack.digest)
        .expect("the pack");
    store.put(&ObjectKey::Pack(pack.digest), Content::File(pack.writer))?;
    let recipe = file.recipe.digest();
    let location = Location::new(vec![pack.digest], places).expect("a location");
    store.replace(&ObjectKey::Location(recipe), &location.to_bytes())?;
    store.put(&ObjectKey::Recipe(recipe), Content::Bytes(&file.recipe.to_bytes()))?;
    Ok(recipe)
}

/// Whoever finds a recipe in the store finds the whole file.
fn every_recipe_is_whole(store: &dyn ObjectStore, sha256: Sha256) -> usize {
    let recipes = store.list(ObjectKind::Recipe).expect("a list");
    for listed in &recipes {
        let ObjectKey::Recipe(digest) = listed.key else { panic!("{}", listed.key) };
        let read = |key| tare_store::backend::read_all(store, &key, 1 << 20).expect("an object");
        let recipe = tare_format::recipe::Recipe::from_bytes(&read(ObjectKey::Recipe(digest)));
        let location = Location::from_bytes(&read(ObjectKey::Location(digest)));
        let hashed = hash_file(&recipe.expect("a recipe"), &location.expect("a location"), store);
        assert_eq!(hashed.expect("the file"), sha256);
    }
    recipes.len()
}

#[test]
fn whatever_fails_the_file_is_whole_or_absent_and_a_retry_succeeds() {
    let bytes = b"a file of some words ".repeat(10_000);
    let sha256 = Sha256::of(&bytes);
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut number = 0;
    let mut open = || {
        number += 1;
        let root = home.path().join(number.to_string());
        FolderStore::open(&root.join("public"), &root.join("staging")).expect("a store")
    };
    let sound = FaultStore::new(open(), Fault::None);
    store_file(&sound, &bytes).expect("a stored file");
    let operations = sound.operations();
    assert_eq!(operations, 4);
    for nth in 0..operations {
        for fault in [Fault::Once(nth), Fault::From(nth), Fault::Behind(nth), Fault::Full(nth)] {
            let store = FaultStore::new(open(), fault);
            store_file(&store, &bytes).expect_err("a failure");
            let store = store.into_inner();
            let found = every_recipe_is_whole(&store, sha256);
            // Only a recipe that was put and not acknowledged may be there.
            assert_eq!(found, usize::from(fault == Fault::Behind(operations - 1)), "{fault:?}");
            store_file(&store, &bytes).expect("the retry");
            assert_eq!(every_recipe_is_whole(&store, sha256), 1);
        }
    }
}
