//! `tare cache`: what the store holds, and what may go.

use std::fs;

use registry_server::TakedownRequest;
use tare_format::event::{Class, Scope};

use crate::shelf::{Package, Shelf, files_below, noise};
use crate::support::Project;

#[test]
fn nothing_that_a_project_needs_is_pruned() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer("\"lab/lora\" = \"^0.4\"");
    project.tare("install").succeeds();
    project.tare("pull lab/base:q4").succeeds();
    let listed = project.tare("cache ls --json").succeeds().json();
    assert_eq!(listed["trees"].as_array().unwrap().len(), 3);

    let would = project.tare("cache prune --dry-run").succeeds().stdout;
    assert!(would.contains("lab/base/1.0.0/q4") && !would.contains("f32"), "{would}");
    project.tare("cache prune").succeeds().says(&["Freed 39."]);
    drop(shelf);
    project.tare("install").succeeds().says(&["0 new"]);
    project.tare("verify").succeeds();
    project.tare("tree --lineage").succeeds();
}

#[test]
fn what_a_project_stopped_using_goes() {
    let shelf = Shelf::empty();
    for version in ["1.0.0", "1.1.0"] {
        shelf.publish(
            &Package::model("lab/m", version),
            &[("m.bin", &noise(version.len() as u64 + u64::from(version.as_bytes()[2]), 9_000))],
        );
    }
    let project = shelf.consumer("\"lab/m\" = \"=1.0.0\"");
    project.tare("install").succeeds();
    project.write("Tare.toml", "[dependencies]\n\"lab/m\" = \"1.1\"\n").tare("install").succeeds();
    let contents = |project: &Project| files_below(&project.home().join("files")).len();
    let before = contents(&project);
    project.tare("cache prune").succeeds();
    assert!(contents(&project) < before);
    assert!(!project.home().join("releases/lab/m/1.0.0").exists());
    project.tare("verify").succeeds();
}

#[test]
fn everything_goes_only_when_it_is_said_twice() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer("\"lab/lora\" = \"^0.4\"");
    project.tare("install").succeeds();
    project.tare("cache prune --all").ends_with(2).says(&["--yes"]);
    project.tare("cache prune --all --yes").succeeds();
    assert_eq!(files_below(&project.home().join("files")).len(), 0);
    project.tare("install").succeeds().says(&["2 new"]);
}

#[test]
fn a_lock_that_nobody_can_read_keeps_everything() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer("\"lab/lora\" = \"^0.4\"");
    project.tare("install").succeeds();
    let lock = project.read("Tare.lock");
    project.write("Tare.lock", lock.replace("version = 1\n", "version = 9\n"));
    project.tare("cache prune").ends_with(1).says(&["nobody knows what it needs"]);
    project.write("Tare.lock", lock).tare("verify").succeeds();
}

#[test]
fn a_project_that_is_gone_needs_nothing() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer("\"lab/lora\" = \"^0.4\"");
    project.tare("install").succeeds();
    fs::remove_file(project.path().join("Tare.lock")).unwrap();
    project.tare("cache prune").succeeds();
    assert!(!project.home().join("releases/lab").exists());
    let home = project.tare("cache dir").succeeds().stdout;
    assert_eq!(home.trim_end(), project.home().to_str().unwrap());
}

#[test]
fn what_was_taken_down_goes_although_a_project_needs_it() {
    let shelf = Shelf::empty();
    let (shared, gone) = (noise(20, 300_000), noise(21, 300_000));
    shelf.publish(
        &Package::model("lab/m", "1.0.0"),
        &[("shared.bin", &shared), ("gone.bin", &gone)],
    );
    shelf.publish(&Package::model("lab/n", "1.0.0"), &[("shared.bin", &shared)]);
    let project = shelf.consumer("\"lab/m\" = \"1\"\n\"lab/n\" = \"1\"");
    project.tare("install").succeeds();
    project.tare("cache prune --takedowns").succeeds().says(&["0 B in 0 places"]);
    let app = shelf.registry.app();
    let request = TakedownRequest {
        releases: vec!["lab/m@1.0.0".parse().unwrap()],
        files: Vec::new(),
        class: Class::Malware,
        scope: Scope::Global,
        deadline_hours: None,
        notice: "N-1".to_owned(),
        appeal: None,
        here: true,
    };
    shelf.registry.wait(async {
        app.take_down(&request).await.unwrap();
        app.advance().await.unwrap();
    });
    project.tare("advisory list").succeeds();
    project.tare("verify").ends_with(7).says(&["E-TAKEDOWN"]);
    project.tare("cache verify").ends_with(7).says(&["E-TAKEDOWN"]);
    let would = project.tare("cache prune --takedowns --dry-run").succeeds().stdout;
    assert!(would.contains("lab/m/1.0.0") && !would.contains("lab/n"), "{would}");
    project.tare("cache prune --takedowns").succeeds();
    let window = &gone[1_000..1_064];
    for file in files_below(&project.home()) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(64).any(|part| part == window), "{}", file.display());
    }
    let verified = project.tare("verify").ends_with(7).stdout;
    assert!(verified.contains("lab/m@1.0.0: it was taken down: malware"), "{verified}");
    assert!(!verified.contains("still here") && !verified.contains("lab/n@1.0.0:"), "{verified}");
    project.tare("cache verify").succeeds();
}
