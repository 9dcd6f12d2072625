//! Bundles: everything that a lock needs in one file, for machines that reach no registry (spec/bundles.md).
//!
//! A bundle is a tar of a part of a registry, with the lock that it is for. It is read in place, by the client that reads a
//! registry over the network: the root documents, the head, the state map, pages, signatures and chunks are verified by
//! the same code, so a bundle is trusted as little as a mirror.

mod archive;
mod create;
mod error;
mod import;

pub use archive::BundleFile;
pub use create::{Created, create};
pub use error::BundleError;
pub use import::{Imported, import, unpack};

/// The member that comes last and names the others.
const CONTENTS: &str = "bundle.json";
/// The member with the lock.
const LOCK: &str = "Tare.lock";
/// What a bundle's objects are asked for below. No network has the scheme.
const BASE: &str = "bundle://bundle/";
/// The most bytes of `bundle.json`.
const MAX_CONTENTS: u64 = 64 << 20;
/// The most bytes of the lock.
const MAX_LOCK: u64 = 64 << 20;
/// The most members.
const MAX_MEMBERS: usize = 250_000;
