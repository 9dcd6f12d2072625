//! Properties that hold for every document, and the rules of files and variants.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use tare_format::event::{Event, EventBody};
use tare_format::location::{Location, Place};
use tare_format::manifest::{Manifest, Selection};
use tare_format::pack::{Codec, PackIndex, StoredChunk};
use tare_format::path::FilePath;
use tare_format::recipe::{Chunk, Chunker, MAX_CHUNK_SIZE, Recipe};
use tare_format::release::{FileClass, MetaArchive, Release, ReleaseFile};
use tare_format::{Blake3, Sha256};

const MANIFEST: &str = r#"
[package]
name = "commons/tiny"
version = "1.0.0"
kind = "model"
readme = "README.md"

[license]
weights = "Apache-2.0"
files = ["LICENSES/*"]

[variants]
default = "bf16"
bf16.files = ["*.safetensors"]
q4.files = ["*.gguf"]

[lineage]
"commons/data" = { version = "2.0.0", relation = "trained-on", share = 0.5 }
"#;

const FILES: [&str; 6] =
    ["LICENSES/Apache-2.0.txt", "README.md", "Tare.toml", "a.safetensors", "b.gguf", "config.json"];

fn paths(texts: &[&str]) -> Vec<FilePath> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn select(manifest: &str, files: &[&str]) -> Result<BTreeMap<String, Option<String>>, String> {
    let parsed = Manifest::parse(manifest).unwrap();
    let paths = paths(files);
    let selection = Selection::of(manifest, &parsed, &paths).map_err(|error| {
        format!("{}: {error}", error.position.map(|place| place.to_string()).unwrap_or_default())
    })?;
    let entry = |(path, variant): (FilePath, Option<_>)| {
        (path.to_string(), variant.map(|variant: tare_format::VariantName| variant.to_string()))
    };
    Ok(selection.files.into_iter().map(entry).collect())
}

fn release(files: &[&str]) -> Release {
    let file = |path: &&str| {
        let data = path.ends_with("gguf") || path.ends_with("safetensors");
        ReleaseFile {
            path: path.parse().unwrap(),
            size: 3,
            sha256: Sha256::of(path.as_bytes()),
            class: if data { FileClass::Data } else { FileClass::Meta },
            recipe: data.then(|| Blake3::of(path.as_bytes())),
            variant: None,
            media_type: "application/octet-stream".to_owned(),
        }
    };
    let manifest = Manifest::parse(MANIFEST).unwrap();
    let meta = MetaArchive { sha256: Sha256::of(b"meta"), size: 4 };
    let files = files.iter().map(file).collect();
    Release::derive(MANIFEST, &manifest, files, meta, "tare 0.1.0").unwrap()
}

#[test]
fn files_in_no_variant_belong_to_all() {
    let files = select(MANIFEST, &FILES).unwrap();
    assert_eq!(files["a.safetensors"].as_deref(), Some("bf16"));
    assert_eq!(files["b.gguf"].as_deref(), Some("q4"));
    assert_eq!(files["config.json"], None);
}

#[test]
fn hidden_files_the_lock_and_old_signatures_stay_at_home() {
    let mut files = FILES.to_vec();
    files.extend([".gitattributes", ".tare-tmp", "sub/.cache/x", "Tare.lock", "model.sig"]);
    assert_eq!(select(MANIFEST, &files).unwrap().len(), FILES.len());
}

#[test]
fn a_glob_that_matches_nothing_is_an_error_at_its_place() {
    let files: Vec<_> = FILES.into_iter().filter(|file| *file != "b.gguf").collect();
    assert_eq!(
        select(MANIFEST, &files).unwrap_err(),
        "15:13: `*.gguf` matches no file of the package"
    );
}

#[test]
fn two_variants_cannot_claim_one_file() {
    let manifest = MANIFEST.replace("*.gguf", "*.*f*");
    let error = select(&manifest, &FILES).unwrap_err();
    assert!(error.contains("`a.safetensors` is in two variants, `bf16` and `q4`"), "{error}");
}

#[test]
fn a_file_that_the_manifest_names_must_exist() {
    let files: Vec<_> = FILES.into_iter().filter(|file| *file != "README.md").collect();
    let error = select(MANIFEST, &files).unwrap_err();
    assert_eq!(error, "6:10: `README.md` is not among the files of the package");
}

#[test]
fn a_release_document_has_one_byte_sequence_whatever_the_order_of_files() {
    let release_a = release(&FILES);
    let mut reversed = FILES;
    reversed.reverse();
    let bytes = release_a.to_bytes().unwrap();
    assert_eq!(release(&reversed).to_bytes().unwrap(), bytes);
    assert_eq!(Release::from_bytes(&bytes).unwrap(), release_a);
}

#[test]
fn a_variant_has_its_own_files_and_those_of_all() {
    let release = release(&FILES);
    let q4 = "q4".parse().unwrap();
    let files: Vec<_> = release.files_of(Some(&q4)).map(|file| file.path.as_str()).collect();
    assert_eq!(
        files,
        ["LICENSES/Apache-2.0.txt", "README.md", "Tare.toml", "b.gguf", "config.json"]
    );
}

#[test]
fn a_release_document_with_a_blank_too_many_is_refused() {
    let text = String::from_utf8(release(&FILES).to_bytes().unwrap()).unwrap();
    let error = Release::from_bytes(text.replacen(':', ": ", 1).as_bytes()).unwrap_err();
    assert!(error.to_string().contains("not in canonical form"), "{error}");
}

#[test]
fn events_keep_their_salt_and_unknown_ones_have_no_effect() {
    let line = r#"{"salt":"000102030405060708090a0b0c0d0e0f","time":"2026-11-24T00:00:00Z","by":"ada","type":"yank","package":"a/b","version":"1.0.0","reason":"bad tokenizer"}"#;
    let event = Event::from_line(line).unwrap().unwrap();
    assert_eq!(event.to_line().unwrap(), line);
    assert!(matches!(event.body, EventBody::Yank { ref reason, .. } if reason == "bad tokenizer"));
    assert_eq!(Event::from_line(&line.replace("yank", "mirror-note")).unwrap(), None);
    assert!(Event::from_line(&line.replace("\"reason\"", "\"why\"")).is_err());
}

fn chunks() -> impl Strategy<Value = Vec<Chunk>> {
    let chunk = (any::<[u8; 32]>(), 1..=MAX_CHUNK_SIZE)
        .prop_map(|(digest, length)| Chunk { digest: Blake3::from_bytes(digest), length });
    proptest::collection::vec(chunk, 0..20)
}

fn stored_chunk() -> impl Strategy<Value = StoredChunk> {
    (any::<[u8; 32]>(), 2..=MAX_CHUNK_SIZE, 0..4_u8).prop_map(|(digest, raw_length, code)| {
        let codec = Codec::from_code(code).unwrap();
        let stored_length = if codec == Codec::Raw { raw_length } else { raw_length / 2 };
        StoredChunk { digest: Blake3::from_bytes(digest), raw_length, stored_length, codec }
    })
}

fn places() -> impl Strategy<Value = Vec<Place>> {
    let place = (0..3_u32, 0..u64::MAX / 2, 1..=MAX_CHUNK_SIZE, 0..4_u8).prop_map(
        |(pack, offset, stored_length, code)| Place {
            pack,
            offset,
            stored_length,
            codec: Codec::from_code(code).unwrap(),
        },
    );
    proptest::collection::vec(place, 0..20)
}

proptest! {
    #[test]
    fn binary_documents_round_trip(
        chunks in chunks(),
        stored in proptest::collection::vec(stored_chunk(), 1..20),
        places in places(),
    ) {
        let recipe = Recipe::new(Chunker::Tensor4M, chunks).unwrap();
        prop_assert_eq!(Recipe::from_bytes(&recipe.to_bytes()).unwrap(), recipe);
        let index = PackIndex::new(stored).unwrap();
        prop_assert_eq!(PackIndex::from_bytes(&index.to_bytes()).unwrap(), index);
        let packs = [0_u8, 1, 2].map(|n| Blake3::of(&[n])).to_vec();
        let location = Location::new(packs, places).unwrap();
        prop_assert_eq!(Location::from_bytes(&location.to_bytes()).unwrap(), location);
    }

    /// Whatever is read is written back as the same bytes: no two texts are one document.
    #[test]
    fn damaged_binary_documents_are_refused_or_are_another_document(
        chunks in chunks(), at in any::<prop::sample::Index>(), bit in 0..8_u8, cut in any::<prop::sample::Index>(),
    ) {
        let bytes = Recipe::new(Chunker::Cdc64K, chunks).unwrap().to_bytes();
        let mut flipped = bytes.clone();
        flipped[at.index(bytes.len())] ^= 1 << bit;
        if let Ok(recipe) = Recipe::from_bytes(&flipped) {
            prop_assert_eq!(recipe.to_bytes(), flipped);
        }
        prop_assert!(Recipe::from_bytes(&bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for magic in ["tare-recipe/1\n", "tare-pack-index/1\n", "tare-location/1\n", ""] {
            let bytes = [magic.as_bytes(), &bytes].concat();
            let _ = (Recipe::from_bytes(&bytes), PackIndex::from_bytes(&bytes), Location::from_bytes(&bytes));
            let text = String::from_utf8_lossy(&bytes);
            let _ = (Manifest::parse(&text), Event::from_line(&text), Release::from_bytes(&bytes));
        }
    }
}
