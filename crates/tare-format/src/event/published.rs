//! What an event says of a release, and of the keys that may sign it.

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::manifest::{Kind, LicenseParts};
use crate::name::{PackageName, ReleaseId, VariantName};
use crate::release::ReleaseDependency;

/// A public key that may sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SignerKey {
    /// SHA-256 of the key's SubjectPublicKeyInfo in DER.
    pub id: Sha256,
    /// The SubjectPublicKeyInfo as PEM.
    pub pem: String,
}

/// What a package page says of one version: enough to resolve, and the digests of everything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Published {
    /// The package.
    pub package: PackageName,
    /// The version.
    #[schemars(with = "String")]
    pub version: Version,
    /// What it is.
    pub kind: Kind,
    /// The release document.
    pub release: Sha256,
    /// The release document's size in bytes.
    pub release_size: u64,
    /// What is needed to use it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<ReleaseDependency>,
    /// The variants' names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<VariantName>,
    /// The variant that is installed when nobody chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_variant: Option<VariantName>,
    /// Which licence each part is under.
    pub license: LicenseParts,
    /// The size of all files in bytes.
    pub size: u64,
    /// The signatures, so that a mirror cannot drop one unnoticed.
    pub signatures: Vec<SignatureRef>,
}

/// A signature bundle by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SignatureRef {
    /// SHA-256 of the bundle's bytes.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
}

impl Published {
    /// The package and version.
    #[must_use]
    pub fn id(&self) -> ReleaseId {
        ReleaseId { name: self.package.clone(), version: self.version.clone() }
    }
}
