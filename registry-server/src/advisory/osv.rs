//! All advisories in files, for scanners that know nothing of Tare.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use semver::Version;
use serde_json::Value;
use tare_format::PackageName;
use tare_format::advisory::{Advisory, AdvisoryId, Affected, osv};
use tare_store::durable;

use crate::db::{names, releases};
use crate::error::ApiError;
use crate::registry::Registry;

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
        let mut db = self.db.read().await?;
        let mut published: HashMap<PackageName, Vec<Version>> = HashMap::new();
        for name in advisory.packages() {
            let Some(package) = names::package(&mut db, &name.key()).await? else { continue };
            let versions = published.entry(name).or_default();
            for row in releases::of_package(&mut db, package.id).await? {
                versions.push(row.version.parse().map_err(ApiError::internal)?);
            }
        }
        let versions = |one: &Affected| published.get(&one.package).cloned().unwrap_or_default();
        Ok(osv::document(advisory, versions))
    }
}
