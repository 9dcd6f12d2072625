//! The meta archive: what a person or a resolver reads of a release, in one small `tar` + `gzip` (spec/archive.md).
//!
//! Readers of tar disagree about most of what tar allows, and each disagreement is a way to show one content to a
//! scanner and another to a user. So the profile `tare-tar/1` has one form for each content: the reader rebuilds every
//! header from what it understood and refuses an archive whose bytes differ. What passes is read the same way by every
//! reader of tar.
//!
//! ```text
//! gzip member ── tar ─┬─ header `Tare.toml`   512 bytes, all of them determined by (path, size, executable)
//!                     ├─ content, then zeros up to a multiple of 512
//!                     ├─ header, content      the other files, ascending by the bytes of their paths
//!                     ├─ …                    a path above 100 bytes: one pax block with `path` before its header
//!                     └─ 1024 zero bytes
//! ```
//!
//! Canonical is the *tar*. How `gzip` compresses it depends on the compressor, so an archive's identity is the digest
//! of the packed bytes that its publisher made, and no one has to make those bytes again.

mod error;
mod gzip;
mod header;
mod listing;
mod read;
mod write;

pub use error::ArchiveError;
pub use read::{open, read};
pub use write::write;

use crate::path::FilePath;

/// The manifest: the file that every package has, and the first of every meta archive.
pub const MANIFEST: &str = "Tare.toml";

/// One file of a meta archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<C = Vec<u8>> {
    /// Where it lies in the package.
    pub path: FilePath,
    /// Whether its owner may execute it: mode 0755 instead of 0644.
    pub executable: bool,
    /// Its bytes.
    pub content: C,
}

#[cfg(test)]
mod tests;
