//! One question, put to one place after another until one has the answer.
//!
//! ```text
//! while let Some(turn) = round.next() { match ask(&turn) { Ok(answer) => .., Err(error) => round.failed(&turn, error) } }
//! ```
//!
//! Every place is asked once and briskly, so that one that is away or slow costs little. When none has the answer, those
//! that were only busy, slow or away are asked again with all patience. A sole place is asked with all patience at once.

use std::sync::Arc;

use url::Url;

use super::{Site, Sources};
use crate::event::Progress;
use crate::registry::RegistryError;
use crate::registry::error::Failure;
use crate::transport::Meter;

/// Whose turn it is, and how it is asked.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    /// Who is asked.
    pub(crate) site: Arc<Site>,
    /// Whether somebody else can still be asked, so that no time is to be lost with this one.
    pub(crate) is_brisk: bool,
}

impl Turn {
    /// What a brisk request is measured by.
    pub(crate) fn meter(&self) -> Option<Arc<Meter>> {
        self.is_brisk.then(|| self.site.meter())
    }
}

/// One question on its way around.
#[derive(Debug)]
pub(crate) struct Round<'s> {
    sources: &'s Sources,
    what: String,
    asked: Vec<Arc<Site>>,
    /// Those that may do better when they are asked with patience.
    again: Vec<Arc<Site>>,
    failures: Vec<Failure>,
}

impl<'s> Round<'s> {
    pub(super) fn new(sources: &'s Sources, what: String) -> Self {
        Self { sources, what, asked: Vec::new(), again: Vec::new(), failures: Vec::new() }
    }

    /// Whose turn it is; none when everybody had theirs.
    pub(crate) fn next(&mut self) -> Option<Turn> {
        let sites = self.sources.sites();
        let is_new = |site: &&Arc<Site>| self.asked.iter().all(|asked| !Arc::ptr_eq(asked, site));
        if let Some(site) = sites.iter().find(is_new) {
            self.asked.push(Arc::clone(site));
            return Some(Turn { site: Arc::clone(site), is_brisk: sites.len() > 1 });
        }
        let site = if self.again.is_empty() { None } else { Some(self.again.remove(0)) };
        site.map(|site| Turn { site, is_brisk: false })
    }

    /// Says that a turn brought nothing. Who sent wrong bytes is banned, which `progress` hears of once.
    pub(crate) fn failed(&mut self, turn: &Turn, error: RegistryError, progress: &Progress) {
        let site = &turn.site;
        let is_foreign = matches!(error, RegistryError::Another { .. });
        if is_foreign || error.is_wrong_bytes() {
            if site.ban_for(is_foreign) && self.sources.bases().len() > 1 {
                let why = crate::error::chain(&error).join(": ");
                progress.warn(&format!("{} is not asked any more: {why}", site.base()));
            }
        } else if !error.is_absence() {
            site.failed();
            if turn.is_brisk && error.is_passing() {
                self.again.push(Arc::clone(site));
            }
        }
        self.failures.retain(|failure| failure.base != *site.base());
        self.failures.push(Failure { base: site.base().clone(), error });
    }

    /// Whether the thing is nowhere: `origin`, or everybody, says that it has none, and nobody that it was taken away.
    pub(crate) fn is_absent(&self, origin: &Url) -> bool {
        let lacks = |failure: &Failure| matches!(failure.error, RegistryError::NotFound { .. });
        let is_gone = |failure: &Failure| matches!(failure.error, RegistryError::Gone { .. });
        let is_origin = |failure: &&Failure| failure.base == *origin;
        !self.failures.iter().any(is_gone)
            && (self.failures.iter().find(is_origin).is_some_and(lacks)
                || (!self.failures.is_empty() && self.failures.iter().all(lacks)))
    }

    /// Why nobody had the answer.
    pub(crate) fn into_error(mut self) -> RegistryError {
        match self.failures.len() {
            0 => RegistryError::NoSource { what: self.what },
            1 => self.failures.remove(0).error,
            _ => RegistryError::Sources { what: self.what, failures: self.failures },
        }
    }
}
