//! The body of `add-checkpoint`: what a log asks its witnesses (C2SP tlog-witness).
//!
//! ```text
//! old 7                                            the size that the witness is thought to have
//! 526xuXsGdXFQ+V4GNXp9xATKURtjqQMwpWqU3z0NZtE=     the consistency proof from there: at most 63 hashes
//!                                                  an empty line
//! log.example.org/t                                the checkpoint, as a signed note
//! …
//! ```

use std::str;

use tare_tlog::hash::{Hash, HashError};
use tare_tlog::note::{MAX_NOTE, Note, NoteError};

/// The most hashes of a consistency proof.
pub const MAX_PROOF: usize = 63;

/// The most bytes of a request: the first line, a proof, the empty line, a note.
pub const MAX_REQUEST: u64 = 32 + MAX_PROOF as u64 * 45 + 1 + MAX_NOTE as u64;

/// Why a body is no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No empty line ends the proof.
    #[error("request has no empty line between the proof and the checkpoint")]
    Form,
    /// The first line does not say the old size.
    #[error("request begins with another line, expected `old` and a number")]
    Old,
    /// The proof is too long.
    #[error("proof has {found} hashes, the limit is {MAX_PROOF}")]
    Proof {
        /// How many there are.
        found: usize,
    },
    /// A line of the proof is no hash.
    #[error("line {number} of the proof cannot be read")]
    Hash {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        source: HashError,
    },
    /// The checkpoint is no note.
    #[error("checkpoint of the request cannot be read")]
    Note(#[from] NoteError),
}

/// A request to cosign a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the tree that the witness is thought to have cosigned last; 0 for none.
    pub old: u64,
    /// The proof that the checkpoint's tree goes on from there.
    pub proof: Vec<Hash>,
    /// The checkpoint, signed by the log.
    pub note: Note,
}

impl AddCheckpoint {
    /// The request's body.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = format!("old {}\n", self.old);
        for hash in &self.proof {
            body.push_str(&format!("{hash}\n"));
        }
        body.push('\n');
        let mut body = body.into_bytes();
        body.extend(self.note.to_bytes());
        body
    }

    /// Reads a request's body. The note in it is not verified.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").ok_or(RequestError::Form)?;
        let (head, rest) = bytes.split_at_checked(end + 2).ok_or(RequestError::Form)?;
        let head = str::from_utf8(head).map_err(|_| RequestError::Old)?;
        let mut lines = head.trim_end_matches('\n').split('\n');
        let old = lines.next().and_then(|line| size(line.strip_prefix("old ")?));
        let old = old.ok_or(RequestError::Old)?;
        let lines: Vec<&str> = lines.collect();
        if lines.len() > MAX_PROOF {
            return Err(RequestError::Proof { found: lines.len() });
        }
        let hash = |(line, number): (&&str, usize)| {
            line.parse().map_err(|source| RequestError::Hash { number, source })
        };
        let proof = lines.iter().zip(1..).map(hash).collect::<Result<_, _>>()?;
        Ok(Self { old, proof, note: Note::parse(rest)? })
    }
}

/// A size in decimal as exactly one text writes it.
pub(crate) fn size(text: &str) -> Option<u64> {
    text.parse().ok().filter(|size: &u64| size.to_string() == text)
}

#[cfg(test)]
mod tests {
    use tare_tlog::key::{Algorithm, SigningKey};

    use super::*;

    fn request(hashes: usize) -> AddCheckpoint {
        let name = "log.example.org/t".parse().unwrap();
        let key = SigningKey::from_seed(name, Algorithm::Ed25519, &[1; 32]).unwrap();
        let note = Note::sign("any text\n", &[&key]).unwrap();
        AddCheckpoint { old: 7, proof: vec![Hash([3; 32]); hashes], note }
    }

    #[test]
    fn a_request_is_read_back() {
        for hashes in [0, 1, MAX_PROOF] {
            let request = request(hashes);
            assert_eq!(AddCheckpoint::parse(&request.to_bytes()), Ok(request));
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let good = String::from_utf8(request(1).to_bytes()).unwrap();
        let long = request(MAX_PROOF + 1).to_bytes();
        assert_eq!(AddCheckpoint::parse(&long), Err(RequestError::Proof { found: 64 }));
        for bad in [
            String::new(),
            "\n\n".to_owned(),
            good.replace("old 7", "old"),
            good.replace("old 7", "old 07"),
            good.replace("old 7", "old -7"),
            good.replace("old 7", "old 99999999999999999999"),
            good.replace("AwM", "AwM="),
            good.replace("any text\n\n", "any text\n"),
            good.replace("\n\n", "\n"),
            format!("\n{good}"),
        ] {
            assert!(AddCheckpoint::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
