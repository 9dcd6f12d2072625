//! Reading entries of the log: all about them that does not depend on what came before, so it is done on all cores.

use tare_format::Sha256;
use tare_format::event::{
    Change, Event, EventBody, LeafEntry, Published, REDACTED, Residue, SignatureRef, SignerKey,
};

use super::{Outcome, Pages, Replay, ReplayError, Signatures};
use crate::judge::Reason;
use crate::page::{Content, Line};
use crate::parallel;
use crate::signed::Bundles;

/// How many entries are read at once.
const SOME: usize = 4096;

/// An entry and its payload line, as they came from a log.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'e> {
    /// The bytes of the leaf.
    pub leaf: &'e [u8],
    /// The payload line without its line feed, or `-`.
    pub line: &'e str,
}

/// An entry that was read.
pub(super) struct Read {
    /// None when the leaf is not one.
    leaf: Option<LeafEntry>,
    payload: Sha256,
    event: Result<Event, Reason>,
}

impl Read {
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        let payload = Sha256::of(entry.line.as_bytes());
        let Ok(leaf) = LeafEntry::parse(entry.leaf) else {
            return Self { leaf: None, payload, event: Err(Reason::Unreadable) };
        };
        let event = if payload == leaf.payload {
            match Event::from_line(entry.line) {
                Err(_) => Err(Reason::Unreadable),
                Ok(None) => Err(Reason::UnknownType),
                Ok(Some(event)) if event.body.type_name() != leaf.event_type => {
                    Err(Reason::OtherType)
                }
                Ok(Some(event)) => Ok(event),
            }
        } else {
            Err(Reason::Unreadable)
        };
        Self { leaf: Some(leaf), payload, event }
    }

    fn signer(&self) -> Option<&SignerKey> {
        match &self.event.as_ref().ok()?.body {
            EventBody::Signer { key, change: Change::Add, .. } => Some(key),
            _ => None,
        }
    }

    fn publication(&self) -> Option<&Published> {
        match &self.event.as_ref().ok()?.body {
            EventBody::Publish(published) => Some(published),
            _ => None,
        }
    }
}

impl<P: Pages> Replay<P> {
    /// Takes in a run of entries, as [`push`](Self::push) would one by one, but reads them and checks their signatures on all
    /// cores first. `each` is told what became of each, with the line if it could be read.
    ///
    /// # Errors
    /// As [`push`](Self::push). The entries that `each` was told of have been taken in.
    pub fn push_all<F: Fn(&SignatureRef) -> Option<Vec<u8>> + Sync>(
        &mut self,
        entries: &[Entry<'_>],
        bundles: &mut Bundles<F>,
        mut each: impl FnMut(Outcome, Option<&Line>),
    ) -> Result<(), ReplayError<P::Error>> {
        for entries in entries.chunks(SOME) {
            let read = parallel::map(entries, Read::of);
            let signers = read.iter().filter_map(Read::signer);
            bundles.check_ahead(signers, read.iter().filter_map(Read::publication));
            for (entry, read) in entries.iter().zip(read) {
                let (outcome, line) = self.push_read(read, entry.line, bundles)?;
                each(outcome, line.as_ref());
            }
        }
        Ok(())
    }

    /// Takes in an entry that was read.
    pub(super) fn push_read(
        &mut self,
        read: Read,
        text: &str,
        signatures: &mut impl Signatures,
    ) -> Result<(Outcome, Option<Line>), ReplayError<P::Error>> {
        let index = self.size;
        let (judgement, state, line) = match self.line_of(read, text)? {
            Err(reason) => (crate::Judgement::Inert(reason), None, None),
            Ok(line) => {
                self.load(&line)?;
                let judgement = self.judge(&line, index, signatures)?;
                let (judgement, state) = if judgement.is_effective() {
                    self.take_in(&line, text)?
                } else {
                    (judgement, None)
                };
                (judgement, state, Some(line))
            }
        };
        self.size = index.saturating_add(1);
        self.last = state;
        Ok((Outcome { index, judgement, state }, line))
    }

    /// From what was read to a line; or to the reason why it can have no effect.
    fn line_of(
        &self,
        read: Read,
        text: &str,
    ) -> Result<Result<Line, Reason>, ReplayError<P::Error>> {
        let Read { leaf: Some(leaf), payload, event } = read else {
            return Ok(Err(Reason::Unreadable));
        };
        if payload == leaf.payload {
            return Ok(event.map(|event| Line::of(payload, event)));
        }
        if text == REDACTED {
            return self.redacted_line_of(&leaf);
        }
        let (index, expected) = (self.size, leaf.payload);
        Err(ReplayError::OtherPayload { index, expected, found: payload })
    }

    fn redacted_line_of(
        &self,
        leaf: &LeafEntry,
    ) -> Result<Result<Line, Reason>, ReplayError<P::Error>> {
        let residue = self.ahead.find(&leaf.payload);
        let fits =
            |residue: &&Residue| residue.type_name().is_none_or(|name| name == leaf.event_type);
        let residue = residue
            .filter(fits)
            .ok_or(ReplayError::Forged { index: self.size, payload: leaf.payload })?;
        Ok(match residue {
            Residue::Inert => Err(Reason::RedactedInert),
            residue => {
                Ok(Line { payload: leaf.payload, content: Content::Redacted(residue.clone()) })
            }
        })
    }
}
