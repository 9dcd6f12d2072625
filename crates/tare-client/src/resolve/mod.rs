//! The resolver: from requirements to the releases that a project uses (spec/resolution.md).
//!
//! [`resolve`] is a pure function: it reads no clock, no file and no network, and gives the same answer whatever order
//! its input comes in. What it knows of the registry comes through an [`Index`], which answers at once or says that
//! a package still has to be fetched; so a client runs it in rounds, each fetching what the last one lacked.
//!
//! ```text
//! requirements ─► provider ─► pubgrub ─► settle ─► Resolution
//!                 │  catalog   │          cycle, variant
//! Index ──────────┘            └──────► explain ─► Unsolvable
//! page (JSON lines) ─► summary (compact) ─► Package
//! ```
//!
//! The search is PubGrub's, over sets of positions instead of version ranges (`selection`); that a package may stand
//! in several versions at once, and bases pinned by adapters, is in `provider` and `settle`.

mod catalog;
mod cycle;
mod explain;
mod index;
mod options;
pub mod page;
mod provider;
mod resolution;
mod selection;
mod settle;
mod solve;
mod summary;
mod variant;

pub use index::{
    Change, Dependency, Index, IndexError, Lookup, Package, Release, Standing, Variants,
};
pub use options::{Options, Update};
pub use resolution::{Chosen, Note, Obstacle, Resolution, ResolveError, Resolved, Unsolvable};
pub use solve::resolve;
pub use summary::{ReleaseRecord, Summary, SummaryError, encode as encode_summary};

#[cfg(test)]
mod tests;
