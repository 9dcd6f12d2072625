//! From a signed note to a root document that can be trusted (spec/log.md W-28, W-29).

use crate::key::VerifierKey;
use crate::note::{Note, NoteError};

use super::{RootDocument, RootError};

impl RootDocument {
    /// The document in a note that enough of its own keys signed (W-28).
    ///
    /// That says that it is whole, not whose it is: the caller has compared its [digest](Self::digest) with the one that
    /// it was told, or takes this registry on first sight.
    ///
    /// # Errors
    /// When the text is no root document, or too few of its keys signed, or a signature by one of them is not valid.
    pub fn verify_first(note: &Note) -> Result<Self, RootError> {
        let document = Self::parse(note.text())?;
        document.check_threshold(&document, note)?;
        Ok(document)
    }

    /// The document in a note that follows this one, which is trusted (W-29).
    ///
    /// Neither needs to be unexpired: a client that was away for long goes through many, and only the last has to be.
    ///
    /// # Errors
    /// When it is not the next version for the same registry, forgets a log, too few keys of this document or of its own
    /// signed, or a signature by one of them is not valid.
    pub fn verify_next(&self, note: &Note) -> Result<Self, RootError> {
        let next = Self::parse(note.text())?;
        // Nothing in the text matters before the keys that are trusted signed it.
        self.check_threshold(&next, note)?;
        next.check_threshold(&next, note)?;
        let expected = self.version.saturating_add(1);
        if next.version != expected {
            return Err(RootError::Version { found: next.version, expected });
        }
        if next.registry != self.registry {
            let (found, expected) = (next.registry, self.registry.clone());
            return Err(RootError::Registry { found, expected });
        }
        self.check_logs_kept(&next)?;
        Ok(next)
    }

    /// Whether enough of this document's keys signed `note`, whose text is `document`'s.
    fn check_threshold(&self, document: &Self, note: &Note) -> Result<(), RootError> {
        // The keys are distinct (W-27) and `verify` gives each once, so counting them counts holders.
        let keys: Vec<VerifierKey> = self.root_keys.iter().map(|root| root.key.clone()).collect();
        let found = match note.verify(&keys) {
            Ok(signed) => signed.len(),
            Err(NoteError::Unknown { .. }) => 0,
            Err(error) => return Err(error.into()),
        };
        if found >= self.threshold {
            return Ok(());
        }
        Err(RootError::Threshold {
            version: document.version,
            keys_of: self.version,
            found,
            threshold: self.threshold,
        })
    }

    /// A client with a head of an older log has to find that log, or it could neither keep nor drop the head.
    fn check_logs_kept(&self, next: &Self) -> Result<(), RootError> {
        let listed = |key: &VerifierKey| next.old_logs.iter().any(|old| old.key == *key);
        let replaced = self.policy.logs().iter().map(|log| &log.key);
        let replaced = replaced.filter(|key| next.log().is_none_or(|log| log.key != **key));
        let mut known = self.old_logs.iter().map(|old| &old.key).chain(replaced);
        match known.find(|key| !listed(key)) {
            Some(log) => Err(RootError::LogForgotten { log: Box::new(log.clone()) }),
            None => Ok(()),
        }
    }
}
