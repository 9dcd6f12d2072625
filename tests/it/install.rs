//! `tare install`: what comes out is what was published, whoever is in between.

mod clone;

use std::fs;
use std::path::Path;

use crate::shelf::{Package, Shelf, files_below, flip, noise};
use crate::support::{Project, safetensors};

const LORA: &str = "\"lab/lora\" = \"^0.4\"";

#[test]
fn an_adapter_comes_with_its_base_byte_for_byte() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project
        .tare("install")
        .succeeds()
        .says(&["Installed lab/lora@0.4.1", "Installed lab/base@1.0.0:f32"]);

    for (link, folder) in [("lora", "lab-lora-0.4.1"), ("base", "lab-base-1.0.0")] {
        let link = project.path().join(".tare/packages/lab").join(link);
        let published = shelf.publisher.folder(folder);
        for file in fs::read_dir(&link).unwrap().map(|entry| entry.unwrap().file_name()) {
            if file != ".tare-ok" {
                let read = |folder: &Path| fs::read(folder.join(&file)).unwrap();
                assert_eq!(read(&link), read(published.path()), "{}", file.display());
            }
        }
    }
    let base = project.path().join(".tare/packages/lab/base");
    assert!(!base.join("q4.bin").exists(), "only the chosen variant is installed");
    assert!(base.join(".tare-ok").is_file());
}

#[test]
fn a_second_install_asks_nobody() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project.tare("install").succeeds();
    let other = project.folder("other");
    other
        .write("Tare.toml", project.read("Tare.toml"))
        .write("Tare.lock", project.read("Tare.lock"));
    drop(shelf);

    project.tare("install").succeeds().says(&["0 new"]);
    other.tare("install").succeeds().says(&["0 new"]);
    assert!(other.path().join(".tare/packages/lab/lora/lora.bin").is_file());
}

#[test]
fn a_tree_that_lost_a_file_is_made_again_without_asking() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA);
    project.tare("install").succeeds();
    drop(shelf);
    let file = project.path().join(".tare/packages/lab/lora/lora.bin");
    fs::remove_file(&file).unwrap();
    project.tare("install").succeeds().says(&["Installed lab/lora@0.4.1"]);
    assert!(file.is_file());
}

#[test]
fn two_installs_at_once_are_as_good_as_one() {
    let shelf = Shelf::with_family();
    let projects: Vec<Project> = {
        let first = shelf.consumer(LORA);
        let more = (0..3).map(|number| first.folder(&format!("p{number}"))).collect::<Vec<_>>();
        for project in &more {
            project.write("Tare.toml", first.read("Tare.toml"));
        }
        [vec![first], more].concat()
    };
    let running: Vec<_> =
        projects.iter().map(|project| project.command(&["install"]).spawn().unwrap()).collect();
    for mut child in running {
        assert!(child.wait().unwrap().success());
    }
    projects.iter().for_each(|project| drop(project.tare("verify").succeeds()));
}

#[test]
fn a_killed_install_goes_on() {
    let shelf = Shelf::empty();
    let weights = safetensors::model(1, 64, 32_768);
    shelf.publish(&Package::model("lab/large", "1.0.0"), &[("model.safetensors", &weights)]);
    let project = shelf.consumer("\"lab/large\" = \"1\"");
    let partial = project.home().join("partial");
    for _ in 0..5 {
        let mut child = project.command(&["install", "--quiet"]).spawn().unwrap();
        // As soon as the first chunks arrive, or when it was faster than we are.
        while files_below(&partial).is_empty() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    project.tare("install").succeeds();
    project.tare("verify").succeeds();
    let installed =
        fs::read(project.path().join(".tare/packages/lab/large/model.safetensors")).unwrap();
    assert_eq!(installed, weights);
    let unfinished = files_below(&partial).into_iter().filter(|path| path.extension().is_some());
    assert_eq!(unfinished.count(), 0, "what was finished leaves nothing over");
}

#[test]
fn what_an_older_version_has_is_not_fetched_again() {
    let shelf = Shelf::empty();
    let versions =
        [safetensors::model(1, 16, 4096), safetensors::model_with_change(1, 16, 4096, 5)];
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.safetensors", &versions[0])]);
    let project = shelf.consumer("\"lab/m\" = \"1\"");
    project.tare("install").succeeds();
    let old = files_below(&shelf.registry.public("packs"));
    shelf.publish(&Package::model("lab/m", "1.1.0"), &[("m.safetensors", &versions[1])]);

    // Without the packs of the first version, only what changed can be had from the registry.
    old.iter().for_each(|pack| fs::remove_file(pack).unwrap());
    project.tare("update").succeeds().says(&["Updating lab/m 1.0.0 -> 1.1.0"]);
    project.tare("install").succeeds();
    let installed = fs::read(project.path().join(".tare/packages/lab/m/m.safetensors")).unwrap();
    assert_eq!(installed, versions[1]);
}

#[test]
fn versions_stand_side_by_side() {
    let shelf = Shelf::empty();
    for version in ["1.0.0", "2.0.0"] {
        shelf.publish(&Package::model("lab/words", version), &[("words.bin", version.as_bytes())]);
    }
    let more = "[dependencies]\n\"lab/words\" = \"1\"\n";
    shelf.publish(&Package { more, ..Package::model("lab/m", "1.0.0") }, &[("m.bin", b"m")]);
    let project = shelf.consumer("\"lab/m\" = \"1\"\n\"lab/words\" = \"2\"");
    project.tare("install").succeeds();
    assert_eq!(project.read(".tare/packages/lab/words/words.bin"), "2.0.0");
    assert_eq!(project.read(".tare/packages/lab/words@1.0.0/words.bin"), "1.0.0");

    project.tare("remove lab/words").succeeds();
    project.tare("install").succeeds();
    assert_eq!(project.read(".tare/packages/lab/words/words.bin"), "1.0.0");
    assert!(
        !project.path().join(".tare/packages/lab/words@1.0.0").exists(),
        "links that are not due go"
    );
}

#[test]
fn two_registries_may_have_a_release_of_the_same_name() {
    let shelves = [Shelf::empty(), Shelf::empty()];
    for (shelf, content) in shelves.iter().zip(["first", "second"]) {
        shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", content.as_bytes())]);
    }
    let first = shelves[0].consumer("\"lab/m\" = \"1\"");
    let second = first.folder("second");
    second.tare(&format!("registry add other {}", shelves[1].registry.url())).succeeds();
    second.write("Tare.toml", first.read("Tare.toml"));
    first.tare("install").succeeds();
    second.tare("install --registry other").succeeds();
    for project in [&first, &second] {
        project.tare("verify").succeeds();
    }
    assert_eq!(first.read(".tare/packages/lab/m/m.bin"), "first");
    assert_eq!(second.read(".tare/packages/lab/m/m.bin"), "second");
}

#[test]
fn a_collection_installs_its_members_and_an_empty_project_nothing() {
    let shelf = Shelf::empty();
    shelf.publish(&Package::model("lab/m", "1.0.0"), &[("m.bin", &noise(1, 10))]);
    let manifest = "[package]\nname = \"lab/all\"\nversion = \"1.0.0\"\nkind = \"collection\"\ndescription = \"All.\"\n\
                    [dependencies]\n\"lab/m\" = { version = \"1\", relation = \"member\" }\n";
    shelf.publisher.folder("all").write("Tare.toml", manifest).tare("publish").succeeds();
    let project = shelf.consumer("\"lab/all\" = \"1\"");
    project.tare("install").succeeds();
    assert!(project.path().join(".tare/packages/lab/m/m.bin").is_file());
    project.write("Tare.toml", "[dependencies]\n").tare("install").succeeds().says(&["0 packages"]);
}

#[test]
fn outside_of_a_project_there_is_nothing_to_install() {
    Project::new().tare("install").ends_with(2).says(&["there is no `Tare.toml`", "tare init"]);
}

#[test]
fn a_disk_that_is_read_only_is_named() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer(LORA).with("TARE_HOME", "/proc/tare");
    let known = format!("install --registry {}", shelf.registry.url());
    project.tare(&known).ends_with(1).says(&["/proc/tare", "TARE_HOME"]);
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
