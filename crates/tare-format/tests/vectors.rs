//! Runs the examples of `spec/vectors/` and compares `schemas/` with what the types generate.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use tare_format::event::Event;
use tare_format::lock::Lock;
use tare_format::manifest::{Manifest, ManifestError};
use tare_format::schema;

fn vectors(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors").join(folder);
    let entries = fs::read_dir(&root).unwrap_or_else(|error| panic!("{}: {error}", root.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no vectors in {}", root.display());
    files.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// `# expect LINE:COLUMN: text; help`, the first line of a bad example.
///
/// Returns what differs, so that one run shows all of them.
fn differs(path: &Path, text: &str, error: &ManifestError) -> Option<String> {
    let first = text.lines().next().unwrap_or_default();
    let expected = first.strip_prefix("# expect ").expect("a bad example says what is wrong");
    let position = error.position.map(|position| position.to_string()).unwrap_or_default();
    let help = error.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    let (place, sentence) = expected.split_once(": ").unwrap();
    let found = format!("{error}{help}");
    let same = position == place && found.contains(sentence);
    let path = path.display();
    (!same).then(|| format!("{path}\n  expected {expected}\n  found    {position}: {found}"))
}

#[test]
fn good_manifests_are_read() {
    for (path, text) in vectors("manifest/good") {
        Manifest::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

#[test]
fn bad_manifests_are_refused_with_place_and_reason() {
    let wrong: Vec<_> = vectors("manifest/bad")
        .iter()
        .filter_map(|(path, text)| match Manifest::parse(text) {
            Ok(_) => Some(format!("{} was accepted", path.display())),
            Err(error) => differs(path, text, &error),
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn good_locks_are_written_as_they_were_read() {
    for (path, text) in vectors("lock/good") {
        let lock = Lock::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(lock.to_text().unwrap(), text, "{}", path.display());
    }
}

#[test]
fn bad_locks_are_refused_with_place_and_reason() {
    let wrong: Vec<_> = vectors("lock/bad")
        .iter()
        .filter_map(|(path, text)| match Lock::parse(text) {
            Ok(_) => Some(format!("{} was accepted", path.display())),
            Err(error) => differs(path, text, &error),
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The line of an example, without the line feed that the file ends in.
fn line(text: &str) -> &str {
    text.strip_suffix('\n').expect("an example ends in a line feed")
}

#[test]
fn good_events_are_written_as_they_were_read() {
    for (path, text) in vectors("event/good") {
        let event = Event::from_line(line(&text));
        let event = event.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let event = event.unwrap_or_else(|| panic!("{}: a type that is not known", path.display()));
        assert_eq!(event.to_line().unwrap(), line(&text), "{}", path.display());
    }
}

#[test]
fn lines_that_two_readers_could_read_differently_are_refused() {
    let accepted: Vec<_> = vectors("event/bad")
        .into_iter()
        .filter(|(_, text)| Event::from_line(line(text)).is_ok())
        .map(|(path, _)| path)
        .collect();
    assert!(accepted.is_empty(), "{accepted:?}");
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    for (name, schema) in schema::documents() {
        let path = root.join(format!("{name}.json"));
        let committed = fs::read_to_string(&path).unwrap_or_default();
        let generated = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        assert!(
            committed == generated,
            "{} is out of date: run `cargo run -p tare-format --example schemas`",
            path.display()
        );
    }
}
