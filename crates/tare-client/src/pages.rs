//! The pages of the packages that one command meets: proven by the head, fetched once, many at a time, and kept for the
//! next command.
//!
//! ```text
//! head ─► state map ─► digest of the page ─► the page, from the cache or from whoever serves it
//!              └─────► or the proof that there is no such package
//! ```
//! Nothing is parsed that is not proven, and nothing is taken for absent because it did not come. A page that has not
//! changed is not asked for.
//!
//! The resolver never waits. It asks this [`Index`], goes as far as it can, and names what it lacks; [`Pages::ensure`] then
//! fetches that, and at once the pages that the newest releases need in turn, so that a deep graph costs a few round trips
//! and not one for each package.

mod cache;
mod error;
mod proven;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde::Deserialize;
use tare_format::PackageName;
use tare_format::event::PageKey;
use tare_format::registry::RegistryId;
use tare_replay::NoticesState;

use crate::head::{Follower, Head};
use crate::history::History;
use crate::home::Home;
use crate::registry::RegistryClient;
use crate::resolve::page::{self, PageError};
use crate::resolve::{Index, IndexError, Lookup, Package, Standing, Summary, encode_summary};
use crate::verify::PageProof;
use cache::{CachedPage, PageCache};
use proven::ProvenPages;

pub use error::PagesError;

/// How many pages are fetched at a time.
const AT_A_TIME: usize = 16;

/// What is known of a package.
#[derive(Debug, Clone)]
enum Known {
    Found { page: CachedPage, package: Arc<Package> },
    Absent,
}

/// The pages of one registry.
#[derive(Debug)]
pub struct Pages<'a> {
    proven: ProvenPages<'a>,
    /// What was met so far, by name; each once, so that one command sees one state of each package. Held for no await.
    known: Mutex<BTreeMap<PackageName, Known>>,
}

impl<'a> Pages<'a> {
    /// No pages yet, of the registry that `follower` follows. With `offline` only cached ones are used, under the head
    /// that was kept.
    #[must_use]
    pub fn new(
        registry: &'a RegistryClient,
        follower: Follower<'a>,
        home: &Home,
        offline: bool,
    ) -> Self {
        Self {
            proven: ProvenPages::new(registry, follower, home, offline),
            known: Mutex::default(),
        }
    }

    /// The head that they are read under.
    ///
    /// # Errors
    /// When none can be trusted.
    pub async fn head(&self) -> Result<Arc<Head>, PagesError> {
        self.proven.head().await
    }

    /// The head, if something new may be resolved under it.
    ///
    /// # Errors
    /// When none can be trusted, or it is too old.
    pub async fn current_head(&self) -> Result<Arc<Head>, PagesError> {
        let head = self.head().await?;
        self.proven.follower().require_current(&head)?;
        Ok(head)
    }

    /// The page of a package, proven; `None` when it is proven that there is no such package.
    ///
    /// # Errors
    /// When it cannot be proven.
    pub async fn page(&self, name: &PackageName) -> Result<Option<Bytes>, PagesError> {
        let (page, _) = self.proven.page(&PageKey::Package(name.clone())).await?;
        Ok(page.map(|page| page.bytes))
    }

    /// What everybody has to know: takedowns, advisories, roots.
    ///
    /// # Errors
    /// When the notices cannot be proven or read.
    pub async fn notices(&self) -> Result<NoticesState, PagesError> {
        let (page, _) = self.proven.page(&PageKey::Notices).await?;
        let Some(page) = page else { return Ok(NoticesState::default()) };
        NoticesState::read(&page.bytes).map_err(|source| PagesError::Rules {
            page: PageKey::Notices,
            source: Box::new(source),
        })
    }

    /// Gets the pages of `names`, and of what their newest releases need.
    ///
    /// # Errors
    /// When a page of `names` cannot be fetched or read. What lies further on is only a guess, and its failures are left
    /// for when it is really asked for.
    pub async fn ensure(&self, names: BTreeSet<PackageName>) -> Result<(), PagesError> {
        let mut waiting: Vec<PackageName> = names.iter().cloned().collect();
        let mut asked: BTreeSet<PackageName> = names.clone();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < AT_A_TIME
                && let Some(name) = waiting.pop()
            {
                running.push(async move { (self.load(&name).await, name) });
            }
            let Some((loaded, name)) = running.next().await else { return Ok(()) };
            match loaded {
                Ok(Some(package)) => {
                    let next = needed_next(&package);
                    waiting.extend(next.into_iter().filter(|name| asked.insert(name.clone())));
                }
                Ok(None) => {}
                Err(error) if names.contains(&name) => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// The history of a package; `None` when there is no such package.
    ///
    /// # Errors
    /// When its page cannot be fetched or read.
    pub async fn history(&self, name: &PackageName) -> Result<Option<History>, PagesError> {
        self.load(name).await?;
        let Some(Known::Found { page, .. }) = self.get(name) else { return Ok(None) };
        let history = History::read(name, &page.bytes);
        history.map(Some).map_err(|source| rules(name, source))
    }

    /// The spelling of its owner, for a name in another case; the name itself when nothing is known of it.
    ///
    /// # Errors
    /// When its page cannot be fetched or read.
    pub async fn owners_spelling(&self, name: &PackageName) -> Result<PackageName, PagesError> {
        self.load(name).await?;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |(spelling, known): &(&PackageName, &Known)| {
            spelling.key() == name.key() && matches!(known, Known::Found { .. })
        };
        Ok(known.iter().find(same).map_or(name, |(spelling, _)| spelling).clone())
    }

    /// The package of that name, from memory, else from the registry or the cache.
    async fn load(&self, name: &PackageName) -> Result<Option<Arc<Package>>, PagesError> {
        match self.get(name) {
            Some(Known::Found { package, .. }) => return Ok(Some(package)),
            Some(Known::Absent) => return Ok(None),
            None => {}
        }
        let (page, moved) = self.proven.page(&PageKey::Package(name.clone())).await?;
        if moved {
            // One state for everything: what was met under the head before is met again.
            self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        let Some(page) = page else {
            self.remember(name, Known::Absent);
            return Ok(None);
        };
        // One row stands for all spellings that fold to it; only its owner's spelling is the package's name.
        let spelling = spelling(&page.bytes).filter(|found| found.key() == name.key());
        let spelling = spelling.unwrap_or_else(|| name.clone());
        let package = Arc::new(self.package(&spelling, &page)?);
        let found = Known::Found { page, package: Arc::clone(&package) };
        let asked_rightly = spelling == *name;
        self.remember(&spelling, found);
        if !asked_rightly {
            self.remember(name, Known::Absent);
            return Ok(None);
        }
        Ok(Some(package))
    }

    /// The package as the resolver wants it, from the summary if that is of this very page.
    fn package(&self, name: &PackageName, page: &CachedPage) -> Result<Package, PagesError> {
        let cache = self.proven.cache();
        let kept = cache.load_summary(name).and_then(|bytes| Summary::decode(bytes).ok());
        if let Some(summary) = kept.filter(|summary| summary.page == page.digest) {
            return Ok(summary.package);
        }
        let unusable = |source| PagesError::Page { name: name.clone(), source };
        let text = std::str::from_utf8(&page.bytes);
        let text = text.map_err(|_| unusable(PageError::Text { name: name.clone() }))?;
        let records = page::parse(name, text).map_err(unusable)?;
        cache.store_summary(name, &encode_summary(name, page.digest, &records));
        Package::new(name, &records)
            .map_err(|source| unusable(PageError::Releases { name: name.clone(), source }))
    }

    fn get(&self, name: &PackageName) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn remember(&self, name: &PackageName, known: Known) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), known);
    }
}

impl Index for Pages<'_> {
    fn package(&self, name: &PackageName) -> Result<Lookup, IndexError> {
        Ok(match self.get(name) {
            Some(Known::Found { package, .. }) => Lookup::Found(package),
            Some(Known::Absent) => Lookup::Absent,
            None => Lookup::Pending,
        })
    }

    fn names(&self) -> Vec<PackageName> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().filter(|(_, known)| matches!(known, Known::Found { .. }));
        found.map(|(name, _)| name.clone()).collect()
    }
}

/// What the page of a package said when it was last seen; none when it never was.
#[must_use]
pub fn last_seen(home: &Home, registry: &RegistryId, name: &PackageName) -> Option<History> {
    let cache = PageCache::new(home.clone(), registry.clone());
    let page = cache.load(&PageKey::Package(name.clone()))?;
    History::read(name, &page.bytes).ok()
}

/// What the notices of a registry said when they were last seen; none when they never were.
#[must_use]
pub fn last_notices(home: &Home, registry: &RegistryId) -> Option<NoticesState> {
    let cache = PageCache::new(home.clone(), registry.clone());
    NoticesState::read(&cache.load(&PageKey::Notices)?.bytes).ok()
}

/// Gives `to` the notices of a registry that lie in `from`, if it has never seen any.
pub(crate) fn adopt_notices(from: &Home, to: &Home, registry: &RegistryId) {
    let cache = |home: &Home| PageCache::new(home.clone(), registry.clone());
    if cache(to).load(&PageKey::Notices).is_none()
        && let Some(page) = cache(from).load(&PageKey::Notices)
    {
        cache(to).store(&PageKey::Notices, &page);
    }
}

/// What this machine can prove of a page under `head`. Nothing is asked.
pub(crate) fn cached_digest(home: &Home, head: &Head, page: &PageKey) -> PageProof {
    let cache = PageCache::new(home.clone(), head.registry().clone());
    match state::cached(home, head.registry(), &head.state(), page) {
        Some(None) => PageProof::Absent,
        Some(Some(digest)) if cache.load(page).is_some_and(|page| page.digest == digest) => {
            PageProof::Proven(digest)
        }
        _ => PageProof::NotHere,
    }
}

/// What the newest release of a package needs: most likely what will be asked for next.
fn needed_next(package: &Package) -> Vec<PackageName> {
    let releases = package.releases().iter().rev();
    let mut available = releases.filter(|release| *release.standing(None) == Standing::Available);
    let dependencies = available.next().and_then(|release| package.dependencies(release).ok());
    dependencies.unwrap_or_default().into_iter().map(|needed| needed.name).collect()
}

/// The package that a page is about, in its owner's spelling. A page that only has advisories names none.
fn spelling(page: &[u8]) -> Option<PackageName> {
    #[derive(Deserialize)]
    struct Line {
        package: Option<PackageName>,
    }
    let lines = std::str::from_utf8(page).ok()?.lines();
    lines.filter_map(|line| serde_json::from_str::<Line>(line).ok()).find_map(|line| line.package)
}

fn rules(name: &PackageName, source: tare_replay::PageError) -> PagesError {
    PagesError::Rules { page: PageKey::Package(name.clone()), source: Box::new(source) }
}

#[cfg(test)]
mod tests;
