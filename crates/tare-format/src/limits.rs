//! Every cap in one place; a registry publishes its own in `registry.json` (spec/limits.md).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How large things may be. Sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Limits {
    /// `Tare.toml`.
    pub manifest_size: u64,
    /// The meta archive as it travels.
    pub meta_packed_size: u64,
    /// The meta archive's content.
    pub meta_unpacked_size: u64,
    /// Files in the meta archive.
    pub meta_files: u64,
    /// One file that may travel in the meta archive.
    pub meta_file_size: u64,
    /// The release document.
    pub release_size: u64,
    /// Files of a release.
    pub files: u64,
    /// One file.
    pub file_size: u64,
    /// Dependencies of a package.
    pub dependencies: u64,
    /// Lineage entries of a package.
    pub lineage: u64,
    /// A package page.
    pub page_size: u64,
    /// A recipe.
    pub recipe_size: u64,
    /// A pack.
    pub pack_size: u64,
    /// A signature bundle.
    pub signature_size: u64,
    /// The body of any other request, or `registry.json`.
    pub json_size: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            manifest_size: 256 << 10,
            meta_packed_size: 16 << 20,
            meta_unpacked_size: 64 << 20,
            meta_files: 20_000,
            meta_file_size: 1 << 20,
            release_size: 256 << 20,
            files: 1_000_000,
            file_size: 16 << 40,
            dependencies: 512,
            lineage: 4_096,
            page_size: 16 << 20,
            recipe_size: 256 << 20,
            pack_size: 72 << 20,
            signature_size: 1 << 20,
            json_size: 1 << 20,
        }
    }
}
