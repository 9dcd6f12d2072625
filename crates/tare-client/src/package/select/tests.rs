use super::*;
use crate::error::{ClientError as _, ErrorKind};

const MODEL: &str = "[package]\nname = 'a/b'\nversion = '1.0.0'\nkind = 'model'\nreadme = 'README.md'\n\
                     [license]\nweights = 'MIT'\n";

fn folder(manifest: &str, files: &[(&str, usize)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(MANIFEST_PATH), manifest).unwrap();
    for (path, size) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, vec![b'x'; *size]).unwrap();
    }
    folder
}

fn classes(folder: &Path) -> Vec<(String, FileClass)> {
    let selected = select(folder).unwrap();
    selected.files.into_iter().map(|file| (file.path.to_string(), file.class)).collect()
}

#[test]
fn small_texts_of_a_model_travel_as_meta_and_weights_as_data() {
    use FileClass::{Data, Meta};
    let files =
        [("README.md", 9), ("config.json", 9), ("vocab.txt", 2 << 20), ("w.safetensors", 9)];
    let folder = folder(MODEL, &files);
    let expected = [
        ("README.md", Meta),
        ("Tare.toml", Meta),
        ("config.json", Meta),
        ("vocab.txt", Data),
        ("w.safetensors", Data),
    ];
    assert_eq!(classes(folder.path()), expected.map(|(path, class)| (path.to_owned(), class)));
}

#[test]
fn the_json_of_a_data_set_is_data() {
    let manifest = "[package]\nname = 'a/b'\nversion = '1.0.0'\nkind = 'dataset'\n[license]\ndata = 'CC0-1.0'\n";
    let folder = folder(manifest, &[("README.md", 1), ("rows.json", 1)]);
    let classes = classes(folder.path());
    assert_eq!(classes[0], ("README.md".to_owned(), FileClass::Meta));
    assert_eq!(classes[2], ("rows.json".to_owned(), FileClass::Data));
}

#[test]
fn the_archive_does_not_overflow_with_small_texts() {
    let names: Vec<String> = (0..24).map(|index| format!("{index:02}.json")).collect();
    let mut files: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 1 << 20)).collect();
    files.push(("README.md", 1));
    let folder = folder(MODEL, &files);
    let meta = classes(folder.path()).into_iter().filter(|(_, class)| *class == FileClass::Meta);
    assert_eq!(meta.count(), 17, "15 of the 24, the readme and the manifest");
}

#[test]
fn a_named_file_that_is_too_large_is_an_error() {
    let folder = folder(MODEL, &[("README.md", (1 << 20) + 1)]);
    assert!(matches!(select(folder.path()), Err(PackageError::MetaSize { .. })));
}

#[cfg(unix)]
#[test]
fn a_link_is_an_error_unless_it_is_left_out() {
    let link = |folder: &Path| {
        std::os::unix::fs::symlink("/etc/passwd", folder.join("venv/link")).unwrap()
    };
    let with = folder(MODEL, &[("README.md", 1), ("venv/x", 1)]);
    link(with.path());
    let error = select(with.path()).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("E-SYMLINK", ErrorKind::Failure));
    let manifest = MODEL.replace("kind", "exclude = ['venv/**']\nkind");
    let without = folder(&manifest, &[("README.md", 1), ("venv/x", 1)]);
    link(without.path());
    assert_eq!(classes(without.path()).len(), 2);
}

#[test]
fn names_that_differ_in_case_only_are_an_error() {
    let folder = folder(MODEL, &[("README.md", 1), ("a.bin", 1), ("A.bin", 1)]);
    assert!(matches!(select(folder.path()), Err(PackageError::Conflict(_))));
}

#[test]
fn a_project_and_a_folder_without_a_manifest_are_no_packages() {
    let project = folder("[dependencies]\n", &[]);
    assert!(matches!(select(project.path()), Err(PackageError::Project { .. })));
    let empty = tempfile::tempdir().unwrap();
    let error = select(empty.path()).unwrap_err();
    assert_eq!(error.help().as_deref(), Some("make one with `tare init`"));
}

#[test]
fn a_mistake_in_the_manifest_has_a_place() {
    let folder = folder(&MODEL.replace("kind", "knid"), &[("README.md", 1)]);
    let error = select(folder.path()).unwrap_err();
    assert_eq!(error.mistake().unwrap().error.position.unwrap().line, 4);
}
