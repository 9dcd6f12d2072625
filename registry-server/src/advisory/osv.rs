//! Advisories as OSV documents (schema 1.7), for scanners that know nothing of Tare.
//!
//! OSV has no ecosystem for models and data sets and no severity but CVSS, so the ecosystem is our own word, and what OSV has no
//! field for stands under `database_specific.tare`. Affected versions are listed one by one: a scanner need not read our
//! requirements.

use std::collections::BTreeMap;
use std::path::Path;

use semver::Version;
use serde_json::{Map, Value, json};
use tare_format::advisory::{Advisory, AdvisoryId, Affected, AffectedVersions};
use tare_store::durable;

use crate::db::{names, releases};
use crate::error::ApiError;
use crate::registry::Registry;

/// The version of OSV's schema that the documents are of.
const SCHEMA_VERSION: &str = "1.7.0";
/// What stands in the place of an ecosystem.
const ECOSYSTEM: &str = "Tare";
/// Every advisory as it was logged, one document a line.
const LINES: &str = "advisories.jsonl";

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Exported {
    /// How many OSV documents: one for each id.
    pub documents: usize,
    /// How many lines: one for each version of each advisory.
    pub lines: usize,
}

impl Registry {
    /// Writes an OSV document `<id>.json` for each advisory into a folder, and all of them as they were logged into
    /// `advisories.jsonl`, where a later line of an id takes the place of the one before.
    ///
    /// # Errors
    /// When the database cannot be read or the folder not written.
    pub async fn export_osv(&self, folder: &Path) -> Result<Exported, ApiError> {
        let advisories = self.advisories().await?;
        let mut lines = String::new();
        let mut newest: BTreeMap<&AdvisoryId, &Advisory> = BTreeMap::new();
        for advisory in &advisories {
            lines.push_str(&serde_json::to_string(advisory).map_err(ApiError::internal)?);
            lines.push('\n');
            newest.insert(&advisory.id, advisory);
        }
        for (id, advisory) in &newest {
            let document = self.osv(advisory).await?;
            let mut text = serde_json::to_string_pretty(&document).map_err(ApiError::internal)?;
            text.push('\n');
            let path = folder.join(format!("{id}.json"));
            durable::write(&path, text.as_bytes()).map_err(ApiError::internal)?;
        }
        durable::write(&folder.join(LINES), lines.as_bytes()).map_err(ApiError::internal)?;
        Ok(Exported { documents: newest.len(), lines: advisories.len() })
    }

    async fn osv(&self, advisory: &Advisory) -> Result<Value, ApiError> {
        let mut affected = Vec::new();
        for one in &advisory.affected {
            affected.push(self.osv_affected(one).await?);
        }
        let mut document = json!({
            "schema_version": SCHEMA_VERSION,
            "id": advisory.id,
            "modified": advisory.modified,
            "published": advisory.published,
            "summary": advisory.summary,
            "affected": affected,
            "database_specific": { "tare": specific(advisory) },
        });
        let references: Vec<Value> =
            advisory.references.iter().map(|url| json!({ "type": "WEB", "url": url })).collect();
        for (field, value, is_there) in [
            ("withdrawn", json!(advisory.withdrawn), advisory.withdrawn.is_some()),
            ("aliases", json!(advisory.aliases), !advisory.aliases.is_empty()),
            ("details", json!(advisory.details), advisory.details.is_some()),
            ("references", json!(references), !references.is_empty()),
        ] {
            if is_there {
                document[field] = value;
            }
        }
        Ok(document)
    }

    /// One package with the versions that are here and affected.
    async fn osv_affected(&self, affected: &Affected) -> Result<Value, ApiError> {
        let mut db = self.db.read().await?;
        let mut versions: Vec<Version> = Vec::new();
        if let Some(package) = names::package(&mut db, &affected.package.key()).await? {
            for row in releases::of_package(&mut db, package.id).await? {
                versions.push(row.version.parse().map_err(ApiError::internal)?);
            }
        }
        versions.retain(|version| affected.versions.contains(version));
        versions.sort();
        let mut value = json!({
            "package": { "ecosystem": ECOSYSTEM, "name": affected.package },
            "versions": versions,
            "database_specific": { "requirement": affected.versions.to_string() },
        });
        if affected.versions == AffectedVersions::All {
            value["ranges"] = json!([{ "type": "SEMVER", "events": [{ "introduced": "0" }] }]);
        }
        Ok(value)
    }
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
    ] {
        map.insert(field.to_owned(), value);
    }
    if let Some(successor) = &advisory.superseded_by {
        map.insert("superseded_by".to_owned(), json!(successor.to_string()));
    }
    if let Some(remediation) = &advisory.remediation {
        map.insert("remediation".to_owned(), json!(remediation));
    }
    map
}
