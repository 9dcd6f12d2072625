//! Root documents as files: drafts, signatures, publication (spec/log.md W-25 to W-31).
//!
//! A root document is made in three acts that need not be on one machine:
//!
//! ```text
//! draft      root/2.draft.note in the registry's folder: the text, with no signature yet
//! sign       each holder of a root key adds a signature line to a copy; needs the file, the key, and nothing else
//! publish    the registry takes it when enough keys of version 1 and of version 2 signed; the log says that it did
//! ```
//! So root keys are never on the server. Nothing here decides whether a document may be trusted: that is
//! [`RootDocument::verify_first`] and [`RootDocument::verify_next`].

mod draft;
mod parts;
mod publish;
mod words;

use std::io;
use std::path::{Path, PathBuf};

use tare_store::durable::{self, DurableError};
use tare_tlog::hash::Hash;
use tare_tlog::key::{SigningKey, VerifierKey};
use tare_tlog::note::{MAX_NOTE, Note, NoteError, NoteSignature};
use tare_tlog::root::{RootDocument, RootError, RootKey};

pub use draft::{Changes, DraftError, First, Rotation, Witnessing, next_origin};
pub use parts::{Expiry, KeyList, PartError, Quorum, WitnessSpec};
pub use publish::{PublishError, Published, newest, prepare_log_key, publish, rotation};
pub use words::{changes, describe};

/// Why a file is not a root document.
#[derive(Debug, thiserror::Error)]
pub enum RootFileError {
    /// It cannot be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is neither a root document nor one with signatures.
    #[error("`{}` holds no root document", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: RootError,
    },
    /// Its signature lines cannot be read.
    #[error("the signatures in `{}` cannot be read", path.display())]
    Note {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        source: NoteError,
    },
    /// It was not written.
    #[error("failed to write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: DurableError,
    },
}

/// Why a document was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key is not one of the document's.
    #[error("`{key}` is not a root key of version {version}, which has {listed}")]
    NotListed {
        /// The key.
        key: Box<VerifierKey>,
        /// The version of the document.
        version: u64,
        /// The labels of its keys.
        listed: String,
    },
    /// The signature does not fit into a note.
    #[error("the document could not be signed")]
    Note(#[from] NoteError),
}

/// A root document in a file, with the signatures that it has so far. Nothing of it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootFile {
    document: RootDocument,
    text: String,
    signatures: Vec<NoteSignature>,
}

impl RootFile {
    /// A draft: the document without a signature.
    ///
    /// # Errors
    /// When the document breaks a rule, so that it has no text.
    pub fn draft(document: RootDocument) -> Result<Self, RootError> {
        let text = document.to_text()?;
        Ok(Self { document, text, signatures: Vec::new() })
    }

    /// The document in a note.
    ///
    /// # Errors
    /// When the text is no root document.
    pub fn of(note: &Note) -> Result<Self, RootError> {
        let document = RootDocument::parse(note.text())?;
        Ok(Self { document, text: note.text().to_owned(), signatures: note.signatures().to_vec() })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or holds something else.
    pub fn read(path: &Path) -> Result<Self, RootFileError> {
        let read = |source| RootFileError::Read { path: path.to_owned(), source };
        let size = std::fs::metadata(path).map_err(read)?.len();
        if size > MAX_NOTE as u64 {
            let found = usize::try_from(size).unwrap_or(usize::MAX);
            let source = NoteError::Size { found };
            return Err(RootFileError::Note { path: path.to_owned(), source });
        }
        let bytes = std::fs::read(path).map_err(read)?;
        let note = match Note::parse(&bytes) {
            Ok(note) => Some(note),
            Err(NoteError::Unsigned) => None,
            Err(source) => return Err(RootFileError::Note { path: path.to_owned(), source }),
        };
        let bare = String::from_utf8_lossy(&bytes);
        let text = note.as_ref().map_or(bare.as_ref(), Note::text).to_owned();
        let document = RootDocument::parse(&text)
            .map_err(|source| RootFileError::Document { path: path.to_owned(), source })?;
        let signatures = note.map(|note| note.signatures().to_vec()).unwrap_or_default();
        Ok(Self { document, text, signatures })
    }

    /// Writes the file, over what is there. Durable when it returns.
    ///
    /// # Errors
    /// When the system fails; the file is then as it was.
    pub fn write(&self, path: &Path) -> Result<(), RootFileError> {
        let mut bytes = self.text.clone();
        if !self.signatures.is_empty() {
            bytes.push('\n');
            self.signatures.iter().for_each(|line| bytes.push_str(&format!("{line}\n")));
        }
        durable::write(path, bytes.as_bytes())
            .map_err(|source| RootFileError::Write { path: path.to_owned(), source })
    }

    /// What it says.
    #[must_use]
    pub const fn document(&self) -> &RootDocument {
        &self.document
    }

    /// The SHA-256 of the text, by which people compare documents.
    #[must_use]
    pub fn fingerprint(&self) -> Hash {
        Hash::of(self.text.as_bytes())
    }

    /// The document as a note.
    ///
    /// # Errors
    /// When nobody has signed it.
    pub fn note(&self) -> Result<Note, NoteError> {
        let lines: String = self.signatures.iter().map(|line| format!("{line}\n")).collect();
        Note::parse(format!("{}\n{lines}", self.text).as_bytes())
    }

    /// Adds a signature by `key`, unless it has signed. Gives whether it was added.
    ///
    /// The key must be one of the document's own, or of `previous`, the version before, whose keys have to agree too.
    ///
    /// # Errors
    /// When the key is of neither.
    pub fn sign(
        &mut self,
        key: &SigningKey,
        previous: Option<&RootDocument>,
    ) -> Result<bool, SignError> {
        let verifier = key.verifier();
        let documents = [Some(&self.document), previous];
        let listed = documents.iter().flatten().flat_map(|document| &document.root_keys);
        if !listed.clone().any(|root| root.key == *verifier) {
            let listed: Vec<_> = listed.map(|root| format!("`{}`", root.label)).collect();
            return Err(SignError::NotListed {
                key: Box::new(verifier.clone()),
                version: self.document.version,
                listed: listed.join(", "),
            });
        }
        if self.is_signed_by(verifier) {
            return Ok(false);
        }
        let signed = Note::sign(self.text.clone(), &[key])?;
        // A line by this key that is not valid would make the whole note invalid.
        self.signatures.retain(|line| !line.is_by(verifier));
        self.signatures.extend_from_slice(signed.signatures());
        Ok(true)
    }

    /// Whether there is a valid signature by `key`.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerifierKey) -> bool {
        let mut own = self.signatures.iter().filter(|line| line.is_by(key));
        own.any(|line| key.accepts(&self.text, line.bytes()))
    }

    /// Whether there is a signature by `key` that is not valid. Nobody takes such a document, whoever else has signed it.
    #[must_use]
    pub fn is_spoilt_by(&self, key: &VerifierKey) -> bool {
        let mut own = self.signatures.iter().filter(|line| line.is_by(key));
        own.any(|line| !key.accepts(&self.text, line.bytes()))
    }

    /// The keys of `document` in its order, each with whether it signed this file.
    pub fn signers<'d>(
        &self,
        document: &'d RootDocument,
    ) -> impl Iterator<Item = (&'d RootKey, bool)> {
        document.root_keys.iter().map(|root| (root, self.is_signed_by(&root.key)))
    }
}

/// The file of the draft of a version, in the folder of the registry.
#[must_use]
pub fn draft_path(registry: &Path, version: u64) -> PathBuf {
    registry.join("root").join(format!("{version}.draft.note"))
}

#[cfg(test)]
mod tests;
