//! Pages that the head proves (spec/log.md W-54, W-55).
//!
//! A page may have grown since the head, because files are not replaced all at the same instant: what counts is the
//! beginning that has the digest of the state map, and nothing behind it is looked at. Without such a beginning the head
//! may have moved: it is asked for again, once.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tare_format::Sha256;
use tare_format::event::PageKey;
use tare_format::limits::Limits;
use tare_format::registry::RegistryId;
use tare_replay::page::prefix_with_digest;
use tare_store::ObjectKey;

use super::PagesError;
use super::cache::{CachedPage, PageCache};
use super::state::StateMap;
use crate::head::{Follower, Head};
use crate::home::Home;
use crate::registry::RegistryClient;

/// Reads pages of one registry under its head.
#[derive(Debug)]
pub(super) struct ProvenPages<'a> {
    registry: &'a RegistryClient,
    follower: Follower<'a>,
    state: StateMap<'a>,
    cache: PageCache,
    offline: bool,
    /// A newer head than the follower's first, met in the middle of the command. The lock is held for no await.
    moved: Mutex<Option<Arc<Head>>>,
}

impl<'a> ProvenPages<'a> {
    pub(super) fn new(
        registry: &'a RegistryClient,
        follower: Follower<'a>,
        home: &Home,
        offline: bool,
    ) -> Self {
        let id: RegistryId = follower.id().clone();
        Self {
            state: StateMap::new(registry, id.clone(), home.clone(), offline),
            cache: PageCache::new(home.clone(), id),
            moved: Mutex::default(),
            registry,
            follower,
            offline,
        }
    }

    pub(super) fn follower(&self) -> &Follower<'a> {
        &self.follower
    }

    pub(super) fn cache(&self) -> &PageCache {
        &self.cache
    }

    /// The head that pages are read under.
    pub(super) async fn head(&self) -> Result<Arc<Head>, PagesError> {
        let moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match moved {
            Some(head) => Ok(head),
            None => Ok(self.follower.head().await?),
        }
    }

    /// A page as the head has it; none when the head proves that there is none. Whether the head moved on the way.
    pub(super) async fn page(
        &self,
        page: &PageKey,
    ) -> Result<(Option<CachedPage>, bool), PagesError> {
        let head = self.head().await?;
        let unproven = match self.page_under(&head, page).await {
            Ok(found) => return Ok((found, false)),
            Err(error @ PagesError::State { .. }) => error,
            Err(error) => return Err(error),
        };
        let again = self.follower.look_again().await?;
        if again.checkpoint() == head.checkpoint() {
            return Err(unproven);
        }
        let found = self.page_under(&again, page).await?;
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(again);
        Ok((found, true))
    }

    async fn page_under(
        &self,
        head: &Head,
        page: &PageKey,
    ) -> Result<Option<CachedPage>, PagesError> {
        let Some(digest) = self.state.digest(&head.state(), page).await? else { return Ok(None) };
        if let Some(cached) = self.cache.load(page).filter(|cached| cached.digest == digest) {
            return Ok(Some(cached));
        }
        if self.offline {
            return Err(PagesError::Offline(page.clone()));
        }
        let bytes = self.fetch(page, &digest).await?;
        let cached = CachedPage { digest, bytes };
        self.cache.store(page, &cached);
        Ok(Some(cached))
    }

    /// The beginning of the page's file that has this digest.
    async fn fetch(&self, page: &PageKey, digest: &Sha256) -> Result<Bytes, PagesError> {
        let key = match page {
            PageKey::Package(name) => ObjectKey::Package(name.clone()),
            PageKey::Namespace(namespace) => ObjectKey::Namespace(namespace.clone()),
            PageKey::Notices => ObjectKey::Notices,
        };
        let check = |bytes: &Bytes| match prefix_with_digest(bytes, digest.as_bytes()) {
            Some(_) => Ok(()),
            None => Err(format!(
                "no beginning of it has the digest in the state: expected {digest}, found {} for all of it",
                Sha256::of(bytes)
            )),
        };
        let fetched = self.registry.fetch_verified(&key, Limits::default().page_size, check).await;
        let fetched = fetched.map_err(|error| PagesError::served(page, error))?;
        let missing =
            || PagesError::state(page, "the state has it, and nobody serves it".to_owned());
        let bytes = fetched.ok_or_else(missing)?;
        match prefix_with_digest(&bytes, digest.as_bytes()) {
            Some(proven) => Ok(bytes.slice(..proven.len())),
            None => Err(missing()),
        }
    }
}
