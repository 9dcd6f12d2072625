use std::collections::HashSet;
use std::fs;
use std::io::Cursor;

use proptest::prelude::*;
use tare_format::recipe::{Chunker, MAX_CHUNK_SIZE};

use super::*;
use crate::header::samples::{self, Gguf};

/// Cuts `bytes`; gives the file and each chunk's bytes.
fn cut(bytes: &[u8], name: &str) -> (ChunkedFile, Vec<Vec<u8>>, Vec<NumberWidth>) {
    let (mut chunks, mut widths) = (Vec::new(), Vec::new());
    let visit = |chunk: RawChunk<'_>| {
        chunks.push(chunk.bytes.to_vec());
        widths.push(chunk.width);
        Ok::<_, ChunkError>(())
    };
    let file = chunk_reader(Cursor::new(bytes), bytes.len() as u64, name, visit).unwrap();
    (file, chunks, widths)
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

#[test]
fn a_tensor_file_is_cut_at_each_tensor_and_every_four_mebibytes() {
    let count = (5 << 20) / 2;
    let bytes = samples::safetensors_of(&[("a", "BF16", count), ("b", "F32", 3)]);
    let (file, chunks, widths) = cut(&bytes, "model.safetensors");
    let lengths: Vec<_> = chunks.iter().map(Vec::len).collect();
    let header = bytes.len() - 2 * count - 12;
    assert_eq!(lengths, [header, 4 << 20, 1 << 20, 12]);
    assert_eq!(file.recipe.chunker(), Chunker::Tensor4M);
    let two = NumberWidth::Two;
    assert_eq!(widths, [NumberWidth::One, two, two, NumberWidth::Four]);
}

#[test]
fn gguf_padding_goes_with_the_tensor_before_it() {
    let bytes = Gguf::sample().bytes();
    let (file, chunks, _) = cut(&bytes, "model.gguf");
    let lengths: Vec<_> = chunks.iter().map(Vec::len).collect();
    assert_eq!(lengths, [bytes.len() - 100, 32, 68]);
    assert_eq!(file.format, FileFormat::Gguf);
}

#[test]
fn a_zip_of_arrays_is_cut_at_members_and_arrays() {
    let npy = samples::npy();
    let bytes = samples::zip(&[("a.npy", &npy), ("b.npy", &npy)]);
    let (file, chunks, _) = cut(&bytes, "x.npz");
    let head = 30 + 5 + npy.len() - 24;
    let lengths: Vec<_> = chunks.iter().map(Vec::len).collect();
    // Each member: what is before its numbers, twice over because the member's data begins with the array's header.
    let directory = 2 * (46 + 5) + 22;
    assert_eq!(lengths, [35, head - 35, 24, 35, head - 35, 24 + directory]);
    assert_eq!(file.recipe.chunker(), Chunker::Tensor4M);
}

#[test]
fn what_only_looks_like_a_tensor_file_is_cut_by_content() {
    let mut bytes = samples::safetensors();
    bytes.push(0);
    let (file, ..) = cut(&bytes, "model.safetensors");
    assert_eq!((file.format, file.recipe.chunker()), (FileFormat::Safetensors, Chunker::Cdc64K));
    let mut deflated = samples::zip(&[("a.npy", &samples::npy())]);
    let directory = deflated.len() - 22 - 46 - 5;
    (deflated[8], deflated[directory + 10]) = (8, 8);
    assert_eq!(cut(&deflated, "a.npz").0.recipe.chunker(), Chunker::Cdc64K);
}

#[test]
fn text_is_cut_finer_than_other_files() {
    let text = "a line of words and numbers 12345\n".repeat(5000);
    assert_eq!(cut(text.as_bytes(), "x.jsonl").0.recipe.chunker(), Chunker::Cdc16K);
    assert_eq!(cut(&noise(1, 100), "x.jsonl").0.recipe.chunker(), Chunker::Cdc64K);
}

#[test]
fn an_empty_file_has_no_chunks() {
    let (file, chunks, _) = cut(b"", "empty");
    assert_eq!((chunks.len(), file.recipe.size(), file.sha256), (0, 0, Sha256::of(b"")));
}

#[test]
fn a_large_file_is_hashed_and_named_right_over_many_blocks() {
    let bytes = noise(2, (9 << 20) + 12_345);
    let (file, chunks, _) = cut(&bytes, "x.bin");
    assert_eq!(chunks.concat(), bytes);
    assert_eq!(file.sha256, Sha256::of(&bytes));
    let names: Vec<_> = chunks.iter().map(|chunk| Blake3::of(chunk)).collect();
    let recipe: Vec<_> = file.recipe.chunks().iter().map(|chunk| chunk.digest).collect();
    assert_eq!(recipe, names);
}

#[test]
fn an_insertion_moves_only_the_chunks_around_it() {
    let bytes = noise(3, 8 << 20);
    let mut longer = bytes.clone();
    longer.splice(3_000_000..3_000_000, noise(4, 1000));
    let known: HashSet<_> = cut(&bytes, "x").0.recipe.chunks().iter().copied().collect();
    let new = cut(&longer, "x").0.recipe;
    let new: u64 = new
        .chunks()
        .iter()
        .filter(|chunk| !known.contains(chunk))
        .map(|chunk| u64::from(chunk.length))
        .sum();
    assert!(new < 600_000, "{new} bytes are new");
}

#[test]
fn an_inserted_tensor_leaves_the_chunks_of_the_others() {
    let old = samples::safetensors_of(&[("a", "F32", 300_000), ("b", "F32", 300_000)]);
    let new =
        samples::safetensors_of(&[("a", "F32", 300_000), ("n", "F32", 9), ("b", "F32", 300_000)]);
    let known: HashSet<_> = cut(&old, "x").0.recipe.chunks().iter().copied().collect();
    let recipe = cut(&new, "x").0.recipe;
    let fresh: Vec<_> = recipe.chunks().iter().filter(|chunk| !known.contains(chunk)).collect();
    assert_eq!(fresh.len(), 2, "the header and the new tensor: {fresh:?}");
}

#[test]
fn a_reader_of_another_size_is_an_error() {
    for said in [99, 101] {
        let visit = |_: RawChunk<'_>| Ok::<_, ChunkError>(());
        let error = chunk_reader(Cursor::new(noise(5, 100)), said, "x", visit).unwrap_err();
        assert!(matches!(error, ChunkError::Size { found_bytes: 100, .. }), "{error}");
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("weights");
    fs::write(&path, noise(6, 3 << 20)).unwrap();
    let changes: [&dyn Fn(); 3] = [
        &|| drop(fs::OpenOptions::new().append(true).open(&path).unwrap().set_len(5 << 20)),
        &|| drop(fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(100)),
        &|| {
            fs::write(home.path().join("other"), noise(7, 3 << 20)).unwrap();
            fs::rename(home.path().join("other"), &path).unwrap();
        },
    ];
    for change in changes {
        let mut once = Some(change);
        let chunked = chunk_path(&path, |_| {
            if let Some(change) = once.take() {
                change();
            }
            Ok::<_, ChunkError>(())
        });
        let error = chunked.unwrap_err();
        assert!(matches!(error, ChunkError::Changed { .. }), "{error}");
        fs::write(&path, noise(6, 3 << 20)).unwrap();
    }
    chunk_path(&path, |_| Ok::<_, ChunkError>(())).unwrap();
}

#[test]
fn only_regular_files_are_cut() {
    let home = tempfile::tempdir().unwrap();
    let link = home.path().join("link");
    std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
    for path in [home.path(), link.as_path(), Path::new("/dev/zero")] {
        let error = chunk_path(path, |_| Ok::<_, ChunkError>(())).unwrap_err();
        assert!(matches!(error, ChunkError::NotAFile { .. }), "{error}");
    }
}

#[test]
fn what_the_visitor_returns_ends_the_cutting() {
    #[derive(Debug)]
    struct Stop;
    impl From<ChunkError> for Stop {
        fn from(error: ChunkError) -> Self {
            panic!("{error}")
        }
    }
    let bytes = noise(8, 6 << 20);
    let mut count = 0;
    let visit = |_: RawChunk<'_>| {
        count += 1;
        if count == 3 { Err(Stop) } else { Ok(()) }
    };
    chunk_reader(Cursor::new(&bytes), bytes.len() as u64, "x", visit).unwrap_err();
    assert_eq!(count, 3);
}

#[test]
fn every_flipped_bit_of_a_tensor_file_gives_another_recipe_of_the_same_bytes() {
    let npz = samples::zip(&[("a.npy", &samples::npy())]);
    for bytes in [samples::safetensors(), Gguf::sample().bytes(), samples::npy(), npz] {
        let sound = cut(&bytes, "x").0.recipe.digest();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let (file, chunks, _) = cut(&flipped, "x");
            assert_eq!(chunks.concat(), flipped);
            assert_ne!(file.recipe.digest(), sound);
        }
    }
}

#[test]
fn every_flipped_bit_of_a_recipe_is_refused_or_changes_its_name() {
    let recipe = cut(&samples::safetensors(), "x").0.recipe;
    let bytes = recipe.to_bytes();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(found) = Recipe::from_bytes(&flipped) {
            assert_ne!(found.digest(), recipe.digest());
        }
    }
}

proptest! {
    #[test]
    fn chunks_make_the_file_and_keep_their_sizes(
        kind in 0_usize..5,
        seed: u64,
        length in 0_usize..400_000,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut_at: prop::sample::Index,
    ) {
        let mut bytes = match kind {
            0 => samples::safetensors_of(&[("a", "BF16", length), ("b", "F32", 7)]),
            1 => Gguf::sample().bytes(),
            2 => samples::zip(&[("a.npy", &samples::npy())]),
            3 => noise(seed, length),
            _ => format!("{seed}\n").repeat(length / 8).into_bytes(),
        };
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        if seed % 3 == 0 && !bytes.is_empty() {
            bytes.truncate(cut_at.index(bytes.len()));
        }
        let (file, chunks, _) = cut(&bytes, "x");
        let (min, max) = match file.recipe.chunker() {
            Chunker::Cdc64K => (16 << 10, 256 << 10),
            Chunker::Cdc16K => (4 << 10, 64 << 10),
            Chunker::Tensor4M => (1, MAX_CHUNK_SIZE as usize),
        };
        prop_assert_eq!(chunks.concat(), bytes);
        let all_but_last = chunks.len().saturating_sub(1);
        prop_assert!(chunks[..all_but_last].iter().all(|chunk| chunk.len() >= min));
        prop_assert!(chunks.iter().all(|chunk| chunk.len() <= max));
    }
}
