//! Bytes by digest: chunking, packs, verified reads, and the places where registries and clients keep bytes.
//!
//! Only this crate turns a digest into a path, and only [`durable`] writes a final file. Everything blocks; callers
//! that do not want to wait use a thread (docs/decisions/0003-blocking-store.md). Whole files are never held in
//! memory.
//!
//! | module | for |
//! |---|---|
//! | [`key`], [`backend`] | the objects of a registry and the backends that hold them |
//! | [`conformance`], [`fault`] | what a backend must keep to, and what its users must survive |
//! | [`durable`] | the one way a final file comes to be |
//! | [`sniff`], [`header`] | what a file is, and which tensors it holds |
//! | [`chunk`], [`codec`], [`pack`] | a file becomes chunks, stored chunks, packs |
//! | [`assemble`], [`partial`] | chunks become a file again |
//! | [`files`], [`tree`], [`link`], [`walk`] | a client's files, and the trees made of them |

pub mod assemble;
pub mod backend;
pub mod chunk;
pub mod codec;
pub mod conformance;
pub mod durable;
pub mod fault;
pub mod files;
pub mod header;
pub mod key;
pub mod link;
pub mod pack;
pub mod partial;
pub mod sniff;
pub mod tree;
pub mod walk;

pub use backend::{Content, FolderStore, MemoryStore, ObjectStore, StoreError};
pub use files::FileStore;
pub use key::{LogPath, ObjectKey, ObjectKind};
