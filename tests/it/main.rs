//! The whole of Tare, end to end: the real `tare` program against a registry in this process.
//!
//! A test tells one story in the words of its domain. Each has a home, folders and usually a registry of its own, so
//! they run side by side, and nothing outlives them.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod advisory;
mod attacks;
mod audit;
mod bundle;
mod cache;
mod init;
mod install;
mod keygen;
mod lock;
mod log;
mod login;
mod mirror;
mod owner;
mod publish;
mod pull;
mod readme;
mod search;
mod shelf;
mod sign;
mod support;
mod tidy;
mod tree;
mod update;
mod verify;
mod verify_bundle;
mod yank;
