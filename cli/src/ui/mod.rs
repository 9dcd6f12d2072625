//! Everything a person sees: stdout is data, stderr is talk.

mod human;
mod progress;
mod table;
mod terminal;
mod text;

pub(crate) use human::{ago, bytes, count};
pub(crate) use table::Table;
pub use terminal::{ColorChoice, Terminal};
#[cfg(test)]
pub(crate) use text::escape;
pub(crate) use text::{Text, Tone};
