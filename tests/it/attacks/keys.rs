//! Keys that a story makes itself, so that it can do what those could who hold them: a registry is founded with them.

use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;
use registry_server::{Cosigners, Registry as Server, Seen};
use tare_tlog::cosignature::cosign;
use tare_tlog::key::{Algorithm, KeyName, SigningKey};
use tare_tlog::note::{Note, NoteSignature};
use tare_tlog::policy::{Group, Log, PolicyBuilder, Rule, Witness};
use tare_tlog::root::{RootDocument, RootKey, Span, Time};

use crate::shelf::Shelf;
use crate::support::Registry;

/// Two keys of the root document, of which both have to sign, the key of the log, and those of its witnesses.
pub(super) struct Keys {
    pub(super) root: [SigningKey; 2],
    pub(super) log: SigningKey,
    pub(super) witnesses: Vec<SigningKey>,
    quorum: usize,
}

impl Keys {
    /// Nobody has to cosign.
    pub(super) fn without_witnesses() -> Self {
        Self::with_quorum(0, 0)
    }

    /// So many of so many witnesses have to cosign.
    pub(super) fn with_quorum(quorum: usize, witnesses: u8) -> Self {
        let root = [1, 2].map(|seed| log_key(&format!("r{seed}.example/root"), seed));
        let witnesses = (1..=witnesses).map(|number| witness_key(number, 100 + number)).collect();
        Self { root, log: log_key("hub.example/log1", 3), witnesses, quorum }
    }

    /// The first root document.
    pub(super) fn document(&self) -> RootDocument {
        let mut policy = PolicyBuilder::new();
        policy.log(Log { key: self.log.verifier().clone(), url: None }).unwrap();
        let mut members = Vec::new();
        for (key, number) in self.witnesses.iter().zip(1..) {
            let (label, key) = (format!("W{number}"), key.verifier().clone());
            policy.witness(Witness { label: label.clone(), key, url: None }).unwrap();
            members.push(label);
        }
        if self.quorum > 0 {
            let rule = Rule::AtLeast(self.quorum);
            policy.group(Group { label: "enough".to_owned(), rule, members }).unwrap();
        }
        policy.quorum(if self.quorum > 0 { "enough" } else { "none" }).unwrap();
        let root_key = |key: &SigningKey, label: &str| RootKey {
            label: label.to_owned(),
            key: key.verifier().clone(),
        };
        RootDocument {
            registry: "hub.example".parse().unwrap(),
            version: 1,
            expires: Time::from_seconds(now() + 100 * DAY).unwrap(),
            threshold: 2,
            root_keys: vec![root_key(&self.root[0], "one"), root_key(&self.root[1], "two")],
            old_logs: Vec::new(),
            policy: policy.build().unwrap(),
            fresh_warn: Span::hours(36).unwrap(),
            fresh_fail: Span::hours(14 * 24).unwrap(),
            max_entry: 4096,
        }
    }

    /// A root document with both signatures.
    pub(super) fn signed(&self, document: &RootDocument) -> Note {
        let [one, two] = &self.root;
        Note::sign(document.to_text().unwrap(), &[one, two]).unwrap()
    }

    /// A registry with these keys, whose witnesses are awake. All that are made of one root document have one id.
    pub(super) fn shelf(&self, root: &Note) -> Shelf {
        let awake = self.witnesses.iter().map(copy).collect();
        let registry = Registry::start_with_root(root.clone(), &self.log, |config| {
            config.cosigners = Arc::new(Awake(awake));
        });
        // The first head is there before anybody comes.
        assert!(registry.wait(registry.app().advance()).unwrap());
        let publisher = registry.publisher("ann");
        Shelf { registry, publisher }
    }

    /// The first witnesses, as those who cosign at a time, in seconds since 1970.
    pub(super) fn cosigning(&self, count: usize, time: u64) -> Vec<(&SigningKey, u64)> {
        self.witnesses.iter().take(count).map(|key| (key, time)).collect()
    }
}

/// A day, in seconds.
pub(super) const DAY: u64 = 24 * 60 * 60;

/// The time, in seconds since 1970.
pub(super) fn now() -> u64 {
    Timestamp::now().as_second().try_into().unwrap()
}

/// The key of a log or of a root document.
pub(super) fn log_key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name.parse().unwrap(), Algorithm::Ed25519, &[seed; 32]).unwrap()
}

/// The key of the witness with this number.
pub(super) fn witness_key(number: u8, seed: u8) -> SigningKey {
    let name = format!("w{number}.example/w").parse().unwrap();
    SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &[seed; 32]).unwrap()
}

fn copy(key: &SigningKey) -> SigningKey {
    key.to_text().parse().unwrap()
}

/// Witnesses that cosign whatever they are asked to, in this process.
struct Awake(Vec<SigningKey>);

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Cosigners for Awake {
    fn gather<'a>(
        &'a self,
        _: &'a Server,
        _: &'a RootDocument,
        checkpoint: &'a Note,
    ) -> Answer<'a, Vec<NoteSignature>> {
        let cosign = |key| cosign(checkpoint.text(), now(), key).unwrap();
        Box::pin(async move { self.0.iter().map(cosign).collect() })
    }

    fn largest_seen<'a>(&'a self, _: &'a RootDocument, _: &'a KeyName) -> Answer<'a, Option<Seen>> {
        Box::pin(async { None })
    }
}
