//! Proofs that something is in a log, in one file that can be checked anywhere: C2SP's tlog-proof (spec/log.md W-32, W-33).
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra eyJzYWx0Ijo…                                 optional: bytes that nothing in this file vouches for
//! index 2                                            which entry
//! 1b21ihkXOmoBEd8/H2LbqgDkQiHg8JtHSJgSoBDNUxQ=       the inclusion proof, from the leaf's neighbour up
//! …
//!                                                    an empty line
//! log.example.org/t                                  the checkpoint, a note
//! …
//! ```
//! This is the form alone. What it proves is for [`Checkpoint::open`](crate::checkpoint::Checkpoint::open) and the
//! inclusion proof to say; `extra` is to be believed only if its hash turns out to be the entry.

use std::str;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::MAX_TREE_SIZE;
use crate::decimal;
use crate::hash::{Hash, HashError};
use crate::note::{Note, NoteError};

#[cfg(test)]
mod tests;

/// The most bytes of a proof.
pub const MAX_PROOF: usize = 128 << 10;
/// The most hashes of an inclusion proof.
pub const MAX_HASHES: usize = 63;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// An entry's number, the way from it to the root, and the checkpoint with that root. Nothing of it was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Bytes that travel along, often what the entry is the hash of.
    pub extra: Option<Vec<u8>>,
    /// The number of the entry, from 0.
    pub index: u64,
    /// The inclusion proof, from the leaf's neighbour up.
    pub hashes: Vec<Hash>,
    /// The checkpoint, as a note.
    pub checkpoint: Note,
}

/// Why bytes are not such a proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// It is too large.
    #[error("proof has {found} bytes, the limit is {MAX_PROOF}")]
    Size {
        /// Its size in bytes.
        found: usize,
    },
    /// It is not text.
    #[error("proof is not UTF-8, at byte {at}")]
    Utf8 {
        /// The first byte that is not.
        at: usize,
    },
    /// It begins with something else.
    #[error("proof begins with another line, expected `{FIRST_LINE}`")]
    FirstLine,
    /// The extra bytes are not base64.
    #[error("`extra` of the proof is not standard base64 with padding")]
    Extra,
    /// There is no usable index.
    #[error("proof has no `index` line with a number below 2^48")]
    Index,
    /// It has too many hashes.
    #[error("proof has {found} hashes, the limit is {MAX_HASHES}")]
    Hashes {
        /// How many it has.
        found: usize,
    },
    /// A hash cannot be read.
    #[error("hash {number} of the proof cannot be read")]
    Hash {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        source: HashError,
    },
    /// There is no empty line with a checkpoint behind it.
    #[error("proof has no checkpoint: expected an empty line, then a signed note")]
    NoCheckpoint,
    /// The checkpoint is not a note.
    #[error("checkpoint of the proof cannot be read")]
    Checkpoint {
        /// What is wrong with it.
        #[from]
        source: NoteError,
    },
}

impl TlogProof {
    /// Reads a proof.
    ///
    /// # Errors
    /// When the bytes are not a proof, or are one above the limits.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        if bytes.len() > MAX_PROOF {
            return Err(TlogProofError::Size { found: bytes.len() });
        }
        let text = str::from_utf8(bytes)
            .map_err(|error| TlogProofError::Utf8 { at: error.valid_up_to() })?;
        let (lines, checkpoint) = text.split_once("\n\n").ok_or(TlogProofError::NoCheckpoint)?;
        let mut lines = lines.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(TlogProofError::FirstLine);
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).map(|line| {
            let encoded = line.strip_prefix("extra ").unwrap_or_default();
            STANDARD.decode(encoded).map_err(|_| TlogProofError::Extra)
        });
        let index = lines
            .next()
            .and_then(|line| decimal::parse(line.strip_prefix("index ")?))
            .filter(|index| *index < MAX_TREE_SIZE)
            .ok_or(TlogProofError::Index)?;
        let hashes = hashes(lines)?;
        Ok(Self {
            extra: extra.transpose()?,
            index,
            hashes,
            checkpoint: Note::parse(checkpoint.as_bytes())?,
        })
    }

    /// The proof as bytes. They parse as this proof again.
    ///
    /// # Errors
    /// When it is above the limits.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TlogProofError> {
        if self.index >= MAX_TREE_SIZE {
            return Err(TlogProofError::Index);
        }
        if self.hashes.len() > MAX_HASHES {
            return Err(TlogProofError::Hashes { found: self.hashes.len() });
        }
        let extra = self.extra.as_ref().map(|bytes| format!("extra {}\n", STANDARD.encode(bytes)));
        let hashes: String = self.hashes.iter().map(|hash| format!("{hash}\n")).collect();
        let (extra, index) = (extra.unwrap_or_default(), self.index);
        let mut bytes = format!("{FIRST_LINE}\n{extra}index {index}\n{hashes}\n").into_bytes();
        bytes.extend(self.checkpoint.to_bytes());
        if bytes.len() > MAX_PROOF {
            return Err(TlogProofError::Size { found: bytes.len() });
        }
        Ok(bytes)
    }
}

fn hashes<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<Hash>, TlogProofError> {
    let lines: Vec<&str> = lines.collect();
    if lines.len() > MAX_HASHES {
        return Err(TlogProofError::Hashes { found: lines.len() });
    }
    lines
        .iter()
        .zip(1..)
        .map(|(line, number)| {
            line.parse().map_err(|source| TlogProofError::Hash { number, source })
        })
        .collect()
}
