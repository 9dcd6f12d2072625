//! What a witness keeps: for each log the newest checkpoint that it cosigned, one durable file a log.

use std::io;
use std::path::PathBuf;

use tare_format::Sha256;
use tare_store::durable::{self, DurableError};
use tare_tlog::checkpoint::{Checkpoint, CheckpointError};
use tare_tlog::key::KeyName;
use tare_tlog::note::{Note, NoteError};

/// Why a record was not read or written. A witness that does not know what it cosigned must not cosign.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The system failed.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The record.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The record was damaged.
    #[error("`{}` is not a note", path.display())]
    Note {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        source: NoteError,
    },
    /// The record was damaged.
    #[error("`{}` is not a checkpoint", path.display())]
    Checkpoint {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        source: CheckpointError,
    },
    /// The record is of another log.
    #[error("`{}` is of the log `{found}`, expected `{expected}`", path.display())]
    OtherLog {
        /// The record.
        path: PathBuf,
        /// The log it is of.
        found: KeyName,
        /// The log it should be of.
        expected: KeyName,
    },
    /// The record was not written.
    #[error("failed to keep the record")]
    Write(#[from] DurableError),
}

/// What was cosigned last for a log.
#[derive(Debug)]
pub(super) struct Record {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// When it was cosigned, in seconds since 1970.
    pub time: u64,
    /// The note with the log's signature and the cosignature.
    pub note: Vec<u8>,
}

/// The folder of records.
#[derive(Debug)]
pub(super) struct Records {
    folder: PathBuf,
}

impl Records {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What was cosigned last; `None` for a log that nothing was cosigned for. A record that cannot be read is an error:
    /// to take it for none would be to cosign any tree.
    pub(super) fn newest(&self, origin: &KeyName) -> Result<Option<Record>, RecordError> {
        let path = self.folder.join(name(origin));
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(RecordError::Read { path, source }),
        };
        let note = Note::parse(&bytes)
            .map_err(|source| RecordError::Note { path: path.clone(), source })?;
        let checkpoint: Checkpoint = note
            .text()
            .parse()
            .map_err(|source| RecordError::Checkpoint { path: path.clone(), source })?;
        if checkpoint.origin() != origin {
            let (found, expected) = (checkpoint.origin().clone(), origin.clone());
            return Err(RecordError::OtherLog { path, found, expected });
        }
        // The cosignature is the last line, and begins with its time.
        let time = note.signatures().last().and_then(|line| line.bytes().first_chunk().copied());
        let time = time.map_or(0, u64::from_be_bytes);
        Ok(Some(Record { checkpoint, time, note: bytes }))
    }

    /// Puts a record in the place of the one before, on the disk when it returns.
    pub(super) fn keep(&self, origin: &KeyName, note: &[u8]) -> Result<(), RecordError> {
        Ok(durable::write(&self.folder.join(name(origin)), note)?)
    }
}

/// What a log's record is called, here and in the URL.
pub(super) fn name(origin: &KeyName) -> String {
    Sha256::of(origin.as_str().as_bytes()).hex()
}
