//! A copy of what was read, so that somebody else can read the same without the registry.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tare_store::ObjectKey;

/// The objects that a client read. Of one that was read several times, because a place sent something that was refused,
/// it is the last.
#[derive(Debug, Default)]
pub(crate) struct Record(Mutex<BTreeMap<ObjectKey, Bytes>>);

impl Record {
    pub(super) fn keep(&self, key: &ObjectKey, bytes: &Bytes) {
        let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        objects.insert(key.clone(), bytes.clone());
    }

    /// What was read so far; the record is empty then.
    pub(crate) fn take(&self) -> BTreeMap<ObjectKey, Bytes> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
