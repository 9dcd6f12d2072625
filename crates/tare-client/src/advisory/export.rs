//! All advisories of a registry in files, for scanners that know nothing of Tare.

use std::collections::HashMap;
use std::path::Path;

use semver::Version;
use tare_format::PackageName;
use tare_format::advisory::{Affected, osv};
use tare_store::durable;

use super::{AdvisoryError, all, versions};
use crate::source::Source;

/// Every advisory in Tare's own form, one document a line.
const LINES: &str = "advisories.jsonl";

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// How many OSV documents.
    pub documents: usize,
}

/// Writes an OSV document `<id>.json` for each advisory into a folder, and all of them in their newest versions into
/// `advisories.jsonl`.
///
/// # Errors
/// When the notices or the page of a package cannot be proven, or the folder not written.
pub async fn export(source: &Source<'_>, folder: &Path) -> Result<Exported, AdvisoryError> {
    let notices = source.pages().notices().await?;
    let (mut lines, mut documents) = (String::new(), 0);
    for advisory in all(&notices) {
        let mut published: HashMap<&PackageName, Vec<Version>> = HashMap::new();
        for affected in &advisory.affected {
            let known = versions(source, affected).await?;
            published.insert(&affected.package, known.unwrap_or_default());
        }
        let of = |one: &Affected| published.get(&one.package).cloned().unwrap_or_default();
        let mut text = serde_json::to_string_pretty(&osv::document(advisory, of))?;
        text.push('\n');
        durable::write(&folder.join(format!("{}.json", advisory.id)), text.as_bytes())?;
        lines.push_str(&serde_json::to_string(advisory)?);
        lines.push('\n');
        documents += 1;
    }
    durable::write(&folder.join(LINES), lines.as_bytes())?;
    Ok(Exported { documents })
}
