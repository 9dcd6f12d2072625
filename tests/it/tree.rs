//! `tare tree`, `tare why`, `tare path` and `tare info`: what is used, why, where, and what it is.

use crate::shelf::{Package, Shelf};
use crate::support::Project;

fn installed() -> (Shelf, Project) {
    let shelf = Shelf::with_family();
    let project = shelf.consumer("\"lab/lora\" = \"^0.4\"");
    project.tare("install").succeeds();
    (shelf, project)
}

#[test]
fn a_tree_shows_what_is_used_with_its_classes() {
    let (shelf, project) = installed();
    drop(shelf);
    let tree = project.tare("tree").succeeds().stdout;
    let expected = "project\n\
        └── component: lab/lora@0.4.1  adapter  49.0 KiB  weights: MIT [permissive]\n    \
        └── base: lab/base@1.0.0:f32  model  293.3 KiB  weights: Apache-2.0 [permissive]\n";
    let sizes = |text: &str| {
        text.split("  ").filter(|part| !part.ends_with("KiB")).collect::<Vec<_>>().join("  ")
    };
    assert_eq!(sizes(&tree), sizes(expected));

    let lineage = project.tare("tree --lineage").succeeds().stdout;
    assert!(lineage.contains("trained-on: lab/chats@1.0.0"), "{lineage}");
    assert!(lineage.contains("data: CC-BY-NC-4.0 [non-commercial]"), "{lineage}");
    let shallow = project.tare("tree --depth 1").succeeds().stdout;
    assert_eq!(shallow.lines().count(), 2);
}

#[test]
fn a_tree_in_json_has_every_node_and_edge() {
    let (_shelf, project) = installed();
    let tree = project.tare("tree --lineage --json").succeeds().json();
    let nodes = tree["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 5);
    let chats = nodes.iter().find(|node| node["id"] == "lab/chats@1.0.0").unwrap();
    assert_eq!(
        (&chats["installed"], &chats["classes"]["data"][0]),
        (&false.into(), &"non-commercial".into())
    );
}

#[test]
fn why_shows_every_way() {
    let (_shelf, project) = installed();
    let why = project.tare("why lab/web").succeeds().stdout;
    assert!(why.contains("project --component--> lab/lora@0.4.1 --base--> lab/base@1.0.0 --trained-on--> lab/web@1.0.0"));
    let ways = project.tare("why lab/base --json").succeeds().json();
    assert_eq!(ways["releases"][0]["ways"].as_array().unwrap().len(), 1);
    project.tare("why lab/nothing").ends_with(5).says(&["tare tree --lineage"]);
}

#[test]
fn path_asks_which_of_several_versions_is_meant() {
    let shelf = Shelf::empty();
    let of = |version| shelf.publish(&Package::model("lab/x", version), &[("x.bin", b"x")]);
    of("1.0.0");
    of("2.0.0");
    for (name, more) in [
        ("lab/a", "[dependencies]\n\"lab/x\" = \"1\""),
        ("lab/b", "[dependencies]\n\"lab/x\" = \"2\""),
    ] {
        shelf.publish(&Package { more, ..Package::model(name, "1.0.0") }, &[("m.bin", b"m")]);
    }
    let both = "\"lab/a\" = \"1\"\n\"lab/b\" = \"1\"";
    let project = shelf.consumer(both);
    project.tare("install").succeeds();
    let asked = project.tare("path lab/x").ends_with(2);
    asked.says(&["`lab/x@1.0.0`, `lab/x@2.0.0`", "`tare path lab/x@1.0.0`"]);
    let first = project.tare("path lab/x@1.0.0").succeeds().stdout;
    let own = shelf.consumer(&format!("{both}\n\"lab/x\" = \"1\""));
    own.tare("install").succeeds();
    let name = |path: &str| std::path::Path::new(path.trim_end()).file_name().unwrap().to_owned();
    assert_eq!(name(&own.tare("path lab/x").succeeds().stdout), name(&first));
}

#[test]
fn path_prints_the_folder_and_nothing_else() {
    let (_shelf, project) = installed();
    let path = project.tare("path lab/base").succeeds().stdout;
    let folder = std::path::Path::new(path.trim_end());
    assert!(folder.join("f32.bin").is_file());
    project.tare("path lab/web").ends_with(5).says(&["does not use `lab/web`"]);
    std::fs::remove_dir_all(folder).unwrap();
    project.tare("path lab/base").ends_with(5).says(&["is not installed", "tare install"]);
}

#[test]
fn without_a_lock_the_next_command_is_named() {
    let shelf = Shelf::empty();
    let project = shelf.consumer("");
    let folder = project.path().canonicalize().unwrap();
    for command in ["tree", "why a/b", "path a/b", "verify", "audit"] {
        let said = project.tare(command).ends_with(5);
        said.says(&[&format!("`{}` has no `Tare.lock`", folder.display()), "tare install"]);
    }
}

#[test]
fn info_shows_a_package_and_its_versions() {
    let shelf = Shelf::with_family();
    shelf.publisher.tare_with(&["yank", "lab/lora@0.4.1", "--reason", "it clicks"], "").succeeds();
    let project = shelf.consumer("");
    let base = project.tare("info lab/base").succeeds().stdout;
    for text in [
        "lab/base@1.0.0",
        "The model lab/base.",
        "It is small.",
        "[permissive]",
        "q4",
        "lab/web@1.0.0",
        "sha256:",
    ] {
        assert!(base.contains(text), "{text} in {base}");
    }
    let lora = project.tare("info lab/lora --json").succeeds().json();
    assert_eq!(lora["versions"][0]["yanked"], "it clicks");
    assert_eq!(lora["document"]["dependencies"][0]["name"], "lab/base");
    project.tare("info lab/base@2").ends_with(5).says(&["no version of `lab/base`", "1.0.0"]);
    project.tare("info lab/bass").ends_with(5).says(&["tare search bass"]);
}

#[test]
fn what_a_publisher_writes_cannot_act_on_the_terminal() {
    let shelf = Shelf::empty();
    let manifest = "[package]\nname = \"lab/m\"\nversion = \"1.0.0\"\nkind = \"model\"\ndescription = \"plain\"\nreadme = \"README.md\"\n\
                    [license]\nweights = \"MIT\"\n";
    let folder = shelf.publisher.folder("m");
    folder
        .write("Tare.toml", manifest)
        .write("README.md", "It is\u{1b}]0;evil\u{7} small.\n")
        .write("m.bin", "m");
    folder.tare("publish").succeeds();
    let info = shelf.consumer("").tare("info lab/m").succeeds().stdout;
    assert!(!info.contains('\u{1b}') && info.contains("\\u{1b}]0;evil"), "{info:?}");
}
