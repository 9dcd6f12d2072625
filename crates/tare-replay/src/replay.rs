//! From a log to its pages and its state map (E-29, E-30).
//!
//! A [`Replay`] takes the log's leaves and payload lines in order, judges each, and keeps the pages and the map. It ends in
//! the same pages whether it begins at nothing or where another one stopped, and whether it saw a line or the `-` that was
//! put in its place.

mod error;
mod pages;
mod read;
mod signatures;

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use sha2::Digest as _;
use tare_format::Sha256;
use tare_format::event::{EventBody, PageKey, Published, Residue, SignerKey};
use tare_format::registry::RegistryId;
use tare_tlog::hash::Hash;
use tare_tlog::map::{Commitment, Key, MemoryMap, Value};

use crate::judge::{Context, Judgement, Reason, judge};
use crate::page::{self, Content, Line, Redactions};
use crate::signed::SignedBy;
use crate::states::{States, needs};

use read::Read;

pub use error::ReplayError;
pub use pages::{MemoryPages, Pages};
pub use read::Entry;
pub use signatures::Signatures;

/// Where a replay begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Start {
    /// How many events the pages and the map stand for.
    pub size: u64,
    /// The time of the newest state event among them.
    pub last_time: Option<Timestamp>,
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its number.
    pub index: u64,
    /// Whether it has an effect.
    pub judgement: Judgement,
    /// Of a `state` event that the registry made: whether its commitment is right.
    pub state: Option<StateCheck>,
}

/// Whether the commitment of a `state` event is that of the events before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateCheck {
    /// It is.
    Right,
    /// Nobody can say any more: a line before it is redacted, and the redaction comes after it.
    Hidden,
    /// It is not.
    Wrong {
        /// What the replay arrived at.
        expected: Commitment,
        /// What the event says.
        found: Commitment,
    },
}

struct OpenPage {
    key: PageKey,
    bytes: Vec<u8>,
    hasher: sha2::Sha256,
    is_dirty: bool,
}

/// A replay of a registry's log.
pub struct Replay<P> {
    registry: RegistryId,
    pages: P,
    map: MemoryMap,
    states: States,
    size: u64,
    ahead: Redactions,
    /// Lines that stand as redacted on pages before their redaction has come.
    early: HashSet<Sha256>,
    open: HashMap<[u8; 32], OpenPage>,
    changed: BTreeSet<[u8; 32]>,
    /// Of the event that was taken in last.
    last: Option<StateCheck>,
}

impl<P: Pages> Replay<P> {
    /// A replay that goes on from `pages` and `map`, which must be those of `start`. `ahead` has the redactions among the
    /// lines that are to come ([`Redactions::scan`]).
    #[must_use]
    pub fn new(
        registry: RegistryId,
        pages: P,
        map: MemoryMap,
        start: Start,
        ahead: Redactions,
    ) -> Self {
        let mut states = States::new();
        states.last_time = start.last_time;
        Self {
            registry,
            pages,
            map,
            states,
            size: start.size,
            ahead,
            early: HashSet::new(),
            open: HashMap::new(),
            changed: BTreeSet::new(),
            // A replay that is given nothing ends where it began.
            last: Some(StateCheck::Right),
        }
    }

    /// How many events it has taken in.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// What is current about the pages that were touched, and the notices.
    #[must_use]
    pub const fn states(&self) -> &States {
        &self.states
    }

    /// What a `state` event would have to say here.
    ///
    /// # Errors
    /// When the map has no form.
    pub fn commitment(&mut self) -> Result<Commitment, ReplayError<P::Error>> {
        self.settle();
        Ok(self.map.commitment()?)
    }

    /// Takes in the next event: its leaf, and its payload line without the line feed or `-`.
    ///
    /// # Errors
    /// When the line is not the leaf's, is gone without a redaction, or a page or a bundle is not to be had. Nothing has
    /// changed then, and the call may be repeated.
    pub fn push(
        &mut self,
        entry: &[u8],
        line: &str,
        signatures: &mut impl Signatures,
    ) -> Result<Outcome, ReplayError<P::Error>> {
        let read = Read::of(&Entry { leaf: entry, line });
        self.push_read(read, line, signatures).map(|(outcome, _)| outcome)
    }

    /// Writes what has changed since the last time, and forgets what it holds of pages. A long replay calls it now and
    /// then, after an event whose state is [right](StateCheck::Right).
    ///
    /// # Errors
    /// When a page cannot be written.
    pub fn flush(&mut self) -> Result<(), ReplayError<P::Error>> {
        for page in self.open.values_mut().filter(|page| page.is_dirty) {
            let written = self.pages.put(&page.key, &page.bytes);
            written.map_err(|source| ReplayError::Pages { key: page.key.clone(), source })?;
            page.is_dirty = false;
        }
        self.settle();
        if self.early.is_empty() {
            self.states.forget();
            self.open.clear();
        }
        Ok(())
    }

    /// Ends the replay: the last event must be a `state` whose commitment is right. Only then the changed pages are written.
    /// Gives the pages, the map, and the states of what was touched since the last [`flush`](Self::flush).
    ///
    /// # Errors
    /// When it is not, with what was expected and found; or when a page cannot be written.
    pub fn finish(mut self) -> Result<(P, MemoryMap, States), ReplayError<P::Error>> {
        match self.last {
            Some(StateCheck::Right) => {}
            Some(StateCheck::Wrong { expected, found }) => {
                return Err(ReplayError::WrongState { size: self.size, expected, found });
            }
            Some(StateCheck::Hidden) | None => {
                return Err(ReplayError::NoState { size: self.size });
            }
        }
        self.open_page(PageKey::Notices)?;
        let states = std::mem::take(&mut self.states);
        self.flush()?;
        Ok((self.pages, self.map, states))
    }

    /// Opens the pages that a judgement needs.
    fn load(&mut self, line: &Line) -> Result<(), ReplayError<P::Error>> {
        let keys = match &line.content {
            Content::Event(event) => needs(event),
            Content::Redacted(residue) => residue.pages(),
        };
        keys.into_iter().chain([PageKey::Notices]).try_for_each(|key| self.open_page(key))
    }

    fn open_page(&mut self, key: PageKey) -> Result<(), ReplayError<P::Error>> {
        let state_key = key.state_key();
        if self.open.contains_key(&state_key) {
            return Ok(());
        }
        let bytes = self.pages.get(&key);
        let bytes = bytes.map_err(|source| ReplayError::Pages { key: key.clone(), source })?;
        let bytes = bytes.unwrap_or_default();
        self.states.insert_page(&key, &bytes, &self.ahead)?;
        let hasher = sha2::Sha256::new_with_prefix(&bytes);
        self.open.insert(state_key, OpenPage { key, bytes, hasher, is_dirty: false });
        Ok(())
    }

    fn judge(
        &self,
        line: &Line,
        index: u64,
        signatures: &mut impl Signatures,
    ) -> Result<Judgement, ReplayError<P::Error>> {
        let judge_if = |signed: &SignedBy| {
            let (registry, states) = (&self.registry, &self.states);
            judge(line, &Context { registry, states, index, signed })
        };
        let Some((published, accepted)) = self.publication(line) else {
            return Ok(judge_if(&SignedBy::nobody()));
        };
        // Bundles are asked for only when all depends on them: those of an inert event may be nowhere.
        let anybody = SignedBy::checked(accepted.iter().map(|key| key.id).collect());
        let judgement = judge_if(&anybody);
        if !judgement.is_effective() {
            return Ok(judgement);
        }
        let signed = signatures.signed_by(published, accepted, &self.registry);
        let signed = signed.map_err(|source| ReplayError::Bundle { index, source })?;
        Ok(judge_if(&signed))
    }

    fn publication<'l>(&'l self, line: &'l Line) -> Option<(&'l Published, &'l [SignerKey])> {
        let Content::Event(event) = &line.content else { return None };
        let EventBody::Publish(published) = &event.body else { return None };
        let accepted = self.states.package(&published.package).map(|package| &*package.signers);
        Some((published, accepted.unwrap_or_default()))
    }

    /// The effect of a line on states, pages and map.
    fn take_in(
        &mut self,
        line: &Line,
        text: &str,
    ) -> Result<(Judgement, Option<StateCheck>), ReplayError<P::Error>> {
        if let Content::Event(event) = &line.content {
            match &event.body {
                EventBody::State { depth, count, root, .. } => {
                    let found = Commitment::new(*depth, *count, Hash(*root.as_bytes()));
                    let check = found.map(|found| self.check_state(found)).ok().transpose()?;
                    self.states.apply(line);
                    let is_wrong = matches!(check, Some(StateCheck::Wrong { .. }));
                    let wrong = Judgement::Inert(Reason::WrongState);
                    return Ok((if is_wrong { wrong } else { Judgement::Effective }, check));
                }
                EventBody::Redact { payload, residue, .. } => self.redact(payload, residue),
                _ => {}
            }
        } else {
            self.early.insert(line.payload);
        }
        self.states.apply(line);
        let redacted;
        let text = match &line.content {
            Content::Event(_) => text,
            Content::Redacted(_) => {
                redacted = page::redacted_line(&line.payload);
                &redacted
            }
        };
        for key in line.content.pages() {
            self.append(key, text);
        }
        Ok((Judgement::Effective, None))
    }

    fn append(&mut self, key: PageKey, text: &str) {
        let state_key = key.state_key();
        let page = self.open.entry(state_key).or_insert_with(|| OpenPage {
            key: key.clone(),
            bytes: Vec::new(),
            hasher: sha2::Sha256::new(),
            is_dirty: false,
        });
        // The rules let in one spelling only, so this is the owner's.
        page.key = key;
        for piece in [text.as_bytes(), b"\n"] {
            page.bytes.extend_from_slice(piece);
            page.hasher.update(piece);
        }
        page.is_dirty = true;
        self.changed.insert(state_key);
    }

    fn redact(&mut self, payload: &Sha256, residue: &Residue) {
        self.early.remove(payload);
        for key in residue.pages() {
            let state_key = key.state_key();
            if let Some(page) = self.open.get_mut(&state_key) {
                page.bytes = page::redact(&page.bytes, payload);
                page.hasher = sha2::Sha256::new_with_prefix(&page.bytes);
                page.is_dirty = true;
                self.changed.insert(state_key);
            }
        }
    }

    /// Brings the map's rows up to the pages.
    fn settle(&mut self) {
        for state_key in std::mem::take(&mut self.changed) {
            if let Some(page) = self.open.get(&state_key) {
                let value = page.hasher.clone().finalize().into();
                self.map.insert(Key(state_key), Value(value));
            }
        }
    }

    fn check_state(&mut self, found: Commitment) -> Result<StateCheck, ReplayError<P::Error>> {
        let expected = self.commitment()?;
        Ok(if expected == found {
            StateCheck::Right
        } else if self.early.is_empty() {
            StateCheck::Wrong { expected, found }
        } else {
            StateCheck::Hidden
        })
    }
}

#[cfg(test)]
mod tests;
