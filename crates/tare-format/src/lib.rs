//! The documents of Tare: what crosses a wire or a disk, as Rust types.
//!
//! Each module implements one chapter of `spec/`. Nothing here does I/O, reads a clock or knows where bytes lie.

pub mod digest;
pub mod limits;
pub mod location;
pub mod name;
pub mod pack;
pub mod recipe;

mod cursor;

pub use cursor::BinaryError;
pub use digest::{Blake3, Sha256};
pub use name::{Namespace, PackageName, PackageSpec, ReleaseId, VariantName};
