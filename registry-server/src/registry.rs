//! An open registry: its database, its store, and what is passed in from outside.

use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tare_format::registry::{REGISTRY_FORMAT, RegistryId};
use tare_store::{FolderStore, ObjectStore, StoreError};
use tokio::sync::{Mutex, RwLock};

use crate::clock::Clock;
use crate::config::Config;
use crate::db::{self, Database};
use crate::entropy::{Entropy, random};
use crate::error::ApiError;
use crate::projection;

/// Why a registry did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another server has it.
    #[error("the registry in `{}` is served by another process", path.display())]
    Locked {
        /// The registry's folder.
        path: PathBuf,
    },
    /// There is no registry.
    #[error("there is no registry in `{}`", path.display())]
    Absent {
        /// The folder.
        path: PathBuf,
    },
    /// There is one already.
    #[error("there is a registry in `{}` already", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The folder cannot be used.
    #[error("failed to {action} `{}`", path.display())]
    Folder {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store cannot be used.
    #[error("failed to open the store of the registry")]
    Store(#[from] StoreError),
    /// The database cannot be used, or was written by a newer version.
    #[error("failed to open the database of the registry")]
    Database(#[from] sqlx::Error),
    /// The database is not that of a registry of this format.
    #[error("the database is of format `{found}`, this version reads `{REGISTRY_FORMAT}`")]
    Format {
        /// What the database says.
        found: String,
    },
    /// What a crash had left undone could not be done.
    #[error("failed to bring the public files up to date")]
    Recover(#[source] ApiError),
}

/// What the routes get: a registry that several requests share.
pub type App = Arc<Registry>;

/// An open registry.
pub struct Registry {
    pub(crate) db: Database,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) config: Config,
    pub(crate) id: RegistryId,
    /// Held for reading while a session puts an object and notes it, for writing while the objects of dead sessions are
    /// removed: so an object is not removed between the two.
    pub(crate) collecting: RwLock<()>,
    /// Held while public files are written anew, so that an older state never overwrites a newer one.
    pub(crate) projecting: Mutex<()>,
    /// The lock on the folder. Nothing reads it: the system gives it back when the process ends, however it ends.
    _lock: Option<File>,
}

impl Registry {
    /// Makes a registry in the folder of `config`, which may be absent or empty.
    ///
    /// # Errors
    /// [`OpenError::Exists`] when there is one; else when the folder or the database cannot be made.
    pub async fn init(config: &Config) -> Result<(), OpenError> {
        if config.is_initialised() {
            return Err(OpenError::Exists { path: config.path.clone() });
        }
        let folder = |source| OpenError::Folder {
            action: "make the folder",
            path: config.path.clone(),
            source,
        };
        std::fs::create_dir_all(&config.path).map_err(folder)?;
        let store: Arc<dyn ObjectStore> =
            Arc::new(FolderStore::open(&config.public(), &config.staging())?);
        let database = Database::open(&config.database()).await?;
        let registry = Self::assemble(config.clone(), database, store, None).await?;
        registry.recover().await?;
        registry.db.close().await;
        Ok(())
    }

    /// Opens the registry for serving: takes the lock on its folder, and does what a crash had left undone.
    ///
    /// # Errors
    /// [`OpenError::Absent`], [`OpenError::Locked`], or when a part of it cannot be used.
    pub async fn open(config: Config) -> Result<App, OpenError> {
        Self::require(&config)?;
        let path = config.lock();
        let fail = |source| OpenError::Folder { action: "lock", path: path.clone(), source };
        let lock = File::options().create(true).append(true).open(&path).map_err(fail)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Locked { path: config.path });
            }
            Err(TryLockError::Error(source)) => return Err(fail(source)),
        }
        let registry = Self::open_parts(config, Some(lock)).await?;
        registry.recover().await?;
        Ok(registry)
    }

    /// Opens the registry for the commands of its operator, beside a server that may be running. The public files are
    /// left to the server: two processes could write them in the wrong order.
    ///
    /// # Errors
    /// [`OpenError::Absent`], or when a part of it cannot be used.
    pub async fn attach(config: Config) -> Result<App, OpenError> {
        Self::require(&config)?;
        Self::open_parts(config, None).await
    }

    /// A registry over any store. The database is made when it is missing.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn with_store(config: Config, store: Arc<dyn ObjectStore>) -> Result<App, OpenError> {
        let database = Database::open(&config.database()).await?;
        let registry = Self::assemble(config, database, store, None).await?;
        registry.recover().await?;
        Ok(registry)
    }

    /// Which registry it is.
    #[must_use]
    pub fn id(&self) -> &RegistryId {
        &self.id
    }

    /// Closes the database. Requests that come later fail.
    pub async fn close(&self) {
        self.db.close().await;
    }

    fn require(config: &Config) -> Result<(), OpenError> {
        if config.is_initialised() {
            return Ok(());
        }
        Err(OpenError::Absent { path: config.path.clone() })
    }

    async fn open_parts(config: Config, lock: Option<File>) -> Result<App, OpenError> {
        let store: Arc<dyn ObjectStore> =
            Arc::new(FolderStore::open(&config.public(), &config.staging())?);
        let database = Database::open(&config.database()).await?;
        Self::assemble(config, database, store, lock).await
    }

    async fn assemble(
        config: Config,
        db: Database,
        store: Arc<dyn ObjectStore>,
        lock: Option<File>,
    ) -> Result<App, OpenError> {
        let id = identity(&db, &config).await?;
        Ok(Arc::new(Self {
            db,
            store,
            clock: config.clock.clone(),
            entropy: config.entropy.clone(),
            config,
            id,
            collecting: RwLock::default(),
            projecting: Mutex::default(),
            _lock: lock,
        }))
    }

    /// Does what a crash had left undone.
    async fn recover(&self) -> Result<(), OpenError> {
        projection::write_registry(self).await.map_err(OpenError::Recover)?;
        projection::catch_up(self).await.map_err(OpenError::Recover)
    }

    /// Runs work that blocks on the store, on a thread that may block.
    ///
    /// # Errors
    /// What the work fails with.
    pub(crate) async fn blocking<T, E>(
        &self,
        work: impl FnOnce(&dyn ObjectStore) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ApiError>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        let store = Arc::clone(&self.store);
        let done = tokio::task::spawn_blocking(move || work(store.as_ref())).await;
        done.map_err(ApiError::internal)?.map_err(Into::into)
    }
}

/// Reads the registry's id, or draws it when the database is new.
async fn identity(db: &Database, config: &Config) -> Result<RegistryId, OpenError> {
    let recover = |error| OpenError::Recover(error);
    let mut tx = db.begin().await.map_err(recover)?;
    let found: Option<(String, String)> =
        sqlx::query_as("SELECT id, format FROM registry").fetch_optional(&mut *tx).await?;
    if let Some((id, format)) = found {
        if format != REGISTRY_FORMAT {
            return Err(OpenError::Format { found: format });
        }
        return id.parse().map_err(|error| recover(ApiError::internal(error)));
    }
    let drawn: [u8; 16] = random(config.entropy.as_ref()).map_err(|error| recover(error.into()))?;
    let id = RegistryId::of_root(&tare_format::Sha256::of(&drawn));
    sqlx::query("INSERT INTO registry (singleton, id, format, created) VALUES (1, ?, ?, ?)")
        .bind(id.as_str())
        .bind(REGISTRY_FORMAT)
        .bind(db::seconds(config.clock.now()))
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(id)
}
