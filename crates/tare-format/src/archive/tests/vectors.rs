//! The published vectors: archives made by another program (`spec/vectors/archive/make.py`).

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Listed {
    path: String,
    executable: bool,
    size: u64,
    sha256: Sha256,
}

fn vectors(kind: &str) -> Vec<PathBuf> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors/archive").join(kind);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let archives: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|e| e == "gz")).collect();
    assert!(!archives.is_empty());
    archives
}

#[test]
fn good_vectors_are_read_as_listed_and_written_back() {
    for path in vectors("good") {
        let packed = fs::read(&path).unwrap();
        let listing = path.to_str().unwrap().replace(".tar.gz", ".json");
        let listed: Vec<Listed> = serde_json::from_slice(&fs::read(listing).unwrap()).unwrap();
        let entries = read(&packed, &Limits::default()).unwrap();
        assert_eq!(entries.len(), listed.len());
        for (entry, listed) in entries.iter().zip(listed) {
            assert_eq!(entry.path.as_str(), listed.path);
            assert_eq!(entry.executable, listed.executable);
            assert_eq!(
                (entry.content.len() as u64, Sha256::of(&entry.content)),
                (listed.size, listed.sha256)
            );
        }
        let rewritten = write(&entries, &Limits::default()).unwrap();
        assert_eq!(unpack(&rewritten), unpack(&packed), "{}", path.display());
    }
}

#[test]
fn bad_vectors_break_the_rule_in_their_name() {
    for path in vectors("bad") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let rule: u8 = name[..2].parse().unwrap();
        let error = read(&fs::read(&path).unwrap(), &Limits::default()).unwrap_err();
        assert_eq!(error.rule(), rule, "{name}: {error}");
    }
}
