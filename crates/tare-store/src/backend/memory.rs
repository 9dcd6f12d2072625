//! Objects in memory: for tests, and for a server that is thrown away. Staged files lie in a temporary folder.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use super::{Content, Listed, ObjectStore, StoreError, check_range};
use crate::durable::{Committed, DurableError, Staged};
use crate::key::{ObjectKey, ObjectKind};

/// The memory backend. "Durable" means: as long as the value lives.
#[derive(Debug)]
pub struct MemoryStore {
    /// Every object by path. Guarded by the lock; no method holds it while it waits for anything.
    objects: Mutex<BTreeMap<String, Arc<[u8]>>>,
    staging: TempDir,
}

impl MemoryStore {
    /// An empty store.
    ///
    /// # Errors
    /// When the temporary folder for staged files cannot be made.
    pub fn new() -> Result<Self, StoreError> {
        let staging = tempfile::tempdir().map_err(|source| StoreError::Io {
            action: "make",
            what: "the temporary folder".to_owned(),
            source,
        })?;
        Ok(Self { objects: Mutex::default(), staging })
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Arc<[u8]>>> {
        // Every change is one call on the map, so a panic elsewhere cannot leave it half done.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ObjectStore for MemoryStore {
    fn stage(&self) -> Result<Staged, StoreError> {
        Staged::create_in(self.staging.path()).map_err(StoreError::Prepare)
    }

    fn put(&self, key: &ObjectKey, content: Content<'_>) -> Result<Committed, StoreError> {
        let bytes: Arc<[u8]> = match content {
            Content::Bytes(bytes) => bytes.into(),
            Content::File(mut staged) => {
                let mut bytes = Vec::new();
                let read = staged.rewind().and_then(|file| file.read_to_end(&mut bytes));
                read.map_err(|source| StoreError::Write {
                    key: key.clone(),
                    source: DurableError::new("read back", staged.path(), source),
                })?;
                bytes.into()
            }
        };
        let mut objects = self.objects();
        match objects.get(&key.path()) {
            Some(there) if *there == bytes => Ok(Committed::AlreadyThere),
            Some(_) => Err(StoreError::Conflict { key: key.clone() }),
            None => {
                objects.insert(key.path(), bytes);
                Ok(Committed::Created)
            }
        }
    }

    fn replace(&self, key: &ObjectKey, bytes: &[u8]) -> Result<(), StoreError> {
        if !key.is_mutable() {
            return Err(StoreError::Immutable { key: key.clone() });
        }
        self.objects().insert(key.path(), bytes.into());
        Ok(())
    }

    fn read(&self, key: &ObjectKey, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let object = self.objects().get(&key.path()).cloned();
        let object = object.ok_or_else(|| StoreError::Missing { key: key.clone() })?;
        let length = check_range(key, &range, object.len() as u64)?;
        // The range lies within a slice, so its start fits a usize.
        let start = usize::try_from(range.start).unwrap_or(usize::MAX);
        Ok(object.iter().skip(start).take(length).copied().collect())
    }

    fn size(&self, key: &ObjectKey) -> Result<Option<u64>, StoreError> {
        Ok(self.objects().get(&key.path()).map(|object| object.len() as u64))
    }

    fn list(&self, kind: ObjectKind) -> Result<Vec<Listed>, StoreError> {
        let objects = self.objects();
        let keys = objects.iter().filter_map(|(path, object)| {
            let key: ObjectKey = path.parse().ok()?;
            (key.kind() == kind).then(|| Listed { key, size_bytes: object.len() as u64 })
        });
        Ok(keys.collect())
    }

    fn remove(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.objects().remove(&key.path());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_keeps_the_contract() {
        crate::conformance::check(|| Box::new(MemoryStore::new().unwrap()));
    }
}
