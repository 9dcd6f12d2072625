//! Which lines a page has, and which of them are redacted (E-25 to E-28).

use std::collections::HashMap;

use tare_format::Sha256;
use tare_format::event::{Event, Residue};

use crate::judge::Reason;
use crate::page::Content;

/// The lines of one page by their digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lines(HashMap<Sha256, Mark>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    /// What would be left of it; none of a line that cannot be redacted.
    residue: Option<Box<Residue>>,
    is_redacted: bool,
}

impl Lines {
    /// Refuses a line that is there already: the salt makes every honest line another one, and a redaction names its line
    /// by digest.
    pub(crate) fn check_new(&self, payload: &Sha256) -> Result<(), Reason> {
        if self.0.contains_key(payload) { Err(Reason::Repeated) } else { Ok(()) }
    }

    pub(crate) fn add(&mut self, payload: Sha256, content: &Content) {
        let residue = match content {
            Content::Event(event) => Residue::of(event),
            Content::Redacted(residue) => Some(residue.clone()),
        };
        let mark = Mark { residue: residue.map(Box::new), is_redacted: false };
        self.0.insert(payload, mark);
    }

    /// Checks that a redaction fits: its line is here, is not redacted, and would leave exactly this.
    pub(crate) fn check_redaction(&self, payload: &Sha256, left: &Residue) -> Result<(), Reason> {
        match self.0.get(payload) {
            None => Err(Reason::NoLine),
            Some(mark) if mark.is_redacted => Err(Reason::NoChange),
            Some(mark) if mark.residue.as_deref() != Some(left) => Err(Reason::OtherResidue),
            Some(_) => Ok(()),
        }
    }

    pub(crate) fn redact(&mut self, payload: &Sha256) {
        if let Some(mark) = self.0.get_mut(payload) {
            mark.is_redacted = true;
        }
    }
}

/// The event of a line, or what is left of it, without a difference where the rules make none.
pub(crate) enum Fact<'c> {
    Event(&'c Event),
    Residue(&'c Residue),
}

impl Content {
    pub(crate) const fn fact(&self) -> Fact<'_> {
        match self {
            Self::Event(event) => Fact::Event(event),
            Self::Redacted(residue) => Fact::Residue(residue),
        }
    }
}
