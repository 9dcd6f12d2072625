use std::fs;

use tare_format::manifest::Manifest;

use super::*;
use crate::package::select;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest =
        "[package]\nname = 'a/b'\nversion = '1.0.0'\nkind = 'model'\n[license]\nweights = 'MIT'\n";
    fs::write(folder.path().join("Tare.toml"), manifest).unwrap();
    fs::write(folder.path().join("config.json"), "{}").unwrap();
    fs::create_dir(folder.path().join("deep")).unwrap();
    fs::write(folder.path().join("deep/rows.bin"), vec![7; 300_000]).unwrap();
    folder
}

#[test]
fn the_same_files_make_the_same_release_wherever_they_lie() {
    let (one, other) = (folder(), folder());
    let prepared = |folder: &Path| prepare(&select(folder).unwrap(), &Progress::silent()).unwrap();
    let (one, other) = (prepared(one.path()), prepared(other.path()));
    assert_eq!((one.digest, one.meta), (other.digest, other.meta));
}

#[test]
fn a_registry_derives_the_same_document_from_what_is_sent() {
    let folder = folder();
    let prepared = prepare(&select(folder.path()).unwrap(), &Progress::silent()).unwrap();
    let entries =
        archive::open(&prepared.meta, &prepared.release.meta.sha256, &Limits::default()).unwrap();
    let text = String::from_utf8(entries[0].content.clone()).unwrap();
    let manifest = Manifest::parse(&text).unwrap();
    let files = prepared.release.files.clone();
    let again = Release::derive(&text, &manifest, files, prepared.release.meta, TOOL).unwrap();
    assert_eq!(again.to_bytes().unwrap(), prepared.document);
}

#[test]
fn a_recipe_and_its_widths_fit_the_file() {
    let folder = folder();
    let prepared = prepare(&select(folder.path()).unwrap(), &Progress::silent()).unwrap();
    let cut = &prepared.cuts["deep/rows.bin"];
    assert_eq!((cut.recipe.size(), cut.widths.len()), (300_000, cut.recipe.chunks().len()));
}

#[test]
fn a_file_that_grew_since_it_was_selected_is_an_error() {
    let folder = folder();
    let selected = select(folder.path()).unwrap();
    for (path, bytes) in [("config.json", &b"{} "[..]), ("deep/rows.bin", b"short")] {
        let path = folder.path().join(path);
        let before = fs::read(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let error = prepare(&selected, &Progress::silent()).unwrap_err();
        assert!(matches!(error, PackageError::Changed { .. }), "{error}");
        fs::write(&path, before).unwrap();
    }
    fs::write(folder.path().join("Tare.toml"), selected.text.replace("1.0.0", "1.0.1")).unwrap();
    assert!(prepare(&selected, &Progress::silent()).is_err());
}

#[test]
fn a_file_that_is_not_what_its_name_promises_is_damaged() {
    let random: Vec<u8> = (0..30_u8).map(|byte| byte.wrapping_mul(151) ^ 0xa5).collect();
    let random = |length: usize| &random[..length];
    let cases = [
        ("w.safetensors", random(0)),
        ("w.safetensors", random(3)),
        ("w.safetensors", random(7)),
        ("w.safetensors", random(8)),
        ("w.SafeTensors", random(30)),
        ("w.safetensors", b"\x80\x04\x95 a pickle"),
        ("w.gguf", random(30)),
        ("w.gguf", b"GGUFxxxx"),
    ];
    for (name, content) in cases {
        let folder = folder();
        fs::write(folder.path().join(name), content).unwrap();
        let error = prepare(&select(folder.path()).unwrap(), &Progress::silent()).unwrap_err();
        assert!(matches!(error, PackageError::Damaged { .. }), "{name} {content:?}: {error}");
    }
}
