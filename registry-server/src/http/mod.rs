//! What is between a socket and a handler: the accept loop with its time-outs, reading bodies under a cap, and what
//! every answer gets.

pub(crate) mod accept;
pub(crate) mod body;
mod connection;
pub(crate) mod envelope;
pub(crate) mod params;

pub use accept::serve;
