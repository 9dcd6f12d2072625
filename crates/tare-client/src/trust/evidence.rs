//! What made a release acceptable, kept so that it can be checked again without the registry.
//!
//! Nobody has to trust this file. It only says where to look: keys are named by their digest, which the lock pins, and
//! bundles are signed.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tare_format::Sha256;
use tare_format::event::SignerKey;
use tare_format::registry::RegistryId;
use tare_store::durable::{self, DurableError};

const MAX_SIZE: u64 = 1 << 20;

/// The signatures and keys that a release was accepted by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Evidence {
    /// The registry that it was published in.
    pub(crate) registry: RegistryId,
    /// The digests of its signature bundles.
    pub(crate) bundles: Vec<Sha256>,
    /// The keys that were accepted when it was published.
    pub(crate) keys: Vec<SignerKey>,
}

impl Evidence {
    /// The evidence at `path`; none when it is not there or damaged, which are the same to a reader.
    pub(crate) fn load(path: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(MAX_SIZE).read_to_end(&mut bytes).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps the evidence at `path`, unless it is there already.
    pub(crate) fn save(&self, path: &Path) -> Result<(), DurableError> {
        if Self::load(path).as_ref() == Some(self) {
            return Ok(());
        }
        // Digests and texts only, so there is always a JSON form.
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        durable::write(path, &bytes)
    }
}
