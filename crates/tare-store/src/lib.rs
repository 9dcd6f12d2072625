//! Bytes by digest: chunking, packs, verified reads, and the places where registries and clients keep bytes.
//!
//! Only this crate turns a digest into a path, and only [`durable`] writes a final file. Everything blocks; callers
//! that do not want to wait use a thread (docs/decisions/0003-blocking-store.md). Whole files are never held in
//! memory.
//!
//! | module | for |
//! |---|---|
//! | [`key`], [`backend`], [`conformance`] | the objects of a registry and the backends that hold them |
//! | [`durable`] | the one way a final file comes to be |

pub mod backend;
pub mod conformance;
pub mod durable;
pub mod key;

pub use backend::{Content, FolderStore, MemoryStore, ObjectStore, StoreError};
pub use key::{ObjectKey, ObjectKind};
