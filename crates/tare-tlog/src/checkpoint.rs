//! Checkpoints: what a log says of its tree (spec/log.md W-12 to W-15).
//!
//! ```text
//! log.example.org/t                                  the origin: which log, and the name of its key
//! 7                                                  how many entries
//! TL2ONYSUUEANTpxMCuf3HHmtRBD5rSxiRiL/X4YXMT0=       the root of the tree over them
//! ```
//! C2SP lets a log add lines of its own. They are refused: nothing audits them, and a reader that skips what it does not
//! know could be told something that others are not.

use std::fmt;
use std::str::FromStr;

use crate::decimal;
use crate::excerpt::excerpt;
use crate::hash::{EMPTY_ROOT, Hash, HashError};
use crate::key::{KeyName, NameError, VerifierKey};
use crate::note::{Note, NoteError};

#[cfg(test)]
mod tests;

/// Sizes of trees and numbers of entries are below this, so that no arithmetic on them can overflow (W-13).
pub const MAX_TREE_SIZE: u64 = 1 << 48;

/// The origin, size and root hash of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: KeyName,
    size: u64,
    root: Hash,
}

/// Why a text is not a checkpoint, or a checkpoint is not the log's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It does not have three lines that end in line feeds.
    #[error("checkpoint has another form, expected three lines: origin, size, root hash")]
    Form,
    /// There are lines of the log's own.
    #[error("checkpoint has lines after the root hash, expected none")]
    Extension,
    /// The origin could not be the name of the log's key.
    #[error("checkpoint has a bad origin")]
    Origin {
        /// What is wrong with it.
        #[from]
        source: NameError,
    },
    /// The size is not a number below the limit.
    #[error("checkpoint has size `{found}`, expected a number below 2^48")]
    Size {
        /// What stands there, cut to a readable length.
        found: String,
    },
    /// The root is not a hash.
    #[error("checkpoint has a bad root hash")]
    Root {
        /// What is wrong with it.
        #[from]
        source: HashError,
    },
    /// The tree is empty and has the root of another one.
    #[error("checkpoint of an empty tree has root hash {found}, expected {EMPTY_ROOT}")]
    NotEmpty {
        /// The root it has.
        found: Hash,
    },
    /// The note is not signed by the log.
    #[error("checkpoint is not the log's")]
    Note {
        /// What is wrong with the signatures.
        #[from]
        source: NoteError,
    },
    /// The note is signed by the log, and is about another one.
    #[error("checkpoint has origin `{found}`, expected `{expected}`")]
    OtherLog {
        /// The origin it has.
        found: KeyName,
        /// The name of the log's key.
        expected: KeyName,
    },
    /// The key that is taken for the log's is for something else.
    #[error("key `{key}` is not a log's: it has algorithm {}", key.algorithm())]
    NotLogKey {
        /// The key.
        key: Box<VerifierKey>,
    },
}

impl Checkpoint {
    /// A checkpoint that says this.
    ///
    /// # Errors
    /// When the size is not below [`MAX_TREE_SIZE`], or is 0 with another root than [`EMPTY_ROOT`].
    pub fn new(origin: KeyName, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        if size >= MAX_TREE_SIZE {
            return Err(CheckpointError::Size { found: size.to_string() });
        }
        if size == 0 && root != EMPTY_ROOT {
            return Err(CheckpointError::NotEmpty { found: root });
        }
        Ok(Self { origin, size, root })
    }

    /// What the log whose key this is said in a note. This is how a checkpoint comes to be believed.
    ///
    /// # Errors
    /// When the log did not sign the note, or the note is not a checkpoint of that log.
    pub fn open(note: &Note, log: &VerifierKey) -> Result<Self, CheckpointError> {
        // W-15: a cosigner's key over the same text says that it saw the checkpoint, not that it is right.
        if log.algorithm().is_cosigner() {
            return Err(CheckpointError::NotLogKey { key: Box::new(log.clone()) });
        }
        note.require(log)?;
        let checkpoint: Self = note.text().parse()?;
        if checkpoint.origin == *log.name() {
            Ok(checkpoint)
        } else {
            let expected = log.name().clone();
            Err(CheckpointError::OtherLog { found: checkpoint.origin, expected })
        }
    }

    /// Which log, which is also the name of its key.
    #[must_use]
    pub const fn origin(&self) -> &KeyName {
        &self.origin
    }

    /// How many entries the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root hash of the tree.
    #[must_use]
    pub const fn root(&self) -> Hash {
        self.root
    }
}

impl fmt::Display for Checkpoint {
    /// The text that is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Reads exactly what [`Display`](fmt::Display) writes. Nobody has signed it yet.
    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let text = text.strip_suffix('\n').ok_or(CheckpointError::Form)?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Form);
        };
        if lines.next().is_some() {
            return Err(CheckpointError::Extension);
        }
        let Some(size) = decimal::parse(size) else {
            return Err(CheckpointError::Size { found: excerpt(size) });
        };
        Self::new(origin.parse()?, size, root.parse()?)
    }
}
