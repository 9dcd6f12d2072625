//! The resolver's rules, one test a story, and its properties against a search by brute force.

mod lock;
mod properties;
mod registry;
mod rules;
mod side_by_side;
mod variants;

pub(super) use registry::{Registry, needs};
