//! A verifiable log: signed notes, checkpoints, tiles, proofs, and the map that says what is current (spec/log.md).
//!
//! Knows nothing of packages and does no I/O.

pub mod hash;
