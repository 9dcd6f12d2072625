//! How long a replay takes.

fn main() {}
