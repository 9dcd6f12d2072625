//! Which keys speak for a registry: its root documents, from the first to the newest (spec/log.md W-40 to W-43).
//!
//! ```text
//! id of the registry ─► root/1.note ─► root/2.note ─► … ─► the newest: log key, witnesses, quorum, how old a head may be
//! ```
//! The id is the start of the hash of the first document's text, so whoever knows an id, from a lock or from the
//! configuration, needs nothing else. Each later document is signed by enough keys of the one before it and enough of its
//! own. The newest one that was ever verified is kept, and the chain is never walked backwards.
//!
//! Only the functions here make a [`TrustedRoot`].

mod error;

use bytes::Bytes;
use jiff::Timestamp;
use tare_format::Sha256;
use tare_format::registry::RegistryId;
use tare_store::ObjectKey;
use tare_tlog::note::{MAX_NOTE, Note};
use tare_tlog::root::RootDocument;

use crate::registry::RegistryClient;

pub use error::RootChainError;

/// The first root document's version.
const FIRST: u32 = 1;

/// A root document that follows from the registry's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedRoot {
    document: RootDocument,
    version: u32,
    note: Note,
    bytes: Bytes,
}

impl TrustedRoot {
    /// What it says.
    #[must_use]
    pub fn document(&self) -> &RootDocument {
        &self.document
    }

    /// Its version, from 1.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The SHA-256 of its text, without signatures. That of version 1 begins with the digits of the registry's id.
    #[must_use]
    pub fn fingerprint(&self) -> Sha256 {
        fingerprint(&self.note)
    }

    /// Insists that it has not expired at `now`: from then on nothing new is taken on its word (W-30).
    ///
    /// # Errors
    /// When it has.
    pub fn require_unexpired(&self, now: Timestamp) -> Result<(), RootChainError> {
        let now = u64::try_from(now.as_second()).unwrap_or(0);
        if self.document.is_expired(now) {
            let (version, expires) = (self.version, self.document.expires.to_string());
            return Err(RootChainError::Expired { version, expires });
        }
        Ok(())
    }

    /// Who signed it, by the labels that it gives its own keys.
    #[must_use]
    pub fn signers(&self) -> Vec<&str> {
        let keys = &self.document.root_keys;
        let signed = |key: &&tare_tlog::root::RootKey| {
            self.note.signatures().iter().any(|signature| signature.is_by(&key.key))
        };
        keys.iter().filter(signed).map(|key| key.label.as_str()).collect()
    }

    /// The signed note.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The first document of the registry with this id, which the id vouches for (W-40).
    ///
    /// # Errors
    /// When the registry does not serve it, or another one.
    pub async fn first(registry: &RegistryClient, id: &RegistryId) -> Result<Self, RootChainError> {
        let check = |bytes: &Bytes| Self::check_first(bytes, id);
        let found = fetch(registry, FIRST, check).await?;
        found.ok_or_else(|| RootChainError::Missing {
            version: FIRST,
            base: registry.base().clone(),
        })
    }

    /// The document after this one; none when this is the newest that the registry serves (W-41).
    ///
    /// # Errors
    /// When it is not to be had, or does not follow from this one.
    pub(crate) async fn next(
        &self,
        registry: &RegistryClient,
    ) -> Result<Option<Self>, RootChainError> {
        let Some(version) = self.version.checked_add(1) else { return Ok(None) };
        fetch(registry, version, |bytes| self.check_next(bytes)).await
    }

    /// The document that was kept by an earlier command.
    pub(crate) fn kept(bytes: &[u8], id: &RegistryId) -> Option<Self> {
        let bytes = Bytes::copy_from_slice(bytes);
        let note = Note::parse(&bytes).ok()?;
        let root = Self::of(RootDocument::verify_first(&note).ok()?, note, bytes)?;
        let is_ours = root.version > FIRST || RegistryId::of_root(&root.fingerprint()) == *id;
        is_ours.then_some(root)
    }

    fn check_first(bytes: &Bytes, id: &RegistryId) -> Result<Self, String> {
        let note = Note::parse(bytes).map_err(|error| sentences(&error))?;
        let found = RegistryId::of_root(&fingerprint(&note));
        if found != *id {
            return Err(format!("it is the root of the registry `{found}`, expected `{id}`"));
        }
        let document = RootDocument::verify_first(&note).map_err(|error| sentences(&error))?;
        match Self::of(document, note, bytes.clone()) {
            Some(root) if root.version == FIRST => Ok(root),
            _ => Err("it is not version 1".to_owned()),
        }
    }

    fn check_next(&self, bytes: &Bytes) -> Result<Self, String> {
        let note = Note::parse(bytes).map_err(|error| sentences(&error))?;
        let document = self.document.verify_next(&note).map_err(|error| sentences(&error))?;
        Self::of(document, note, bytes.clone())
            .ok_or_else(|| "its version is beyond every other".to_owned())
    }

    fn of(document: RootDocument, note: Note, bytes: Bytes) -> Option<Self> {
        let version = u32::try_from(document.version).ok()?;
        Some(Self { document, version, note, bytes })
    }
}

/// A root document that `check` accepts, from whichever place has one.
async fn fetch(
    registry: &RegistryClient,
    version: u32,
    check: impl Fn(&Bytes) -> Result<TrustedRoot, String>,
) -> Result<Option<TrustedRoot>, RootChainError> {
    let key = ObjectKey::Root(version);
    let cap = u64::try_from(MAX_NOTE).unwrap_or(u64::MAX);
    let accepted = |bytes: &Bytes| check(bytes).map(drop);
    let found = registry.fetch_verified(&key, cap, accepted).await;
    let bytes = found.map_err(|source| RootChainError::of(version, source))?;
    let Some(bytes) = bytes else { return Ok(None) };
    let reason = |reason| RootChainError::Refused { version, reason };
    check(&bytes).map(Some).map_err(reason)
}

fn fingerprint(note: &Note) -> Sha256 {
    Sha256::of(note.text().as_bytes())
}

fn sentences(error: &(dyn std::error::Error + 'static)) -> String {
    crate::error::chain(error).join(": ")
}

#[cfg(test)]
mod tests;
