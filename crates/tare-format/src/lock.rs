//! `Tare.lock`: exactly what a project uses, whoever serves it (spec/lock.md).
//!
//! It names registries by id and releases by digest, never a URL, so that the same lock works against any mirror.

use std::fmt::Write as _;

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::manifest::{
    DependencyRelation, Kind, LicenseParts, LineageRelation, LineageSource, ManifestError,
};
use crate::name::{PackageName, ReleaseId, VariantName};
use crate::registry::RegistryId;

/// The version of the format.
pub const LOCK_VERSION: u32 = 1;

/// `Tare.lock`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Tare.lock")]
pub struct Lock {
    /// The version of the format: 1.
    pub version: u32,
    /// Under which heads it was resolved, one a registry, sorted. Information: a lock is as good without it.
    #[serde(default, rename = "head", skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<LockedHead>,
    /// What the project itself asks for, as it was when the lock was made.
    #[serde(default)]
    pub requirements: Vec<LockedRequirement>,
    /// What is installed, sorted by name and version.
    #[serde(default, rename = "package")]
    pub packages: Vec<LockedPackage>,
    /// What the packages were made from and is not installed, sorted by name and version.
    #[serde(default, rename = "ancestor")]
    pub ancestors: Vec<LockedAncestor>,
}

/// The head of a registry's log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LockedHead {
    /// The registry.
    pub registry: RegistryId,
    /// How many events the log had.
    pub size: u64,
    /// The root hash of its tree.
    pub root: Sha256,
}

/// One entry of the project's `[dependencies]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LockedRequirement {
    /// The package.
    pub name: PackageName,
    /// The requirement as text.
    pub requirement: String,
    /// The variant that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<VariantName>,
    /// The release that was chosen.
    #[schemars(with = "String")]
    pub version: Version,
}

/// One release that is installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LockedPackage {
    /// The package.
    pub name: PackageName,
    /// Its version.
    #[schemars(with = "String")]
    pub version: Version,
    /// What it is.
    pub kind: Kind,
    /// The registry that published it.
    pub registry: RegistryId,
    /// The release document.
    pub release: Sha256,
    /// The variant that was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<VariantName>,
    /// The keys that signed it, as they were seen.
    #[serde(default)]
    pub signers: Vec<Sha256>,
    /// What it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<LockedDependency>,
    /// What it was made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lineage: Vec<LockedLineage>,
}

/// One dependency, and the release that was chosen for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LockedDependency {
    /// The release.
    pub package: ReleaseId,
    /// What it is for.
    pub relation: DependencyRelation,
}

/// One ancestor of a locked release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LockedLineage {
    /// The package, or the source outside any registry.
    pub source: LineageSource,
    /// The version; only of a package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub version: Option<Version>,
    /// How it came from it.
    pub relation: LineageRelation,
}

/// Something that is only part of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LockedAncestor {
    /// The package, or the source outside any registry.
    pub source: LineageSource,
    /// The version; only of a package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub version: Option<Version>,
    /// The registry that published it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<RegistryId>,
    /// The release document; absent outside a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Sha256>,
    /// The revision; only outside a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// What the publisher of the descendant says it is under; only outside a registry.
    #[serde(default, skip_serializing_if = "LicenseParts::is_empty")]
    pub license: LicenseParts,
    /// The keys that signed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<Sha256>,
    /// What it was made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lineage: Vec<LockedLineage>,
}

impl Lock {
    /// Reads a lock.
    ///
    /// # Errors
    /// When it is not one, or of a newer version (K-2).
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let lock: Self = crate::manifest::from_toml(text)?;
        if lock.version != LOCK_VERSION {
            let message = format!(
                "the lock has version {}, this tare reads version {LOCK_VERSION}",
                lock.version
            );
            let help = "use a newer tare, or remove the file and run `tare lock`";
            return Err(ManifestError::new(message).help(help).at_path(text, &["version"]));
        }
        Ok(lock)
    }

    /// The lock as text: sorted, one field a line, so that changes merge (K-3).
    ///
    /// # Errors
    /// Only when a value cannot be TOML, which none of these can.
    pub fn to_text(&self) -> Result<String, toml::ser::Error> {
        let mut sorted = self.clone();
        sorted.heads.sort();
        sorted.requirements.sort();
        sorted.packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        sorted.ancestors.sort_by(|a, b| (&a.source, &a.version).cmp(&(&b.source, &b.version)));
        let mut text = String::from("# Made by tare; not meant to be edited by hand.\n");
        let _ = write!(text, "{}", toml::to_string(&sorted)?);
        Ok(text)
    }

    /// The installed release `id`.
    #[must_use]
    pub fn package(&self, id: &ReleaseId) -> Option<&LockedPackage> {
        self.packages
            .iter()
            .find(|package| package.name == id.name && package.version == id.version)
    }
}

impl LockedPackage {
    /// `ns/name@version`.
    #[must_use]
    pub fn id(&self) -> ReleaseId {
        ReleaseId { name: self.name.clone(), version: self.version.clone() }
    }
}
