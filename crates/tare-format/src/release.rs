//! The release document: everything about one version, in canonical JSON (spec/release.md).
//!
//! A publisher derives it from the manifest and the files, and so does the server; the two must be the same bytes. Their
//! SHA-256 is the release's identity in the lock, the log, the signatures and the URL.

mod derive;

use schemars::JsonSchema;
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::decimal::Decimal;
use crate::digest::{Blake3, Sha256};
use crate::manifest::{
    DependencyRelation, Kind, LicenseParts, LineageRelation, LineageSource, Undisclosed,
};
use crate::name::{PackageName, ReleaseId, VariantName};
use crate::path::FilePath;

pub use derive::DeriveError;

/// What the field `format` says.
pub const RELEASE_FORMAT: &str = "tare-release/1";

/// Whether a file travels in the meta archive or as chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileClass {
    /// In the meta archive: what a person or a resolver reads.
    Meta,
    /// As chunks: weights and data.
    Data,
}

/// One file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseFile {
    /// Where it lies in the package.
    pub path: FilePath,
    /// Its size in bytes.
    pub size: u64,
    /// Its name.
    pub sha256: Sha256,
    /// How it travels.
    pub class: FileClass,
    /// Which chunks make it; only for `data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Blake3>,
    /// The only variant that has it; absent when all have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<VariantName>,
    /// Its media type.
    pub media_type: String,
}

/// The meta archive's name and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct MetaArchive {
    /// SHA-256 of the packed bytes.
    pub sha256: Sha256,
    /// Packed size in bytes.
    pub size: u64,
}

/// One dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseDependency {
    /// The package.
    pub name: PackageName,
    /// Which versions will do.
    #[schemars(with = "String")]
    pub requirement: VersionReq,
    /// What it is for.
    pub relation: DependencyRelation,
    /// Which of its variants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<VariantName>,
}

/// One ancestor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseLineage {
    /// The package, or the source outside any registry.
    pub source: LineageSource,
    /// The version; only of a package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub version: Option<Version>,
    /// The revision; only outside a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// How the package came from it.
    pub relation: LineageRelation,
    /// Which part of a data set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// The share of all training data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Decimal>,
    /// What it is under, as the publisher states; only outside a registry.
    #[serde(default, skip_serializing_if = "LicenseParts::is_empty")]
    pub license: LicenseParts,
}

/// The variants that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseVariants {
    /// What is installed when nobody chooses.
    pub default: VariantName,
    /// All of them, sorted.
    pub names: Vec<VariantName>,
}

/// One stated result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseEvaluation {
    /// The data set.
    pub dataset: ReleaseId,
    /// Which part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// What was measured.
    pub metric: String,
    /// The result.
    pub value: Decimal,
    /// The file that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<FilePath>,
}

/// The texts of `[package]` that people read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct About {
    /// One or two sentences.
    pub description: String,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// Where its source is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Where people read about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// Where its documentation is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation: Option<String>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// Task names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// BCP 47 tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// The page that people read first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readme: Option<FilePath>,
}

/// Everything about one version of a package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(title = "Release document")]
pub struct Release {
    /// `tare-release/1`.
    pub format: String,
    /// The package.
    pub name: PackageName,
    /// Its version.
    #[schemars(with = "String")]
    pub version: Version,
    /// What it is.
    pub kind: Kind,
    /// What people read about it.
    pub about: About,
    /// Which licence each part is under.
    pub license: LicenseParts,
    /// The files that hold the licence texts.
    pub license_files: Vec<FilePath>,
    /// What is needed to use it, sorted by name.
    pub dependencies: Vec<ReleaseDependency>,
    /// What it was made from, sorted by source.
    pub lineage: Vec<ReleaseLineage>,
    /// What it was made from and is not named.
    pub undisclosed: Vec<Undisclosed>,
    /// The variants, when there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variants: Option<ReleaseVariants>,
    /// Every file, sorted by path.
    pub files: Vec<ReleaseFile>,
    /// The archive with the files of class `meta`.
    pub meta: MetaArchive,
    /// The card among the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Sha256>,
    /// Results that the publisher states.
    pub evaluations: Vec<ReleaseEvaluation>,
    /// The tool that derived the document, as `tare 0.1.0`.
    pub tool: String,
}

impl Release {
    /// Reads a release document, which must be in canonical form.
    ///
    /// # Errors
    /// When it is not canonical JSON, or of another format (D-2).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CanonicalError> {
        let release: Self = canonical::from_bytes("release document", bytes)?;
        if release.format != RELEASE_FORMAT {
            return Err(CanonicalError::Value {
                document: "release document",
                found: release.format,
            });
        }
        Ok(release)
    }

    /// The document's bytes.
    ///
    /// # Errors
    /// When a number has no canonical form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_bytes("release document", self)
    }

    /// `ns/name@version`.
    #[must_use]
    pub fn id(&self) -> ReleaseId {
        ReleaseId { name: self.name.clone(), version: self.version.clone() }
    }

    /// The files that `variant` has: its own, and those of all.
    pub fn files_of<'a>(
        &'a self,
        variant: Option<&'a VariantName>,
    ) -> impl Iterator<Item = &'a ReleaseFile> {
        self.files
            .iter()
            .filter(move |file| file.variant.is_none() || file.variant.as_ref() == variant)
    }

    /// The size of the files of class `meta` in bytes, unpacked.
    #[must_use]
    pub fn meta_size(&self) -> u64 {
        let meta = self.files.iter().filter(|file| file.class == FileClass::Meta);
        meta.map(|file| file.size).fold(0, u64::saturating_add)
    }

    /// The size of all files in bytes.
    #[must_use]
    pub fn total_size(&self) -> u64 {
        self.files.iter().map(|file| file.size).fold(0, u64::saturating_add)
    }
}
