//! From a folder with a `Tare.toml` to everything that a release consists of (spec/release.md, spec/manifest.md).
//!
//! ```text
//! folder ──select──▶ Selection: which files, each meta or data
//!        ──prepare─▶ Prepared: every byte read once; recipes, meta archive, release document and its digest
//! ```
//!
//! Nothing here asks a registry, so `tare package` shows exactly what `tare publish` would send.

mod error;
mod license;
mod prepare;
mod select;

pub use error::PackageError;
pub use prepare::{Cut, Prepared, TOOL, prepare};
pub use select::{SelectedFile, SelectedPackage, select};
