//! The catalogue: what is known about each licence, and from where (spec/licenses.md G-1 to G-9).
//!
//! Built in are 204 licences as compiled from the SPDX list, the ScanCode LicenseDB, hub tags and the texts themselves
//! (`data/license-catalog.toml`), and a layer of tags that name families (`data/families.toml`). A registry or a
//! workspace may lay its own entries over them. Every report carries the [digest](Catalogue::digest) of what was used.

mod entry;
mod layers;
mod lookup;

#[cfg(test)]
mod tests;

pub use entry::{BlueOak, Boundary, Confidence, Downstream, Effect, Entry, Exclusion, Threshold};
pub use layers::CatalogueError;
pub use lookup::Catalogue;
