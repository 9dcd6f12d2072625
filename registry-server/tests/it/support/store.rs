//! A store that a test and a registry share.

use std::ops::Range;
use std::sync::Arc;

use tare_store::backend::Listed;
use tare_store::durable::{Committed, Staged};
use tare_store::{Content, ObjectKey, ObjectKind, ObjectStore, StoreError};

/// One store with several owners.
#[derive(Clone)]
pub(crate) struct Shared(pub(crate) Arc<dyn ObjectStore>);

impl Shared {
    /// Every object's path.
    pub(crate) fn paths(&self) -> Vec<String> {
        let listed = ObjectKind::ALL.into_iter().flat_map(|kind| self.list(kind).unwrap());
        listed.map(|object| object.key.path()).collect()
    }

    /// How many objects of a kind there are.
    pub(crate) fn count(&self, kind: ObjectKind) -> usize {
        self.list(kind).unwrap().len()
    }
}

impl ObjectStore for Shared {
    fn stage(&self) -> Result<Staged, StoreError> {
        self.0.stage()
    }

    fn put(&self, key: &ObjectKey, content: Content<'_>) -> Result<Committed, StoreError> {
        self.0.put(key, content)
    }

    fn replace(&self, key: &ObjectKey, bytes: &[u8]) -> Result<(), StoreError> {
        self.0.replace(key, bytes)
    }

    fn read(&self, key: &ObjectKey, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        self.0.read(key, range)
    }

    fn size(&self, key: &ObjectKey) -> Result<Option<u64>, StoreError> {
        self.0.size(key)
    }

    fn list(&self, kind: ObjectKind) -> Result<Vec<Listed>, StoreError> {
        self.0.list(kind)
    }

    fn remove(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.0.remove(key)
    }
}
