//! `tare audit`: what comes from below is seen above.

use crate::shelf::{Package, Shelf, noise};
use crate::support::Project;

/// A permissive adapter on a base that is not for commercial use, installed; the registry is gone.
fn masked() -> Project {
    let shelf = Shelf::empty();
    let base = Package { license: "CC-BY-NC-4.0", ..Package::model("lab/base", "1.0.0") };
    let more = "[dependencies]\n\"lab/base\" = { version = \"=1.0.0\", relation = \"base\" }\n";
    let lora = Package {
        kind: "adapter",
        license: "Apache-2.0",
        more,
        ..Package::model("lab/lora", "1.0.0")
    };
    shelf.publish(&base, &[("w.bin", &noise(1, 100))]);
    shelf.publish(&lora, &[("l.bin", &noise(2, 100))]);
    let project = shelf.consumer("\"lab/lora\" = \"1\"");
    project.tare("install").succeeds();
    project
}

#[test]
fn a_non_commercial_ancestor_is_found_behind_a_permissive_tag() {
    let project = masked();
    let audit = project.tare("audit").ends_with(10).says(&["E-AUDIT-DENIED"]);
    for text in [
        "non-commercial: denied for commercial use",
        "NC-MASKED",
        "lab/lora@1.0.0 --base--> lab/base@1.0.0",
        "fix: ",
    ] {
        assert!(audit.stdout.contains(text), "{text} in {}", audit.stdout);
    }
    project.tare("audit --profile research").succeeds();
    project.tare("audit --profile fun").ends_with(2).says(&["not an audit profile"]);
}

#[test]
fn the_report_in_json_has_the_path_that_causes_it() {
    let project = masked();
    let outcome = project.tare("audit --json").ends_with(10);
    let report = outcome.json();
    assert_eq!((&report["headline"], &report["denied"]), (&"non-commercial".into(), &true.into()));
    let findings = report["findings"].as_array().unwrap();
    let masked = findings.iter().find(|finding| finding["name"] == "NC-MASKED").unwrap();
    assert_eq!(masked["paths"][0]["steps"][1]["node"], "lab/base@1.0.0");
}

#[test]
fn an_exception_that_somebody_answers_for_lets_it_pass() {
    let project = masked();
    let exception = |expires: &str| {
        format!(
            "[[exception]]\npackage = \"lab/base\"\nlicense = \"CC-BY-NC-4.0\"\nreason = \"a contract\"\napprover = \"ann\"\nexpires = \"{expires}\"\n"
        )
    };
    project.write("audit.toml", exception("2000-01-01"));
    project.tare("audit").ends_with(10);
    project.write("other.toml", "[policy]\nallow-classes = [\"unknown\"]\n");
    project.tare("audit --policy other.toml").ends_with(2).says(&["what is unknown never passes"]);
    project.write("other.toml", "[policy]\nlicenses = []\n");
    project.tare("audit --policy other.toml").ends_with(2).says(&["other.toml", "licenses"]);
    project.tare("audit --policy nowhere.toml").ends_with(1).says(&["nowhere.toml"]);
}

#[test]
fn an_unknown_licence_never_passes() {
    let shelf = Shelf::empty();
    let package = Package { license: "NOASSERTION", ..Package::model("lab/m", "1.0.0") };
    shelf.publish(&package, &[("m.bin", b"m")]);
    let project = shelf.consumer("\"lab/m\" = \"1\"");
    project.tare("install").succeeds();
    let audit = project.tare("audit").ends_with(10);
    assert!(audit.stdout.contains("unknown: denied"), "{}", audit.stdout);
}

#[test]
fn a_training_set_is_contested_and_said_to_be() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer("\"lab/lora\" = \"^0.4\"");
    project.tare("install").succeeds();
    let audit = project.tare("audit").succeeds().stdout;
    assert!(audit.contains("contested") && audit.contains("lab/chats@1.0.0"), "{audit}");
    assert!(audit.contains("not legal advice"), "{audit}");
}

#[test]
fn a_package_is_audited_before_it_is_published() {
    let shelf = Shelf::with_family();
    let manifest = "[package]\nname = \"me/mine\"\nversion = \"0.1.0\"\nkind = \"model\"\ndescription = \"Mine.\"\n\
                    [license]\nweights = \"MIT\"\n\
                    [lineage]\n\"lab/chats\" = { version = \"=1.0.0\", relation = \"trained-on\" }\n\
                    \"hf:org/base\" = { revision = \"abc\", relation = \"finetuned-from\", license = { weights = \"CC-BY-NC-4.0\" } }\n";
    let project = shelf.consumer("");
    project.write("Tare.toml", manifest).tare("lock").succeeds();
    let audit = project.tare("audit").ends_with(10);
    assert!(
        audit.stdout.contains("me/mine@0.1.0 --finetuned-from--> hf:org/base@abc"),
        "{}",
        audit.stdout
    );
}

#[test]
fn what_was_withdrawn_since_is_said() {
    let shelf = Shelf::with_family();
    let project = shelf.consumer("\"lab/lora\" = \"^0.4\"");
    project.tare("install").succeeds();
    shelf
        .publisher
        .tare_with(&["withdraw", "lab/chats@1.0.0", "--reason", "consent"], "")
        .succeeds();
    project.tare("info lab/chats").succeeds();
    let report = project.tare("audit --json").json();
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["node"] == "lab/chats@1.0.0"
        && finding["message"].as_str().unwrap().contains("withdrawn")));
}
