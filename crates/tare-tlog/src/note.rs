//! Signed notes: a text and who signed it (spec/log.md W-1 to W-11).
//!
//! ```text
//! log.example.org/t                                           the text: every line of it, with its line feeds
//! 7
//! TL2ONYSUUEANTpxMCuf3HHmtRBD5rSxiRiL/X4YXMT0=
//!                                                             the last empty line of the note
//! — log.example.org/t eXOZX3RgKxXU6FW/g1korFWoGoBtvzey4o…     name, base64(id of the key, signature)
//! — wit.example.org/w vL1atQAAAABlU/EAa5GC30tJ9Qv/FQS3mJ…
//! ```
//! Checkpoints and root documents are notes. One note has one byte sequence: what parses prints as the same bytes.
//!
//! A [`Note`] that exists is well formed and nothing more; its text means nothing until [`Note::require`] or
//! [`Note::verify`] said whose it is. Whoever needs a *particular* key asks for that one with `require`: `verify` is
//! content with any of the keys it is given, so a list that mixes a log's key with its witnesses' would let a witness
//! speak for the log.

use std::collections::BTreeSet;
use std::str;

use crate::excerpt::excerpt;
use crate::key::{KeyName, SigningKey, VerifierKey};

mod signature;
#[cfg(test)]
pub(crate) mod tests;

pub use signature::{NoteSignature, SignatureLineError};

/// The most bytes of a note.
pub const MAX_NOTE: usize = 64 << 10;
/// The most signatures of a note. Each costs its reader a verification.
pub const MAX_SIGNATURES: usize = 100;

/// A text and its signatures, of which none was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// Why bytes are not a note, or a note is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is too large.
    #[error("note has {found} bytes, the limit is {MAX_NOTE}")]
    Size {
        /// Its size in bytes.
        found: usize,
    },
    /// It is not text.
    #[error("note is not UTF-8, at byte {at}")]
    Utf8 {
        /// The first byte that is not.
        at: usize,
    },
    /// It has a control character.
    #[error("note has the control character {found:?}, expected none but line feeds")]
    Control {
        /// The character.
        found: char,
    },
    /// Its text does not end in a line feed.
    #[error("text of a note does not end in a line feed")]
    TextEnd,
    /// There is no empty line with signatures behind it.
    #[error("note has no signatures: expected an empty line, then signature lines")]
    Unsigned,
    /// There are too many signatures.
    #[error("note has {found} signatures, the limit is {MAX_SIGNATURES}")]
    Signatures {
        /// How many there are.
        found: usize,
    },
    /// A signature line has another form.
    #[error("signature {number} of the note cannot be read")]
    Line {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        source: SignatureLineError,
    },
    /// A key that is known is said to have signed, and did not.
    #[error("note has a signature by `{key}` that is not valid")]
    Invalid {
        /// The key.
        key: Box<VerifierKey>,
    },
    /// Nobody who is known signed.
    #[error("note is not signed by any of the {known} keys that are accepted, but by {found}")]
    Unknown {
        /// How many keys would have been accepted.
        known: usize,
        /// The names that stand in it.
        found: String,
    },
    /// The key that must have signed did not.
    #[error("note is not signed by `{key}`, but by {found}")]
    Missing {
        /// The key.
        key: Box<VerifierKey>,
        /// The names that stand in it.
        found: String,
    },
    /// Two accepted keys cannot be told apart by a signature line.
    #[error("two accepted keys have the name `{name}` and the id {id:08x}")]
    Ambiguous {
        /// Their name.
        name: KeyName,
        /// Their id.
        id: u32,
    },
    /// A key that states a time was asked to sign a plain note.
    #[error("key `{key}` makes cosignatures, it cannot sign a note")]
    Cosigner {
        /// The key.
        key: Box<VerifierKey>,
    },
}

impl Note {
    /// Signs `text`, which ends in a line feed, with each of the keys.
    ///
    /// # Errors
    /// When the text cannot be a note's, there is no key, or a key is a [cosigner's](crate::cosignature::cosign).
    pub fn sign(text: impl Into<String>, keys: &[&SigningKey]) -> Result<Self, NoteError> {
        let mut note = Self { text: text.into(), signatures: Vec::new() };
        for key in keys {
            note.add(signature_by(&note.text, key)?)?;
        }
        note.check()?;
        Ok(note)
    }

    /// Reads a note.
    ///
    /// # Errors
    /// When the bytes are not a note, or are one above the limits.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE {
            return Err(NoteError::Size { found: bytes.len() });
        }
        let all =
            str::from_utf8(bytes).map_err(|error| NoteError::Utf8 { at: error.valid_up_to() })?;
        // W-1: the text may have empty lines, so it is the last one that ends it.
        let (text, lines) = all.rsplit_once("\n\n").ok_or(NoteError::Unsigned)?;
        check_text(all)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Unsigned)?;
        let found = lines.split('\n').count();
        if found > MAX_SIGNATURES {
            return Err(NoteError::Signatures { found });
        }
        let signatures = lines
            .split('\n')
            .zip(1..)
            .map(|(line, number)| line.parse().map_err(|source| NoteError::Line { number, source }))
            .collect::<Result<_, _>>()?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The note as bytes. They parse as this note again.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let lines = self.signatures.iter().map(|signature| format!("{signature}\n"));
        format!("{}\n{}", self.text, lines.collect::<String>()).into_bytes()
    }

    /// The text, with the line feed at its end. Not to be believed before it was verified.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, checked or not, in their order.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature that somebody else made, unless this very one is there already. It is not checked.
    ///
    /// # Errors
    /// When the note would be above the limits. It is as it was then.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.contains(&signature) {
            return Ok(());
        }
        self.signatures.push(signature);
        self.check().inspect_err(|_| {
            self.signatures.pop();
        })
    }

    /// Which of the keys signed, each once, in their own order. Signatures by other keys do not matter (W-10).
    ///
    /// # Errors
    /// When none of them did, or *any* signature that claims to be by one of them is not valid.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signed = BTreeSet::new();
        for signature in &self.signatures {
            let Some(key) = known(keys, signature)? else { continue };
            if !key.accepts(&self.text, signature.bytes()) {
                return Err(NoteError::Invalid { key: Box::new(key.clone()) });
            }
            signed.insert(key);
        }
        if signed.is_empty() {
            return Err(NoteError::Unknown { known: keys.len(), found: self.signers() });
        }
        Ok(keys.iter().filter(|key| signed.remove(key)).collect())
    }

    /// Makes sure that this very key signed (W-11).
    ///
    /// # Errors
    /// When it did not, or a signature that claims to be by it is not valid.
    pub fn require(&self, key: &VerifierKey) -> Result<(), NoteError> {
        let mut by_key = self.signatures.iter().filter(|signature| signature.is_by(key)).peekable();
        if by_key.peek().is_none() {
            return Err(NoteError::Missing { key: Box::new(key.clone()), found: self.signers() });
        }
        if by_key.all(|signature| key.accepts(&self.text, signature.bytes())) {
            Ok(())
        } else {
            Err(NoteError::Invalid { key: Box::new(key.clone()) })
        }
    }

    fn check(&self) -> Result<(), NoteError> {
        check_text(&self.text)?;
        let (found, size) = (self.signatures.len(), self.to_bytes().len());
        if !self.text.ends_with('\n') {
            Err(NoteError::TextEnd)
        } else if found == 0 {
            Err(NoteError::Unsigned)
        } else if found > MAX_SIGNATURES {
            Err(NoteError::Signatures { found })
        } else if size > MAX_NOTE {
            Err(NoteError::Size { found: size })
        } else {
            Ok(())
        }
    }

    /// Who is said to have signed, for a message.
    fn signers(&self) -> String {
        let names: BTreeSet<_> = self
            .signatures
            .iter()
            .map(|found| format!("`{}`", excerpt(found.name().as_str())))
            .collect();
        names.into_iter().take(8).collect::<Vec<_>>().join(", ")
    }
}

/// The key among `keys` that a signature line names.
pub(crate) fn known<'k>(
    keys: &'k [VerifierKey],
    signature: &NoteSignature,
) -> Result<Option<&'k VerifierKey>, NoteError> {
    let mut named = keys.iter().filter(|key| signature.is_by(key));
    let first = named.next();
    if named.any(|other| Some(other) != first) {
        return Err(NoteError::Ambiguous { name: signature.name().clone(), id: signature.id() });
    }
    Ok(first)
}

fn signature_by(text: &str, key: &SigningKey) -> Result<NoteSignature, NoteError> {
    match key.sign_message(text.as_bytes()) {
        Some(bytes) if !key.verifier().algorithm().is_cosigner() => {
            Ok(NoteSignature::new(key.verifier(), bytes))
        }
        _ => Err(NoteError::Cosigner { key: Box::new(key.verifier().clone()) }),
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    match text.chars().find(|c| *c < ' ' && *c != '\n') {
        Some(found) => Err(NoteError::Control { found }),
        None => Ok(()),
    }
}
