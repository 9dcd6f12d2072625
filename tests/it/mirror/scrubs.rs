//! What a scrub finds in the files that follow from the log, and puts right.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::Mirror;
use crate::shelf::{Package, Shelf, files_below, flip, noise};

/// A mirror that has followed a log through several sizes, with what it serves of it.
fn followed(shelf: &Shelf) -> (Mirror, BTreeMap<PathBuf, Vec<u8>>) {
    let mirror = Mirror::init(shelf, "");
    mirror.sync().succeeds();
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", &noise(8, 20_000))]);
    mirror.sync().succeeds();
    mirror.operator.tare("mirror scrub").succeeds().says(&["; 0 damaged"]);
    let served = files(&mirror);
    (mirror, served)
}

/// Every served file of the log but those that say when.
fn files(mirror: &Mirror) -> BTreeMap<PathBuf, Vec<u8>> {
    let folders = ["tile", "events", "packages", "namespaces", "state", "root"];
    let mut files: Vec<_> =
        folders.iter().flat_map(|folder| files_below(&mirror.folder().join(folder))).collect();
    files.push(mirror.folder().join("notices"));
    files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

#[test]
fn every_file_of_the_log_that_is_damaged_is_named_and_put_right() {
    let shelf = Shelf::with_family();
    let (mirror, served) = followed(&shelf);
    for file in served.keys() {
        flip(file);
    }
    let scrubbed = mirror.json("scrub");
    let named = scrubbed["damaged"].as_array().unwrap();
    for file in served.keys() {
        let path = file.strip_prefix(mirror.folder()).unwrap().to_str().unwrap();
        assert!(named.iter().any(|name| name == path), "{path} is not in {scrubbed}");
    }
    assert_eq!(scrubbed["repaired"], named.len());
    let after = files(&mirror);
    // A node of an earlier state comes from nowhere again, and nobody needs it.
    let lost: Vec<_> =
        served.iter().filter(|(file, bytes)| after.get(*file) != Some(bytes)).collect();
    assert!(lost.iter().all(|(file, _)| file.starts_with(mirror.folder().join("state"))));
    mirror.operator.tare("mirror scrub").succeeds().says(&["; 0 damaged"]);
    mirror.sync().succeeds().says(&["in 1 requests"]);
}

#[test]
fn a_file_that_is_missing_comes_back_and_one_that_nobody_knows_goes() {
    let shelf = Shelf::with_family();
    let (mirror, served) = followed(&shelf);
    for folder in ["tile", "events", "packages", "root"] {
        fs::remove_dir_all(mirror.folder().join(folder)).unwrap();
    }
    let stray = mirror.folder().join("packages/lab/never");
    fs::create_dir_all(stray.parent().unwrap()).unwrap();
    fs::write(&stray, "{}\n").unwrap();
    mirror.operator.tare("mirror scrub").succeeds().says(&["`packages/lab/never` is damaged"]);
    assert!(!stray.exists());
    let origin = files_below(&shelf.registry.public("packages"));
    assert_eq!(files_below(&mirror.folder().join("packages")).len(), origin.len());
    assert!(files(&mirror).len() > served.len() / 2);
    mirror.sync().succeeds().says(&["in 1 requests"]);
}

#[test]
fn a_damaged_head_is_shown_anew() {
    let shelf = Shelf::with_family();
    let (mirror, _) = followed(&shelf);
    for name in ["head", "head.pending", "checkpoint"] {
        flip(&mirror.folder().join(name));
    }
    let scrubbed = mirror.json("scrub");
    assert_eq!(
        (&scrubbed["repaired"], scrubbed["damaged"].as_array().unwrap().len()),
        (&3.into(), 3)
    );
    mirror.operator.tare("mirror scrub").succeeds().says(&["; 0 damaged"]);
    assert_eq!(mirror.json("scrub --since 1d")["files"], 0);
}
