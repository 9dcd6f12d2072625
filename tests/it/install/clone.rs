//! A project that somebody else has locked: what a checkout or a CI job installs.

use crate::shelf::{Shelf, files_below, flip};

#[test]
fn a_committed_lock_installs_everything_that_later_commands_need() {
    let shelf = Shelf::with_family();
    let author = shelf.consumer("\"lab/lora\" = \"^0.4\"\n");
    author.tare("install").succeeds();

    let colleague = shelf.consumer("\"lab/lora\" = \"^0.4\"\n");
    colleague.write("Tare.lock", author.read("Tare.lock"));
    colleague.tare("install --locked").succeeds();
    colleague.tare("verify --offline").succeeds();
    let tree = colleague.tare("tree --lineage --offline").succeeds().stdout;
    assert!(tree.contains("lab/chats@1.0.0"), "{tree}");
}

#[test]
fn an_ancestor_that_is_not_what_the_lock_says_stops_the_install() {
    let shelf = Shelf::with_family();
    let author = shelf.consumer("\"lab/lora\" = \"^0.4\"\n");
    author.tare("install").succeeds();
    let lock = tare_format::lock::Lock::parse(&author.read("Tare.lock")).unwrap();
    let ancestor = lock.ancestors[0].release.unwrap().to_string();
    let wrong = format!("sha256:{}", "0".repeat(64));

    let colleague = shelf.consumer("\"lab/lora\" = \"^0.4\"\n");
    colleague.write("Tare.lock", author.read("Tare.lock").replace(&ancestor, &wrong));
    colleague.tare("install --locked").ends_with(6);
}

#[test]
fn evidence_that_was_damaged_here_is_read_again() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer("\"lab/lora\" = \"^0.4\"\n");
    project.tare("install").succeeds();
    files_below(&project.home().join("evidence")).iter().for_each(|file| flip(file));
    project.tare("install").succeeds();
    project.tare("verify --offline").succeeds();
}
