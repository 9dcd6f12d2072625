//! The places that serve one registry: its mirrors and its origin.
//!
//! Every static read goes over them, one after another, until one sends what was asked for. Nothing that a place sends
//! is believed, so it makes no difference to what is kept which of them answered; it only makes a difference to how
//! long it takes. A place that sends wrong bytes is banned for as long as the program runs: it is asked only when nobody
//! else has a thing, and what it sends then is checked as before. A place that serves another registry is never asked.
//!
//! They are all places of *one* registry. There is no way from here to another one, whatever is missing.

mod round;
mod site;

use std::sync::{Arc, PoisonError, RwLock};

use url::Url;

pub(crate) use round::{Round, Turn};
pub(crate) use site::Site;

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

    /// Where they are.
    #[must_use]
    pub fn bases(&self) -> Vec<Url> {
        let sites = self.sites.read().unwrap_or_else(PoisonError::into_inner);
        sites.iter().map(|site| site.base().clone()).collect()
    }

    /// Those that may be asked, best first.
    pub(crate) fn sites(&self) -> Vec<Arc<Site>> {
        let all = self.sites.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut sites: Vec<_> = all.into_iter().filter(|site| !site.is_foreign()).collect();
        sites.sort_by(|a, b| a.order().cmp(&b.order()));
        sites
    }

    /// One question, put to one place after another.
    pub(crate) fn round(&self, what: impl Into<String>) -> Round<'_> {
        Round::new(self, what.into())
    }
}
