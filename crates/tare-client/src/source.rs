//! Where a command gets releases from: one registry, what was fetched of it before, and the local store.

use jiff::Timestamp;
use tare_format::registry::RegistryId;

use crate::documents::Documents;
use crate::event::Progress;
use crate::head::Follower;
use crate::home::Home;
use crate::local::Local;
use crate::pages::Pages;
use crate::registry::RegistryClient;

/// A registry and the local store behind it.
#[derive(Debug)]
pub struct Source<'a> {
    registry: &'a RegistryClient,
    id: RegistryId,
    local: Local,
    pages: Pages<'a>,
    offline: bool,
    progress: Progress,
}

impl<'a> Source<'a> {
    /// The registry with this id behind `registry`, in front of `local`. Nothing is asked of the registry yet.
    ///
    /// `now` is what the age of its head is measured by. With `offline`, what was fetched before is used however old it is.
    #[must_use]
    pub fn new(
        registry: &'a RegistryClient,
        id: RegistryId,
        local: Local,
        now: Timestamp,
        offline: bool,
        progress: Progress,
    ) -> Self {
        let home = local.home().clone();
        Self::proving_in(&home, registry, id, local, now, offline, progress)
    }

    /// The same, with `proofs` for the head, the pages and what else is only needed to prove: what is proven under a head
    /// that is older than the one in the local store takes the place of nothing there.
    #[must_use]
    pub(crate) fn proving_in(
        proofs: &Home,
        registry: &'a RegistryClient,
        id: RegistryId,
        local: Local,
        now: Timestamp,
        offline: bool,
        progress: Progress,
    ) -> Self {
        let follower = Follower::new(registry, id.clone(), proofs, now, offline);
        let pages = Pages::new(registry, follower, proofs, offline);
        Self { registry, id, local, pages, offline, progress }
    }

    /// The registry.
    #[must_use]
    pub fn registry(&self) -> &'a RegistryClient {
        self.registry
    }

    /// Which registry it is.
    #[must_use]
    pub fn id(&self) -> &RegistryId {
        &self.id
    }

    /// The local store.
    #[must_use]
    pub fn local(&self) -> &Local {
        &self.local
    }

    /// Where things lie in the local store.
    #[must_use]
    pub fn home(&self) -> &Home {
        self.local.home()
    }

    /// The documents of the local store.
    #[must_use]
    pub fn documents(&self) -> &Documents {
        self.local.documents()
    }

    /// Whether nothing may be asked.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.offline
    }

    /// The packages' pages, under the head.
    #[must_use]
    pub fn pages(&self) -> &Pages<'a> {
        &self.pages
    }

    /// Who is told what is being done.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }
}
