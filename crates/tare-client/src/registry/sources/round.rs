//! One question, put to one place after another until one has the answer.
//!
//! ```text
//! while let Some(turn) = round.next() { match ask(&turn) { Ok(answer) => .., Err(error) => round.failed(&turn, error, ..) } }
//! ```
//!
//! Every place is asked once and briskly, so that one that is away or slow costs little. When none has the answer, those
//! that were only busy, slow or away are asked again with all patience. A sole place is asked with all patience at once.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use url::Url;

use super::{Site, Sources};
use crate::error::{ClientError, chain};
use crate::event::Progress;
use crate::transport::Meter;

/// What a failure says of the place that it happened with, from the least to the most telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// It does not have the thing.
    Lacking,
    /// It says that the thing was taken down, which is no proof of it.
    Gone,
    /// It was away, busy or slow, and may do better when it is asked again.
    Passing,
    /// It does not answer as it should.
    Failing,
    /// It sent wrong bytes.
    Wrong,
    /// It serves another registry.
    Foreign,
}

/// A failure that says something of the place that it happened with.
pub(crate) trait Fault: ClientError + Sized {
    /// What it says.
    fn verdict(&self) -> Verdict;
}

/// What one place did instead of sending what was asked for.
#[derive(Debug)]
pub struct Failure<E> {
    /// The place.
    pub base: Url,
    /// What it did.
    pub error: E,
}

impl<E: Error + 'static> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.base, chain(&self.error).join(": "))
    }
}

/// What several places did, in one sentence.
pub(crate) fn told<E: Error + 'static>(failures: &[Failure<E>]) -> String {
    failures.iter().map(Failure::to_string).collect::<Vec<_>>().join("; ")
}

/// The failure that says most of why nobody had a thing.
pub(crate) fn worst<E: Fault>(failures: &[Failure<E>]) -> Option<&E> {
    failures.iter().map(|failure| &failure.error).max_by_key(|error| error.verdict())
}

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
pub(crate) struct Round<'s, E> {
    sources: &'s Sources,
    /// Whether the thing changes.
    changes: bool,
    asked: Vec<Arc<Site>>,
    /// Those that may do better when they are asked with patience.
    again: Vec<Arc<Site>>,
    /// The last of each place.
    failures: Vec<Failure<E>>,
}

impl<'s, E: Fault> Round<'s, E> {
    pub(super) fn new(sources: &'s Sources, changes: bool) -> Self {
        let (asked, again, failures) = (Vec::new(), Vec::new(), Vec::new());
        Self { sources, changes, asked, again, failures }
    }

    /// Whose turn it is; none when everybody had theirs.
    pub(crate) fn next(&mut self) -> Option<Turn> {
        let sites = self.sources.sites(self.changes);
        let is_new = |site: &&Arc<Site>| self.asked.iter().all(|asked| !Arc::ptr_eq(asked, site));
        if let Some(site) = sites.iter().find(is_new) {
            self.asked.push(Arc::clone(site));
            return Some(Turn { site: Arc::clone(site), is_brisk: sites.len() > 1 });
        }
        let site = if self.again.is_empty() { None } else { Some(self.again.remove(0)) };
        site.map(|site| Turn { site, is_brisk: false })
    }

    /// Says that a turn brought nothing. Who sent wrong bytes is banned, of which `progress` hears once.
    pub(crate) fn failed(&mut self, turn: &Turn, error: E, progress: &Progress) {
        let site = &turn.site;
        self.sources.blame(site, self.changes, &error, progress);
        if turn.is_brisk && error.verdict() == Verdict::Passing {
            self.again.push(Arc::clone(site));
        }
        self.failures.retain(|failure| failure.base != *site.base());
        self.failures.push(Failure { base: site.base().clone(), error });
    }

    /// Whether the thing is nowhere: `origin`, or everybody, says that it has none, and nobody that it was taken away.
    pub(crate) fn is_absent(&self, origin: &Url) -> bool {
        let lacks = |failure: &Failure<E>| failure.error.verdict() == Verdict::Lacking;
        let is_gone = |failure: &Failure<E>| failure.error.verdict() == Verdict::Gone;
        let is_origin = |failure: &&Failure<E>| failure.base == *origin;
        !self.failures.iter().any(is_gone)
            && (self.failures.iter().find(is_origin).is_some_and(lacks)
                || (!self.failures.is_empty() && self.failures.iter().all(lacks)))
    }

    /// What each place did.
    pub(crate) fn into_failures(self) -> Vec<Failure<E>> {
        self.failures
    }
}
