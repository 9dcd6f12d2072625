//! Answers that are no answers: without end, packed, empty, of another kind, or none at all. Whatever is asked for, what comes
//! has a cap, and what does not come is not taken for absent.

use std::fs;
use std::time::{Duration, Instant};

use super::lies::{LOG, LORA, OBJECTS, fails, installed, lying_about, reader};
use crate::shelf::{Shelf, files_below};
use crate::support::{Answer, Evil};

/// Longer than anything but an answer that is read for ever.
const PATIENCE: Duration = Duration::from_secs(100);

/// Insists that nobody who gets this instead of any part of a registry installs anything, and that it is told within `PATIENCE`.
fn refused_everywhere(instead: fn(&[u8]) -> Answer, codes: &[i32]) {
    let shelf = Shelf::with_family();
    for prefix in OBJECTS.into_iter().chain(LOG).chain(["locations/"]) {
        if prefix == "notices" && !shelf.registry.public("notices").exists() {
            continue;
        }
        let origin = lying_about(&shelf.registry.public(""), prefix, move |file| instead(&file));
        let victim = reader(&origin, &[], LORA);
        let begin = Instant::now();
        fails(&victim, "install", codes, &["E-"]);
        assert!(begin.elapsed() < PATIENCE, "{prefix} took {:?}", begin.elapsed());
        assert!(installed(&victim.project).is_empty(), "{prefix}");
    }
}

#[test]
fn a_body_without_end_is_cut_off() {
    refused_everywhere(|_| Answer::Endless, &[6, 7]);
}

#[test]
fn chunks_without_end_are_cut_off() {
    refused_everywhere(|_| Answer::EndlessChunks, &[6, 7]);
}

#[test]
fn nothing_is_unpacked_that_was_not_asked_for() {
    let packed = |file: &[u8]| Answer::With(vec![("content-encoding", "gzip")], file.to_vec());
    refused_everywhere(packed, &[6, 7]);
}

#[test]
fn an_empty_answer_is_none() {
    refused_everywhere(|_| Answer::Bytes(Vec::new()), &[6, 7]);
}

#[test]
fn the_page_of_a_captive_portal_is_none() {
    let portal = |_: &[u8]| {
        let page = b"<html><title>Please log in</title></html>".to_vec();
        Answer::With(vec![("content-type", "text/html")], page)
    };
    refused_everywhere(portal, &[6, 7]);
}

#[test]
fn what_is_not_served_is_not_taken_for_absent() {
    refused_everywhere(|_| Answer::Status(404, "not found"), &[6, 7]);
}

#[test]
fn what_is_said_to_be_gone_is_not_installed() {
    for status in [|_: &[u8]| Answer::Status(410, "gone"), |_: &[u8]| Answer::Status(451, "gone")] {
        refused_everywhere(status, &[6, 7]);
    }
}

/// Who serves the right bytes under another name of their kind serves the right bytes.
#[test]
fn the_type_of_the_content_is_no_matter() {
    let shelf = Shelf::with_family();
    let origin = lying_about(&shelf.registry.public(""), "", |file| {
        Answer::With(vec![("content-type", "text/html")], file)
    });
    let victim = reader(&origin, &[], LORA);
    victim.project.tare("install").succeeds();
}

#[test]
fn each_of_them_from_a_mirror_is_made_up_for_by_the_origin() {
    let shelf = Shelf::with_family();
    let public = shelf.registry.public("");
    let answers: [fn(Vec<u8>) -> Answer; 6] = [
        |_| Answer::Endless,
        |_| Answer::Bytes(Vec::new()),
        |_| Answer::Status(404, "not found"),
        |_| Answer::Status(451, "gone"),
        |_| Answer::Status(503, "busy"),
        |file| {
            let half = file.len() / 2;
            Answer::Broken(file, half)
        },
    ];
    let origin = Evil::honest(&public);
    let honest = reader(&origin, &[], LORA);
    honest.project.tare("install").succeeds();
    let expected = installed(&honest.project);
    for (number, answer) in answers.into_iter().enumerate() {
        let mirror = lying_about(&public, "", answer);
        let victim = reader(&origin, &[&mirror], LORA);
        victim.project.tare("install").succeeds();
        assert_eq!(installed(&victim.project), expected, "answer {number}");
    }
}

#[test]
fn a_mirror_that_lacks_a_file_is_made_up_for_by_the_origin() {
    let shelf = Shelf::with_family();
    let public = shelf.registry.public("");
    let origin = Evil::honest(&public);
    let kinds = OBJECTS.into_iter().chain(LOG).chain(["locations/"]);
    for prefix in kinds {
        let mirror = lying_about(&public, prefix, |_| Answer::Status(404, "not found"));
        let victim = reader(&origin, &[&mirror], LORA);
        victim.project.tare("install").succeeds();
        victim.project.tare("verify").succeeds();
    }
}

/// Temporary files are where the store is, and are gone when the command is.
#[test]
fn a_pack_without_end_leaves_no_file() {
    let shelf = Shelf::with_family();
    let origin = lying_about(&shelf.registry.public(""), "packs/", |_| Answer::Endless);
    let victim = reader(&origin, &[], LORA);
    fails(&victim, "install", &[6], &["E-"]);
    let large = |file: &std::path::PathBuf| fs::metadata(file).unwrap().len() > 1_000_000;
    let left: Vec<_> = files_below(&victim.project.home()).into_iter().filter(large).collect();
    assert!(left.is_empty(), "{left:?}");
}
