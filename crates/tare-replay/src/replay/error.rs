//! Why a replay cannot go on.

use tare_format::Sha256;
use tare_format::event::PageKey;
use tare_tlog::map::{BuildError, Commitment};

use crate::page::PageError;
use crate::signed::MissingBundle;

/// Why a replay cannot go on. An event that breaks a rule is not among the reasons.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError<E: std::error::Error + 'static> {
    /// The line is not the one that the log has.
    #[error("payload line of event {index} is {found}, expected {expected}")]
    OtherPayload {
        /// The event's number.
        index: u64,
        /// What the leaf says.
        expected: Sha256,
        /// What the line is.
        found: Sha256,
    },
    /// The line is gone, and no event says that it was redacted, or it says so of another type.
    #[error(
        "payload line {payload} of event {index} is missing, and no redaction of it was logged"
    )]
    Forged {
        /// The event's number.
        index: u64,
        /// What the leaf says.
        payload: Sha256,
    },
    /// Nobody can say who signed a release.
    #[error("signatures of event {index} cannot be checked")]
    Bundle {
        /// The event's number.
        index: u64,
        /// Which bundle.
        source: MissingBundle,
    },
    /// A page of an earlier replay is damaged.
    #[error(transparent)]
    Page(#[from] PageError),
    /// A page cannot be read or written.
    #[error("page `{key}` cannot be read or written")]
    Pages {
        /// Which page.
        key: PageKey,
        /// Why.
        source: E,
    },
    /// The map has no form.
    #[error("state map cannot be made")]
    Map(#[from] BuildError),
    /// The log does not end in a state.
    #[error("the first {size} events do not end in a state that can be checked")]
    NoState {
        /// How many events there were.
        size: u64,
    },
    /// The log ends in another state than the events before it make.
    #[error(
        "the state after {size} events has {} pages and the root {}, expected {} and {}",
        found.count(),
        found.root().hex(),
        expected.count(),
        expected.root().hex()
    )]
    WrongState {
        /// How many events there were.
        size: u64,
        /// What the replay arrived at.
        expected: Commitment,
        /// What the last event says.
        found: Commitment,
    },
}
