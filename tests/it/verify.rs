//! `tare verify`: everything that changed on this machine is named.

use std::fs;
use std::path::PathBuf;

use crate::shelf::{Shelf, files_below, flip};
use crate::support::Project;

/// A project that installed a family from a registry that is gone.
fn installed() -> (Project, PathBuf) {
    installed_from(&Shelf::with_family())
}

fn installed_from(shelf: &Shelf) -> (Project, PathBuf) {
    let project = shelf.consumer("\"lab/lora\" = \"^0.4\"");
    project.tare("install").succeeds();
    let tree = fs::read_link(project.path().join(".tare/packages/lab/lora")).unwrap();
    (project, tree)
}

#[test]
fn an_untouched_project_is_fine_without_a_network() {
    let (project, _) = installed();
    let verified = project.tare("verify --json").succeeds().json();
    assert_eq!(
        (&verified["releases"], verified["differences"].as_array().unwrap().len()),
        (&4.into(), 0)
    );
    project.tare("verify --all").succeeds();
}

#[test]
fn each_file_that_differs_is_named() {
    let shelf = Shelf::with_family();
    let (project, tree) = installed_from(&shelf);
    let file = tree.join("lora.bin");
    let attacks: [(&str, &dyn Fn(), &str); 5] = [
        ("flipped", &|| flip(&file), "content of `lora.bin` is wrong"),
        ("missing", &|| fs::remove_file(&file).unwrap(), "`lora.bin` is missing"),
        (
            "extra",
            &|| fs::write(tree.join("more.py"), "x").unwrap(),
            "`more.py` does not belong to the package",
        ),
        (
            "longer",
            &|| {
                fs::remove_file(&file).unwrap();
                fs::write(&file, [0; 60_000]).unwrap();
            },
            "`lora.bin` has 60000 bytes, not 50000",
        ),
        (
            "symlinked",
            &|| {
                fs::remove_file(&file).unwrap();
                #[cfg(unix)]
                std::os::unix::fs::symlink("/etc/hostname", &file).unwrap();
            },
            "`lora.bin` is not a file",
        ),
    ];
    for (name, attack, says) in attacks {
        attack();
        let verified = project.tare("verify").ends_with(6);
        assert!(verified.stdout.contains(says), "{name}: {}", verified.stdout);
        assert!(verified.stdout.contains("lab/lora@0.4.1"), "{name}: {}", verified.stdout);
        project.tare("verify --repair").ends_with(6);
        project.tare("install").succeeds();
        project.tare("verify").succeeds();
    }
}

#[test]
fn a_signature_that_is_wrong_weighs_most() {
    let (project, _) = installed();
    let evidence = files_below(&project.home().join("evidence"));
    for path in &evidence {
        let text = fs::read_to_string(path).unwrap();
        let (before, rest) = text.split_once("\"id\":\"sha256:").unwrap();
        fs::write(path, format!("{before}\"id\":\"sha256:{}{}", "0".repeat(64), &rest[64..]))
            .unwrap();
    }
    let verified = project.tare("verify").ends_with(7);
    assert!(verified.stdout.contains("signature: lab/lora@0.4.1"), "{}", verified.stdout);
}

#[test]
fn a_lock_that_was_edited_is_a_difference() {
    let (project, _) = installed();
    project.write(
        "Tare.lock",
        project.read("Tare.lock").replace("kind = \"adapter\"", "kind = \"model\""),
    );
    let verified = project.tare("verify").ends_with(6);
    assert!(verified.stdout.contains("`kind` in Tare.lock"), "{}", verified.stdout);
}

#[test]
fn a_link_that_leads_elsewhere_is_a_difference() {
    let (project, _) = installed();
    let link = project.path().join(".tare/packages/lab/base");
    fs::remove_file(&link).unwrap();
    project.tare("verify").ends_with(6);
    project.tare("install").succeeds();
    project.tare("verify").succeeds();
}

#[test]
fn a_file_of_the_store_that_nobody_uses_is_looked_at_too() {
    let (project, tree) = installed();
    flip(&tree.join("lora.bin"));
    project.tare("verify --all").ends_with(6);
    project.tare("cache verify").ends_with(6);
}
