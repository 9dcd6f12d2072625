//! What a command said, and how it ended.

use std::process::Output;

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    command: String,
    code: i32,
    /// What it printed to stdout.
    pub(crate) stdout: String,
    /// What it printed to stderr.
    pub(crate) stderr: String,
}

impl Outcome {
    pub(super) fn new(command: &str, output: Output) -> Self {
        Self {
            command: command.to_owned(),
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// How it ended.
    pub(crate) const fn code(&self) -> i32 {
        self.code
    }

    /// Insists that it went well.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        self.ends_with(0)
    }

    /// Insists on an exit code.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "`tare {}` said:\n{}{}",
            self.command, self.stdout, self.stderr
        );
        self
    }

    /// Insists that stderr has each of these texts.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(
                self.stderr.contains(text),
                "`tare {}` did not say `{text}`:\n{}",
                self.command,
                self.stderr
            );
        }
        self
    }

    /// The JSON document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in:\n{}", self.stdout))
    }

    /// The JSON error on stderr.
    #[track_caller]
    pub(crate) fn json_error(&self) -> serde_json::Value {
        let last = self.stderr.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error} in:\n{}", self.stderr))
    }
}
