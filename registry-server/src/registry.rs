//! An open registry: its database, its store, and what is passed in from outside.

mod open_error;

use std::fs::{File, TryLockError};
use std::sync::{Arc, Mutex as BlockingMutex};

use tare_format::registry::{REGISTRY_FORMAT, RegistryId};
use tare_store::{FolderStore, ObjectStore};
use tare_tlog::key::SigningKey;
use tare_tlog::note::Note;
use tokio::sync::{Mutex, Notify, RwLock};

use crate::clock::Clock;
use crate::config::Config;
use crate::db::Database;
use crate::entropy::Entropy;
use crate::error::ApiError;
use crate::founding::{FirstRoot, make_folder, small_root};
use crate::key_file::{self, KeyFileError};
use crate::root::draft_path;
use crate::{guard, projection};

pub use open_error::OpenError;

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
    /// Told when the log has grown, so that cosigners are asked at once.
    pub(crate) grown: Notify,
    /// The log's key, once it was read.
    pub(crate) log_key: BlockingMutex<Option<Arc<SigningKey>>>,
    /// The lock on the folder. Nothing reads it: the system gives it back when the process ends, however it ends.
    _lock: Option<File>,
}

impl Registry {
    /// Makes a registry in the folder of `config`, which may be absent or empty: with one root key and no witnesses.
    ///
    /// # Errors
    /// [`OpenError::Exists`] when there is one; [`OpenError::Lost`] when there was one; [`OpenError::Drafted`] when there is a draft of its root, which somebody may have
    /// signed; else when the folder, the keys or the database cannot be made.
    pub async fn init(config: &Config) -> Result<(), OpenError> {
        refuse_draft(config)?;
        if !config.is_initialised() {
            guard::refuse_lost(config)?;
        }
        let database = Self::prepare(config).await?;
        let root = small_root(config).map_err(OpenError::Found)?;
        Self::establish(config, database, &root).await
    }

    /// Makes a registry in the folder of `config` with a first root document that was signed elsewhere, and the key of the
    /// log that it names.
    ///
    /// # Errors
    /// [`OpenError::Exists`] when there is one; [`OpenError::Found`] when too few keys signed the document or the log has
    /// another key; else when the folder or the database cannot be made.
    pub async fn init_with_root(
        config: &Config,
        root: Note,
        log_key: &SigningKey,
    ) -> Result<(), OpenError> {
        let root = FirstRoot::new(root).map_err(OpenError::Found)?;
        let database = Self::prepare(config).await?;
        let folder = config.keys();
        make_folder(&folder).map_err(|source| OpenError::Folder {
            action: "make the folder",
            path: folder.clone(),
            source,
        })?;
        match key_file::create(&folder.join("log.key"), log_key) {
            // An earlier try was cut off. Whether it is the right key is found out when the first events are signed.
            Ok(()) | Err(KeyFileError::Exists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Self::establish(config, database, &root).await
    }

    /// The folder and the empty database of a registry that is to be made.
    async fn prepare(config: &Config) -> Result<Database, OpenError> {
        if std::fs::metadata(config.database()).map_or(true, |found| found.len() == 0) {
            guard::refuse_shown(config)?;
        }
        std::fs::create_dir_all(&config.path).map_err(|source| OpenError::Folder {
            action: "make the folder",
            path: config.path.clone(),
            source,
        })?;
        let database = Database::open(&config.database()).await?;
        match identity(&database).await? {
            Some(_) => Err(OpenError::Exists { path: config.path.clone() }),
            None => Ok(database),
        }
    }

    async fn establish(
        config: &Config,
        database: Database,
        root: &FirstRoot,
    ) -> Result<(), OpenError> {
        let store: Arc<dyn ObjectStore> =
            Arc::new(FolderStore::open(&config.public(), &config.staging())?);
        let registry = Self::assemble(config.clone(), database, store, root.id(), None);
        registry.found(root).await.map_err(OpenError::Found)?;
        registry.recover().await?;
        registry.db.close().await;
        Ok(())
    }

    /// Opens the registry for serving: takes the lock on its folder, and does what a crash had left undone.
    ///
    /// # Errors
    /// [`OpenError::Absent`], [`OpenError::Lost`], [`OpenError::Locked`], or when a part of it cannot be used.
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

    /// As [`open`](Self::open), and makes the registry first when there is none, or when whoever made it was cut off before
    /// its first events. One that was to begin with a root document from elsewhere is left to [`init_with_root`](
    /// Self::init_with_root): it has a key for its log and none for its root.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`init`](Self::init).
    pub async fn open_or_init(config: Config) -> Result<App, OpenError> {
        match Self::open(config.clone()).await {
            Err(OpenError::Absent { path }) => {
                let has = |key: &str| config.keys().join(key).exists();
                if has("log.key") && !has("root.key") {
                    return Err(OpenError::Absent { path });
                }
                Self::init(&config).await?;
                Self::open(config).await
            }
            opened => opened,
        }
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

    /// A registry over any store. It is made, as [`Registry::init`] does it, when there is none.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn with_store(config: Config, store: Arc<dyn ObjectStore>) -> Result<App, OpenError> {
        let database = Database::open(&config.database()).await?;
        let registry = match identity(&database).await? {
            Some(id) => Self::assemble(config, database, store, id, None),
            None => {
                let root = small_root(&config).map_err(OpenError::Found)?;
                let registry = Self::assemble(config, database, store, root.id(), None);
                registry.found(&root).await.map_err(OpenError::Found)?;
                registry
            }
        };
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
        refuse_draft(config)?;
        guard::refuse_lost(config)?;
        Err(OpenError::Absent { path: config.path.clone() })
    }

    async fn open_parts(config: Config, lock: Option<File>) -> Result<App, OpenError> {
        let store: Arc<dyn ObjectStore> =
            Arc::new(FolderStore::open(&config.public(), &config.staging())?);
        let database = Database::open(&config.database()).await?;
        let id = identity(&database).await?;
        let id = id.ok_or_else(|| OpenError::Absent { path: config.path.clone() })?;
        Ok(Self::assemble(config, database, store, id, lock))
    }

    fn assemble(
        config: Config,
        db: Database,
        store: Arc<dyn ObjectStore>,
        id: RegistryId,
        lock: Option<File>,
    ) -> App {
        Arc::new(Self {
            db,
            store,
            clock: config.clock.clone(),
            entropy: config.entropy.clone(),
            config,
            id,
            collecting: RwLock::default(),
            projecting: Mutex::default(),
            grown: Notify::new(),
            log_key: BlockingMutex::default(),
            _lock: lock,
        })
    }

    /// Makes sure that the database may go on, and does what a crash had left undone.
    async fn recover(&self) -> Result<(), OpenError> {
        guard::check(self).await?;
        projection::write_registry(self).await.map_err(OpenError::Recover)?;
        projection::remove_replaced(self).await.map_err(OpenError::Recover)?;
        projection::notice_loss(self).await.map_err(OpenError::Recover)?;
        self.remove_taken_down(true).await.map_err(OpenError::Recover)?;
        projection::project(self).await.map_err(OpenError::Recover)
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

/// Another root would make another registry than the one that a draft is for.
fn refuse_draft(config: &Config) -> Result<(), OpenError> {
    let draft = draft_path(&config.path, 1);
    if draft.exists() {
        return Err(OpenError::Drafted { path: config.path.clone(), draft });
    }
    Ok(())
}

/// The registry's id; `None` in a database that no registry was made in.
async fn identity(db: &Database) -> Result<Option<RegistryId>, OpenError> {
    let mut db = db.read().await.map_err(OpenError::Recover)?;
    let found: Option<(String, String)> =
        sqlx::query_as("SELECT id, format FROM registry").fetch_optional(&mut *db).await?;
    let Some((id, format)) = found else { return Ok(None) };
    if format != REGISTRY_FORMAT {
        return Err(OpenError::Format { found: format });
    }
    let id = id.parse().map_err(|error| OpenError::Recover(ApiError::internal(error)))?;
    Ok(Some(id))
}
