//! Bundles: from a machine with a network to one without.

use std::fs;
use std::path::PathBuf;

use crate::shelf::{Shelf, files_below, flip};
use crate::support::{Evil, Project};

const LORA: &str = "\"lab/lora\" = \"0.4\"";

/// A family in a registry, somebody who has it installed, and their bundle of it.
fn bundled() -> (Shelf, Project, PathBuf) {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project.tare("install").succeeds();
    project.tare("bundle create family.tarebundle").succeeds().says(&["2 releases", "import"]);
    let file = project.path().join("family.tarebundle");
    (shelf, project, file)
}

/// Somebody with nothing but a bundle and the project that it is for.
fn cut_off(project: &Project) -> Project {
    let other = Project::new();
    for file in ["Tare.toml", "Tare.lock"] {
        other.write(file, project.read(file));
    }
    other
}

#[test]
fn a_machine_without_a_network_installs_from_a_bundle() {
    let (shelf, project, file) = bundled();
    drop(shelf);
    let other = cut_off(&project);
    let outcome = other.tare(&format!("bundle import {}", file.display())).succeeds();
    outcome.says(&["root sha256:", "Imported 2 releases"]);
    other.tare("install --locked --offline").succeeds();
    other.tare("verify").succeeds();
    other.tare("tree --lineage").succeeds();
    let lora = ".tare/packages/lab/lora/lora.bin";
    assert_eq!(
        fs::read(other.path().join(lora)).unwrap(),
        fs::read(project.path().join(lora)).unwrap()
    );
}

#[test]
fn a_dry_run_keeps_nothing_and_a_second_bundle_is_not_written_over_the_first() {
    let (_shelf, project, file) = bundled();
    project.tare("bundle create family.tarebundle").ends_with(1).says(&["is there already"]);
    let planned = project.tare("bundle create other.tarebundle --dry-run --json").succeeds().json();
    assert_eq!(planned["releases"], 2);
    assert!(!project.path().join("other.tarebundle").exists());
    let other = cut_off(&project);
    other.tare(&format!("bundle import {} --dry-run", file.display())).succeeds();
    assert!(files_below(&other.home().join("releases")).is_empty());
    other.tare("install --locked --offline").ends_with(3);
}

#[test]
fn a_bundle_is_the_same_bytes_each_time() {
    let (_shelf, project, file) = bundled();
    project.tare("bundle create again.tarebundle").succeeds();
    assert!(fs::read(project.path().join("again.tarebundle")).unwrap() == fs::read(file).unwrap());
}

#[test]
fn any_file_server_serves_what_was_unpacked() {
    let (shelf, project, file) = bundled();
    drop(shelf);
    let other = cut_off(&project);
    other.tare(&format!("bundle import {} --to-mirror part", file.display())).succeeds();
    let place = Evil::honest(&other.path().join("part"));
    let third = cut_off(&project);
    third.tare(&format!("registry add main {}", place.url())).succeeds();
    third.tare("install --locked").succeeds();
    third.tare("verify").succeeds();
}

#[test]
fn a_bundle_that_was_changed_anywhere_is_refused() {
    let (_shelf, project, file) = bundled();
    let whole = fs::read(&file).unwrap();
    let bad = project.path().join("bad.tarebundle");
    let refused = |what: &str| {
        let other = cut_off(&project);
        let outcome = other.tare(&format!("bundle import {}", bad.display())).ends_with(6);
        assert!(outcome.stderr.contains("E-BUNDLE"), "{what}: {}", outcome.stderr);
        assert!(files_below(&other.home().join("releases")).is_empty(), "{what}");
    };
    fs::write(&bad, &whole).unwrap();
    flip(&bad);
    refused("a flipped byte");
    for (what, length) in
        [("half", whole.len() / 2), ("no end", whole.len() - 4096), ("nothing", 0)]
    {
        fs::write(&bad, &whole[..length]).unwrap();
        refused(what);
    }
    fs::write(&bad, [&whole[..], b"more"].concat()).unwrap();
    refused("something behind the end");
}

/// Somebody who has seen more of the registry than the bundle has, with the lock that it is for; and their head.
fn ahead(shelf: &Shelf, saw_it_before: bool, project: &Project) -> (Project, String) {
    let yank = || {
        shelf.publisher.tare_with(&["yank", "lab/lora@0.4.1", "--reason", "x"], "").succeeds();
    };
    let person = if saw_it_before {
        let person = shelf.consumer(LORA);
        yank();
        person
    } else {
        yank();
        shelf.consumer(LORA)
    };
    person.tare("info lab/lora").succeeds();
    person.write("Tare.lock", project.read("Tare.lock"));
    let head = person.tare("registry head export").succeeds().stdout;
    (person, head)
}

#[test]
fn a_bundle_of_a_state_that_was_seen_installs_offline_and_takes_nobody_back() {
    let (shelf, project, file) = bundled();
    let (person, head) = ahead(&shelf, true, &project);
    drop(shelf);
    person.tare(&format!("bundle import {} --offline", file.display())).succeeds();
    assert_eq!(
        person.tare("registry head export --offline").succeeds().stdout,
        head,
        "no way back"
    );
    person.tare("install --locked --offline").succeeds().says(&["yanked"]);
}

#[test]
fn a_bundle_of_a_state_that_was_not_seen_is_compared_by_the_registry_or_refused() {
    let (shelf, project, file) = bundled();
    let (person, head) = ahead(&shelf, false, &project);
    let outcome = person.tare(&format!("bundle import {} --offline", file.display())).ends_with(7);
    let sizes =
        |head: &str| head.lines().skip_while(|line| !line.is_empty()).nth(2).map(str::to_owned);
    outcome.says(&[
        "E-ROLLBACK",
        &format!("seen {} events", sizes(&head).unwrap()),
        "get a newer one",
    ]);
    assert!(files_below(&person.home().join("releases")).is_empty());
    person.tare(&format!("bundle import {}", file.display())).succeeds();
    assert_eq!(person.tare("registry head export").succeeds().stdout, head, "no way back");
    person.tare("install --locked --offline").succeeds();
}
