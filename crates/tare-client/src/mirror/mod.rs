//! Mirrors: a folder that any file server serves, which holds all of a registry's log and the contents that an operator
//! chose (spec/mirrors.md).
//!
//! ```text
//! DIR/                        what is served: the layout of a registry (spec/registry.md), and
//!   coverage                  what is held and what is left out, signed by the mirror's key
//!   status.json  metrics      how the mirror is doing
//!   .mirror/                  0700, never served
//!     mirror.toml             which registry, from where, the filters and limits
//!     cosigner.key            the mirror's own key
//!     inventory.sqlite        what is there, why, and when it was last hashed
//!     staging/                what is on its way
//!     lock                    one sync at a time
//! ```

pub mod amount;
pub mod candidate;
pub mod check;
pub mod config;
pub mod coverage;
pub mod filter;
pub mod folder;
pub mod guard;
pub mod inventory;
pub mod pace;
pub mod plan;
pub mod scrub;
pub mod select;
pub mod status;
pub mod sync;
pub mod window;

mod advance;
mod bundles;
mod contents;
mod error;
mod evidence;
mod handle;
mod log;
mod pending;
mod position;
mod prepare;
mod publish;
mod replaying;
mod report;
mod takedown;
mod upstream;

pub use contents::Clock;
pub use error::MirrorError;
pub use handle::{Mirror, PublicKeys};

use filter::settled_filters;
