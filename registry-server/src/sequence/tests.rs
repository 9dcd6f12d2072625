use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures::future::BoxFuture;
use serde_json::json;
use tare_format::event::Residue;
use tare_store::MemoryStore;
use tare_tlog::cosignature::cosign;
use tare_tlog::key::{Algorithm, KeyName, SigningKey};
use tare_tlog::note::NoteSignature;
use tare_tlog::policy::{Log, PolicyBuilder, Witness};
use tare_tlog::root::{RootKey, Span, Time};

use super::*;
use crate::clock::Clock;
use crate::cosigners::{Cosigners, Seen};
use crate::fsck::fsck;
use crate::projection::{self, head, pages};
use crate::registry::App;
use crate::{Config, error};

async fn registry(folder: &tempfile::TempDir) -> App {
    let store = Arc::new(MemoryStore::new().unwrap());
    Registry::with_store(Config::new(folder.path()), store).await.unwrap()
}

fn namespace(number: u32) -> EventBody {
    let namespace = format!("n{number}").parse().unwrap();
    EventBody::Namespace { namespace, owner: "ada".to_owned() }
}

async fn append(registry: &Registry, bodies: impl IntoIterator<Item = EventBody>) -> Vec<u64> {
    let mut batch = registry.batch(BY_REGISTRY).await.unwrap();
    let mut numbers = Vec::new();
    for body in bodies {
        numbers.push(batch.append(body).await.unwrap());
    }
    batch.commit().await.unwrap();
    projection::project(registry).await.unwrap();
    numbers
}

async fn problems(registry: &Registry) -> Vec<String> {
    fsck(registry, true).await.unwrap().problems
}

#[tokio::test]
async fn a_batch_ends_in_one_state_and_an_empty_one_in_none() {
    let folder = tempfile::tempdir().unwrap();
    let registry = registry(&folder).await;
    assert_eq!(append(&registry, [namespace(1), namespace(2)]).await, [2, 3]);
    append(&registry, []).await;
    let mut db = registry.db.read().await.unwrap();
    let kinds: Vec<String> =
        events::range(&mut db, 0, 9).await.unwrap().into_iter().map(|row| row.kind).collect();
    assert_eq!(kinds, ["root", "state", "namespace", "namespace", "state"]);
}

#[tokio::test]
async fn an_event_without_effect_never_comes_into_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let registry = registry(&folder).await;
    append(&registry, [namespace(1)]).await;
    let taken = EventBody::Namespace { namespace: "N1".parse().unwrap(), owner: "eve".to_owned() };
    let yank = EventBody::Yank {
        package: "n1/nothing".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        reason: "x".to_owned(),
    };
    for (body, reason) in [(taken, "claimed already"), (yank, "no such")] {
        let mut batch = registry.batch(BY_REGISTRY).await.unwrap();
        let refused = batch.append(body).await.unwrap_err();
        assert!(error::chain(&refused).contains(reason), "{}", error::chain(&refused));
    }
    let mut stranger = registry.batch("eve").await.unwrap();
    let owner = EventBody::Owner {
        namespace: "n1".parse().unwrap(),
        login: "eve".to_owned(),
        change: tare_format::event::Change::Add,
    };
    let refused = stranger.append(owner).await.unwrap_err();
    assert!(error::chain(&refused).contains("not an owner"), "{}", error::chain(&refused));
    drop(stranger);
    assert_eq!(registry.log_summary().await.unwrap().size, 4);
    assert_eq!(problems(&registry).await, [""; 0]);
}

#[tokio::test]
async fn a_log_over_many_tiles_and_a_map_that_deepens_stay_right() {
    let folder = tempfile::tempdir().unwrap();
    let registry = registry(&folder).await;
    for numbers in [0..40, 40..62, 62..63, 63..64, 64..100] {
        append(&registry, numbers.clone().map(namespace)).await;
        assert_eq!(problems(&registry).await, [""; 0], "{numbers:?}");
    }
    append(&registry, (1000..1300).map(namespace)).await;
    assert_eq!(problems(&registry).await, [""; 0]);
    let there = |path: &str| registry.store.size(&path.parse().unwrap()).unwrap().is_some();
    for path in ["tile/0/000", "tile/1/000.p/1", "tile/entries/000", "events/000"] {
        assert!(there(path), "{path}");
    }
    // What was unfinished went when the place was full.
    for path in ["tile/0/000.p/2", "tile/entries/000.p/43", "events/000.p/2"] {
        assert!(!there(path), "{path}");
    }
}

#[tokio::test]
async fn public_files_are_the_same_whether_written_step_by_step_or_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let registry = registry(&folder).await;
    for number in 0..80 {
        append(&registry, [namespace(number)]).await;
    }
    let read = |path: &str| {
        let key = path.parse().unwrap();
        let size = registry.store.size(&key).unwrap().unwrap();
        registry.store.read(&key, 0..size).unwrap()
    };
    let paths = ["head", "checkpoint", "tile/0/000.p/162", "events/000.p/162", "namespaces/n7"];
    let before = paths.map(read);
    for path in paths {
        registry.store.remove(&path.parse().unwrap()).unwrap();
    }
    assert_eq!(problems(&registry).await.len(), paths.len());
    registry.project_anew().await.unwrap();
    assert_eq!(paths.map(read), before);
    assert_eq!(problems(&registry).await, [""; 0]);
}

#[tokio::test]
async fn a_redacted_line_is_gone_everywhere_and_everything_still_fits() {
    let folder = tempfile::tempdir().unwrap();
    let registry = registry(&folder).await;
    let advisory = json!({
        "type": "advisory", "salt": "00".repeat(16), "time": "2026-11-24T12:00:00Z", "by": "registry",
        "advisory": {
            "id": "x_TARE-2026-1", "modified": "2026-11-24T12:00:00Z", "published": "2026-11-24T12:00:00Z",
            "summary": "names a person", "hashes": [Sha256::of(b"a file")], "kind": "notice", "action": "info",
            "severity": "low", "propagates": "none", "confidence": "reported",
        },
    });
    let event: Event = serde_json::from_value(advisory).unwrap();
    let [index] = append(&registry, [event.body]).await[..] else { panic!() };
    let (row, event) = {
        let mut db = registry.db.read().await.unwrap();
        let row = events::find(&mut db, index).await.unwrap().unwrap();
        let event = Event::from_line(row.line.as_deref().unwrap()).unwrap().unwrap();
        (row, event)
    };
    let redact = EventBody::Redact {
        index,
        payload: row.payload,
        class: tare_format::event::Class::Pii,
        residue: Residue::of(&event).unwrap(),
    };

    append(&registry, [redact]).await;

    assert_eq!(problems(&registry).await, [""; 0]);
    for kind in tare_store::ObjectKind::ALL {
        for object in registry.store.list(kind).unwrap() {
            let bytes = registry.store.read(&object.key, 0..object.size_bytes).unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(!text.contains("names a person"), "{}", object.key);
        }
    }
    let mut db = registry.db.read().await.unwrap();
    let notices = pages::bytes(&mut db, &PageKey::Notices).await.unwrap();
    let notices = String::from_utf8(notices).unwrap();
    assert!(notices.contains(&format!("- {}\n", row.payload.hex())), "{notices}");
}

#[tokio::test]
async fn a_node_that_was_replaced_goes_after_two_weeks_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new(folder.path());
    let clock = Arc::new(Settable(AtomicI64::new(1_800_000_000)));
    config.clock = Arc::<Settable>::clone(&clock);
    let store = Arc::new(MemoryStore::new().unwrap());
    let registry = Registry::with_store(config, store).await.unwrap();
    let nodes = || registry.store.list(tare_store::ObjectKind::State).unwrap().len();
    append(&registry, [namespace(1)]).await;
    clock.0.fetch_add(86_400, Ordering::SeqCst);
    append(&registry, [namespace(2)]).await;
    assert_eq!(nodes(), 3);
    for (days, left) in [(12, 3), (1, 2), (1, 1), (30, 1)] {
        clock.0.fetch_add(days * 86_400, Ordering::SeqCst);
        registry.collect().await.unwrap();
        assert_eq!(nodes(), left, "{days}");
    }
    assert_eq!(problems(&registry).await, [""; 0]);
}

#[tokio::test]
async fn a_page_above_the_limit_does_not_come_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new(folder.path());
    config.limits.page_size = 600;
    let store = Arc::new(MemoryStore::new().unwrap());
    let registry = Registry::with_store(config, store).await.unwrap();
    append(&registry, [namespace(1)]).await;
    let mut batch = registry.batch(BY_REGISTRY).await.unwrap();
    for login in ["bob", "eve", "dan", "ann"] {
        let (namespace, login) = ("n1".parse().unwrap(), login.to_owned());
        let change = tare_format::event::Change::Add;
        batch.append(EventBody::Owner { namespace, login, change }).await.unwrap();
    }
    let refused = batch.commit().await.unwrap_err();
    assert_eq!(refused.code(), Code::TooLarge, "{refused}");
    assert_eq!(registry.log_summary().await.unwrap().size, 4);
}

/// A clock that stands until it is moved.
struct Settable(AtomicI64);

impl Clock for Settable {
    fn now(&self) -> jiff::Timestamp {
        timestamp(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A witness in this process, which is asked as one on another machine is.
struct Witnessed {
    key: SigningKey,
    /// Somebody's lines that no root document names.
    stranger: SigningKey,
    time: u64,
}

impl Cosigners for Witnessed {
    fn gather<'a>(
        &'a self,
        _: &'a Registry,
        _: &'a RootDocument,
        checkpoint: &'a Note,
    ) -> BoxFuture<'a, Vec<NoteSignature>> {
        let line = |key| cosign(checkpoint.text(), self.time, key).unwrap();
        let lines = vec![line(&self.stranger), line(&self.key)];
        Box::pin(async { lines })
    }

    fn largest_seen<'a>(
        &'a self,
        _: &'a RootDocument,
        _: &'a KeyName,
    ) -> BoxFuture<'a, Option<Seen>> {
        Box::pin(async { None })
    }
}

fn key(name: &str, algorithm: Algorithm, seed: u8) -> SigningKey {
    SigningKey::from_seed(name.parse().unwrap(), algorithm, &[seed; 32]).unwrap()
}

/// A registry in a folder whose head needs the word of one witness.
async fn witnessed(folder: &tempfile::TempDir) -> App {
    let (root, log) = (
        key("r.example/root", Algorithm::Ed25519, 1),
        key("r.example/log1", Algorithm::Ed25519, 2),
    );
    let witness = key("w.example/w", Algorithm::CosignatureEd25519, 3);
    let stranger = key("x.example/x", Algorithm::CosignatureEd25519, 4);
    let mut policy = PolicyBuilder::new();
    policy.log(Log { key: log.verifier().clone(), url: None }).unwrap();
    let listed = Witness { label: "W".to_owned(), key: witness.verifier().clone(), url: None };
    policy.witness(listed).unwrap().quorum("W").unwrap();
    let document = RootDocument {
        registry: "r.example".parse().unwrap(),
        version: 1,
        expires: Time::from_seconds(4_000_000_000).unwrap(),
        threshold: 1,
        root_keys: vec![RootKey { label: "root".to_owned(), key: root.verifier().clone() }],
        old_logs: Vec::new(),
        policy: policy.build().unwrap(),
        fresh_warn: Span::hours(36).unwrap(),
        fresh_fail: Span::hours(72).unwrap(),
        max_entry: 4096,
    };
    let note = Note::sign(document.to_text().unwrap(), &[&root]).unwrap();
    let mut config = Config::new(folder.path().join("registry"));
    Registry::init_with_root(&config, note, &log).await.unwrap();
    config.cosigners = Arc::new(Witnessed { key: witness, stranger, time: 1_800_000_000 });
    Registry::open(config).await.unwrap()
}

#[tokio::test]
async fn a_head_waits_for_its_quorum_and_pending_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let registry = witnessed(&folder).await;
    let size = |path: &str| registry.store.size(&path.parse().unwrap()).unwrap();
    assert!(size("head").is_none() && size("checkpoint").is_none());
    assert!(size("head.pending").is_some());
    assert_eq!(problems(&registry).await, [""; 0]);

    assert!(registry.advance().await.unwrap());

    assert_eq!(size("head"), size("head.pending"));
    append(&registry, [namespace(1)]).await;
    assert_ne!(size("head"), size("head.pending"));
    assert!(registry.advance().await.unwrap());
    let mut db = registry.db.read().await.unwrap();
    let (_, note) = head::satisfying(&mut db, 4).await.unwrap().unwrap();
    let text = String::from_utf8(note).unwrap();
    assert!(text.contains("w.example/w") && !text.contains("x.example"), "{text}");
    drop(db);
    assert_eq!(problems(&registry).await, [""; 0]);
}
