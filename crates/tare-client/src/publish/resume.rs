//! Where the id of an open session is kept, so that a run that was cut off is continued by the next.
//!
//! The file's name is the digest of what is being published and where, so another version, or another registry, never
//! meets a session that is not its own.

use std::fs;
use std::path::{Path, PathBuf};

use tare_format::Sha256;
use tare_format::registry::Registry;
use tare_store::durable;

use super::PublishError;
use crate::package::Prepared;

pub(super) struct Resume {
    path: PathBuf,
}

impl Resume {
    pub(super) fn new(staging: &Path, registry: &Registry, packages: &[Prepared]) -> Self {
        let mut key = registry.id.to_string();
        for package in packages {
            key.push_str(&package.digest.hex());
        }
        Self { path: staging.join(format!("{}.session", Sha256::of(key.as_bytes()).hex())) }
    }

    /// The id that an earlier run kept.
    pub(super) fn id(&self) -> Option<String> {
        let id = fs::read_to_string(&self.path).ok()?;
        // It becomes a part of a URL.
        let good = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        good.then_some(id)
    }

    pub(super) fn keep(&self, id: &str) -> Result<(), PublishError> {
        Ok(durable::write(&self.path, id.as_bytes())?)
    }

    pub(super) fn forget(&self) {
        // A file that stays names a session that is gone; the next run finds that out.
        let _ = fs::remove_file(&self.path);
    }
}
