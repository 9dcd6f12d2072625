//! A store that fails on purpose, for tests of what a crash leaves behind.
//!
//! A test runs its story once to [count](FaultStore::operations) the operations, and then once for each of them with
//! that one failing. It is public because publish, install and mirror are tested so, each in its own crate.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::backend::{Content, Listed, ObjectStore, StoreError};
use crate::durable::{Committed, DurableError, Staged};
use crate::key::{ObjectKey, ObjectKind};

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing; operations are only counted.
    None,
    /// The operation of this number, from 0, does nothing and fails. Those after it work.
    Once(usize),
    /// The operation of this number and all after it do nothing and fail, as if the process had died before it.
    From(usize),
    /// The operation of this number is done and all after it fail, as if the process had died right behind it: its
    /// caller does not hear that it was done.
    Behind(usize),
    /// As [`Fault::Once`], and the failure is a full disk.
    Full(usize),
}

/// A store around another that fails as told. Every method of the trait is one operation.
#[derive(Debug)]
pub struct FaultStore<S> {
    inner: S,
    fault: Fault,
    count: AtomicUsize,
}

impl<S: ObjectStore> FaultStore<S> {
    /// Wraps `inner`.
    pub fn new(inner: S, fault: Fault) -> Self {
        Self { inner, fault, count: AtomicUsize::new(0) }
    }

    /// How many operations were asked for.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// The store behind, which is what a restart finds.
    pub fn into_inner(self) -> S {
        self.inner
    }

    fn run<T>(
        &self,
        action: &'static str,
        what: &str,
        operation: impl FnOnce(&S) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        let fail = |source: io::Error| StoreError::Io { action, what: what.to_owned(), source };
        let injected = || fail(io::Error::other(format!("injected failure of operation {number}")));
        match self.fault {
            Fault::Once(nth) if number == nth => Err(injected()),
            Fault::From(nth) if number >= nth => Err(injected()),
            Fault::Behind(nth) if number > nth => Err(injected()),
            Fault::Behind(nth) if number == nth => operation(&self.inner).and(Err(injected())),
            Fault::Full(nth) if number == nth => Err(StoreError::Prepare(DurableError::new(
                action,
                what.as_ref(),
                io::ErrorKind::StorageFull.into(),
            ))),
            _ => operation(&self.inner),
        }
    }
}

impl<S: ObjectStore> ObjectStore for FaultStore<S> {
    fn stage(&self) -> Result<Staged, StoreError> {
        self.run("stage", "a file", S::stage)
    }

    fn put(&self, key: &ObjectKey, content: Content<'_>) -> Result<Committed, StoreError> {
        self.run("put", &key.path(), |inner| inner.put(key, content))
    }

    fn replace(&self, key: &ObjectKey, bytes: &[u8]) -> Result<(), StoreError> {
        self.run("replace", &key.path(), |inner| inner.replace(key, bytes))
    }

    fn read(&self, key: &ObjectKey, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        self.run("read", &key.path(), |inner| inner.read(key, range))
    }

    fn size(&self, key: &ObjectKey) -> Result<Option<u64>, StoreError> {
        self.run("look at", &key.path(), |inner| inner.size(key))
    }

    fn list(&self, kind: ObjectKind) -> Result<Vec<Listed>, StoreError> {
        self.run("list", kind.folder(), |inner| inner.list(kind))
    }

    fn remove(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.run("remove", &key.path(), |inner| inner.remove(key))
    }
}

#[cfg(test)]
mod tests {
    use tare_format::Sha256;

    use super::*;
    use crate::backend::MemoryStore;

    fn key(bytes: &[u8]) -> ObjectKey {
        ObjectKey::Meta(Sha256::of(bytes))
    }

    /// Puts two objects; gives what the store holds afterwards, and whether both were acknowledged.
    fn story(fault: Fault) -> (usize, bool) {
        let store = FaultStore::new(MemoryStore::new().unwrap(), fault);
        let put = |bytes: &[u8]| store.put(&key(bytes), Content::Bytes(bytes)).is_ok();
        let acknowledged = put(b"one") & put(b"two");
        (store.into_inner().list(ObjectKind::Meta).unwrap().len(), acknowledged)
    }

    #[test]
    fn the_told_operation_fails_and_no_other() {
        assert_eq!(story(Fault::None), (2, true));
        assert_eq!(story(Fault::Once(0)), (1, false));
        assert_eq!(story(Fault::From(0)), (0, false));
        assert_eq!(story(Fault::From(1)), (1, false));
        assert_eq!(story(Fault::Behind(0)), (1, false));
        assert_eq!(story(Fault::Behind(1)), (2, false));
        assert_eq!(story(Fault::From(2)), (2, true));
    }

    #[test]
    fn a_full_disk_looks_like_one() {
        let store = FaultStore::new(MemoryStore::new().unwrap(), Fault::Full(0));
        let error = store.put(&key(b"x"), Content::Bytes(b"x")).unwrap_err();
        assert!(error.is_full(), "{error}");
    }

    #[test]
    fn operations_are_counted_and_the_contract_kept() {
        let store = FaultStore::new(MemoryStore::new().unwrap(), Fault::None);
        store.size(&key(b"x")).unwrap();
        assert_eq!(store.operations(), 1);
        crate::conformance::check(|| {
            Box::new(FaultStore::new(MemoryStore::new().unwrap(), Fault::None))
        });
    }
}
