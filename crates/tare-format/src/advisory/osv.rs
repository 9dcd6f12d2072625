//! An advisory as an OSV document (schema 1.7), for scanners that know nothing of Tare.
//!
//! OSV has no ecosystem for models and data sets and no severity but CVSS, so the ecosystem is our own word, and what OSV has
//! no field for stands under `database_specific.tare`. Affected versions are listed one by one: a scanner need not read our
//! requirements.

use semver::Version;
use serde_json::{Map, Value, json};

use super::{Advisory, Affected, AffectedVersions};

/// The version of OSV's schema that the documents are of.
const SCHEMA_VERSION: &str = "1.7.0";
/// What stands in the place of an ecosystem.
const ECOSYSTEM: &str = "Tare";

/// The OSV document of an advisory. `published` are the versions that there are of a package, in any order.
pub fn document(advisory: &Advisory, published: impl Fn(&Affected) -> Vec<Version>) -> Value {
    let affected: Vec<Value> =
        advisory.affected.iter().map(|one| package(one, published(one))).collect();
    let references: Vec<Value> =
        advisory.references.iter().map(|url| json!({ "type": "WEB", "url": url })).collect();
    let mut document = Map::new();
    for (field, value) in [
        ("schema_version", json!(SCHEMA_VERSION)),
        ("id", json!(advisory.id)),
        ("modified", json!(advisory.modified)),
        ("published", json!(advisory.published)),
        ("withdrawn", json!(advisory.withdrawn)),
        ("aliases", list(&advisory.aliases)),
        ("summary", json!(advisory.summary)),
        ("details", json!(advisory.details)),
        ("references", list(&references)),
        ("database_specific", json!({ "tare": specific(advisory) })),
    ] {
        if !value.is_null() {
            document.insert(field.to_owned(), value);
        }
    }
    document.insert("affected".to_owned(), json!(affected));
    Value::Object(document)
}

/// A list that is left out when it is empty.
fn list<T: serde::Serialize>(list: &[T]) -> Value {
    if list.is_empty() { Value::Null } else { json!(list) }
}

/// One package with the versions that there are and that are affected.
fn package(affected: &Affected, mut versions: Vec<Version>) -> Value {
    versions.retain(|version| affected.versions.contains(version));
    versions.sort();
    let mut value = json!({
        "package": { "ecosystem": ECOSYSTEM, "name": affected.package },
        "versions": versions,
        "database_specific": { "requirement": affected.versions.to_string() },
    });
    if affected.versions == AffectedVersions::All
        && let Some(object) = value.as_object_mut()
    {
        let ranges = json!([{ "type": "SEMVER", "events": [{ "introduced": "0" }] }]);
        object.insert("ranges".to_owned(), ranges);
    }
    value
}

/// What OSV has no field for.
fn specific(advisory: &Advisory) -> Map<String, Value> {
    let hashes: Vec<String> =
        advisory.hashes.iter().map(|hash| format!("sha256:{}", hash.hex())).collect();
    let mut map = Map::new();
    for (field, value) in [
        ("kind", json!(advisory.kind)),
        ("action", json!(advisory.action)),
        ("severity", json!(advisory.severity)),
        ("propagates", json!(advisory.propagates)),
        ("confidence", json!(advisory.confidence)),
        ("affects_hashes", json!(hashes)),
        ("superseded_by", json!(advisory.superseded_by.as_ref().map(ToString::to_string))),
        ("remediation", json!(advisory.remediation)),
    ] {
        if !value.is_null() {
            map.insert(field.to_owned(), value);
        }
    }
    map
}
