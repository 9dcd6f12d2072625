//! Writing to the terminal: data to standard output, talk to standard error.

use serde::Serialize;

/// Prints one line of data.
#[expect(clippy::print_stdout, reason = "standard output is where data goes")]
pub(super) fn data(line: impl std::fmt::Display) {
    println!("{line}");
}

/// Prints a document as JSON.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    data(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints one line of talk.
#[expect(clippy::print_stderr, reason = "standard error is where talk goes")]
pub(super) fn talk(line: impl std::fmt::Display) {
    eprintln!("{line}");
}
