//! The places that serve one registry: its mirrors and its origin.
//!
//! Every static read goes over them, one after another, until one sends what was asked for. Nothing that a place sends
//! is believed, so it makes no difference to what is kept which of them answered; it only makes a difference to how
//! long it takes. A place that sends wrong bytes is banned for as long as the program runs: it is asked only when nobody
//! else has a thing, and what it sends then is checked as before. A place that serves another registry is never asked.
//! Of what changes, a place may only have an older state, as each mirror has between two of its runs. Nobody can tell that
//! from a lie, so it is asked last for such things, and as before for those that never change.
//!
//! They are all places of *one* registry. There is no way from here to another one, whatever is missing.

mod round;
mod site;

use std::sync::{Arc, PoisonError, RwLock};

use tare_store::ObjectKey;
use url::Url;

use crate::error::chain;
use crate::event::Progress;
use crate::origin::{is_loopback, registry_url};

pub use round::Failure;
pub(crate) use round::{Fault, Round, Turn, Verdict, told, worst};
pub(crate) use site::Site;

/// The most mirrors that a registry can name itself.
const MOST_HINTS: usize = 16;

/// The places that serve one registry, in the order in which they are asked.
#[derive(Debug)]
pub struct Sources {
    /// Grows when the registry names more mirrors; held for no await.
    sites: RwLock<Vec<Arc<Site>>>,
}

impl Sources {
    /// Only the origin.
    #[must_use]
    pub fn new(origin: Url) -> Self {
        Self { sites: RwLock::new(vec![Arc::new(Site::new(origin, 0))]) }
    }

    /// One place of a registry, and no other.
    pub(crate) fn only(site: Arc<Site>) -> Self {
        Self { sites: RwLock::new(vec![site]) }
    }

    /// The `mirrors`, in their order, and after them the origin.
    #[must_use]
    pub fn with_mirrors(origin: Url, mirrors: Vec<Url>) -> Self {
        let mut sites: Vec<Arc<Site>> = Vec::new();
        for base in mirrors.into_iter().chain([origin]) {
            if sites.iter().all(|site| *site.base() != base) {
                let rank = sites.len();
                sites.push(Arc::new(Site::new(base, rank)));
            }
        }
        Self { sites: RwLock::new(sites) }
    }

    /// Mirrors that the registry names itself. They are asked after the origin, because nobody here chose them, and the
    /// fastest of them first. A hint leads from `https` to nothing less, and from afar to no server of this machine.
    pub(crate) fn hint(&self, origin: &Url, mirrors: &[String]) {
        let is_fit = |url: &Url| {
            (url.scheme() == "https" || origin.scheme() == "http")
                && (!is_loopback(url) || is_loopback(origin))
        };
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        let mirrors = mirrors.iter().take(MOST_HINTS).filter_map(|url| registry_url(url).ok());
        for base in mirrors.filter(is_fit) {
            if sites.iter().all(|site| *site.base() != base) {
                sites.push(Arc::new(Site::new(base, usize::MAX)));
            }
        }
    }

    /// Where they are.
    #[must_use]
    pub fn bases(&self) -> Vec<Url> {
        let sites = self.sites.read().unwrap_or_else(PoisonError::into_inner);
        sites.iter().map(|site| site.base().clone()).collect()
    }

    /// Those that may be asked for something that changes or does not, best first.
    pub(crate) fn sites(&self, changes: bool) -> Vec<Arc<Site>> {
        let all = self.sites.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut sites: Vec<_> = all.into_iter().filter(|site| !site.is_foreign()).collect();
        sites.sort_by_key(|site| site.order(changes));
        sites
    }

    /// A question for something that never changes, put to one place after another.
    pub(crate) fn round<E: Fault>(&self) -> Round<'_, E> {
        Round::new(self, false)
    }

    /// A question for an object, put to one place after another.
    pub(crate) fn round_for<E: Fault>(&self, key: &ObjectKey) -> Round<'_, E> {
        Round::new(self, key.is_mutable())
    }

    /// Somebody else who may be asked, and has given no reason not to.
    pub(crate) fn other_than(&self, site: &Arc<Site>) -> Option<Arc<Site>> {
        let is_other = |other: &Arc<Site>| !Arc::ptr_eq(other, site) && !other.is_banned();
        self.sites(false).into_iter().find(is_other)
    }

    /// Remembers what a failure says of a site. Who sent something wrong is not asked for such things any more, of which
    /// `progress` hears once.
    pub(crate) fn blame<E: Fault>(
        &self,
        site: &Site,
        changes: bool,
        error: &E,
        progress: &Progress,
    ) {
        let verdict = error.verdict();
        let consequence = match verdict {
            Verdict::Wrong if changes => site
                .fell_behind()
                .then_some("a source is behind or wrong, and pages are taken from others"),
            Verdict::Wrong | Verdict::Foreign => {
                let is_new = site.ban_for(verdict == Verdict::Foreign);
                is_new.then_some("a source is not asked any more")
            }
            Verdict::Passing | Verdict::Failing => {
                site.failed();
                None
            }
            Verdict::Lacking | Verdict::Gone => None,
        };
        // A sole place is not left for another one, and its failure is the caller's to tell.
        if self.bases().len() < 2 {
            return;
        }
        let told = format!("{}: {}", site.base(), chain(error).join(": "));
        match consequence {
            Some(consequence) => progress.warn(&format!("{consequence}; {told}")),
            None => progress.detail(&told),
        }
    }
}

#[cfg(test)]
mod tests;
