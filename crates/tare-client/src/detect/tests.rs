use std::fs;

use tare_format::manifest::Manifest;

use super::*;

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn draft(detected: &Detected, kind: Kind) -> String {
    manifest_text(&"lab/tiny".parse().unwrap(), kind, detected)
}

const SAFETENSORS: &[u8] = b"\x02\0\0\0\0\0\0\0{}";

#[test]
fn a_hub_folder_is_read_with_its_licence_and_lineage() {
    let readme = "---\nlicense: apache-2.0\nbase_model: org/base\ndatasets:\n- squad\n- org/data\nlanguage: [en]\n\
                  pipeline_tag: text-generation\ntags: [chat]\n---\n# Tiny";
    let folder = folder(&[("README.md", readme.as_bytes()), ("model.safetensors", SAFETENSORS)]);
    let detected = detect(folder.path()).unwrap();
    assert_eq!(detected.kind, Some(Kind::Model));
    assert_eq!(detected.license.as_ref().unwrap().expression, "Apache-2.0");
    let sources: Vec<_> =
        detected.lineage.iter().map(|ancestor| ancestor.source.as_str()).collect();
    assert_eq!(sources, ["hf:org/base", "hf:datasets/squad", "hf:datasets/org/data"]);
    let text = draft(&detected, Kind::Model);
    let manifest = Manifest::parse(&text).unwrap();
    assert_eq!(manifest.lineage.entries.len(), 3);
    assert!(text.contains("Inferred from README.md"), "{text}");
    assert_eq!(manifest.package.unwrap().tasks, ["text-generation"]);
}

#[test]
fn an_adapter_names_its_base_and_asks_for_the_package() {
    let config = br#"{"base_model_name_or_path":"org/base","revision":null,"peft_type":"LORA","task_type":"CAUSAL_LM"}"#;
    let folder =
        folder(&[("adapter_config.json", config), ("adapter_model.safetensors", SAFETENSORS)]);
    let detected = detect(folder.path()).unwrap();
    assert_eq!(detected.kind, Some(Kind::Adapter));
    assert_eq!(detected.lineage[0].relation, LineageRelation::AdaptedFrom);
    let text = draft(&detected, Kind::Adapter);
    assert!(
        text.contains("# \"namespace/base\" = { version = \"=1.0.0\", relation = \"base\" }"),
        "{text}"
    );
}

#[test]
fn quantizations_become_variants_and_the_usual_one_the_default() {
    let gguf: &[u8] = b"GGUF\x03\0\0\0";
    let folder = folder(&[("m.Q8_0.gguf", gguf), ("m.Q4_K_M.gguf", gguf), ("m-IQ4_XS.gguf", gguf)]);
    let detected = detect(folder.path()).unwrap();
    let names: Vec<_> = detected.variants.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["q4_k_m", "q8_0", "iq4_xs"]);
    let manifest = Manifest::parse(&draft(&detected, Kind::Model)).unwrap();
    assert_eq!(manifest.variants.default.unwrap().as_str(), "q4_k_m");
}

#[test]
fn tables_make_a_data_set_and_nothing_makes_nothing() {
    let tables = folder(&[("penguins.csv", b"species,mass\nAdelie,3750\n"), ("LICENSE", b"CC0\n")]);
    let detected = detect(tables.path()).unwrap();
    assert_eq!(
        (detected.kind, detected.license_files.as_slice()),
        (Some(Kind::Dataset), &["LICENSE".to_owned()][..])
    );
    let manifest = Manifest::parse(&draft(&detected, Kind::Dataset)).unwrap();
    assert_eq!(manifest.license.data.unwrap().as_str(), "NOASSERTION");
    assert_eq!(detect(folder(&[("main.py", b"print()\n")]).path()).unwrap().kind, None);
}

#[test]
fn a_pickle_is_recognised_with_a_warning() {
    let folder = folder(&[("alex.pth", b"\x80\x02}q\x00.")]);
    let detected = detect(folder.path()).unwrap();
    assert_eq!(detected.kind, Some(Kind::Model));
    assert!(detected.warnings[0].contains("run code"));
}

#[test]
fn what_a_readme_says_cannot_break_out_of_its_line() {
    let readme = "---\nlicense: \"x\\\" }\"\ntags: ['\"]', \"\\u001b\"]\nbase_model: 'a\"b/c'\nlanguage: '\"\"'\n---\n";
    let folder = folder(&[("README.md", readme.as_bytes()), ("model.safetensors", SAFETENSORS)]);
    let detected = detect(folder.path()).unwrap();
    let manifest = Manifest::parse(&draft(&detected, Kind::Model)).unwrap();
    assert!(manifest.lineage.entries.is_empty(), "that is no name on a hub");
}

#[test]
fn the_project_is_a_project() {
    let manifest = Manifest::parse(&project_text()).unwrap();
    assert!(manifest.package.is_none() && manifest.dependencies.is_empty());
}
