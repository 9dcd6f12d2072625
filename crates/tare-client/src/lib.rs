//! What the `tare` command does, as a library: reach a registry, resolve, fetch, install, publish, audit.
//!
//! Nothing here prints, exits or reads the environment: values are handed in, progress is told to a
//! [`Progress`](event::Progress), and what goes wrong comes back as a [`ClientError`] whose kind becomes the exit code.
//!
//! | module | for |
//! |---|---|
//! | [`config`], [`credentials`], [`origin`] | which registries there are, and the token for each |
//! | [`transport`] | HTTP with caps, time-outs, retries and no token for strangers |
//! | [`registry`] | one function for each endpoint of a registry |
//! | [`resolve`] | which releases meet the requirements, or why none do |
//! | [`project`], [`lock`], [`update`] | what a project asks for, what was chosen, and bringing one to the other |
//! | [`source`], [`pages`], [`history`], [`documents`], [`standing`] | what a registry says, fetched once and kept |
//! | [`root`], [`head`] | which keys speak for a registry, and what its log says is current |
//! | [`trust`] | from what a registry says to a release that somebody accepted has signed |
//! | [`sigstore`] | bundles that others signed, and the trust root they hang from |
//! | [`fetch`], [`install`] | from signed releases to contents, trees and links |
//! | [`home`], [`local`], [`usage`], [`cache`] | the local store, who uses it, and what may go |
//! | [`keys`], [`model`] | who signs, and models that are just folders, from and for other tools |
//! | [`graph`], [`audit`], [`verify`], [`info`] | what is used and why, under which licences, whether it is intact, what it is |
//! | [`event`], [`error`] | progress and failures as data |

pub mod advisory;
pub mod audit;
pub mod bundle;
pub mod cache;
pub mod config;
pub mod credentials;
pub mod detect;
pub mod documents;
pub mod error;
pub mod event;
pub mod fetch;
pub mod graph;
pub mod head;
pub mod history;
pub mod home;
pub mod info;
pub mod install;
pub mod keys;
pub mod local;
pub mod lock;
pub mod mirror;
pub mod model;
pub mod origin;
pub mod package;
pub mod pages;
pub mod project;
pub mod publish;
pub mod registry;
pub mod resolve;
pub mod root;
pub mod sigstore;
pub mod source;
pub mod standing;
pub mod transport;
pub mod trust;
pub mod update;
pub mod usage;
pub mod verify;

pub use error::{ClientError, ErrorKind};

mod secret_file;
mod suggest;

#[cfg(test)]
mod samples;
