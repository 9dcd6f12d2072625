//! Chunks that a file on this machine already has: the same path in another version of the package.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use tare_format::path::FilePath;
use tare_format::recipe::Recipe;
use tare_format::release::Release;
use tare_format::{Blake3, Sha256};
use tare_store::FileStore;
use tare_store::partial::Partial;

use crate::documents::Documents;

/// A whole local file, and how it was cut.
#[derive(Debug, Clone)]
pub(crate) struct Donor {
    /// The file.
    sha256: Sha256,
    /// Its chunks.
    recipe: Recipe,
}

/// The local files at `path` in other releases of the package, whose contents and recipes are there.
pub(crate) fn donors(
    documents: &Documents,
    store: &FileStore,
    others: &[Release],
    path: &FilePath,
) -> Vec<Donor> {
    let files = others.iter().flat_map(|release| &release.files).filter(|file| file.path == *path);
    let donor = |file: &tare_format::release::ReleaseFile| {
        // Whatever is wrong with a donor, the chunks can still be fetched.
        let recipe = documents.local_recipe(&file.recipe?).ok()??;
        let there = store.contains(&file.sha256, file.size).ok()?;
        there.then_some(Donor { sha256: file.sha256, recipe })
    };
    let mut donors: Vec<Donor> = files.filter_map(donor).collect();
    donors.dedup_by_key(|donor| donor.sha256);
    donors
}

/// Copies the missing chunks of `partial` that the donors have. Gives how many bytes that were.
pub(super) fn copy(store: &FileStore, donors: &[Donor], partial: &Partial) -> u64 {
    let mut wanted: HashMap<Blake3, Vec<usize>> = HashMap::new();
    for index in partial.missing() {
        if let Some(chunk) = partial.recipe().chunks().get(index) {
            wanted.entry(chunk.digest).or_default().push(index);
        }
    }
    let mut copied = 0;
    for donor in donors {
        let Ok(mut file) = store.open_file(&donor.sha256, donor.recipe.size()) else { continue };
        let mut offset = 0_u64;
        for chunk in donor.recipe.chunks() {
            let here = offset;
            offset = offset.saturating_add(u64::from(chunk.length));
            let Some(indexes) = wanted.remove(&chunk.digest) else { continue };
            let Some(raw) = read(&mut file, here, u64::from(chunk.length)) else { continue };
            // A chunk that is not what it should be is refused here, and fetched like any other.
            for index in indexes {
                if partial.put(index, &raw).is_ok() {
                    copied += u64::from(chunk.length);
                }
            }
        }
    }
    copied
}

fn read(file: &mut File, offset: u64, length: u64) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(offset)).ok()?;
    let mut raw = Vec::new();
    file.take(length).read_to_end(&mut raw).ok()?;
    Some(raw)
}
