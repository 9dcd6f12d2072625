//! A verifiable log: signed notes, checkpoints, tiles, proofs, and the map that says what is current (spec/log.md,
//! spec/tiles.md).
//!
//! Knows nothing of packages and does no I/O.

pub mod bundle;
pub mod checkpoint;
pub mod cosignature;
pub mod hash;
pub mod key;
pub mod map;
pub mod note;
pub mod policy;
pub mod proof;
pub mod root;
pub mod tile;
pub mod tree;

mod decimal;
mod excerpt;
