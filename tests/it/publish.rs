//! `tare publish` and `tare package`: what is sent, what is refused, and that nothing is half-done.

mod refused;
mod resumed;

use crate::support::{Project, Registry, model, safetensors};

#[test]
fn what_is_published_can_be_read_by_anybody() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    project
        .write("Tare.toml", model("lab/tiny", "1.0.0"))
        .write("w.safetensors", safetensors::model(1, 3, 100));
    let published = project.tare("publish").succeeds();
    let digest = published.stdout.trim().rsplit(':').next().unwrap().to_owned();
    let document =
        std::fs::read(registry.public(&format!("releases/{}/{digest}", &digest[..2]))).unwrap();
    let release: serde_json::Value = serde_json::from_slice(&document).unwrap();
    assert_eq!((&release["name"], &release["version"]), (&"lab/tiny".into(), &"1.0.0".into()));
    let page = std::fs::read_to_string(registry.public("packages/lab/tiny")).unwrap();
    assert!(page.contains("\"signer\"") && page.contains(&digest), "{page}");
}

#[test]
fn a_dry_run_makes_every_check_and_changes_nothing() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    project
        .write("Tare.toml", model("lab/tiny", "1.0.0"))
        .write("w.safetensors", safetensors::model(1, 3, 100));
    project.tare("publish --dry-run").succeeds().says(&["Would publish lab/tiny@1.0.0"]);
    assert!(!registry.public("packages/lab/tiny").exists());
    assert_eq!(registry.stored_bytes(), 0);
    project.write(
        "Tare.toml",
        model("lab/tiny", "1.0.0") + "[dependencies]\n\"lab/nothing\" = \"1\"\n",
    );
    project.tare("publish --dry-run").ends_with(5).says(&["lab/nothing", "[E-MISSING-DEPENDENCY]"]);
}

#[test]
fn a_dry_run_checks_the_key_and_counts_what_would_go() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    project.write("Tare.toml", model("lab/tiny", "1.0.0"));
    project.write("w.safetensors", safetensors::model(1, 10, 10_000));
    let told = project.tare("publish --dry-run --json").succeeds().json();
    assert!(told["bytes"]["sent"].as_u64().unwrap() > 400_000, "{told}");
    let told = project.tare("publish --dry-run").succeeds();
    told.says(&["Would be signed", "Would send up to"]);
    project.tare("publish").succeeds();
    project.write("Tare.toml", model("lab/tiny", "1.1.0"));
    let stranger = project.home().join("keys/other.pem");
    let stranger = stranger.to_str().unwrap();
    project.tare_with(&["keygen", "--output", stranger], "").succeeds();
    project.tare_with(&["publish", "--dry-run", "--key", stranger], "").ends_with(7);
    std::fs::remove_dir_all(project.home().join("keys")).unwrap();
    project.tare("publish --dry-run").succeeds().says(&["no key was checked", "tare keygen"]);
}

#[test]
fn a_second_version_sends_only_what_changed() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    project.write("Tare.toml", model("lab/tiny", "1.0.0"));
    project.write("w.safetensors", safetensors::model(1, 10, 10_000));
    let first = project.tare("publish --json").succeeds().json();
    project.write("Tare.toml", model("lab/tiny", "1.1.0"));
    project.write("w.safetensors", safetensors::model_with_change(1, 10, 10_000, 4));
    let second = project.tare("publish --json").succeeds().json();
    let sent = |published: &serde_json::Value| published["bytes"]["sent"].as_u64().unwrap();
    assert!(sent(&first) > 400_000, "{first}");
    assert!((40_000..50_000).contains(&sent(&second)), "{second}");
}

#[test]
fn the_same_release_twice_is_fine_and_other_content_is_not() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    project
        .write("Tare.toml", model("lab/tiny", "1.0.0"))
        .write("w.safetensors", safetensors::model(1, 1, 10));
    project.tare("publish").succeeds();
    project.tare("publish").succeeds().says(&["Unchanged lab/tiny@1.0.0"]);
    project.write("w.safetensors", safetensors::model(2, 1, 10));
    let refused = project.tare("publish").ends_with(1);
    refused.says(&["lab/tiny@1.0.0", "[E-VERSION-EXISTS]", "help: "]);
}

#[test]
fn a_base_and_its_adapter_are_published_together_or_not_at_all() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    project.write("base/Tare.toml", model("lab/base", "1.0.0"));
    let adapter = |base: &str| {
        let manifest =
            model("lab/adapter", "1.0.0").replace("kind = \"model\"", "kind = \"adapter\"");
        format!(
            "{manifest}[dependencies]\n\"lab/base\" = {{ version = \"={base}\", relation = \"base\" }}\n"
        )
    };
    project.write("adapter/Tare.toml", adapter("2.0.0"));
    project.tare("publish base adapter").ends_with(5);
    assert!(!registry.public("packages/lab/base").exists());
    project.write("adapter/Tare.toml", adapter("1.0.0"));
    // In any order: they are seen together.
    project
        .tare("publish adapter base")
        .succeeds()
        .says(&["Published lab/adapter@1.0.0", "Published lab/base@1.0.0"]);
    project.tare("publish base base").ends_with(2).says(&["is given twice"]);
}

#[test]
fn a_card_without_files_is_a_package() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    let manifest = "[package]\nname = \"lab/notes\"\nversion = \"2020.1.0\"\nkind = \"dataset\"\ncard = \"card.toml\"\n\
                    [license]\ndata = \"LicenseRef-private\"\n";
    project.write("Tare.toml", manifest).write("card.toml", "summary = \"Hospital notes.\"\n");
    project.tare("publish").succeeds();
}

#[test]
fn package_lists_sizes_classes_variants_and_chunks() {
    let project = Project::new();
    let variants = "[variants]\ndefault = \"bf16\"\n[variants.bf16]\nfiles = [\"*.safetensors\"]\n";
    project.write("Tare.toml", model("lab/tiny", "1.0.0") + variants).write("config.json", "{}");
    project
        .write("w.safetensors", safetensors::model(1, 3, 100))
        .write(".secret", "x")
        .write("Tare.lock", "x");
    let listed = project.tare("package --json").succeeds().json();
    let files = listed["files"].as_array().unwrap();
    let column = |key: &str| files.iter().map(|file| file[key].clone()).collect::<Vec<_>>();
    assert_eq!(column("path"), ["Tare.toml", "config.json", "w.safetensors"]);
    assert_eq!(column("class"), ["meta", "meta", "data"]);
    assert_eq!((&files[2]["variant"], &files[2]["chunks"]), (&"bf16".into(), &4.into()));
    let table = project.tare("package --list").succeeds().stdout;
    assert!(table.contains("4 chunks  w.safetensors  :bf16"), "{table}");
}
