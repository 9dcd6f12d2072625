//! Bad input: each with a clear error, what to do, the right exit code, and nothing left in the registry.

use crate::support::{Project, Registry, model, safetensors};

/// Packages a manifest with some files, insists on an exit code, and gives what was said.
fn packaged(manifest: &str, files: &[(&str, &[u8])], code: i32) -> crate::support::Outcome {
    let project = Project::new();
    project.write("Tare.toml", manifest);
    for (path, bytes) in files {
        project.write(path, bytes);
    }
    project.tare("package").ends_with(code)
}

#[test]
fn an_unknown_key_is_shown_where_it_is_with_the_nearest() {
    let manifest = model("lab/tiny", "1.0.0").replace("description", "desciption");
    packaged(&manifest, &[], 2).says(&[
        "error: unknown key `desciption`",
        "Tare.toml:5:1",
        "5 | desciption = \"A small model.\"",
        "  | ^",
        "help: did you mean `description`?",
    ]);
}

#[test]
fn a_wrong_type_a_range_in_lineage_and_a_bad_version_have_a_place() {
    let bad = |find: &str, replace: &str| model("lab/tiny", "1.0.0").replace(find, replace);
    packaged(&bad("\"1.0.0\"", "1"), &[], 2).says(&["Tare.toml:3:11", "expected"]);
    packaged(&bad("\"1.0.0\"", "\"1.0\""), &[], 2)
        .says(&["Tare.toml:3:11", "not a semantic version"]);
    let lineage = "[lineage]\n\"a/b\" = { version = \"^1\", relation = \"trained-on\" }\n";
    let manifest = model("lab/tiny", "1.0.0") + lineage;
    packaged(&manifest, &[], 2).says(&["is a range: lineage is history", "Tare.toml:10:"]);
}

#[test]
fn a_licence_that_nobody_knows_is_refused_with_the_nearest() {
    let manifest = model("lab/tiny", "1.0.0").replace("\"MIT\"", "\"Apache2\"");
    packaged(&manifest, &[], 2).says(&[
        "`Apache2` is no licence",
        "did you mean `Apache-2.0`?",
        "Tare.toml:8:11",
    ]);
}

#[test]
fn missing_files_and_globs_that_match_nothing_are_named() {
    let readme = model("lab/tiny", "1.0.0").replace("kind", "readme = \"READ.md\"\nkind");
    packaged(&readme, &[], 2).says(&["`READ.md` is not among the files", "Tare.toml:4:10"]);
    let variant = model("lab/tiny", "1.0.0") + "[variants.bf16]\nfiles = [\"*.safetensors\"]\n";
    packaged(&variant, &[], 2).says(&["`*.safetensors` matches no file", "Tare.toml:10:"]);
    let two = "[variants]\ndefault = \"a\"\n[variants.a]\nfiles = [\"w.bin\"]\n[variants.b]\nfiles = [\"*.bin\"]\n";
    let manifest = model("lab/tiny", "1.0.0") + two;
    packaged(&manifest, &[("w.bin", b"x")], 2).says(&["`w.bin` is in two variants, `a` and `b`"]);
}

#[test]
fn a_damaged_tensor_file_is_not_packaged() {
    let mut bytes = safetensors::model(1, 3, 100);
    bytes.truncate(bytes.len() - 7);
    let manifest = model("lab/tiny", "1.0.0");
    packaged(&manifest, &[("w.safetensors", &bytes)], 6)
        .says(&["`w.safetensors` is damaged", "caused by: malformed safetensors"]);
    let mut flipped = safetensors::model(1, 3, 100);
    flipped[9] ^= 0x40;
    packaged(&manifest, &[("w.safetensors", &flipped)], 6).says(&["[E-DAMAGED]"]);
    packaged(&manifest, &[("m.gguf", b"GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff")], 6)
        .says(&["GGUF"]);
}

#[cfg(unix)]
#[test]
fn a_link_in_the_folder_is_an_error() {
    let project = Project::new();
    project.write("Tare.toml", model("lab/tiny", "1.0.0"));
    std::os::unix::fs::symlink("/etc/passwd", project.path().join("w.bin")).unwrap();
    project.tare("package").ends_with(1).says(&[
        "`w.bin` is a symbolic link",
        "[E-SYMLINK]",
        "help: put the file itself",
    ]);
}

#[test]
fn without_a_manifest_a_package_or_a_key_it_is_said_what_to_run() {
    let registry = Registry::start();
    let project = Project::new();
    project
        .tare("package")
        .ends_with(2)
        .says(&["there is no `Tare.toml`", "help: make one with `tare init`"]);
    project.tare("publish").ends_with(2).says(&["no registry is chosen", "tare login"]);
    registry.log_in(&project, &registry.token("ada", &["publish:*"]));
    project.tare("init").succeeds();
    project.tare("publish").ends_with(2).says(&["has no `[package]`"]);
    std::fs::remove_file(project.path().join("Tare.toml")).unwrap();
    project.write("Tare.toml", model("lab/tiny", "1.0.0"));
    project
        .tare("publish")
        .ends_with(2)
        .says(&["there is no key", "help: make one with `tare keygen`"]);
}

#[test]
fn a_wrong_password_opens_no_key() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    project.write("Tare.toml", model("lab/tiny", "1.0.0"));
    project.tare("keygen --output ../locked.pem").succeeds();
    let publish = "publish --key ../locked.pem";
    let other = project.clone().with("TARE_KEY_PASSWORD", "wrong");
    other.tare(publish).ends_with(4).says(&["wrong passphrase"]);
    let nobody = project.clone().with("TARE_KEY_PASSWORD", "");
    nobody.tare(publish).ends_with(4).says(&["set TARE_KEY_PASSWORD"]);
    assert!(!registry.public("packages/lab/tiny").exists());
    project.tare(publish).succeeds();
}

#[test]
fn a_token_without_the_scope_and_a_name_that_folds_onto_another_are_refused() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    project.write("Tare.toml", model("lab/tiny-chat", "1.0.0"));
    project.tare("publish").succeeds();
    project.write("Tare.toml", model("lab/Tiny_Chat", "1.1.0"));
    project.tare("publish").ends_with(1).says(&["lab/tiny-chat", "[E-NAME-TAKEN]"]);
    registry.log_in(&project, &registry.token("ada", &["publish:other/*"]));
    project.write("Tare.toml", model("lab/tiny-chat", "1.1.0"));
    project.tare("publish").ends_with(4).says(&["[E-SCOPE-MISSING]", "help: "]);
}

#[test]
fn a_manifest_can_forbid_a_registry() {
    let registry = Registry::start();
    let project = registry.publisher("ada");
    let only =
        |to: &str| model("lab/tiny", "1.0.0").replace("kind", &format!("publish = {to}\nkind"));
    project.write("Tare.toml", only("false"));
    project.tare("publish").ends_with(2).says(&["`main`", "`publish = false`"]);
    project.write("Tare.toml", only("[\"intern\"]"));
    project.tare("publish").ends_with(2).says(&["choose one of intern"]);
    project.write("Tare.toml", only("[\"main\"]"));
    project.tare("publish").succeeds();
}
