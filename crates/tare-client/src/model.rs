//! Models that are just folders or files: signing them, and checking what anybody signed (spec/models.md).
//!
//! ```text
//! sign     walk ──▶ hash on all cores ──▶ statement ──Signer──▶ model.sig
//! verify   model.sig ──ModelAuthority──▶ statement ──▶ walk ──▶ plan ──▶ hash ──▶ what differs, by name
//! ```
//!
//! Nothing of a model is read before the signature is known to be right, and what differs without reading is known
//! before the first byte is hashed.

mod error;
mod found;
mod hash;
mod sign;
mod verify;

pub use error::ModelError;
pub use sign::{ModelSignature, SignOptions, sign};
pub use tare_sign::model::{Difference, Layout, ModelAuthority, ModelKeys};
pub use verify::{ModelReport, VerifyOptions, verify};

#[cfg(test)]
mod tests;
