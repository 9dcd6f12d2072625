//! The log's private key, which lies in the folder of keys and is found by what the root document says.
//!
//! A registry whose log key was changed has the old one in the folder as well, and maybe keys of root documents; only the key
//! that the newest root document names is ever signed with.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use tare_tlog::key::{SigningKey, VerifierKey};
use tare_tlog::root::RootDocument;

use crate::error::ApiError;
use crate::key_file::{self, KeyFileError};
use crate::registry::Registry;

/// Why the log cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum LogKeyError {
    /// The root document names no log.
    #[error("the root document {version} names no log")]
    NoLog {
        /// Its version.
        version: u64,
    },
    /// No file has the key.
    #[error("no key in `{}` is `{expected}`, which the newest root document names as the log's", folder.display())]
    Absent {
        /// The folder of keys.
        folder: PathBuf,
        /// The key.
        expected: Box<VerifierKey>,
    },
    /// The folder cannot be read.
    #[error("failed to read the folder of keys `{}`", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A key file cannot be used.
    #[error("failed to use a key of the registry")]
    File(#[from] KeyFileError),
}

impl Registry {
    /// The key that signs the log under this root document.
    ///
    /// # Errors
    /// When no file has it.
    pub(crate) fn log_key(&self, root: &RootDocument) -> Result<Arc<SigningKey>, ApiError> {
        self.find_log_key(root).map_err(ApiError::internal)
    }

    /// As [`Registry::log_key`], for who can say what to do.
    pub(crate) fn find_log_key(&self, root: &RootDocument) -> Result<Arc<SigningKey>, LogKeyError> {
        let log = root.log().ok_or(LogKeyError::NoLog { version: root.version })?;
        let mut held = self.log_key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = held.as_ref().filter(|key| *key.verifier() == log.key) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(search(self.config.keys(), &log.key)?);
        *held = Some(Arc::clone(&key));
        Ok(key)
    }
}

/// Looks through the key files. One that cannot be read is an error only when the key is in no other.
fn search(folder: PathBuf, expected: &VerifierKey) -> Result<SigningKey, LogKeyError> {
    let entries = std::fs::read_dir(&folder)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|source| LogKeyError::Folder { folder: folder.clone(), source })?;
    let mut refused = None;
    for path in entries.into_iter().map(|entry| entry.path()) {
        if path.extension().is_none_or(|extension| extension != "key") {
            continue;
        }
        match key_file::read(&path) {
            Ok(key) if key.verifier() == expected => return Ok(key),
            Ok(_) => {}
            Err(error) => refused = Some(error),
        }
    }
    let absent = LogKeyError::Absent { folder, expected: Box::new(expected.clone()) };
    Err(refused.map_or(absent, LogKeyError::File))
}
