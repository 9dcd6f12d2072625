//! Every cap in one place; a registry publishes its own in `registry.json` (spec/limits.md).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest payload line, without its line feed. The same everywhere: a line that one reader takes and another does
/// not would give them two states.
pub const EVENT_LINE_SIZE: u64 = 64 << 10;
/// The longest leaf of the log.
pub const ENTRY_SIZE: u64 = 4 << 10;

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
    /// A page: of a package, of a namespace, or the notices.
    pub page_size: u64,
    /// A signed note: a root document or a checkpoint.
    #[serde(default = "note_size")]
    pub note_size: u64,
    /// The head: a proof, a checkpoint and its cosignatures.
    #[serde(default = "head_size")]
    pub head_size: u64,
    /// A node of the state map, leaves too.
    #[serde(default = "state_size")]
    pub state_size: u64,
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
            note_size: note_size(),
            head_size: head_size(),
            state_size: state_size(),
            recipe_size: 256 << 20,
            pack_size: 72 << 20,
            signature_size: 1 << 20,
            json_size: 1 << 20,
        }
    }
}

const fn note_size() -> u64 {
    64 << 10
}

const fn head_size() -> u64 {
    128 << 10
}

const fn state_size() -> u64 {
    1 << 20
}
