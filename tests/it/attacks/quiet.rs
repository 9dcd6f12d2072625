//! What a registry or a mirror learns of whoever reads from it.

use std::fs;

use super::lies::{LORA, reader};
use crate::shelf::Shelf;
use crate::support::Evil;

/// The first words of paths that name nothing but a hash, or nothing at all.
const QUIET: [&str; 11] = [
    "head",
    "root",
    "notices",
    "registry.json",
    "state",
    "tile",
    "releases",
    "meta",
    "recipes",
    "locations",
    "packs",
];

fn is_quiet(path: &str) -> bool {
    let kind = path.split(['/', ' ']).next().unwrap();
    QUIET.contains(&kind) || kind == "signatures"
}

#[test]
fn a_lock_that_was_proven_here_is_installed_without_naming_a_package() {
    let shelf = Shelf::with_family();
    let origin = Evil::honest(&shelf.registry.public(""));
    let victim = reader(&origin, &[], LORA);
    victim.project.tare("install").succeeds();
    // What is installed is gone, as on a machine whose disk was tidied; what was proven is not.
    for folder in ["files", "releases"] {
        fs::remove_dir_all(victim.project.home().join(folder)).unwrap();
    }
    fs::remove_dir_all(victim.project.path().join(".tare")).unwrap();
    origin.forget();
    victim.project.tare("install --locked").succeeds();
    let asked = origin.asked();
    let named: Vec<&String> = asked.iter().filter(|path| !is_quiet(path)).collect();
    assert!(named.is_empty(), "{named:?}");
    assert!(asked.iter().any(|path| path.starts_with("packs/")), "{asked:?}");
}

#[test]
fn a_page_that_was_proven_here_is_not_asked_for_again() {
    let shelf = Shelf::with_family();
    let origin = Evil::honest(&shelf.registry.public(""));
    let victim = reader(&origin, &[], LORA);
    victim.project.tare("lock").succeeds();
    fs::remove_dir_all(victim.project.home().join("evidence")).unwrap();
    origin.forget();
    victim.project.tare("install").succeeds();
    let asked = origin.asked();
    assert!(asked.iter().all(|path| is_quiet(path)), "{asked:?}");
}

#[test]
fn a_resolution_names_only_what_it_meets_and_each_once() {
    let shelf = Shelf::with_family();
    let origin = Evil::honest(&shelf.registry.public(""));
    let victim = reader(&origin, &[], LORA);
    origin.forget();
    victim.project.tare("lock").succeeds();
    let mut named: Vec<String> = origin.asked();
    named.retain(|path| !is_quiet(path));
    named.sort();
    // The adapter, its base, and of what both were made.
    let pages = ["base", "chats", "lora", "web"].map(|name| format!("packages/lab/{name}"));
    assert!(named.iter().all(|path| pages.contains(path)), "{named:?}");
    let mut once = named.clone();
    once.dedup();
    assert_eq!(named, once);
}

#[test]
fn nothing_is_asked_for_what_is_here() {
    let shelf = Shelf::with_family();
    let origin = Evil::honest(&shelf.registry.public(""));
    let victim = reader(&origin, &[], LORA);
    victim.project.tare("install").succeeds();
    origin.forget();
    victim.project.tare("install --locked").succeeds();
    victim.project.tare("verify").succeeds();
    assert_eq!(origin.asked(), [""; 0]);
}
