//! `tare update`: what may move, and who must have signed it.

use crate::shelf::{Package, Shelf};

const LORA: &str = "\"lab/lora\" = \"^0.4\"";

/// A project that has locked 1.0.0 of two packages, of which 1.1.0 is out.
fn behind() -> (Shelf, crate::support::Project) {
    let shelf = Shelf::empty();
    let publish = |version| {
        let folders = ["lab/a", "lab/b"].map(|name| {
            shelf.folder(
                &shelf.publisher,
                &Package::model(name, version),
                &[("m.bin", name.as_bytes())],
            )
        });
        let paths = folders.each_ref().map(|folder| folder.path().to_str().unwrap());
        shelf.publisher.tare_with(&["publish", paths[0], paths[1]], "").succeeds();
    };
    publish("1.0.0");
    let project = shelf.consumer("\"lab/a\" = \"1\"\n\"lab/b\" = \"1\"");
    project.tare("install").succeeds();
    publish("1.1.0");
    (shelf, project)
}

#[test]
fn what_is_named_moves_and_the_rest_stays() {
    let (_shelf, project) = behind();
    let updated = project.tare("update lab/a --json").succeeds().json();
    let changes = updated["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!((&changes[0]["package"], &changes[0]["to"]), (&"lab/a".into(), &"1.1.0".into()));
    assert!(project.tare("update").succeeds().stderr.contains("Updating lab/b 1.0.0 -> 1.1.0"));
    project.tare("update").succeeds().says(&["as new as Tare.toml allows"]);
    project.tare("update lab/c").ends_with(5).says(&["E-NOT-LOCKED"]);
}

#[test]
fn a_dry_run_tells_and_changes_nothing() {
    let (_shelf, project) = behind();
    let before = project.read("Tare.lock");
    let told = project.tare("update --dry-run").succeeds();
    told.says(&["Updating lab/a 1.0.0 -> 1.1.0", "nothing was written", "To fetch"]);
    assert_eq!(project.read("Tare.lock"), before);
    let told = project.tare("update --dry-run --json").succeeds().stderr;
    let warnings: Vec<serde_json::Value> =
        told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(warnings[0]["warning"], "nothing was written, because of `--dry-run`");
    project.tare("update").succeeds();
    let told = project.tare("update --dry-run").succeeds().says(&["as new as"]);
    assert!(!told.stderr.contains("nothing was written"), "{}", told.stderr);
}

#[test]
fn a_precise_version_is_taken_backwards_too() {
    let (_shelf, project) = behind();
    project.tare("update lab/a --precise 1.1.0").succeeds();
    project
        .tare("update lab/a --precise 1.0.0")
        .succeeds()
        .says(&["Downgrading lab/a 1.1.0 -> 1.0.0"]);
    project.tare("update lab/a --precise 1.7.0").ends_with(5).says(&["1.7.0"]);
    project
        .tare("update --precise 1.0.0")
        .ends_with(2)
        .says(&["`--precise` needs the one package"]);
}

#[test]
fn a_new_signer_is_refused_until_it_is_accepted_by_name() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project.tare("install").succeeds();
    // The owner moves to a new key, or somebody who took over the account does.
    let publisher = &shelf.publisher;
    let new_key = publisher.home().join("keys/new.pem");
    let path = new_key.to_str().unwrap();
    publisher.tare_with(&["keygen", "--output", path], "").succeeds();
    let public = new_key.with_extension("pub");
    publisher.tare_with(&["signer", "add", "lab/lora", public.to_str().unwrap()], "").succeeds();
    shelf.lora(publisher, "0.4.2").tare_with(&["publish", "--key", path], "").succeeds();

    project.tare("install").succeeds();
    let refused = project.tare("update").ends_with(7);
    refused.says(&["E-SIGNER-CHANGED", "lab/lora@0.4.2", "by a way that is not the registry"]);
    assert!(project.read("Tare.lock").contains("0.4.1"));
    let refused = project.tare("add lab/lora@=0.4.2").ends_with(7);
    refused.says(&["the same command with `--accept-signer lab/lora`"]);
    project.tare("add lab/lora@=0.4.2 --accept-signer lab/lora --dry-run").succeeds();
    project.tare("update --accept-signer lab/lora").succeeds();
    project.tare("install").succeeds().says(&["Installed lab/lora@0.4.2"]);
}
