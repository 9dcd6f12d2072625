//! What is current about several things at once, as far as a judgement needs it.

use std::collections::HashMap;

use jiff::Timestamp;
use tare_format::event::{Event, EventBody, PageKey};
use tare_format::{Namespace, PackageName};

use crate::judge::Reason;
use crate::namespace::NamespaceState;
use crate::notices::NoticesState;
use crate::package::PackageState;
use crate::page::{Content, Line, PageError, Redactions};

/// States of pages. What is not in it does not exist: whoever calls puts in what [`needs`] names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct States {
    /// The notices.
    pub notices: NoticesState,
    /// When the last batch was closed: the time of the newest state event.
    pub last_time: Option<Timestamp>,
    namespaces: HashMap<String, NamespaceState>,
    packages: HashMap<String, PackageState>,
}

/// The pages whose states a judgement of `event` needs: those that it would stand on, and those that say who may do it.
#[must_use]
pub fn needs(event: &Event) -> Vec<PageKey> {
    let mut pages = event.body.pages();
    let packages: Vec<&PackageName> = pages
        .iter()
        .filter_map(|page| match page {
            PageKey::Package(name) => Some(name),
            _ => None,
        })
        .collect();
    let owners: Vec<PageKey> =
        packages.into_iter().map(|name| PageKey::Namespace(Namespace::from(name))).collect();
    for page in owners.into_iter().chain([PageKey::Notices]) {
        if !pages.contains(&page) {
            pages.push(page);
        }
    }
    pages
}

impl States {
    /// Nothing exists.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The namespace whose name cannot be told apart from `name`.
    #[must_use]
    pub fn namespace(&self, name: &Namespace) -> Option<&NamespaceState> {
        self.namespaces.get(&name.key())
    }

    /// The package whose name cannot be told apart from `name`.
    #[must_use]
    pub fn package(&self, name: &PackageName) -> Option<&PackageState> {
        self.packages.get(&name.key())
    }

    /// Puts in a namespace.
    pub fn insert_namespace(&mut self, state: NamespaceState) {
        self.namespaces.insert(state.name.key(), state);
    }

    /// Puts in a package.
    pub fn insert_package(&mut self, state: PackageState) {
        self.packages.insert(state.name.key(), state);
    }

    /// Puts in what a page says.
    ///
    /// # Errors
    /// When the bytes are not that page.
    pub fn insert_page(
        &mut self,
        key: &PageKey,
        bytes: &[u8],
        ahead: &Redactions,
    ) -> Result<(), PageError> {
        match key {
            PageKey::Package(name) if !bytes.is_empty() => {
                self.insert_package(PackageState::read_with(name, bytes, ahead)?);
            }
            PageKey::Namespace(name) => {
                if let Some(state) = NamespaceState::read(name, bytes)? {
                    self.insert_namespace(state);
                }
            }
            PageKey::Notices => self.notices = NoticesState::read_with(bytes, ahead)?,
            PageKey::Package(_) => {}
        }
        Ok(())
    }

    /// Forgets the packages and namespaces, so that a long replay does not hold them all.
    pub fn forget(&mut self) {
        self.namespaces.clear();
        self.packages.clear();
    }

    /// How many packages and namespaces are in it.
    #[must_use]
    pub fn count(&self) -> usize {
        self.namespaces.len() + self.packages.len()
    }

    /// Takes in a line that was judged to have an effect.
    pub fn apply(&mut self, line: &Line) {
        for page in line.content.pages() {
            // What a page's own rules refuse cannot come here: the judgement has asked them all.
            let _ = match page {
                PageKey::Package(name) => self.package_mut(&name).apply(line),
                PageKey::Namespace(name) => self.apply_to_namespace(&name, line),
                PageKey::Notices => self.notices.apply(line),
            };
        }
        if let Content::Event(event) = &line.content
            && let EventBody::State { .. } = event.body
        {
            self.last_time = self.last_time.max(Some(event.time));
        }
    }

    fn package_mut(&mut self, name: &PackageName) -> &mut PackageState {
        self.packages.entry(name.key()).or_insert_with(|| PackageState::new(name.clone()))
    }

    fn apply_to_namespace(&mut self, name: &Namespace, line: &Line) -> Result<(), Reason> {
        let mut state = self.namespaces.remove(&name.key());
        let applied = NamespaceState::apply(&mut state, line);
        if let Some(state) = state {
            self.insert_namespace(state);
        }
        applied
    }
}
