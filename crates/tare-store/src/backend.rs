//! Where a registry's objects lie: the contract that every backend keeps.
//!
//! The trait is blocking (docs/decisions/0003-blocking-store.md); asynchronous callers go through `spawn_blocking`.
//! A new backend is right when [`crate::conformance::check`] passes on it.

use std::fs::File;
use std::io;
use std::ops::Range;

use crate::durable::{Committed, DurableError, Staged};
use crate::key::{ObjectKey, ObjectKind};

mod folder;
mod memory;

pub use folder::FolderStore;
pub use memory::MemoryStore;

/// Why a backend did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("object `{key}` is not in the store")]
    Missing {
        /// Which object.
        key: ObjectKey,
    },
    /// An object that may not change is there with other bytes.
    #[error("object `{key}` is in the store with other bytes, and it may not change")]
    Conflict {
        /// Which object.
        key: ObjectKey,
    },
    /// The object is of a kind that never changes.
    #[error("object `{key}` never changes, so it cannot be replaced")]
    Immutable {
        /// Which object.
        key: ObjectKey,
    },
    /// The range reaches beyond the object's end.
    #[error("object `{key}` has {size_bytes} bytes, so {start} to {end} cannot be read")]
    Range {
        /// Which object.
        key: ObjectKey,
        /// First byte asked for.
        start: u64,
        /// First byte after those asked for.
        end: u64,
        /// The object's size.
        size_bytes: u64,
    },
    /// The object was not written.
    #[error("failed to write object `{key}`")]
    Write {
        /// Which object.
        key: ObjectKey,
        /// Why.
        source: DurableError,
    },
    /// The store's own folder could not be used.
    #[error("failed to prepare the store")]
    Prepare(#[source] DurableError),
    /// The two folders of a store cannot share temporary files.
    #[error(
        "`{public}` and `{staging}` are not in one file system, so no file can be moved between them"
    )]
    TwoFileSystems {
        /// The folder of final files.
        public: String,
        /// The folder of temporary files.
        staging: String,
    },
    /// Any other failure of the system under the store.
    #[error("failed to {action} `{what}`")]
    Io {
        /// What was being done.
        action: &'static str,
        /// To what: an object's path or a folder.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

impl StoreError {
    /// Whether the disk is full: the one failure that an operator mends by making room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(
            self,
            Self::Write { source: DurableError::Full { .. }, .. }
                | Self::Prepare(DurableError::Full { .. })
        )
    }
}

/// What a new object is made of.
#[derive(Debug)]
pub enum Content<'a> {
    /// Bytes in memory: documents.
    Bytes(&'a [u8]),
    /// A file from [`ObjectStore::stage`] of the same store, moved into place without a copy: packs.
    File(Staged),
}

/// An object as [`ObjectStore::list`] finds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Which object.
    pub key: ObjectKey,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// Objects by key. Every method may be called from many threads and processes at once.
///
/// A backend does not check that bytes hash to their name: it cannot know who asks. Callers check before they put
/// and after they read.
pub trait ObjectStore: Send + Sync {
    /// An empty temporary file that [`ObjectStore::put`] can take without copying it. Dropping it removes it.
    ///
    /// # Errors
    /// When the store cannot make one.
    fn stage(&self) -> Result<Staged, StoreError>;

    /// Makes an object. Durable when it returns: bytes and name survive a power cut. All or nothing: no reader ever
    /// sees a part. An object that is there with the same bytes is fine, so a retry after any failure is safe.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is there with other bytes, which stay; [`StoreError::Write`] when the disk is
    /// full or the system fails, and then the object is absent or as it was.
    fn put(&self, key: &ObjectKey, content: Content<'_>) -> Result<Committed, StoreError>;

    /// Makes or changes an object whose key [may change](ObjectKey::is_mutable). Durable when it returns, and at one
    /// stroke: a reader sees all of the old bytes or all of the new. The last of two writers wins.
    ///
    /// # Errors
    /// [`StoreError::Immutable`] for any other key; [`StoreError::Write`], and then the object is as it was.
    fn replace(&self, key: &ObjectKey, bytes: &[u8]) -> Result<(), StoreError>;

    /// Reads exactly the bytes of `range`. The caller answers for its length: it is allocated at once.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::Range`] when the object ends before the range does.
    fn read(&self, key: &ObjectKey, range: Range<u64>) -> Result<Vec<u8>, StoreError>;

    /// The object's size in bytes, or `None` when there is no such object.
    ///
    /// # Errors
    /// When the system fails, which says nothing of the object.
    fn size(&self, key: &ObjectKey) -> Result<Option<u64>, StoreError>;

    /// The objects of one kind, sorted by path. What is not of the layout is left out. An object that is put or
    /// removed meanwhile may or may not be in the list.
    ///
    /// # Errors
    /// When the system fails.
    fn list(&self, kind: ObjectKind) -> Result<Vec<Listed>, StoreError>;

    /// Removes an object; one that is not there is fine. Durable when it returns.
    ///
    /// # Errors
    /// When the system fails; the object may then be there or not.
    fn remove(&self, key: &ObjectKey) -> Result<(), StoreError>;
}

/// Reads a whole object of at most `cap_bytes`.
///
/// # Errors
/// [`StoreError::Missing`], or [`StoreError::Range`] when the object is larger.
pub fn read_all(
    store: &dyn ObjectStore,
    key: &ObjectKey,
    cap_bytes: u64,
) -> Result<Vec<u8>, StoreError> {
    let size_bytes = store.size(key)?.ok_or_else(|| StoreError::Missing { key: key.clone() })?;
    if size_bytes > cap_bytes {
        return Err(StoreError::Range { key: key.clone(), start: 0, end: cap_bytes, size_bytes });
    }
    store.read(key, 0..size_bytes)
}

/// Reads `range` of an open file, or says how large the file is when it ends before.
fn read_range(file: &mut File, key: &ObjectKey, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let fail = |source| StoreError::Io { action: "read", what: key.path(), source };
    let size_bytes = file.metadata().map_err(fail)?.len();
    let length = check_range(key, &range, size_bytes)?;
    file.seek(SeekFrom::Start(range.start)).map_err(fail)?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes).map_err(fail)?;
    Ok(bytes)
}

/// The length of `range` in an object of `size_bytes`.
fn check_range(key: &ObjectKey, range: &Range<u64>, size_bytes: u64) -> Result<usize, StoreError> {
    let fits = range.end <= size_bytes;
    let length = range.end.checked_sub(range.start).filter(|_| fits);
    length.and_then(|length| usize::try_from(length).ok()).ok_or_else(|| StoreError::Range {
        key: key.clone(),
        start: range.start,
        end: range.end,
        size_bytes,
    })
}
