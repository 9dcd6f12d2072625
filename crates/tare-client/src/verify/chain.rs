//! What everything in a lock hangs from, link by link, as far as this machine can prove it without asking anybody:
//!
//! ```text
//! root document ─► log ─► head ─► state ─► page ─► release ─► signature ─► files
//! ```
//! A link that cannot be proven offline is named as one, not left out: pages and nodes of the state are a cache, so after
//! the head has moved a page may have to be fetched again before it is proven again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tare_format::event::PageKey;
use tare_format::lock::Lock;
use tare_format::registry::RegistryId;
use tare_format::{ReleaseId, Sha256};

use crate::head::{Head, HeadError, kept_head};
use crate::home::Home;
use crate::pages::cached_digest;

/// The chain of one registry.
#[derive(Debug)]
pub struct Chain {
    /// The registry.
    pub registry: RegistryId,
    /// Its head as it was seen last; why there is none otherwise.
    pub head: Result<Head, HeadError>,
    /// What hangs from it, in the order of the lock.
    pub releases: Vec<Link>,
}

/// A locked release, and its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The release.
    pub id: ReleaseId,
    /// The digest of its document.
    pub release: Sha256,
    /// The keys that signed it.
    pub signers: Vec<Sha256>,
    /// The page that says so.
    pub page: PageProof,
}

/// What this machine can prove of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageProof {
    /// The head has a page of this digest, and it is here.
    Proven(Sha256),
    /// The head has another page than the one that is here, or the way to it is not here.
    NotHere,
    /// The head proves that there is no such page.
    Absent,
}

/// The chains of all registries that `lock` names. Nothing is asked.
#[must_use]
pub fn chains(home: &Home, lock: &Lock, now: Timestamp) -> Vec<Chain> {
    let mut by_registry: BTreeMap<&RegistryId, Chain> = BTreeMap::new();
    for package in &lock.packages {
        let chain = by_registry.entry(&package.registry).or_insert_with(|| Chain {
            registry: package.registry.clone(),
            head: kept_head(home, &package.registry, now),
            releases: Vec::new(),
        });
        let page = PageKey::Package(package.name.clone());
        let proof = chain.head.as_ref().ok().map(|head| cached_digest(home, head, &page));
        chain.releases.push(Link {
            id: package.id(),
            release: package.release,
            signers: package.signers.clone(),
            page: proof.unwrap_or(PageProof::NotHere),
        });
    }
    by_registry.into_values().collect()
}
