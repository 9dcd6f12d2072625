//! The whole of Tare, end to end: the real `tare` program against a registry in this process.
//!
//! A test tells one story in the words of its domain. Each has a home, folders and usually a registry of its own, so
//! they run side by side, and nothing outlives them.

mod init;
mod keygen;
mod login;
mod owner;
mod publish;
mod support;
mod tidy;
mod yank;
