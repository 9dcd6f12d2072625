//! From what went wrong to what a person reads and the exit code that a script sees.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | failure |
//! | 2 | usage or configuration |
//! | 3 | network, or the registry is unavailable |
//! | 4 | authentication |
//! | 5 | not found, or no versions fit together |
//! | 6 | integrity: bytes are not what their name says |
//! | 7 | signature, log or policy |
//! | 8 | the lock is out of date and `--locked` was given |
//! | 10 | the audit denied something |
//! | 101 | a bug in tare |
//! | 130 | interrupted |

use std::error::Error;
use std::path::Path;

use serde::Serialize;
use tare_client::error::{ClientError, ErrorKind, chain, closed_folder_help};
use tare_format::manifest::ManifestError;

use crate::ui::{Terminal, Text, Tone};

/// The exit code of a bug.
pub(crate) const EXIT_BUG: u8 = 101;
/// The exit code of Ctrl-C.
pub(crate) const EXIT_INTERRUPTED: u8 = 130;

/// Why a command stops.
#[derive(Debug)]
pub(crate) struct CommandError {
    kind: ErrorKind,
    code: &'static str,
    /// The sentences, outermost first: what went wrong, and what caused it.
    sentences: Vec<String>,
    help: Option<String>,
    /// A piece of a file that a person wrote, to be shown between the sentence and the help.
    excerpt: Option<Box<Excerpt>>,
}

#[derive(Debug, Serialize)]
struct Excerpt {
    file: String,
    line: usize,
    column: usize,
    text: String,
}

impl CommandError {
    /// What a person asked for is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, "E-USAGE", message)
    }

    /// An error with its own kind and code.
    pub(crate) fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, sentences: vec![message.into()], help: None, excerpt: None }
    }

    /// A failure of the system.
    pub(crate) fn io(message: impl Into<String>, error: &(dyn Error + 'static)) -> Self {
        let mut failure = Self::new(ErrorKind::Failure, "E-FILE", message);
        failure.sentences.extend(chain(error));
        failure
    }

    /// A mistake in the file at `path`, which a person wrote.
    pub(crate) fn in_file(path: &Path, error: &ManifestError) -> Self {
        let mut failure = Self::new(ErrorKind::Usage, "E-MANIFEST", error.message.clone());
        failure.help = error.help.clone();
        failure.excerpt = Some(Box::new(Excerpt {
            file: path.display().to_string(),
            line: error.position.map_or(0, |position| position.line),
            column: error.position.map_or(0, |position| position.column),
            text: error.source_line.clone().unwrap_or_default(),
        }));
        failure
    }

    /// Says what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What kind of failure it is.
    pub(crate) const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What went wrong and what caused it, in one line.
    pub(crate) fn sentence(&self) -> String {
        self.sentences.join(": ")
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Failure => 1,
            ErrorKind::Usage => 2,
            ErrorKind::Network => 3,
            ErrorKind::Authentication => 4,
            ErrorKind::NotFound => 5,
            ErrorKind::Integrity => 6,
            ErrorKind::Trust => 7,
            ErrorKind::Outdated => 8,
            ErrorKind::Denied => 10,
        }
    }

    /// Prints it to stderr: for people, or with `--json` as one document.
    pub(crate) fn report(&self, terminal: &Terminal) {
        if terminal.is_json() {
            terminal.talk_json(&self.to_json());
            return;
        }
        let (first, causes) =
            self.sentences.split_first().map_or(("", [].as_slice()), |(a, b)| (a.as_str(), b));
        terminal.talk(
            &Text::new()
                .toned(Tone::Bad, "error")
                .plain(": ")
                .plain(first)
                .dim(format!(" [{}]", self.code)),
        );
        if let Some(excerpt) = &self.excerpt {
            excerpt.show(terminal);
        }
        for cause in causes {
            terminal.talk(&Text::new().plain("  caused by: ").plain(cause));
        }
        if let Some(help) = &self.help {
            terminal.talk(&Text::new().toned(Tone::Help, "help").plain(": ").plain(help));
        }
    }

    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "error": {
            "code": self.code,
            "exit-code": self.exit_code(),
            "message": self.sentences.first(),
            "caused-by": self.sentences.get(1..).unwrap_or_default(),
            "help": self.help,
            "at": self.excerpt,
        } })
    }
}

impl Excerpt {
    fn show(&self, terminal: &Terminal) {
        if self.line == 0 {
            terminal.talk(&Text::new().dim("  --> ").plain(&self.file));
            return;
        }
        let width = self.line.to_string().len();
        let place = format!("{}:{}:{}", self.file, self.line, self.column);
        terminal.talk(&Text::new().dim(format!("{:width$}--> ", "")).plain(place));
        terminal.talk(&Text::new().dim(format!("{:width$} |", "")));
        terminal.talk(&Text::new().dim(format!("{} | ", self.line)).plain(&self.text));
        // A tab stays a tab, so that the caret stands under its character whatever the width of a tab.
        let before = self.text.chars().take(self.column.saturating_sub(1));
        let indent: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        terminal.talk(
            &Text::new().dim(format!("{:width$} | ", "")).plain(indent).toned(Tone::Bad, "^"),
        );
    }
}

impl<E: ClientError> From<E> for CommandError {
    fn from(error: E) -> Self {
        if let Some(mistake) = error.mistake() {
            return Self::in_file(mistake.path, mistake.error);
        }
        Self {
            kind: error.kind(),
            code: error.code(),
            sentences: chain(&error),
            help: error.help().or_else(|| closed_folder_help(&error)),
            excerpt: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use tare_store::durable::DurableError;

    use super::*;

    #[test]
    fn a_closed_folder_comes_with_help_however_deep_it_lies() {
        let source = std::io::ErrorKind::PermissionDenied.into();
        let closed = DurableError::Denied { folder: "/srv".into(), source };
        let error = CommandError::from(tare_client::detect::CreateError::Write(closed));
        assert!(error.help.unwrap().contains("permissions"));
        assert_eq!(error.sentences[1], "the folder `/srv` cannot be written");
    }
}
