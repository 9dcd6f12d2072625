//! Bodies that no honest server sends: without end, packed, cut off, empty.

use crate::shelf::Shelf;
use crate::support::{Answer, Evil, Project};

type Lie = fn(Vec<u8>) -> Answer;

/// Somebody who reads from a place that answers `path` with a lie and everything else with the truth.
fn reader(shelf: &Shelf, path: &'static str, lie: Lie) -> (Evil, Project) {
    let place = Evil::serve(&shelf.registry.public(""), move |asked, file| match file {
        Some(bytes) if asked.starts_with(path) => lie(bytes),
        file => Answer::truth(file),
    });
    let project = shelf.consumer("\"lab/lora\" = \"0.4\"");
    let mirrors = project.with("TARE_MIRRORS", &place.url());
    (place, mirrors)
}

/// The only place that there is tells this lie.
fn alone(path: &'static str, lie: Lie) -> Project {
    let shelf = Shelf::with_family();
    let (place, project) = reader(&shelf, path, lie);
    drop(shelf);
    let outcome = project.tare("install");
    assert!(!project.path().join(".tare/packages/lab/lora").exists(), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("[E-"), "{}", outcome.stderr);
    drop(place);
    project
}

#[test]
fn another_place_makes_up_for_every_such_body() {
    let lies: [(&str, Lie); 5] = [
        ("packages/", |_| Answer::Endless),
        ("packs/", |_| Answer::Endless),
        ("releases/", |_| Answer::Bytes(Vec::new())),
        ("meta/", |bytes| Answer::With(vec![("content-encoding", "gzip")], bytes)),
        ("signatures/", |bytes| Answer::Broken(bytes, 10)),
    ];
    let shelf = Shelf::with_family();
    for (path, lie) in lies {
        let (_place, project) = reader(&shelf, path, lie);
        project.tare("install").succeeds();
        project.tare("verify").succeeds();
    }
}

#[test]
fn nothing_is_made_of_a_body_without_end() {
    alone("packages/", |_| Answer::Endless);
    alone("releases/", |_| Answer::Endless);
}

#[test]
fn nothing_is_unpacked_that_nobody_asked_to_be_packed() {
    alone("releases/", |bytes| Answer::With(vec![("content-encoding", "gzip")], bytes));
}

#[test]
fn an_empty_answer_is_none() {
    alone("head", |_| Answer::Bytes(Vec::new()));
    alone("state/", |_| Answer::Bytes(Vec::new()));
    alone("packages/", |_| Answer::Bytes(Vec::new()));
}
