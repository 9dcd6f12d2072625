//! The registry through its router, with a real SQLite and a real store.

mod accounts;
mod authorization;
mod bad_input;
mod crash;
mod deduplication;
mod files;
mod fsck;
mod openapi;
mod publish;
mod races;
mod search;
mod sessions;
mod socket;
mod standing;
mod support;
