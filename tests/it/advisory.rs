//! Advisories as people meet them: published, read, exported, and what they forbid.

use std::fs;

use serde_json::Value;
use tare_format::Sha256;
use tare_format::advisory::Advisory;

use crate::shelf::{Package, Shelf, noise};

const ID: &str = "x_TARE-2026-1";
const LORA: &str = "\"lab/lora\" = \"^0.4\"";

/// An advisory in TOML, in as few words as a story needs.
fn advisory(affected: &str, action: &str, propagates: &str) -> String {
    format!(
        "id = \"{ID}\"\nmodified = \"2026-01-02T00:00:00Z\"\npublished = \"2026-01-01T00:00:00Z\"\nsummary = \"It leaks.\"\n\
         kind = \"pii\"\naction = \"{action}\"\nseverity = \"high\"\npropagates = \"{propagates}\"\nconfidence = \"confirmed\"\n\
         superseded-by = \"lab/web@2.0.0\"\nremediation = \"Train it again.\"\n\
         [[affected]]\npackage = \"{affected}\"\nversions = \"all\"\n"
    )
}

/// A family whose owner may also warn of it.
fn shelf() -> Shelf {
    let shelf = Shelf::with_family();
    let token = shelf.registry.token("ann", &["publish:*", "yank:*", "security:lab/*"]);
    shelf.registry.log_in(&shelf.publisher, &token);
    shelf
}

fn publish(shelf: &Shelf, advisory: &str) {
    shelf.publisher.write("advisory.toml", advisory);
    shelf.publisher.tare("advisory publish advisory.toml").succeeds();
}

/// The findings of an audit that are about advisories.
fn advised(report: &Value) -> Vec<Value> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.filter(|finding| !finding["advisory"].is_null()).cloned().collect()
}

fn ignore(until: &str) -> String {
    format!("[[ignore]]\nid = \"{ID}\"\nreason = \"looked at\"\nuntil = \"{until}\"\n")
}

#[test]
fn an_advisory_is_checked_published_listed_shown_and_exported() {
    let shelf = shelf();
    let ann = &shelf.publisher;
    ann.write("advisory.toml", advisory("lab/base", "warn", "none"));
    let dry = ann.tare("advisory publish advisory.toml --dry-run").succeeds();
    assert_eq!(dry.stdout, "lab/base@1.0.0\n");
    let reader = shelf.consumer(LORA);
    assert_eq!(reader.tare("advisory list").succeeds().stdout, "");
    ann.tare("advisory publish advisory.toml").succeeds().says(&["Published", ID]);
    ann.tare("advisory publish advisory.toml").succeeds().says(&["it was so before"]);
    let listed = reader.tare("advisory list lab/base --json").succeeds().json();
    assert_eq!(listed["advisories"][0]["id"], ID);
    assert_eq!(reader.tare("advisory list lab/lora").succeeds().stdout, "");
    let shown = reader.tare(&format!("advisory show {ID}")).succeeds().stdout;
    assert!(shown.contains("It leaks.") && shown.contains("Train it again."), "{shown}");
    reader.tare("advisory show x_TARE-2026-2").ends_with(5).says(&["E-NO-ADVISORY"]);
    reader.tare("advisory export out").succeeds().says(&["1 document"]);
    let osv: Value = serde_json::from_str(&reader.read(&format!("out/{ID}.json"))).unwrap();
    assert_eq!(osv["affected"][0]["versions"], serde_json::json!(["1.0.0"]));
    let line = reader.read("out/advisories.jsonl");
    assert_eq!(Advisory::parse(line.trim_end()).unwrap().id.as_str(), ID);
    drop(shelf);
    reader.tare("advisory list --offline").succeeds();
}

#[test]
fn what_is_no_advisory_is_not_published() {
    let shelf = shelf();
    let good = advisory("lab/base", "warn", "none");
    for (bad, says) in [
        (good.replace("It leaks.", ""), "summary"),
        (good.replace("pii", "rude"), "rude"),
        (good.replace("x_TARE-2026-1", "CVE-1"), "x_TARE-<year>-<number>"),
        ("{}".to_owned(), "is no advisory"),
        (" ".repeat(70_000), "longer"),
    ] {
        shelf.publisher.write("bad", &bad);
        shelf.publisher.tare("advisory publish bad").ends_with(2).says(&[says]);
    }
    shelf.publisher.write("other", good.replace("lab/base", "lab/nothing"));
    shelf.publisher.tare("advisory publish other --dry-run").ends_with(5).says(&["lab/nothing"]);
    let bob = shelf.registry.publisher("bob");
    bob.write("good", good).tare("advisory publish good").ends_with(4);
}

#[test]
fn what_is_to_be_blocked_is_not_installed_unless_somebody_ignores_it() {
    let shelf = shelf();
    let project = shelf.consumer(LORA);
    publish(&shelf, &advisory("lab/base", "block", "none"));
    let refused = ["E-ADVISORY", ID, "lab/base@1.0.0", "lab/web@2.0.0", "Train it again."];
    project.tare("install").ends_with(7).says(&refused);
    assert!(!project.home().join("releases").exists());
    project.tare("pull lab/base").ends_with(7).says(&["E-ADVISORY"]);
    project.write("audit.toml", ignore("2000-01-01")).tare("install").ends_with(7);
    project.write("audit.toml", ignore("9999-01-01")).tare("install").succeeds();
    project.tare("audit").succeeds();
    fs::remove_file(project.path().join("audit.toml")).unwrap();
    project.tare("install --offline").ends_with(7).says(&["E-ADVISORY"]);
    project.tare("audit").ends_with(10).says(&["E-AUDIT-DENIED"]);
}

#[test]
fn an_ancestor_s_harm_comes_down_a_step_at_a_time() {
    let shelf = shelf();
    let project = shelf.consumer(LORA);
    project.tare("install").succeeds();
    project.tare("audit").succeeds();
    publish(&shelf, &advisory("lab/web", "delete", "trained-on"));
    let report = project.tare("audit --json").ends_with(10).json();
    let [finding] = &advised(&report)[..] else { panic!("one finding in {report}") };
    assert_eq!((&finding["code"], &finding["node"]), (&"ADV004".into(), &"lab/base@1.0.0".into()));
    assert_eq!(finding["advisory"]["action"], "quarantine");
    let shown = project.tare("audit --offline").ends_with(10).stdout;
    for text in ["--trained-on--> lab/web@1.0.0", "use `lab/web@2.0.0`", "Advisories of tr1-"] {
        assert!(shown.contains(text), "{text} is not in\n{shown}");
    }
    let withdrawn = advisory("lab/web", "delete", "trained-on").replace(
        "modified = \"2026-01-02",
        "withdrawn = \"2026-01-03T00:00:00Z\"\nmodified = \"2026-01-03",
    );
    publish(&shelf, &withdrawn);
    assert_eq!(advised(&project.tare("audit --json").succeeds().json()), [Value::Null; 0]);
}

#[test]
fn a_copy_under_another_name_is_known_by_its_content() {
    let shelf = shelf();
    let content = noise(7, 5_000);
    shelf.publish(&Package::model("lab/copy", "1.0.0"), &[("w.bin", &content)]);
    let project = shelf.consumer("\"lab/copy\" = \"1\"");
    project.tare("install").succeeds();
    let text = advisory("lab/base", "warn", "none");
    let mut advisory: Advisory = tare_format::manifest::from_toml(&text).unwrap();
    advisory.affected.clear();
    advisory.hashes.push(Sha256::of(&content));
    shelf.registry.wait(async {
        shelf.registry.app().add_advisory(advisory).await.unwrap();
        shelf.registry.app().advance().await.unwrap();
    });
    let report = project.tare("audit --json").succeeds().json();
    let [finding] = &advised(&report)[..] else { panic!("one finding in {report}") };
    assert_eq!((&finding["code"], &finding["severity"]), (&"ADV003".into(), &"warning".into()));
    assert_eq!(finding["advisory"]["digest"], Sha256::of(&content).to_string());
    project.tare("install").succeeds().says(&["warning", ID, "lab/copy@1.0.0"]);
}

#[test]
fn an_audit_goes_on_without_the_registry_and_says_how_old_its_notices_are() {
    let shelf = shelf();
    publish(&shelf, &advisory("lab/base", "warn", "none"));
    let project = shelf.consumer(LORA);
    project.tare("install").succeeds().says(&[ID]);
    drop(shelf);
    let audit = project.tare("audit --json").succeeds().says(&["notices are not to be had"]);
    let report = audit.json();
    assert_eq!(advised(&report).len(), 1, "{report}");
    assert!(report["notices"][0]["as-of"].is_string(), "{report}");
}
