//! A small log for the tests of this crate, with a real key and real signatures.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use tare_format::advisory::Advisory;
use tare_format::event::{
    BY_REGISTRY, Change, Class, Event, EventBody, LeafEntry, Published, Residue, Salt, Scope,
    SignatureRef, SignerKey, Takedown,
};
use tare_format::registry::RegistryId;
use tare_format::{PackageName, ReleaseId, Sha256};
use tare_sign::{Claim, KeyPair, Signer as _, sign_release};

use crate::judge::{Context, Judgement, judge};
use crate::page::{Line, Redactions};
use crate::replay::{MemoryPages, Outcome, Replay, Signatures, Start};
use crate::signed::Bundles;
use crate::signed::{SignedBy, signed_by};
use crate::states::States;

/// The text of the first root document.
const ROOT: &[u8] = b"tare-root/v1\n";

static KEYS: LazyLock<[KeyPair; 3]> =
    LazyLock::new(|| [(); 3].map(|()| KeyPair::generate().unwrap()));

thread_local! {
    static BUNDLES: RefCell<HashMap<Sha256, Vec<u8>>> = RefCell::default();
}

pub(crate) fn registry() -> RegistryId {
    RegistryId::of_root(&Sha256::of(ROOT))
}

pub(crate) fn key(number: usize) -> SignerKey {
    KEYS[number].public_key().to_signer_key()
}

pub(crate) fn name(text: &str) -> PackageName {
    text.parse().unwrap()
}

pub(crate) fn id(text: &str) -> ReleaseId {
    text.parse().unwrap()
}

/// A bundle that some [`publish`] made.
pub(crate) fn bundle(signature: &SignatureRef) -> Option<Vec<u8>> {
    BUNDLES.with_borrow(|bundles| bundles.get(&signature.sha256).cloned())
}

pub(crate) fn root() -> EventBody {
    EventBody::Root { version: 1, sha256: Sha256::of(ROOT) }
}

pub(crate) fn claim(namespace: &str, owner: &str) -> EventBody {
    EventBody::Namespace { namespace: namespace.parse().unwrap(), owner: owner.to_owned() }
}

pub(crate) fn owner(namespace: &str, login: &str, change: Change) -> EventBody {
    EventBody::Owner { namespace: namespace.parse().unwrap(), login: login.to_owned(), change }
}

pub(crate) fn signer(package: &str, number: usize, change: Change) -> EventBody {
    EventBody::Signer { package: name(package), key: key(number), change }
}

/// A release, signed by a key.
pub(crate) fn publish(release: &str, number: usize) -> EventBody {
    let release = id(release);
    let digest = Sha256::of(release.to_string().as_bytes());
    let claim = Claim { release: release.clone(), digest, registry: registry() };
    let bytes = sign_release(&claim, &KEYS[number]).unwrap();
    let signature = SignatureRef { sha256: Sha256::of(&bytes), size: bytes.len() as u64 };
    BUNDLES.with_borrow_mut(|bundles| bundles.insert(signature.sha256, bytes));
    let text = format!(
        r#"{{"package":"{}","version":"{}","kind":"model","release":"{digest}","release-size":1,"license":{{}},"size":1,"signatures":[{}]}}"#,
        release.name,
        release.version,
        serde_json::to_string(&signature).unwrap()
    );
    EventBody::Publish(Box::new(serde_json::from_str::<Published>(&text).unwrap()))
}

pub(crate) fn yank(release: &str) -> EventBody {
    let ReleaseId { name, version } = id(release);
    EventBody::Yank { package: name, version, reason: "bad tokenizer".to_owned() }
}

pub(crate) fn unyank(release: &str) -> EventBody {
    let ReleaseId { name, version } = id(release);
    EventBody::Unyank { package: name, version }
}

pub(crate) fn withdraw(release: &str) -> EventBody {
    let ReleaseId { name, version } = id(release);
    EventBody::Withdraw { package: name, version, reason: "consent was taken back".to_owned() }
}

/// An advisory about all versions of some packages, changed on a day of November 2026.
pub(crate) fn advisory(number: u32, day: u32, packages: &[&str]) -> EventBody {
    let affected: Vec<String> = packages
        .iter()
        .map(|package| format!(r#"{{"package":"{package}","versions":"all"}}"#))
        .collect();
    let text = format!(
        r#"{{"id":"x_TARE-2026-{number}","modified":"2026-11-{day:02}T00:00:00Z","published":"2026-11-01T00:00:00Z","summary":"a backdoor","affected":[{}],"kind":"backdoor","action":"block","severity":"high","propagates":"derived","confidence":"confirmed"}}"#,
        affected.join(",")
    );
    EventBody::Advisory { advisory: Box::new(Advisory::parse(&text).unwrap()) }
}

pub(crate) fn takedown(releases: &[&str]) -> EventBody {
    EventBody::Takedown(Box::new(Takedown {
        releases: releases.iter().map(|release| id(release)).collect(),
        files: Vec::new(),
        class: Class::Court,
        scope: Scope::Global,
        deadline_hours: 24,
        notice: "n-1".to_owned(),
        appeal: None,
    }))
}

/// A log as it is written: judged event by event, with a state after each.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) lines: Vec<String>,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) states: States,
    pub(crate) pages: MemoryPages,
    time: i64,
}

impl Log {
    /// A log with the root, the namespace `lab` of `ann`, and the package `lab/a` with a signer.
    pub(crate) fn start() -> Self {
        let mut log = Self::empty();
        log.push(BY_REGISTRY, root());
        log.push("ann", claim("lab", "ann"));
        log.push("ann", signer("lab/a", 0, Change::Add));
        log
    }

    pub(crate) fn empty() -> Self {
        Self {
            lines: Vec::new(),
            entries: Vec::new(),
            states: States::new(),
            pages: MemoryPages::new(),
            time: 1_795_000_000,
        }
    }

    pub(crate) fn event(&self, by: &str, body: EventBody) -> Event {
        let mut salt = [0; 16];
        salt[..8].copy_from_slice(&(self.lines.len() as u64).to_be_bytes());
        let time = Timestamp::from_second(self.time + self.lines.len() as i64).unwrap();
        Event { salt: Salt(salt), time, by: by.to_owned(), body }
    }

    /// What would become of an event.
    pub(crate) fn judge(&self, by: &str, body: EventBody) -> Judgement {
        self.judge_event(self.event(by, body))
    }

    pub(crate) fn judge_event(&self, event: Event) -> Judgement {
        let text = event.to_line().unwrap();
        let signed = match &event.body {
            EventBody::Publish(published) => {
                let package = self.states.package(&published.package);
                let accepted = package.map(|package| package.signers.to_vec()).unwrap_or_default();
                signed_by(published, &accepted, &registry(), bundle).unwrap()
            }
            _ => SignedBy::nobody(),
        };
        let line = Line::of(Sha256::of(text.as_bytes()), event);
        let index = self.lines.len() as u64;
        let context =
            Context { registry: &registry(), states: &self.states, index, signed: &signed };
        judge(&line, &context)
    }

    /// Appends an event and the state after it. Gives its judgement.
    pub(crate) fn push(&mut self, by: &str, body: EventBody) -> Judgement {
        let event = self.event(by, body);
        let (event_type, text) = (event.body.type_name(), event.to_line().unwrap());
        let judgement = self.judge_event(event);
        self.push_line(event_type, &text);
        judgement
    }

    /// Appends any line, and the right state after it.
    pub(crate) fn push_line(&mut self, event_type: &str, text: &str) {
        let start = Start { size: self.lines.len() as u64, last_time: self.states.last_time };
        let map = self.pages.to_map();
        let mut replay = Replay::new(registry(), self.pages.clone(), map, start, Redactions::new());
        self.entries.push(LeafEntry::of(event_type, text).to_bytes());
        self.lines.push(text.to_owned());
        replay.push(self.entries.last().unwrap(), text, &mut bundles()).unwrap();
        let commitment = replay.commitment().unwrap();
        let body = EventBody::State {
            depth: commitment.depth(),
            count: commitment.count(),
            root: Sha256::from_bytes(*commitment.root().as_bytes()),
            root_version: 1,
        };
        let state = self.event(BY_REGISTRY, body).to_line().unwrap();
        self.entries.push(LeafEntry::of("state", &state).to_bytes());
        replay.push(self.entries.last().unwrap(), &state, &mut bundles()).unwrap();
        self.lines.push(state);
        let (pages, _, _) = replay.finish().unwrap();
        self.states = states_of(&pages);
        self.states.last_time =
            Some(self.event("ann", root()).time - jiff::SignedDuration::from_secs(1));
        self.pages = pages;
    }

    /// Redacts the line with this number: logs it, and puts `-` in its place.
    pub(crate) fn redact(&mut self, index: usize) -> Judgement {
        let text = self.lines[index].clone();
        let event = Event::from_line(&text).ok().flatten();
        let residue = event.as_ref().and_then(Residue::of).unwrap_or(Residue::Inert);
        let judgement = self.push(BY_REGISTRY, self.redaction(index, residue));
        self.lines[index] = "-".to_owned();
        judgement
    }

    pub(crate) fn redaction(&self, index: usize, residue: Residue) -> EventBody {
        let payload = Sha256::of(self.lines[index].as_bytes());
        EventBody::Redact { index: index as u64, payload, class: Class::Pii, residue }
    }

    /// The number of the newest event that is no state.
    pub(crate) fn last(&self) -> usize {
        self.lines.len() - 2
    }

    /// Replays it from `start` events on, over `pages`.
    pub(crate) fn replay_from(
        &self,
        start: usize,
        pages: MemoryPages,
    ) -> (Vec<Outcome>, Replay<MemoryPages>) {
        let last_time = start
            .checked_sub(1)
            .and_then(|last| Event::from_line(&self.lines[last]).unwrap().map(|event| event.time));
        let ahead = Redactions::scan(self.lines[start..].iter().map(String::as_str));
        let map = pages.to_map();
        let begin = Start { size: start as u64, last_time };
        let mut replay = Replay::new(registry(), pages, map, begin, ahead);
        let lines = self.entries.iter().zip(&self.lines).skip(start);
        let outcomes =
            lines.map(|(entry, line)| replay.push(entry, line, &mut bundles()).unwrap()).collect();
        (outcomes, replay)
    }
}

pub(crate) fn bundles() -> impl Signatures {
    Bundles::new(bundle)
}

/// What is current by all of some pages.
pub(crate) fn states_of(pages: &MemoryPages) -> States {
    let mut states = States::new();
    for (key, bytes) in pages.iter() {
        states.insert_page(key, bytes, &Redactions::new()).unwrap();
    }
    states
}
