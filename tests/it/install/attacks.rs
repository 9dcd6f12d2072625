//! A registry that lies: each lie is named, ends with the right code, and leaves nothing behind.

use std::fs;
use std::path::Path;

use super::LORA;
use crate::shelf::{Shelf, files_below, flip, replace};
use crate::support::{Outcome, Project};

/// Installs with a new home, and insists that nothing of it was installed.
#[track_caller]
fn attacked(shelf: &Shelf, code: i32) -> (Project, Outcome) {
    let project = shelf.consumer(LORA);
    let outcome = project.tare("install").ends_with(code);
    assert!(!project.path().join(".tare/packages/lab/lora").exists(), "{}", outcome.stderr);
    assert!(
        !outcome.stderr.contains("--"),
        "no flag that weakens a check is advised: {}",
        outcome.stderr
    );
    (project, outcome)
}

#[test]
fn a_flipped_byte_is_found_in_whatever_it_is() {
    for (kind, at_least, code) in [
        ("packs", 200_000, "E-CHUNK"),
        ("releases", 0, "E-DIGEST"),
        ("meta", 0, "E-DIGEST"),
        ("recipes", 0, "E-DIGEST"),
        ("signatures", 0, "E-DIGEST"),
    ] {
        let shelf = Shelf::with_family();
        files_below(&shelf.registry.public(kind))
            .iter()
            .filter(|path| fs::metadata(path).unwrap().len() > at_least)
            .for_each(|path| flip(path));
        let (project, outcome) = attacked(&shelf, 6);
        outcome.says(&[code, kind.trim_end_matches('s')]);
        let wrong = files_below(&project.home().join("files"));
        assert!(wrong.iter().all(|path| fs::metadata(path).unwrap().len() < 200_000), "{kind}");
    }
}

#[test]
fn a_location_is_not_believed() {
    let shelf = Shelf::with_family();
    // The last byte is the codec of the last chunk, the eight before the length hold its offset.
    for location in files_below(&shelf.registry.public("locations")) {
        let mut bytes = fs::read(&location).unwrap();
        let at = bytes.len() - 13;
        bytes[at] ^= 1;
        replace(&location, &bytes);
    }
    let (_, outcome) = attacked(&shelf, 6);
    outcome.says(&["lab/"]);
}

#[test]
fn a_pack_that_is_cut_short_or_gone_is_named() {
    for cut in [true, false] {
        let shelf = Shelf::with_family();
        let pack = shelf.object("packs", 200_000);
        let bytes = fs::read(&pack).unwrap();
        if cut {
            replace(&pack, &bytes[..bytes.len() / 2]);
        } else {
            fs::remove_file(&pack).unwrap();
        }
        let (project, outcome) = attacked(&shelf, 6);
        outcome.says(&[pack.file_name().unwrap().to_str().unwrap()]);

        // What arrived before stays, and the next attempt needs only the rest.
        fs::write(&pack, bytes).unwrap();
        project.tare("install").succeeds();
        project.tare("verify").succeeds();
    }
}

#[test]
fn a_page_that_was_changed_in_any_way_is_not_the_one_that_the_head_proves() {
    type Forgery = fn(String) -> String;
    let zeros = "0".repeat(64);
    let other_digest = |page: String, before: &str| {
        let (head, rest) = page.split_once(before).unwrap();
        format!("{head}{before}{zeros}{}", &rest[64..])
    };
    let unsigned: Forgery = |page| {
        let (before, rest) = page.split_once("\"signatures\":[").unwrap();
        let (_, after) = rest.split_once(']').unwrap();
        format!("{before}\"signatures\":[]{after}")
    };
    let independent: Forgery = |page| {
        let (before, rest) = page.split_once("\"dependencies\":[").unwrap();
        let (_, after) = rest.split_once("],").unwrap();
        format!("{before}{after}")
    };
    let forgeries: [&dyn Fn(String) -> String; 6] = [
        &|page| other_digest(page, "\"release\":\"sha256:"),
        &|page| other_digest(page, "\"id\":\"sha256:"),
        &unsigned,
        &independent,
        &|page| page[..page.len() - 40].to_owned(),
        &|_| String::new(),
    ];
    for forgery in forgeries {
        let shelf = Shelf::with_family();
        shelf.forge_page("lab/lora", forgery);
        let (_, outcome) = attacked(&shelf, 7);
        outcome.says(&["E-STATE", "packages/lab/lora", "expected", "found"]);
    }
}

#[test]
fn a_page_that_was_proven_before_is_not_asked_for_again() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project.tare("lock").succeeds();
    shelf.forge_page("lab/lora", |page| page.replace("lab", "lob"));
    fs::remove_dir_all(project.home().join("evidence")).unwrap();
    project.tare("install").succeeds();
}

#[test]
fn a_signature_that_is_gone_is_refused() {
    let shelf = Shelf::with_family();
    files_below(&shelf.registry.public("signatures"))
        .iter()
        .for_each(|path| fs::remove_file(path).unwrap());
    attacked(&shelf, 7).1.says(&["E-SIGNATURE-MISSING"]);
}

#[test]
fn a_registry_that_is_away_is_another_matter() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    drop(shelf);
    project.tare("install").ends_with(3).says(&["failed to connect"]);
    project.tare("install --offline").ends_with(3).says(&["E-OFFLINE"]);
}

#[test]
fn a_withdrawn_release_is_not_installed() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project.tare("lock").succeeds();
    shelf
        .publisher
        .tare_with(&["withdraw", "lab/lora@0.4.1", "--reason", "consent"], "")
        .succeeds();
    fs::remove_dir_all(project.home().join("evidence")).unwrap();
    project.tare("install").ends_with(5).says(&["E-WITHDRAWN", "consent"]);
}

#[test]
fn what_was_withdrawn_after_the_lock_is_not_fetched() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project.tare("lock").succeeds();
    shelf
        .publisher
        .tare_with(&["withdraw", "lab/lora@0.4.1", "--reason", "consent"], "")
        .succeeds();
    project.tare("install").ends_with(5).says(&["E-WITHDRAWN", "consent"]);
}

#[test]
fn bytes_that_were_damaged_on_this_machine_are_fetched_again() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project.tare("install").succeeds();
    let damaged: &Path = &project.path().join(".tare/packages/lab/base/f32.bin");
    flip(damaged);
    project.tare("verify").ends_with(6).says(&["1 difference"]);
    project.tare("verify --repair").ends_with(6);
    project.tare("install").succeeds().says(&["Installed lab/base@1.0.0:f32"]);
    project.tare("verify").succeeds();
}
