//! `bundle.json`: what a bundle holds (spec/bundles.md).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::lock::LockedHead;

/// What the field `format` says.
pub const BUNDLE_FORMAT: &str = "tare-bundle/1";

/// `bundle.json`, the last member of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(title = "bundle.json")]
pub struct Bundle {
    /// `tare-bundle/1`.
    pub format: String,
    /// The registry, and the head under which everything is proven.
    pub head: LockedHead,
    /// Every other member, in the order in which they stand.
    pub members: Vec<BundleMember>,
}

/// One member of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct BundleMember {
    /// `Tare.lock`, or the path of an object of the registry.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its bytes.
    pub sha256: Sha256,
}
