//! Publishing: a session that gathers bytes, and a commit that makes all of them visible or none (spec/api.md Q-20 to Q-34).
//!
//! ```text
//! open ─ names, owners, versions ─► meta, recipes ─► missing? ─► packs ─► signatures ─► commit
//! commit = check each release ─ verify its bytes ─ admit ─► transaction (admit again, events) ─► public files
//! ```
//!
//! The order is *bytes, then log, then name*. Bytes are durable in the store when their upload is answered; the
//! transaction makes them part of the registry; the package page, written last, makes the release visible. A crash
//! leaves the session as it was, or a commit whose pages the next start writes.

pub(crate) mod admit;
mod candidate;
pub(crate) mod check;
pub(crate) mod commit;
pub(crate) mod content;
mod cycle;
pub(crate) mod open;
pub(crate) mod pack;
pub(crate) mod session;
pub(crate) mod upload;
