//! The registry through its router, with a real SQLite and a real store.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]
#![expect(clippy::result_large_err, reason = "an answer is an error only on its way to the test")]

mod accounts;
mod advisories;
mod authorization;
mod bad_input;
mod command;
mod cosign;
mod crash;
mod deduplication;
mod files;
mod folder;
mod fsck;
mod kill;
mod log;
mod openapi;
mod publish;
mod races;
mod rollback;
mod root;
mod search;
mod sessions;
mod socket;
mod standing;
mod support;
mod takedown;
mod witness;
