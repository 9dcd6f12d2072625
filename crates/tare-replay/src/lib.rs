//! What a registry's events mean: the rules that every event is judged by, in one place that server, mirror and client
//! share (spec/events.md).
//!
//! An event that breaks a rule is *inert*: it stays in the log and changes nothing. So junk cannot stop a registry, and a
//! registry that lets in what it should not gains nothing by it, because whoever replays its log arrives at another state.
//!
//! | module | what |
//! |---|---|
//! | [`page`] | pages: the effective events that concern one thing, line by line |
//! | [`namespace`], [`package`], [`notices`] | what is current, read from a page or kept up event by event |
//! | [`states`], [`mod@judge`] | the rules |
//! | [`signed`] | who signed a release |
//! | [`replay`] | from a log to its pages and its state map |
//!
//! Nothing here does I/O or reads a clock. Whoever calls loads what a judgement needs.

pub mod judge;
pub mod namespace;
pub mod notices;
pub mod package;
pub mod page;
pub mod replay;
pub mod signed;
pub mod states;

mod lines;
mod parallel;

pub use judge::{Context, Judgement, Reason, judge};
pub use namespace::NamespaceState;
pub use notices::{KnownAdvisory, KnownTakedown, NoticesState};
pub use package::{PackageState, ReleaseState, Standing};
pub use page::{Content, Line, Page, PageError, Redactions};
pub use replay::{MemoryPages, Pages, Replay, ReplayError};
pub use signed::{Bundles, SignedBy, signed_by};
pub use states::{States, needs};

#[cfg(test)]
mod samples;
