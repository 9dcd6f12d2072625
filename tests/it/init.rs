//! `tare new` and `tare init`: a manifest from what is there, and nothing overwritten.

use crate::support::{Project, safetensors};

const README: &str =
    "---\nlicense: cc-by-nc-4.0\nbase_model: org/base\nlanguage: en\n---\n# Tiny\n";

#[test]
fn an_empty_folder_becomes_a_project() {
    let project = Project::new();
    project
        .tare("init")
        .succeeds()
        .says(&["Created Tare.toml for a project", "no model or data files were recognised"]);
    assert!(project.read("Tare.toml").contains("[dependencies]"));
    assert!(!project.read("Tare.toml").contains("[package]"));
}

#[test]
fn a_hub_folder_becomes_a_package_that_can_be_packaged() {
    let project = Project::new();
    project
        .write("tiny/README.md", README)
        .write("tiny/model.safetensors", safetensors::model(1, 2, 64));
    let made = project.tare("init --from tiny --name lab/tiny --json").succeeds().json();
    assert_eq!((&made["kind"], &made["name"]), (&"model".into(), &"lab/tiny".into()));
    let manifest = project.read("tiny/Tare.toml");
    for expected in [
        "#:schema .tare/manifest.schema.json",
        "CC-BY-NC-4.0",
        "\"hf:org/base\"",
        "Inferred from README.md",
    ] {
        assert!(manifest.contains(expected), "{expected}:\n{manifest}");
    }
    let schema: serde_json::Value =
        serde_json::from_str(&project.read("tiny/.tare/manifest.schema.json")).unwrap();
    assert_eq!(schema["title"], "Tare.toml");
    let packaged = project.tare("package tiny --list").succeeds();
    assert!(packaged.stdout.contains("model.safetensors"), "{}", packaged.stdout);
}

#[test]
fn an_adapter_of_a_hub_is_told_that_it_needs_its_base() {
    let project = Project::new();
    project
        .write("lora/adapter_config.json", "{\"base_model_name_or_path\":\"org/base\"}")
        .write("lora/adapter_model.safetensors", safetensors::model(1, 1, 8));
    project
        .tare("init --from lora --name lab/lora")
        .succeeds()
        .says(&["for an adapter", "an adapter needs its base"]);
    project.tare("package lora").ends_with(2).says(&["base"]);
    let hint = "\"namespace/base\" = { version = \"=1.0.0\", relation = \"base\" }";
    let manifest = project.read("lora/Tare.toml").replace(&format!("# {hint}"), hint);
    project.write("lora/Tare.toml", manifest);
    project.tare("package lora").succeeds();
}

#[test]
fn a_manifest_that_is_there_is_not_touched() {
    let project = Project::new();
    project.write("Tare.toml", "# mine\n");
    project.tare("init").ends_with(2).says(&["already", "[E-EXISTS]"]);
    assert_eq!(project.read("Tare.toml"), "# mine\n");
}

#[test]
fn a_new_package_has_a_folder_a_manifest_and_a_readme() {
    let project = Project::new();
    project
        .tare("new tiny --name lab/tiny --kind dataset")
        .succeeds()
        .says(&["Created tiny/Tare.toml"]);
    assert!(project.read("tiny/Tare.toml").contains("kind = \"dataset\""));
    assert_eq!(project.read("tiny/README.md"), "# tiny\n");
    project.tare("package tiny").succeeds();
    project.tare("new tiny").ends_with(2);
    project
        .tare("new other --kind modle")
        .ends_with(2)
        .says(&["model, adapter, dataset or collection"]);
}

#[test]
fn a_name_is_made_from_the_folder_until_somebody_gives_one() {
    let project = Project::new();
    project.write("My Model (v2)/m.safetensors", safetensors::model(1, 1, 8));
    project
        .tare_with(&["init", "--from", "My Model (v2)"], "")
        .succeeds()
        .says(&["my-namespace/My-Model-v2"]);
    project.tare("init --from nowhere").ends_with(2).says(&["is not a folder"]);
}
