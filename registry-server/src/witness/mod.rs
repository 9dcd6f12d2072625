//! A witness: says of each log that it was told of which tree it saw as the newest, and never two that disagree.
//!
//! The protocol is C2SP's tlog-witness, so it serves any log and needs nothing of Tare. Its folder holds
//!
//! ```text
//! witness.key          the private key; whoever has it can speak for the witness
//! lock                 held by the process that serves
//! logs/<sha256 of the origin>    the newest checkpoint that was cosigned, with the log's signature and the cosignature
//! ```
//! The one promise is that a record only moves on. It is read, checked against, written and on the disk before a
//! cosignature leaves, all under one lock per witness. A folder that was put back from a backup breaks the promise: start a new
//! witness under a new name instead.

mod record;
mod request;
mod routes;

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tare_tlog::checkpoint::{Checkpoint, CheckpointError};
use tare_tlog::cosignature::{self, CosignatureError};
use tare_tlog::hash::EMPTY_ROOT;
use tare_tlog::key::{Algorithm, KeyError, KeyName, SigningKey, VerifierKey};
use tare_tlog::note::{Note, NoteError, NoteSignature};
use tare_tlog::proof::{ProofError, verify_consistency};

use crate::clock::Clock;
use crate::entropy::{Entropy, random};
use crate::key_file::{self, KeyFileError};

pub use record::RecordError;
pub(crate) use request::size;
pub use request::{AddCheckpoint, MAX_PROOF, MAX_REQUEST, RequestError};
pub use routes::{router, serve};

use record::Records;

/// Why a witness did not start.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// Its key was not written or read.
    #[error("failed to use the key of the witness")]
    Key(#[from] KeyFileError),
    /// The key is not for cosignatures.
    #[error("`{key}` cannot be a witness: its algorithm is {}", key.algorithm())]
    NotCosigner {
        /// The key.
        key: Box<VerifierKey>,
    },
    /// No key could be made.
    #[error("failed to make the key of the witness")]
    Make(#[from] KeyError),
    /// A log's key does not sign checkpoints.
    #[error("`{key}` is not the key of a log: its algorithm is {}", key.algorithm())]
    NotLog {
        /// The key.
        key: Box<VerifierKey>,
    },
    /// Another process serves it.
    #[error("the witness in `{}` is served by another process", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The folder cannot be used.
    #[error("failed to {action} `{}`", path.display())]
    Folder {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The body is no request.
    #[error("the request cannot be read")]
    Request(#[from] RequestError),
    /// The note is no checkpoint.
    #[error("the request's checkpoint cannot be read")]
    Checkpoint(#[source] CheckpointError),
    /// The witness does not know the log.
    #[error("the log `{origin}` is unknown to this witness")]
    Unknown {
        /// The origin in the checkpoint.
        origin: KeyName,
    },
    /// The log did not sign.
    #[error("no key of the log signed the checkpoint")]
    Unsigned(#[source] CheckpointError),
    /// The request goes backwards.
    #[error("the old size {old} is greater than the checkpoint's, which is {size}")]
    Backwards {
        /// The old size of the request.
        old: u64,
        /// The size of the checkpoint.
        size: u64,
    },
    /// The witness has cosigned another size than the request says.
    #[error(
        "the newest checkpoint cosigned for `{origin}` has size {size}, the request says {old}"
    )]
    Conflict {
        /// The log.
        origin: KeyName,
        /// What the witness has.
        size: u64,
        /// What the request says.
        old: u64,
    },
    /// The checkpoint does not follow from the one that was cosigned before.
    #[error("the checkpoint of `{origin}` does not continue the one cosigned before")]
    Inconsistent {
        /// The log.
        origin: KeyName,
        /// What is wrong with the proof.
        source: ProofError,
    },
    /// The record was not read or written.
    #[error("the witness failed to keep its record of `{origin}`")]
    Record {
        /// The log.
        origin: KeyName,
        /// Why.
        source: RecordError,
    },
    /// No cosignature was made.
    #[error("the witness failed to cosign")]
    Sign(#[from] CosignatureError),
    /// No note could be made of it.
    #[error("the cosigned checkpoint is no note")]
    Note(#[from] NoteError),
}

/// A witness that can be asked.
pub struct Witness {
    key: SigningKey,
    logs: Vec<VerifierKey>,
    clock: Arc<dyn Clock>,
    /// Held from the comparison with the record to its being on the disk: without that, two requests could both be checked
    /// against the same record, and the smaller tree be written last.
    records: Mutex<Records>,
    /// The lock on the folder. Nothing reads it: the system gives it back when the process ends, however it ends.
    _lock: File,
}

impl Witness {
    /// Makes the folder of a witness with a new key, and gives the key for a root document.
    ///
    /// # Errors
    /// When there is a key already, or the folder cannot be written.
    pub fn init(
        path: &Path,
        name: KeyName,
        entropy: &dyn Entropy,
    ) -> Result<VerifierKey, WitnessError> {
        let fail =
            |action| move |source| WitnessError::Folder { action, path: path.to_owned(), source };
        std::fs::create_dir_all(path).map_err(fail("make the folder"))?;
        let seed = random(entropy).map_err(fail("draw a key for"))?;
        let key = SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &seed)?;
        key_file::create(&key_path(path), &key)?;
        Ok(key.verifier().clone())
    }

    /// Opens a witness for some logs.
    ///
    /// # Errors
    /// When there is no key, another process has the folder, or a key is for something else.
    pub fn open(
        path: &Path,
        logs: Vec<VerifierKey>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WitnessError> {
        if let Some(key) = logs.iter().find(|key| key.algorithm() != Algorithm::Ed25519) {
            return Err(WitnessError::NotLog { key: Box::new(key.clone()) });
        }
        let key = key_file::read(&key_path(path))?;
        if key.verifier().algorithm() != Algorithm::CosignatureEd25519 {
            return Err(WitnessError::NotCosigner { key: Box::new(key.verifier().clone()) });
        }
        let lock = lock(path)?;
        let records = Mutex::new(Records::new(path.join("logs")));
        Ok(Self { key, logs, clock, records, _lock: lock })
    }

    /// The key that checks its cosignatures.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// Cosigns a checkpoint that continues the one that was cosigned before. It is on the disk when this returns.
    /// The same size again, with the same root, is cosigned with a newer time.
    ///
    /// # Errors
    /// Why not. The record is as it was then, unless writing it failed.
    pub fn add_checkpoint(&self, body: &[u8]) -> Result<NoteSignature, Refusal> {
        let request = AddCheckpoint::parse(body)?;
        let claimed: Checkpoint = request.note.text().parse().map_err(Refusal::Checkpoint)?;
        let (log, checkpoint) = self.open_checkpoint(&request.note, claimed.origin())?;
        let (old, size) = (request.old, checkpoint.size());
        if old > size {
            return Err(Refusal::Backwards { old, size });
        }
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = checkpoint.origin();
        let keep = |source| Refusal::Record { origin: origin.clone(), source };
        let record = records.newest(origin).map_err(keep)?;
        let (known, root, time) = match &record {
            Some(record) => (record.checkpoint.size(), record.checkpoint.root(), record.time),
            None => (0, EMPTY_ROOT, 0),
        };
        if old != known {
            return Err(Refusal::Conflict { origin: origin.clone(), size: known, old });
        }
        verify_consistency(known, &root, size, &checkpoint.root(), &request.proof)
            .map_err(|source| Refusal::Inconsistent { origin: origin.clone(), source })?;
        // A clock that was set back must not make a later statement look like an earlier one.
        let now = u64::try_from(self.clock.now().as_second()).unwrap_or_default().max(time);
        let line = cosignature::cosign(request.note.text(), now, &self.key)?;
        records.keep(origin, &cosigned(&request.note, &log, &line)?).map_err(keep)?;
        Ok(line)
    }

    /// The newest checkpoint that was cosigned for the log whose origin has this SHA-256 in hex.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn newest(&self, origin_hash: &str) -> Result<Option<Vec<u8>>, RecordError> {
        let known = |log: &&VerifierKey| record::name(log.name()) == origin_hash;
        let Some(log) = self.logs.iter().find(known) else { return Ok(None) };
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(records.newest(log.name())?.map(|record| record.note))
    }

    /// The checkpoint of a log that this witness is for. A log that changes its key has two for a while.
    fn open_checkpoint(
        &self,
        note: &Note,
        origin: &KeyName,
    ) -> Result<(VerifierKey, Checkpoint), Refusal> {
        let mut refused = None;
        for log in self.logs.iter().filter(|log| log.name() == origin) {
            match Checkpoint::open(note, log) {
                Ok(checkpoint) => return Ok((log.clone(), checkpoint)),
                Err(error) => refused = Some(error),
            }
        }
        Err(match refused {
            Some(error) => Refusal::Unsigned(error),
            None => Refusal::Unknown { origin: origin.clone() },
        })
    }
}

/// The checkpoint with the log's signature and the cosignature, and nothing that others wrote into the request.
fn cosigned(note: &Note, log: &VerifierKey, line: &NoteSignature) -> Result<Vec<u8>, Refusal> {
    let own = note.signatures().iter().filter(|signature| signature.is_by(log));
    let lines: String = own.chain([line]).map(|line| format!("{line}\n")).collect();
    let bytes = format!("{}\n{lines}", note.text()).into_bytes();
    Note::parse(&bytes)?;
    Ok(bytes)
}

fn key_path(path: &Path) -> PathBuf {
    path.join("witness.key")
}

fn lock(path: &Path) -> Result<File, WitnessError> {
    let file = path.join("lock");
    let fail = |source| WitnessError::Folder { action: "lock", path: file.clone(), source };
    let lock = File::options().create(true).append(true).open(&file).map_err(fail)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(WitnessError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(fail(source)),
    }
}

#[cfg(test)]
mod tests;
