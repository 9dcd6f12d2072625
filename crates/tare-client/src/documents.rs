//! Documents by digest: from the local store, else from the registry and then kept.
//!
//! They lie under `$TARE_HOME/documents` in the layout of a registry, so the folder itself could be served. A document
//! is checked against its name each time it is read, also from the local disk: a damaged one is removed and fetched
//! again.

use std::sync::Arc;

use bytes::Bytes;
use tare_format::limits::Limits;
use tare_format::recipe::Recipe;
use tare_format::release::Release;
use tare_format::{Blake3, Sha256};
use tare_store::backend::read_all;
use tare_store::{Content, FolderStore, ObjectKey, ObjectStore, StoreError};

use crate::error::{ClientError, ErrorKind};
use crate::home::Home;
use crate::registry::{RegistryClient, RegistryError};
use crate::trust::Evidence;

/// Why a document is not there.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The registry did not send it.
    #[error(transparent)]
    Registry(Box<RegistryError>),
    /// The local store failed.
    #[error("failed to use the local store")]
    Store(#[from] StoreError),
    /// It is not in the local store, and nobody was to be asked.
    #[error("`{0}` is not in the local store")]
    NotLocal(ObjectKey),
    /// It has the right digest and cannot be read.
    #[error("`{key}` cannot be read")]
    Unreadable {
        /// The document.
        key: ObjectKey,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The registry sent something else.
    #[error("`{key}` is not what its name says: expected {expected}, found {found}")]
    Digest {
        /// The document.
        key: ObjectKey,
        /// Its digest.
        expected: Sha256,
        /// That of what came.
        found: Sha256,
    },
    /// The thread that wrote it died.
    #[error("a writer of the local store was stopped")]
    Stopped,
}

impl DocumentError {
    /// Whether it is nowhere, rather than wrong or out of reach.
    pub(crate) fn is_missing(&self) -> bool {
        match self {
            Self::Registry(error) => error.kind() == ErrorKind::NotFound,
            error => matches!(error, Self::NotLocal(_)),
        }
    }
}

impl From<RegistryError> for DocumentError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(Box::new(error))
    }
}

impl ClientError for DocumentError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Registry(error) => match error.kind() {
                // What names a document proves that there is one, so that whoever lacks it is not complete.
                ErrorKind::NotFound => ErrorKind::Integrity,
                kind => kind,
            },
            Self::Store(_) | Self::Stopped => ErrorKind::Failure,
            Self::NotLocal(_) => ErrorKind::NotFound,
            Self::Unreadable { .. } | Self::Digest { .. } => ErrorKind::Integrity,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Registry(error) => error.code(),
            Self::Store(_) | Self::Stopped => "E-STORE",
            Self::NotLocal(_) => "E-NOT-LOCAL",
            Self::Unreadable { .. } => "E-DOCUMENT",
            Self::Digest { .. } => "E-DIGEST",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Registry(error) => match error.kind() {
                ErrorKind::NotFound => Some(
                    "tell whoever runs the registry or mirror that it is missing there".to_owned(),
                ),
                _ => error.help(),
            },
            Self::NotLocal(_) => Some("run `tare install`, which fetches it".to_owned()),
            _ => None,
        }
    }
}

/// The documents of the local store.
#[derive(Debug, Clone)]
pub struct Documents {
    store: Arc<FolderStore>,
}

impl Documents {
    /// Opens the documents of a home, and makes their folder if need be.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(home: &Home) -> Result<Self, DocumentError> {
        let store = FolderStore::open(&home.documents(), &home.root().join("staging"))?;
        Ok(Self { store: Arc::new(store) })
    }

    /// A release document that is in the local store.
    ///
    /// # Errors
    /// [`DocumentError::NotLocal`] when it is not.
    pub fn local_release(&self, digest: &Sha256) -> Result<Release, DocumentError> {
        let key = ObjectKey::Release(*digest);
        let bytes = self.local(&key, Limits::default().release_size)?;
        let bytes = bytes.ok_or_else(|| DocumentError::NotLocal(key.clone()))?;
        Release::from_bytes(&bytes).map_err(|error| unreadable(key, error))
    }

    /// A meta archive that is in the local store, still packed.
    ///
    /// # Errors
    /// [`DocumentError::NotLocal`] when it is not.
    pub fn local_meta(&self, digest: &Sha256) -> Result<Vec<u8>, DocumentError> {
        let key = ObjectKey::Meta(*digest);
        let bytes = self.local(&key, Limits::default().meta_packed_size)?;
        bytes.ok_or(DocumentError::NotLocal(key))
    }

    /// A recipe, if it is in the local store.
    ///
    /// # Errors
    /// When the store fails.
    pub fn local_recipe(&self, digest: &Blake3) -> Result<Option<Recipe>, DocumentError> {
        let key = ObjectKey::Recipe(*digest);
        let bytes = self.local(&key, Limits::default().recipe_size)?;
        let recipe = bytes.map(|bytes| Recipe::from_bytes(&bytes)).transpose();
        recipe.map_err(|error| unreadable(key, error))
    }

    /// A signature bundle that is in the local store.
    ///
    /// # Errors
    /// [`DocumentError::NotLocal`] when it is not.
    pub fn local_signature(&self, digest: &Sha256) -> Result<Vec<u8>, DocumentError> {
        let key = ObjectKey::Signature(*digest);
        let bytes = self.local(&key, Limits::default().signature_size)?;
        bytes.ok_or(DocumentError::NotLocal(key))
    }

    /// The signature bundles that a release was accepted by here.
    pub(crate) fn bundles_of(&self, home: &Home, release: &Sha256) -> Vec<Sha256> {
        Evidence::load(&home.evidence(release)).map(|evidence| evidence.bundles).unwrap_or_default()
    }

    /// A release document.
    ///
    /// # Errors
    /// When it is neither here nor in the registry.
    pub async fn release(
        &self,
        registry: &RegistryClient,
        digest: &Sha256,
    ) -> Result<Release, DocumentError> {
        match self.local_release(digest) {
            Err(DocumentError::NotLocal(_)) => {
                let (release, bytes) = registry.release(digest).await?;
                self.keep(ObjectKey::Release(*digest), bytes).await?;
                Ok(release)
            }
            local => local,
        }
    }

    /// A meta archive, still packed.
    ///
    /// # Errors
    /// When it is neither here nor in the registry.
    pub async fn meta(
        &self,
        registry: &RegistryClient,
        digest: &Sha256,
    ) -> Result<Bytes, DocumentError> {
        match self.local_meta(digest) {
            Err(DocumentError::NotLocal(key)) => {
                let bytes = registry.meta(digest).await?;
                self.keep(key, bytes.clone()).await?;
                Ok(bytes)
            }
            local => local.map(Bytes::from),
        }
    }

    /// A recipe.
    ///
    /// # Errors
    /// When it is neither here nor in the registry.
    pub async fn recipe(
        &self,
        registry: &RegistryClient,
        digest: &Blake3,
    ) -> Result<Recipe, DocumentError> {
        if let Some(recipe) = self.local_recipe(digest)? {
            return Ok(recipe);
        }
        let recipe = registry.recipe(digest).await?;
        self.keep(ObjectKey::Recipe(*digest), recipe.to_bytes().into()).await?;
        Ok(recipe)
    }

    /// A signature bundle.
    ///
    /// # Errors
    /// When it is neither here nor in the registry, or the registry sends another.
    pub async fn signature(
        &self,
        registry: &RegistryClient,
        digest: &Sha256,
    ) -> Result<Bytes, DocumentError> {
        match self.local_signature(digest) {
            Err(DocumentError::NotLocal(key)) => {
                let bytes = registry.signature(digest).await?;
                let found = Sha256::of(&bytes);
                if found != *digest {
                    return Err(DocumentError::Digest { key, expected: *digest, found });
                }
                self.keep(key, bytes.clone()).await?;
                Ok(bytes)
            }
            local => local.map(Bytes::from),
        }
    }

    /// The bytes of a document that is here and whole.
    fn local(&self, key: &ObjectKey, cap_bytes: u64) -> Result<Option<Vec<u8>>, DocumentError> {
        let bytes = match read_all(&*self.store, key, cap_bytes) {
            Ok(bytes) => bytes,
            Err(StoreError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if is_named_by(key, &bytes) {
            return Ok(Some(bytes));
        }
        self.store.remove(key)?;
        Ok(None)
    }

    async fn keep(&self, key: ObjectKey, bytes: Bytes) -> Result<(), DocumentError> {
        let store = Arc::clone(&self.store);
        let kept = tokio::task::spawn_blocking(move || match key.is_mutable() {
            true => store.replace(&key, &bytes),
            false => store.put(&key, Content::Bytes(&bytes)).map(|_| ()),
        });
        Ok(kept.await.map_err(|_| DocumentError::Stopped)??)
    }
}

fn is_named_by(key: &ObjectKey, bytes: &[u8]) -> bool {
    match key {
        ObjectKey::Release(digest)
        | ObjectKey::Meta(digest)
        | ObjectKey::Signature(digest)
        | ObjectKey::State(digest) => Sha256::of(bytes) == *digest,
        ObjectKey::Recipe(digest) | ObjectKey::Pack(digest) => Blake3::of(bytes) == *digest,
        // What has another name than its digest is proved by the head, and not by this.
        _ => true,
    }
}

fn unreadable(
    key: ObjectKey,
    error: impl std::error::Error + Send + Sync + 'static,
) -> DocumentError {
    DocumentError::Unreadable { key, source: Box::new(error) }
}
