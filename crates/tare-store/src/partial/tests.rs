use std::fs;

use tare_format::recipe::{Chunk, Chunker};

use super::*;

const CHUNKS: usize = 20;

/// A file of twenty chunks of 1000 bytes, and its recipe.
fn file() -> (Vec<Vec<u8>>, Sha256, Recipe) {
    let chunks: Vec<Vec<u8>> = (0..CHUNKS).map(|index| vec![index as u8; 1000]).collect();
    let named = |chunk: &Vec<u8>| Chunk { digest: Blake3::of(chunk), length: 1000 };
    let recipe = Recipe::new(Chunker::Cdc64K, chunks.iter().map(named).collect()).unwrap();
    let sha256 = Sha256::of(&chunks.concat());
    (chunks, sha256, recipe)
}

fn open(folder: &Path) -> (Partial, Vec<Vec<u8>>) {
    let (chunks, sha256, recipe) = file();
    (Partial::open(folder, sha256, recipe).unwrap(), chunks)
}

#[test]
fn chunks_come_in_any_order_from_many_threads() {
    let home = tempfile::tempdir().unwrap();
    let (partial, chunks) = open(home.path());
    std::thread::scope(|scope| {
        for start in 0..4 {
            let (partial, chunks) = (&partial, &chunks);
            scope.spawn(move || {
                for index in (start..CHUNKS).rev().step_by(4).chain(start..CHUNKS) {
                    partial.put(index, &chunks[index]).unwrap();
                }
            });
        }
    });
    assert_eq!(partial.missing(), [] as [usize; 0]);
    let complete = partial.finish().unwrap();
    assert_eq!(fs::read(complete.data.path()).unwrap(), chunks.concat());
}

#[test]
fn a_killed_process_loses_only_what_it_was_writing() {
    let home = tempfile::tempdir().unwrap();
    let (partial, chunks) = open(home.path());
    for index in [3, 7, 8, 19] {
        partial.put(index, &chunks[index]).unwrap();
    }
    drop(partial);

    let (partial, _) = open(home.path());
    let missing = partial.missing();

    assert_eq!(missing.len(), CHUNKS - 4);
    assert!([3, 7, 8, 19].iter().all(|index| !missing.contains(index)));
    missing.iter().for_each(|index| partial.put(*index, &chunks[*index]).unwrap());
    partial.finish().unwrap();
}

#[test]
fn a_complete_file_that_was_not_taken_in_is_complete_the_next_time() {
    let home = tempfile::tempdir().unwrap();
    let (partial, chunks) = open(home.path());
    (0..CHUNKS).for_each(|index| partial.put(index, &chunks[index]).unwrap());
    drop(partial.finish().unwrap());
    let (partial, _) = open(home.path());
    assert_eq!(partial.missing(), [] as [usize; 0]);
}

#[test]
fn wrong_bytes_are_refused_and_stay_missing() {
    let home = tempfile::tempdir().unwrap();
    let (partial, chunks) = open(home.path());
    let mut flipped = chunks[2].clone();
    flipped[500] ^= 1;
    for bad in [&flipped[..], &chunks[3], &chunks[2][..999], &[]] {
        assert!(matches!(partial.put(2, bad), Err(PartialError::Chunk { index: 2, .. })));
    }
    assert!(matches!(partial.put(CHUNKS, &chunks[0]), Err(PartialError::NoChunk { .. })));
    assert_eq!(partial.missing().len(), CHUNKS);
    assert!(matches!(partial.finish(), Err(PartialError::Incomplete { missing: CHUNKS, .. })));
}

#[test]
fn bits_that_came_to_the_disk_before_their_bytes_are_found_out() {
    let home = tempfile::tempdir().unwrap();
    let (partial, chunks) = open(home.path());
    (0..CHUNKS).for_each(|index| partial.put(index, &chunks[index]).unwrap());
    let path = partial.data.path().to_owned();
    drop(partial);
    // What a power cut leaves: a page that was never written.
    let mut bytes = fs::read(&path).unwrap();
    bytes[4_500..6_500].fill(0xee);
    fs::write(&path, bytes).unwrap();

    let (partial, _) = open(home.path());
    assert_eq!(partial.missing(), [] as [usize; 0]);
    let error = partial.finish().unwrap_err();

    assert!(matches!(error, PartialError::WrongBytes { wrong: 3, .. }), "{error}");
    let (partial, _) = open(home.path());
    assert_eq!(partial.missing(), [4, 5, 6]);
    [4, 5, 6].iter().for_each(|index| partial.put(*index, &chunks[*index]).unwrap());
    partial.finish().unwrap();
}

#[test]
fn a_recipe_that_makes_another_file_is_an_error_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (chunks, _, recipe) = file();
    let partial = Partial::open(home.path(), Sha256::of(b"another"), recipe).unwrap();
    (0..CHUNKS).for_each(|index| partial.put(index, &chunks[index]).unwrap());
    let error = partial.finish().unwrap_err();
    assert!(matches!(error, PartialError::WrongRecipe { .. }), "{error}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_second_process_works_in_private() {
    let home = tempfile::tempdir().unwrap();
    let (first, chunks) = open(home.path());
    let (second, _) = open(home.path());
    assert_ne!(first.data.path(), second.data.path());
    first.put(0, &chunks[0]).unwrap();
    assert_eq!(second.missing().len(), CHUNKS);
    (0..CHUNKS).for_each(|index| second.put(index, &chunks[index]).unwrap());
    drop(second.finish().unwrap());
    drop(first);
    let (third, _) = open(home.path());
    assert_eq!(third.missing().len(), CHUNKS - 1);
}

#[test]
fn the_bits_of_another_recipe_or_of_garbage_are_not_believed() {
    let home = tempfile::tempdir().unwrap();
    let (partial, chunks) = open(home.path());
    (0..CHUNKS).for_each(|index| partial.put(index, &chunks[index]).unwrap());
    drop(partial);
    let (_, sha256, recipe) = file();
    let other = Recipe::new(Chunker::Tensor4M, recipe.chunks().to_vec()).unwrap();
    let partial = Partial::open(home.path(), sha256, other).unwrap();
    assert_eq!(partial.missing().len(), CHUNKS);
    drop(partial);
    fs::write(home.path().join(format!("{}.bits", sha256.hex())), b"garbage").unwrap();
    let (partial, _) = open(home.path());
    assert_eq!(partial.missing().len(), CHUNKS);
}

#[test]
fn a_file_larger_than_the_disk_is_refused_before_the_first_byte() {
    let home = tempfile::tempdir().unwrap();
    // 15 TiB: more than any disk that this runs on has free.
    let chunk = Chunk { digest: Blake3::of(b"x"), length: 4 << 20 };
    let recipe = Recipe::new(Chunker::Tensor4M, vec![chunk; 15 << 18]).unwrap();
    let error = Partial::open(home.path(), Sha256::of(b"x"), recipe).unwrap_err();
    assert!(matches!(error, PartialError::Write { .. }), "{error}");
}

#[test]
fn an_empty_file_is_complete_at_once() {
    let home = tempfile::tempdir().unwrap();
    let recipe = Recipe::new(Chunker::Cdc64K, Vec::new()).unwrap();
    let partial = Partial::open(home.path(), Sha256::of(b""), recipe).unwrap();
    partial.finish().unwrap();
}
