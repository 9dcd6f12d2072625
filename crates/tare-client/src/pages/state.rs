//! From a head to the digest of one page, or to the proof that there is none (spec/log.md W-54, spec/tiles.md X-31 on).
//!
//! The map's nodes are named by their hashes, so whoever serves them cannot change them, and one that was fetched once is
//! never fetched again. That something is absent is concluded from a node, never from an answer that did not come.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tare_format::Sha256;
use tare_format::event::PageKey;
use tare_format::registry::RegistryId;
use tare_store::ObjectKey;
use tare_tlog::hash::Hash;
use tare_tlog::map::{Commitment, Key, Step, Walk};
use tokio::sync::OnceCell;

use super::PagesError;
use super::cache::{read, write};
use crate::home::Home;
use crate::registry::RegistryClient;

/// The nodes of one registry's state map, as far as they are needed.
#[derive(Debug)]
pub(super) struct StateMap<'a> {
    registry: &'a RegistryClient,
    home: Home,
    id: RegistryId,
    offline: bool,
    /// Nodes that were met or are on their way: packages that are asked for together share the upper ones. The lock is
    /// held for no await.
    nodes: Mutex<HashMap<Hash, Arc<OnceCell<Bytes>>>>,
}

/// What the cache alone can say of a page under `state`: its digest, or that there is none; nothing when a node is not
/// here.
pub(super) fn cached(
    home: &Home,
    id: &RegistryId,
    state: &Commitment,
    page: &PageKey,
) -> Option<Option<Sha256>> {
    let mut walk = Walk::new(state, Key(page.state_key()));
    loop {
        let name = match walk.next() {
            Step::Found(value) => return Some(Some(Sha256::from_bytes(value.0))),
            Step::Absent => return Some(None),
            Step::Fetch(name) => home.state_node(id, &Sha256::from_bytes(name.0)),
        };
        let limit = u64::try_from(walk.limit_bytes()).unwrap_or(u64::MAX);
        walk.feed(&read(&name, limit)?).ok()?;
    }
}

impl<'a> StateMap<'a> {
    pub(super) fn new(
        registry: &'a RegistryClient,
        id: RegistryId,
        home: Home,
        offline: bool,
    ) -> Self {
        Self { registry, home, id, offline, nodes: Mutex::default() }
    }

    /// The digest of a page under `state`; none when it is proven that there is no such page.
    pub(super) async fn digest(
        &self,
        state: &Commitment,
        page: &PageKey,
    ) -> Result<Option<Sha256>, PagesError> {
        let mut walk = Walk::new(state, Key(page.state_key()));
        loop {
            let name = match walk.next() {
                Step::Found(value) => return Ok(Some(Sha256::from_bytes(value.0))),
                Step::Absent => return Ok(None),
                Step::Fetch(name) => name,
            };
            let limit = u64::try_from(walk.limit_bytes()).unwrap_or(u64::MAX);
            let node = self.node(page, name, limit).await?;
            walk.feed(&node)
                .map_err(|error| PagesError::state(page, crate::error::chain(&error).join(": ")))?;
        }
    }

    async fn node(&self, page: &PageKey, name: Hash, limit: u64) -> Result<Bytes, PagesError> {
        let cell = {
            let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(nodes.entry(name).or_default())
        };
        let node = cell.get_or_try_init(|| self.load(page, name, limit)).await;
        node.cloned()
    }

    /// A node from the cache, which may be damaged, else from the registry.
    async fn load(&self, page: &PageKey, name: Hash, limit: u64) -> Result<Bytes, PagesError> {
        let digest = Sha256::from_bytes(name.0);
        let path = self.home.state_node(&self.id, &digest);
        if let Some(bytes) = read(&path, limit)
            && Sha256::of(&bytes) == digest
        {
            return Ok(bytes.into());
        }
        if self.offline {
            return Err(PagesError::Offline(page.clone()));
        }
        let key = ObjectKey::State(digest);
        let check = |bytes: &Bytes| {
            let found = Sha256::of(bytes);
            let expected =
                format!("it is not what its name says: expected {digest}, found {found}");
            if found == digest { Ok(()) } else { Err(expected) }
        };
        let fetched = self.registry.fetch_verified(&key, limit, check).await;
        let fetched = fetched.map_err(|error| PagesError::served(page, error))?;
        let bytes =
            fetched.ok_or_else(|| PagesError::state(page, format!("`{key}` is not served")))?;
        // A cache that cannot be written is no cache, and no error.
        let _ = write(&path, &bytes);
        Ok(bytes)
    }
}
