//! What must hold of the tree itself: which crate may use which, how large files may be, that clauses exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which of our crates each may depend on. Client and server never meet but in the documents (ARCHITECTURE.md).
const ARROWS: [(&str, &str, &[&str]); 9] = [
    ("tare-format", "crates/tare-format", &[]),
    ("tare-sign", "crates/tare-sign", &["tare-format"]),
    ("tare-store", "crates/tare-store", &["tare-format"]),
    ("tare-license", "crates/tare-license", &["tare-format"]),
    ("tare-tlog", "crates/tare-tlog", &[]),
    ("tare-replay", "crates/tare-replay", &["tare-format", "tare-sign", "tare-tlog"]),
    (
        "tare-client",
        "crates/tare-client",
        &["tare-format", "tare-license", "tare-replay", "tare-sign", "tare-store", "tare-tlog"],
    ),
    (
        "registry-server",
        "registry-server",
        &["tare-format", "tare-license", "tare-replay", "tare-sign", "tare-store", "tare-tlog"],
    ),
    ("tare", "cli", &["tare-client", "tare-format", "tare-license", "tare-tlog"]),
];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Every file below `folder` with one of the extensions, leaving out what is built or hidden.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if name.starts_with('.') || name == "target" || name == "tare-registry" {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn crates_only_use_what_is_below_them() {
    for (name, folder, allowed) in ARROWS {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let normal = manifest.split("[dependencies]").nth(1).unwrap_or_default();
        let normal = normal.split("\n[").next().unwrap_or_default();
        let used: BTreeSet<&str> = normal
            .lines()
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .filter(|used| ARROWS.iter().any(|(ours, _, _)| ours == used))
            .collect();
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        assert!(used.is_subset(&allowed), "{name} uses {used:?}, only {allowed:?} are below it");
    }
}

#[test]
fn every_story_that_the_table_of_attacks_names_is_told() {
    let table = fs::read_to_string(root().join("tests/it/attacks/mod.rs")).unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("//! | ")).collect();
    let numbers = rows.iter().filter_map(|row| row.split('|').nth(1)?.trim().parse::<u8>().ok());
    assert_eq!(numbers.collect::<Vec<_>>(), (1..=23).collect::<Vec<_>>());
    let sources: String = ["tests/it/attacks", "crates/tare-client/src"]
        .iter()
        .flat_map(|folder| files(&root().join(folder), "rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for row in rows.iter().skip(1) {
        let stories: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        assert!(!stories.is_empty(), "no story tells of {row}");
        for story in stories {
            assert!(sources.contains(&format!("fn {story}(")), "there is no story `{story}`");
        }
    }
}

#[test]
fn every_crate_of_the_workspace_has_an_arrow() {
    let manifests: BTreeSet<PathBuf> = files(root(), "toml")
        .into_iter()
        .filter(|path| path.ends_with("Cargo.toml"))
        .filter(|path| {
            fs::read_to_string(path).unwrap().contains("\n[package]") || {
                fs::read_to_string(path).unwrap().starts_with("[package]")
            }
        })
        .collect();
    let known = ARROWS.map(|(_, folder, _)| root().join(folder).join("Cargo.toml"));
    let fuzz = root().join("tests/fuzz/Cargo.toml");
    for manifest in manifests {
        assert!(
            known.contains(&manifest) || manifest == fuzz,
            "{} has no arrow",
            manifest.display()
        );
    }
}

#[test]
fn no_file_is_too_long_to_have_one_idea() {
    let long: Vec<_> = files(root(), "rs")
        .into_iter()
        .filter_map(|path| {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            (lines > 600).then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "over 600 lines:\n{}", long.join("\n"));
}

/// What `deny.toml` bans is not in the lock file either, and everything comes from crates.io.
#[test]
fn banned_crates_are_not_locked() {
    let policy = fs::read_to_string(root().join("deny.toml")).unwrap();
    let banned: BTreeSet<&str> =
        policy.split("{ crate = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(banned.contains("openssl-sys"), "the bans could not be read");
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for line in lock.lines() {
        if let Some(name) = line.strip_prefix("name = \"").and_then(|rest| rest.strip_suffix('"')) {
            assert!(!banned.contains(name), "deny.toml bans `{name}`, Cargo.lock has it");
        }
        if let Some(source) = line.strip_prefix("source = \"") {
            assert!(
                source.starts_with("registry+https://github.com/rust-lang/crates.io-index"),
                "{source}"
            );
        }
    }
}

/// A clause is defined as `**X-1**` or `**XY-1**` in a chapter and cited as `(X-1)` or `chapter.md X-1` in code.
#[test]
fn clauses_that_code_cites_exist() {
    let mut defined: BTreeMap<String, PathBuf> = BTreeMap::new();
    for chapter in files(&root().join("spec"), "md") {
        let text = fs::read_to_string(&chapter).unwrap();
        for clause in text.split("**").filter(|id| is_clause(id)) {
            if let Some(other) = defined.insert(clause.to_owned(), chapter.clone()) {
                panic!(
                    "{clause} is defined twice, in {} and {}",
                    other.display(),
                    chapter.display()
                );
            }
        }
    }
    let letters: BTreeSet<&str> =
        defined.keys().filter_map(|id| Some(id.split_once('-')?.0)).collect();
    for source in files(root(), "rs") {
        for (number, line) in fs::read_to_string(&source).unwrap().lines().enumerate() {
            let Some((_, comment)) = line.split_once("//") else { continue };
            for word in comment.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
                let chapter = word.split_once('-').map(|(letters, _)| letters);
                let ours = is_clause(word) && chapter.is_some_and(|one| letters.contains(one));
                let place = format!("{}:{}", source.display(), number + 1);
                assert!(
                    !ours || defined.contains_key(word),
                    "{place} cites {word}, which no chapter has"
                );
            }
        }
    }
}

fn is_clause(word: &str) -> bool {
    let Some((letters, number)) = word.split_once('-') else { return false };
    (1..=2).contains(&letters.len())
        && letters.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
}
