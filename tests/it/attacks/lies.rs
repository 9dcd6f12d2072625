//! What the servers of these stories say instead of the truth, and what must hold whatever somebody was sent.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tare_format::Sha256;

use super::stage::Victim;
use crate::shelf::files_below;
use crate::support::{Answer, Evil, Outcome, Project};

/// An adapter, which brings its base.
pub(super) const LORA: &str = "\"lab/lora\" = \"^0.4\"";

/// Where the objects are whose names say what their bytes are.
pub(super) const OBJECTS: [&str; 5] = ["releases/", "meta/", "recipes/", "packs/", "signatures/"];

/// What the log consists of.
pub(super) const LOG: [&str; 5] = ["head", "root/1.note", "notices", "packages/", "state/"];

/// A server that tells the truth but for the paths that begin with `prefix`.
pub(super) fn lying_about(
    folder: &Path,
    prefix: &str,
    lie: impl Fn(Vec<u8>) -> Answer + Send + Sync + 'static,
) -> Evil {
    let prefix = prefix.to_owned();
    Evil::serve(folder, move |path, file| match file {
        Some(file) if path.starts_with(&prefix) => lie(file),
        file => Answer::truth(file),
    })
}

/// The bytes with another one in the middle.
pub(super) fn flipped(mut bytes: Vec<u8>) -> Vec<u8> {
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    bytes
}

/// Somebody with an empty home who was told the id of a registry, its URL and its mirrors, and has asked none of them yet, in a
/// project with these dependencies.
pub(super) fn reader(origin: &Evil, mirrors: &[&Evil], dependencies: &str) -> Victim {
    let mirrors: Vec<String> = mirrors.iter().map(|site| site.url()).collect();
    let project = Project::new().with("TARE_MIRRORS", &mirrors.join(","));
    let info: serde_json::Value = serde_json::from_slice(&origin.truth("registry.json")).unwrap();
    let (url, id) = (origin.url(), info["id"].as_str().unwrap());
    let config = format!(
        "[registry]\ndefault = \"main\"\n[registries.main]\nurl = \"{url}\"\nid = \"{id}\"\n"
    );
    fs::create_dir_all(project.home()).unwrap();
    fs::write(project.home().join("config.toml"), config).unwrap();
    project.write("Tare.toml", format!("[dependencies]\n{dependencies}\n"));
    Victim { project }
}

/// Insists that a command fails with one of these codes; that nothing was installed by it, that nothing is kept that
/// is not what its name says, that nothing was written elsewhere, and that nothing is advised to get around it.
#[track_caller]
pub(super) fn fails(victim: &Victim, command: &str, codes: &[i32], texts: &[&str]) -> Outcome {
    let project = &victim.project;
    let before = digests(project.path());
    let outcome = project.tare(command);
    assert!(codes.contains(&outcome.code()), "{} from\n{}", outcome.code(), outcome.stderr);
    let mut after = digests(project.path());
    // What was resolved was proven, and is written down before the first byte is fetched.
    if !before.contains_key(&project.path().join("Tare.lock")) {
        after.remove(&project.path().join("Tare.lock"));
    }
    assert_eq!(before, after, "the project changed:\n{}", outcome.stderr);
    for bypass in ["--force", "--insecure", "--no-verify", "--allow", "--skip"] {
        assert!(!outcome.stderr.contains(bypass), "{}", outcome.stderr);
    }
    assert_kept_is_true(project);
    outcome.says(texts)
}

/// Insists that every file of the store is what its name says.
#[track_caller]
pub(super) fn assert_kept_is_true(project: &Project) {
    for file in files_below(&project.home().join("files")) {
        let (found, name) = (Sha256::of(&fs::read(&file).unwrap()), file.to_string_lossy());
        assert!(name.replace('/', "").contains(&found.hex()), "{name} has {}", found.hex());
    }
}

/// What is installed, by path; as bytes, because links lead to the same.
pub(super) fn installed(project: &Project) -> BTreeMap<PathBuf, Sha256> {
    let mut found = BTreeMap::new();
    let packages = project.path().join(".tare/packages");
    for namespace in fs::read_dir(&packages).into_iter().flatten().map(Result::unwrap) {
        for package in fs::read_dir(namespace.path()).into_iter().flatten().map(Result::unwrap) {
            let folder = fs::canonicalize(package.path()).unwrap();
            let name = Path::new(&namespace.file_name()).join(package.file_name());
            for (file, digest) in digests(&folder) {
                if !file.ends_with(".tare-ok") {
                    found.insert(name.join(file.strip_prefix(&folder).unwrap()), digest);
                }
            }
        }
    }
    found
}

/// Every file below a folder.
pub(super) fn digests(folder: &Path) -> BTreeMap<PathBuf, Sha256> {
    let digest = |file: PathBuf| (file.clone(), Sha256::of(&fs::read(&file).unwrap_or_default()));
    files_below(folder).into_iter().map(digest).collect()
}

/// The files of a registry as they are now.
pub(super) fn copy(from: &Path, to: &Path) {
    for file in files_below(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, target).unwrap();
    }
}
