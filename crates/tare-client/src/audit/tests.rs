use tare_license::Catalogue;
use tare_license::audit::{Code, Facts, Policy, Profile, Report, audit};
use tare_store::{Content, FolderStore, ObjectKey, ObjectStore as _};

use super::*;
use crate::home::Home;
use crate::lock::make;
use crate::samples::{known, registry, release, release_of, resolution};

/// What the engine says of a project that uses `installed`, with `history` in the local store as well.
fn report(manifest: &str, wanted: &[&str], installed: &[Release], history: &[Release]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::open(Home::new(folder.path())).unwrap();
    let store =
        FolderStore::open(&local.home().documents(), &folder.path().join("staging")).unwrap();
    let all = known(&[installed, history].concat());
    for known in all.values() {
        let bytes = known.release.to_bytes().unwrap();
        store.put(&ObjectKey::Release(known.digest), Content::Bytes(&bytes)).unwrap();
    }
    let manifest = Manifest::parse(manifest).unwrap();
    let lock = make(&registry(), &resolution(wanted, installed), &[], &all);
    let graph = license_graph(&local, &manifest, &lock).unwrap();
    let facts = Facts::new(Profile::Commercial, "2026-11-24".parse().unwrap());
    audit(&graph, &facts, &Policy::default(), Catalogue::builtin())
}

fn under(mut release: Release, license: &str) -> Release {
    release.license = serde_json::from_str(&format!(r#"{{"weights":"{license}"}}"#)).unwrap();
    release
}

#[test]
fn what_is_behind_a_dependency_reaches_the_project() {
    let adapter = release_of("a/adapter@1.0.0", &["a/base@1.0.0"], &[]);
    let base = under(release("a/base@1.0.0"), "CC-BY-NC-4.0");
    let manifest = "[dependencies]\n\"a/adapter\" = \"=1.0.0\"\n";
    let report = report(manifest, &["a/adapter@1.0.0"], &[adapter, base], &[]);
    assert!(report.denied());
    let masked = report.with_code(Code::NcMasked).next().unwrap();
    assert_eq!(masked.node.as_str(), "a/adapter@1.0.0");
    assert_eq!(report.nodes.len(), 2, "a mere project is no node");
}

#[test]
fn a_source_outside_any_registry_has_the_stated_licence() {
    let mut model = release_of("a/m@1.0.0", &[], &["hf:org/base"]);
    model.lineage[0].license = serde_json::from_str(r#"{"weights":"CC-BY-NC-4.0"}"#).unwrap();
    model.lineage[0].relation = LineageRelation::FinetunedFrom;
    let report = report("[dependencies]\n\"a/m\" = \"=1.0.0\"\n", &["a/m@1.0.0"], &[model], &[]);
    assert!(report.denied());
    assert!(report.node("hf:org/base").is_some());
}

#[test]
fn what_is_undisclosed_is_counted() {
    let mut model = release("a/m@1.0.0");
    model.undisclosed = serde_json::from_str(
        r#"[{"relation":"trained-on","description":"hospital notes","reason":"personal-data"}]"#,
    )
    .unwrap();
    let report = report("[dependencies]\n\"a/m\" = \"=1.0.0\"\n", &["a/m@1.0.0"], &[model], &[]);
    assert!(
        report.findings.iter().any(|finding| finding.message.contains("undisclosed")
            || finding.message.contains("not disclosed")),
        "{:?}",
        report.findings
    );
}

#[test]
fn every_relation_has_a_counterpart_of_the_same_name() {
    use DependencyRelation::{Base, Component, Member, Tokenizer};
    use LineageRelation::*;
    let needs = [Base, Tokenizer, Component, Member].map(Relation::Dependency);
    let made = [
        TrainedOn,
        FinetunedFrom,
        AdaptedFrom,
        MergedFrom,
        QuantizedFrom,
        ConvertedFrom,
        DistilledFrom,
        GeneratedBy,
        DerivedFrom,
        EvaluatedOn,
    ]
    .map(Relation::Lineage);
    for relation in needs.into_iter().chain(made) {
        assert_eq!(license_relation(relation).as_str(), relation.as_str());
    }
}

#[test]
fn a_document_that_is_not_here_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::open(Home::new(folder.path())).unwrap();
    let releases = [release("a/m@1.0.0")];
    let lock = make(&registry(), &resolution(&["a/m@1.0.0"], &releases), &[], &known(&releases));
    let manifest = Manifest::parse("[dependencies]\n\"a/m\" = \"=1.0.0\"\n").unwrap();
    let error = license_graph(&local, &manifest, &lock).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("E-NOT-LOCAL", ErrorKind::NotFound));
}
