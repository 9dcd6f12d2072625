//! `Tare.lock` as the client makes, checks and compares it (spec/lock.md).
//!
//! Everything here is a pure function: the releases have been resolved, fetched and proven before, and writing the file
//! is the [project's](crate::project) work.

mod agree;
mod diff;
mod freshness;
mod head;
mod make;

pub(crate) use agree::agree;
pub use diff::{LockChange, changes};
pub use freshness::{OutOfDate, check, requirements};
pub use head::heads;
pub(crate) use make::ancestor_id;
pub use make::{Known, make};

#[cfg(test)]
mod tests;
