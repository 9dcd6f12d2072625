//! The local store as one thing: the home, its documents and its files.

use std::collections::BTreeMap;
use std::sync::Arc;

use tare_format::Sha256;
use tare_format::lock::Lock;
use tare_format::release::Release;
use tare_store::FileStore;
use tare_store::files::FileStoreError;

use crate::documents::{DocumentError, Documents};
use crate::error::{ClientError, ErrorKind};
use crate::home::Home;

/// Why the local store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// Its documents cannot be.
    #[error(transparent)]
    Documents(#[from] DocumentError),
    /// Its files cannot be.
    #[error("failed to open the local store")]
    Files(#[from] FileStoreError),
}

impl ClientError for LocalError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Failure
    }

    fn code(&self) -> &'static str {
        "E-STORE"
    }

    fn help(&self) -> Option<String> {
        Some(
            "check that TARE_HOME names a folder that can be written, on a disk that is not full"
                .to_owned(),
        )
    }
}

/// The local store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Local {
    home: Home,
    documents: Documents,
    files: Arc<FileStore>,
}

impl Local {
    /// Opens the store in `home`, and makes its folders if need be.
    ///
    /// # Errors
    /// When the folders cannot be made.
    pub fn open(home: Home) -> Result<Self, LocalError> {
        let documents = Documents::open(&home)?;
        let files = Arc::new(FileStore::open(home.root())?);
        Ok(Self { home, documents, files })
    }

    /// Where things lie.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The documents.
    #[must_use]
    pub fn documents(&self) -> &Documents {
        &self.documents
    }

    /// The contents.
    #[must_use]
    pub fn files(&self) -> &Arc<FileStore> {
        &self.files
    }

    /// The release documents of everything in a lock, ancestors too. Nothing is fetched.
    ///
    /// # Errors
    /// When one is not here.
    pub fn locked_documents(
        &self,
        lock: &Lock,
    ) -> Result<BTreeMap<Sha256, Release>, DocumentError> {
        let packages = lock.packages.iter().map(|package| package.release);
        let ancestors = lock.ancestors.iter().filter_map(|ancestor| ancestor.release);
        packages
            .chain(ancestors)
            .map(|digest| Ok((digest, self.documents.local_release(&digest)?)))
            .collect()
    }
}
