//! Who owns a namespace (E-18).

use std::collections::BTreeSet;

use tare_format::event::{BY_REGISTRY, Change, Event, EventBody, PageKey};
use tare_format::{Namespace, Sha256};

use crate::judge::Reason;
use crate::lines::{Fact, Lines};
use crate::page::{Content, Line, Page, PageError};

/// A namespace and its owners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceState {
    /// Its name, in the spelling in which it was claimed.
    pub name: Namespace,
    /// The logins of its owners. There is always one.
    pub owners: BTreeSet<String>,
    lines: Lines,
}

impl NamespaceState {
    /// What a page says; nothing when the page claims no namespace.
    ///
    /// # Errors
    /// When the bytes are not that page.
    pub fn read(name: &Namespace, page: &[u8]) -> Result<Option<Self>, PageError> {
        let page = Page::parse(page, &PageKey::Namespace(name.clone()))?;
        let mut state = None;
        for line in page.lines {
            // What breaks a rule has no effect (E-7).
            let _ = Self::apply(&mut state, &line);
        }
        Ok(state)
    }

    /// Whether `login` is an owner.
    #[must_use]
    pub fn is_owned_by(&self, login: &str) -> bool {
        self.owners.contains(login)
    }

    /// Takes in a line, when it breaks no rule of its page.
    ///
    /// # Errors
    /// With the rule that it breaks. Nothing has changed then.
    pub fn apply(state: &mut Option<Self>, line: &Line) -> Result<(), Reason> {
        let Fact::Event(event) = line.content.fact() else { return Err(Reason::NotHere) };
        Self::check(state.as_ref(), &line.payload, event)?;
        match (&event.body, &mut *state) {
            (EventBody::Namespace { namespace, owner }, _) => {
                let owners = BTreeSet::from([owner.clone()]);
                *state = Some(Self { name: namespace.clone(), owners, lines: Lines::default() });
            }
            (EventBody::Owner { login, change: Change::Add, .. }, Some(state)) => {
                state.owners.insert(login.clone());
            }
            (EventBody::Owner { login, .. }, Some(state)) => {
                state.owners.remove(login);
            }
            _ => {}
        }
        if let Some(state) = state {
            state.lines.add(line.payload, &line.content);
        }
        Ok(())
    }

    /// Checks what the page alone can say of an event.
    pub(crate) fn check(
        state: Option<&Self>,
        payload: &Sha256,
        event: &Event,
    ) -> Result<(), Reason> {
        let (namespace, login) = match &event.body {
            EventBody::Namespace { owner, .. } => {
                return match state {
                    Some(_) => Err(Reason::NameTaken),
                    None => check_login(owner),
                };
            }
            EventBody::Owner { namespace, login, .. } => (namespace, login),
            _ => return Err(Reason::NotHere),
        };
        let state = state.ok_or(Reason::NoNamespace)?;
        state.lines.check_new(payload)?;
        if state.name != *namespace {
            return Err(Reason::OtherSpelling);
        }
        match (&event.body, state.owners.contains(login)) {
            (EventBody::Owner { change: Change::Add, .. }, true)
            | (EventBody::Owner { change: Change::Remove, .. }, false) => Err(Reason::NoChange),
            (EventBody::Owner { change: Change::Remove, .. }, true) if state.owners.len() == 1 => {
                Err(Reason::LastOwner)
            }
            _ => check_login(login),
        }
    }
}

/// The registry's own login is nobody's, and an empty one is none.
fn check_login(login: &str) -> Result<(), Reason> {
    if login == BY_REGISTRY || login.is_empty() { Err(Reason::ReservedLogin) } else { Ok(()) }
}

impl Line {
    /// The line of an event.
    #[must_use]
    pub fn of(payload: Sha256, event: Event) -> Self {
        Self { payload, content: Content::Event(Box::new(event)) }
    }
}
