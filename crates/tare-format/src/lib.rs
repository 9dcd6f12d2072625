//! The documents of Tare: what crosses a wire or a disk, as Rust types.
//!
//! | module | document | chapter |
//! |---|---|---|
//! | [`manifest`] | `Tare.toml` | spec/manifest.md |
//! | [`card`] | `card.toml` | spec/card.md |
//! | [`lock`] | `Tare.lock` | spec/lock.md |
//! | [`release`] | release document | spec/release.md |
//! | [`archive`] | meta archive | spec/archive.md |
//! | [`recipe`], [`location`], [`pack`] | how a file is cut, where it lies, how it is stored | spec/recipe.md, location.md, pack.md |
//! | [`event`], [`advisory`] | lines of the log and of pages | spec/events.md |
//! | [`registry`] | `registry.json` | spec/registry.md |
//! | [`api`], [`scope`], [`problem`] | bodies of `/api/v1` | spec/api.md |
//!
//! Nothing here does I/O, reads a clock or knows where bytes lie.

pub mod advisory;
pub mod api;
pub mod archive;
pub mod bundle;
pub mod canonical;
pub mod card;
pub mod decimal;
pub mod digest;
pub mod event;
pub mod limits;
pub mod location;
pub mod lock;
pub mod manifest;
pub mod name;
pub mod pack;
pub mod path;
pub mod problem;
pub mod recipe;
pub mod registry;
pub mod release;
pub mod schema;
pub mod scope;
pub mod strict;

mod cursor;

pub use cursor::BinaryError;
pub use digest::{Blake3, Sha256};
pub use name::{Namespace, PackageName, PackageSpec, ReleaseId, VariantName};
