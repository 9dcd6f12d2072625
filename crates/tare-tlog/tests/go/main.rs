//! Go's own `note` and `tlog` packages against ours, each reading what the other wrote.
//!
//! `main.go` is their side. It is built here, with Debian's `golang-go` and `golang-golang-x-mod-dev`; without them this
//! fails, since a comparison that did not happen must not look like one that went well.

#![expect(clippy::unwrap_used, reason = "a comparison that cannot go on has failed")]

mod notes;
mod program;
mod tree;
