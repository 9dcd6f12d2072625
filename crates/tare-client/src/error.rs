//! What every failure of this crate says beyond its sentence: its kind, its code and what to do.
//!
//! Each operation has its own error type. The kind decides the exit code of the command, so that a script can tell a
//! registry that is away from bytes that are wrong.

use std::error::Error;
use std::path::Path;

use tare_format::manifest::ManifestError;
use tare_store::durable::DurableError;

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Something that fits no other kind: a disk that is full, a file that changed meanwhile.
    Failure,
    /// What was asked for, or the configuration, is wrong.
    Usage,
    /// The registry cannot be reached, or cannot answer now.
    Network,
    /// There is no token, or it does not allow this.
    Authentication,
    /// There is no such thing, or no versions fit together.
    NotFound,
    /// Bytes are not what their name says.
    Integrity,
    /// A signature, the log or a policy says no.
    Trust,
    /// The lock would have to change, and was not allowed to.
    Outdated,
    /// The audit denied something.
    Denied,
}

/// A failure of an operation of this crate.
pub trait ClientError: Error + Send + Sync + 'static {
    /// What kind of thing went wrong.
    fn kind(&self) -> ErrorKind;

    /// A stable name, `E-` and upper-case words, to look up or to match on.
    fn code(&self) -> &'static str;

    /// What a person can do about it: a sentence, with the command to run where there is one.
    ///
    /// A failure of kind [`ErrorKind::Integrity`] or [`ErrorKind::Trust`] never advises to skip the check.
    fn help(&self) -> Option<String> {
        None
    }

    /// The mistake in a file that a person wrote, to be shown with its line.
    fn mistake(&self) -> Option<Mistake<'_>> {
        None
    }
}

/// A mistake, and the file it is in.
#[derive(Debug, Clone, Copy)]
pub struct Mistake<'e> {
    /// The file.
    pub path: &'e Path,
    /// What is wrong, and where in it.
    pub error: &'e ManifestError,
}

/// The sentences of an error and of everything that caused it, outermost first.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut sentences = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let sentence = error.to_string();
        // Libraries below ours repeat their source in their own sentence; say it once.
        if sentences.last() != Some(&sentence) {
            sentences.push(sentence);
        }
        cause = error.source();
    }
    sentences
}

/// What to do about a folder that cannot be written, when that is among the causes of `error`.
#[must_use]
pub fn closed_folder_help(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(DurableError::Denied { .. }) = error.downcast_ref() {
            let help = "use a folder that you may write to, or have its permissions changed";
            return Some(help.to_owned());
        }
        next = error.source();
    }
    None
}
