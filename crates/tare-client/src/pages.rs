//! The pages of the packages that one command meets: fetched once, many at a time, and kept for the next command.
//!
//! The resolver never waits. It asks this [`Index`], goes as far as it can, and names what it lacks; [`Pages::ensure`] then
//! fetches that, and at once the pages that the newest releases need in turn, so that a deep graph costs a few round trips
//! and not one for each package.

mod cache;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde::Deserialize;
use tare_format::registry::RegistryId;
use tare_format::{PackageName, Sha256};

use crate::error::{ClientError, ErrorKind};
use crate::history::History;
use crate::home::Home;
use crate::registry::{Page, RegistryClient, RegistryError};
use crate::resolve::page::{self, PageError};
use crate::resolve::{Index, IndexError, Lookup, Package, Standing, Summary, encode_summary};
use cache::{CachedPage, PageCache};

/// How many pages are fetched at a time.
const AT_A_TIME: usize = 16;

/// Why the pages that are needed are not there.
#[derive(Debug, thiserror::Error)]
pub enum PagesError {
    /// The registry did not send one.
    #[error(transparent)]
    Registry(Box<RegistryError>),
    /// No requests are allowed, and the page was never fetched.
    #[error("what the registry says about `{0}` is not in the cache, and requests are not allowed")]
    Offline(PackageName),
    /// A page is no page.
    #[error("the registry's page of `{name}` is not UTF-8")]
    Text {
        /// The package.
        name: PackageName,
    },
    /// A page contradicts itself.
    #[error("the registry's page of `{name}` cannot be used")]
    Page {
        /// The package.
        name: PackageName,
        /// Why.
        source: PageError,
    },
}
impl From<RegistryError> for PagesError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(Box::new(error))
    }
}

impl ClientError for PagesError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Registry(error) => error.kind(),
            Self::Offline(_) => ErrorKind::Network,
            Self::Text { .. } | Self::Page { .. } => ErrorKind::Integrity,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Registry(error) => error.code(),
            Self::Offline(_) => "E-OFFLINE",
            Self::Text { .. } | Self::Page { .. } => "E-PAGE",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.help(),
            Self::Offline(_) => Some("run it once without `--offline`".to_owned()),
            _ => Some("tell whoever runs the registry or mirror".to_owned()),
        }
    }
}

/// What is known of a package.
#[derive(Debug, Clone)]
enum Known {
    Found { text: Arc<str>, package: Arc<Package> },
    Absent,
}

/// The pages of one registry.
#[derive(Debug)]
pub struct Pages<'a> {
    registry: &'a RegistryClient,
    cache: PageCache,
    offline: bool,
    /// What was met so far, by name; each once, so that one command sees one state of each package. Held for no await.
    known: Mutex<BTreeMap<PackageName, Known>>,
}

impl<'a> Pages<'a> {
    /// No pages yet, of the registry with this id. With `offline` only cached ones are used, however old.
    #[must_use]
    pub fn new(registry: &'a RegistryClient, id: RegistryId, home: Home, offline: bool) -> Self {
        Self { registry, cache: PageCache::new(home, id), offline, known: Mutex::default() }
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
        let Some(Known::Found { text, .. }) = self.get(name) else { return Ok(None) };
        let history = History::read(name, &text);
        history.map(Some).map_err(|source| PagesError::Page { name: name.clone(), source })
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
        let Some(text) = self.page(name).await? else {
            self.remember(name, Known::Absent);
            return Ok(None);
        };
        // A registry answers other spellings too; only its owner's spelling is the package's name.
        let Some(spelling) = spelling(&text).filter(|found| found.key() == name.key()) else {
            let problem = "does not belong to this package".to_owned();
            let source = PageError::Contradiction { name: name.clone(), line: 1, problem };
            return Err(PagesError::Page { name: name.clone(), source });
        };
        let package = Arc::new(self.package(&spelling, &text)?);
        let found = Known::Found { text: text.into(), package: Arc::clone(&package) };
        let asked_rightly = spelling == *name;
        self.remember(&spelling, found);
        if !asked_rightly {
            self.remember(name, Known::Absent);
            return Ok(None);
        }
        Ok(Some(package))
    }

    /// The text of a page; `None` when there is no such package.
    async fn page(&self, name: &PackageName) -> Result<Option<String>, PagesError> {
        let cached = self.cache.load(name);
        if self.offline {
            let cached = cached.ok_or_else(|| PagesError::Offline(name.clone()))?;
            return Ok(Some(cached.text));
        }
        let tag = cached.as_ref().and_then(|cached| cached.tag.as_deref());
        match (self.registry.page(name, tag).await?, cached) {
            (Page::Unchanged, Some(cached)) => Ok(Some(cached.text)),
            (Page::Unchanged | Page::Missing, _) => Ok(None),
            (Page::Found { bytes, tag }, _) => {
                let text = String::from_utf8(bytes.into())
                    .map_err(|_| PagesError::Text { name: name.clone() })?;
                let page = CachedPage { tag, text };
                self.cache.store(name, &page);
                Ok(Some(page.text))
            }
        }
    }

    /// The package as the resolver wants it, from the summary if that is of this very page.
    fn package(&self, name: &PackageName, text: &str) -> Result<Package, PagesError> {
        let digest = Sha256::of(text.as_bytes());
        let kept = self.cache.load_summary(name).and_then(|bytes| Summary::decode(bytes).ok());
        if let Some(summary) = kept.filter(|summary| summary.page == digest) {
            return Ok(summary.package);
        }
        let unusable = |source| PagesError::Page { name: name.clone(), source };
        let records = page::parse(name, text).map_err(unusable)?;
        self.cache.store_summary(name, &encode_summary(name, digest, &records));
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
    let page = PageCache::new(home.clone(), registry.clone()).load(name)?;
    History::read(name, &page.text).ok()
}

/// What the newest release of a package needs: most likely what will be asked for next.
fn needed_next(package: &Package) -> Vec<PackageName> {
    let releases = package.releases().iter().rev();
    let mut available = releases.filter(|release| *release.standing(None) == Standing::Available);
    let dependencies = available.next().and_then(|release| package.dependencies(release).ok());
    dependencies.unwrap_or_default().into_iter().map(|needed| needed.name).collect()
}

/// The package that the first line of a page is about.
fn spelling(page: &str) -> Option<PackageName> {
    #[derive(Deserialize)]
    struct Line {
        package: PackageName,
    }
    serde_json::from_str::<Line>(page.lines().next()?).ok().map(|line| line.package)
}
