//! A quorum on loopback: a head is shown when enough have seen it, and not before.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use jiff::Timestamp;
use registry_server::clock::{Clock as _, SystemClock};
use registry_server::entropy::SystemEntropy;
use registry_server::root::{First, Quorum, RootFile, Witnessing};
use registry_server::witness::{self, Witness};
use registry_server::{App, Config, HttpCosigners, OpenError, Registry};
use tare_tlog::bundle::TlogProof;
use tare_tlog::cosignature;
use tare_tlog::key::{Algorithm, SigningKey, VerifierKey};
use tare_tlog::note::Note;
use tare_tlog::policy;
use tare_tlog::root::{RootDocument, RootKey};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::support::{Package, TestRegistry};

fn signing(name: &str, algorithm: Algorithm, seed: u8) -> SigningKey {
    SigningKey::from_seed(name.parse().unwrap(), algorithm, &[seed; 32]).unwrap()
}

fn log_key() -> SigningKey {
    signing("hub.example.org/log1", Algorithm::Ed25519, 1)
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    (listener, format!("http://{address}/"))
}

/// A witness in this process.
struct LiveWitness {
    spec: policy::Witness,
    task: JoinHandle<std::io::Result<()>>,
    _folder: TempDir,
}

impl LiveWitness {
    async fn start(label: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("{label}.example/w").parse().unwrap();
        let key = Witness::init(folder.path(), name, &SystemEntropy).unwrap();
        let logs = vec![log_key().verifier().clone()];
        let witness = Witness::open(folder.path(), logs, Arc::new(SystemClock)).unwrap();
        let (listener, url) = listen().await;
        let config = Config::new(folder.path());
        let task = tokio::spawn(async move {
            witness::serve(Arc::new(witness), &config, listener, std::future::pending()).await
        });
        let spec = policy::Witness { label: label.to_owned(), key, url: Some(url) };
        Self { spec, task, _folder: folder }
    }
}

/// A root document with these witnesses, signed.
fn root(witnesses: &[&policy::Witness], quorum: &str) -> Note {
    let key = signing("a.example/root", Algorithm::Ed25519, 2);
    let first = First {
        name: "hub.example.org".parse().unwrap(),
        threshold: 1,
        keys: vec![RootKey { label: "a".to_owned(), key: key.verifier().clone() }],
        expires: "1y".parse().unwrap(),
        log: log_key().verifier().clone(),
        url: None,
        witnessing: Witnessing::Listed {
            witnesses: witnesses.iter().map(|witness| (*witness).clone()).collect(),
            quorum: quorum.parse::<Quorum>().unwrap(),
        },
    };
    let mut file = RootFile::draft(first.document(SystemClock.now()).unwrap()).unwrap();
    file.sign(&key, None).unwrap();
    file.note().unwrap()
}

/// A registry with that root document, whose cosigners are asked over HTTP.
struct Scene {
    folder: TempDir,
    config: Config,
    document: RootDocument,
    app: App,
}

impl Scene {
    async fn new(witnesses: &[&policy::Witness], quorum: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(folder.path().join("registry"));
        config.cosigners = Arc::new(HttpCosigners::new().unwrap());
        let note = root(witnesses, quorum);
        let document = RootDocument::verify_first(&note).unwrap();
        Registry::init_with_root(&config, note, &log_key()).await.unwrap();
        let app = Registry::open(config.clone()).await.unwrap();
        Self { folder, config, document, app }
    }

    /// As after the process ended: nothing is remembered of the witnesses.
    async fn reopen(self) -> Self {
        let Self { folder, mut config, document, app } = self;
        app.close().await;
        drop(app);
        config.cosigners = Arc::new(HttpCosigners::new().unwrap());
        let app = Registry::open(config.clone()).await.unwrap();
        Self { folder, config, document, app }
    }

    async fn publish(&self, login: &str, name: &str) {
        let client = TestRegistry::client_of(&self.app, login, &["publish:*"]).await;
        client.publish(&[&Package::new(name, "1.0.0").weights(1, 900).build()]).await;
    }

    fn proof(&self, name: &str) -> Option<TlogProof> {
        let bytes = std::fs::read(self.config.public().join(name)).ok()?;
        Some(TlogProof::parse(&bytes).unwrap())
    }

    /// The size of the public head, which has to satisfy the policy.
    fn head(&self) -> Option<u64> {
        let now = u64::try_from(Timestamp::now().as_second()).unwrap();
        let proof = self.proof("head")?;
        let accepted = self.document.policy.open(&proof.checkpoint, now).unwrap();
        Some(accepted.checkpoint.size())
    }
}

#[tokio::test]
async fn a_publish_is_visible_within_seconds_of_a_quorum() {
    let (one, two) = (LiveWitness::start("w1").await, LiveWitness::start("w2").await);
    let scene = Scene::new(&[&one.spec, &two.spec], "all w1 w2").await;
    assert!(scene.app.advance().await.unwrap());
    let start = Instant::now();
    scene.publish("ada", "lab/tiny").await;
    assert!(scene.app.advance().await.unwrap());
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(scene.head(), Some(6));
}

#[tokio::test]
async fn a_witness_that_knows_more_than_was_thought_says_so_and_is_proved_the_rest() {
    let one = LiveWitness::start("w1").await;
    let scene = Scene::new(&[&one.spec], "w1").await;
    assert!(scene.app.advance().await.unwrap());
    // Whoever starts anew has forgotten the witness's size, and asks from nothing.
    let scene = scene.reopen().await;
    let ada = TestRegistry::client_of(&scene.app, "ada", &["publish:*", "yank:*"]).await;
    ada.publish(&[&Package::new("lab/tiny", "1.0.0").weights(1, 900).build()]).await;
    // So many events that a proof needs more than one tile.
    for verb in ["yank", "unyank"].into_iter().cycle().take(130) {
        let path = format!("/api/v1/packages/lab/tiny/1.0.0/{verb}");
        ada.post(&path, "{\"reason\":\"x\"}").await.ok(200);
    }
    assert!(scene.app.advance().await.unwrap());
    assert_eq!(scene.head(), Some(266));
}

#[tokio::test]
async fn without_a_quorum_the_head_stays_and_the_pending_one_moves() {
    let (one, two) = (LiveWitness::start("w1").await, LiveWitness::start("w2").await);
    let scene = Scene::new(&[&one.spec, &two.spec], "all w1 w2").await;
    assert!(scene.app.advance().await.unwrap());
    two.task.abort();
    let _ = two.task.await;
    scene.publish("ada", "lab/tiny").await;
    assert!(!scene.app.advance().await.unwrap());
    assert_eq!((scene.head(), scene.proof("head.pending").unwrap().index), (Some(2), 5));
    let keys = scene.document.policy.witness_keys();
    let pending = scene.proof("head.pending").unwrap().checkpoint;
    let times = cosignature::times(&pending, &keys).unwrap();
    assert_eq!(times.len(), 1, "the one that answers is in the pending head");
    let summary = scene.app.log_summary().await.unwrap();
    let sizes: Vec<_> = summary.witnesses.iter().map(|one| (&*one.label, one.cosigned)).collect();
    assert_eq!(sizes, [("w1", Some(6)), ("w2", Some(2))]);
}

#[tokio::test]
async fn one_that_is_down_holds_up_nobody() {
    let (one, two) = (LiveWitness::start("w1").await, LiveWitness::start("w2").await);
    let (silent, url) = listen().await;
    let key = signing("w3.example/w", Algorithm::CosignatureEd25519, 3).verifier().clone();
    let three = policy::Witness { label: "w3".to_owned(), key, url: Some(url) };
    let scene = Scene::new(&[&one.spec, &two.spec, &three], "2 w1 w2 w3").await;
    let start = Instant::now();
    assert!(scene.app.advance().await.unwrap());
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    drop(silent);
}

/// A mirror that is only files: it serves one checkpoint, and knows no `add-checkpoint`.
struct StaticMirror {
    spec: policy::Witness,
    key: SigningKey,
    served: Arc<Mutex<Vec<u8>>>,
    /// Told at each time that the checkpoint is read.
    read: Arc<Notify>,
}

impl StaticMirror {
    async fn start(label: &str) -> Self {
        let key = signing(&format!("{label}.example/m"), Algorithm::CosignatureEd25519, 4);
        let (served, read) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let (content, told) = (Arc::clone(&served), Arc::clone(&read));
        let serve = move || async move {
            told.notify_one();
            content.lock().unwrap().clone()
        };
        let (listener, url) = listen().await;
        let router: Router = Router::new().route("/checkpoint", get(serve));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let spec = policy::Witness {
            label: label.to_owned(),
            key: key.verifier().clone(),
            url: Some(url),
        };
        Self { spec, key, served, read }
    }
}

/// What a mirror makes of the pending head.
fn cosigned(scene: &Scene, key: &SigningKey) -> Vec<u8> {
    let mut note = scene.proof("head.pending").unwrap().checkpoint;
    let now = u64::try_from(Timestamp::now().as_second()).unwrap();
    let line = cosignature::cosign(note.text(), now, key).unwrap();
    note.add(line).unwrap();
    note.to_bytes()
}

#[tokio::test]
async fn a_static_mirror_is_read_until_it_has_cosigned() {
    let mirror = StaticMirror::start("ma").await;
    let scene = Scene::new(&[&mirror.spec], "ma").await;
    let ask = async { scene.app.advance().await.unwrap() };
    let sync = async {
        for _ in 0..2 {
            mirror.read.notified().await;
        }
        *mirror.served.lock().unwrap() = cosigned(&scene, &mirror.key);
    };
    let (current, ()) = tokio::join!(ask, sync);
    assert!(current);
    assert_eq!(scene.head(), Some(2));
}

#[tokio::test]
async fn a_signature_that_is_not_valid_counts_for_nothing() {
    let mirror = StaticMirror::start("ma").await;
    let scene = Scene::new(&[&mirror.spec], "ma").await;
    let impostor = signing("ma.example/m", Algorithm::CosignatureEd25519, 99);
    let mut note = Note::parse(&cosigned(&scene, &impostor)).unwrap();
    let forged: VerifierKey = mirror.spec.key.clone();
    assert!(!note.signatures().iter().any(|line| line.is_by(&forged)), "its id differs");
    note = Note::parse(&rename(&note, &impostor, &forged)).unwrap();
    *mirror.served.lock().unwrap() = note.to_bytes();
    assert!(!scene.app.advance().await.unwrap());
    assert_eq!(scene.head(), None);
}

/// The impostor's signature under the id of the right key.
fn rename(note: &Note, impostor: &SigningKey, right: &VerifierKey) -> Vec<u8> {
    use base64::Engine as _;
    let lines = note.signatures().iter().map(|line| {
        if !line.is_by(impostor.verifier()) {
            return format!("{line}\n");
        }
        let mut blob = right.id().to_be_bytes().to_vec();
        blob.extend(line.bytes());
        let blob = base64::engine::general_purpose::STANDARD.encode(blob);
        format!("— {} {blob}\n", line.name())
    });
    format!("{}\n{}", note.text(), lines.collect::<String>()).into_bytes()
}

#[tokio::test]
async fn a_backup_that_was_put_back_is_found_out_by_the_witness() {
    let one = LiveWitness::start("w1").await;
    let scene = Scene::new(&[&one.spec], "w1").await;
    assert!(scene.app.advance().await.unwrap());
    let database = scene.config.path.join("registry.sqlite");
    scene.app.close().await;
    let backup = std::fs::read(&database).unwrap();
    let scene = scene.reopen().await;
    scene.publish("ada", "lab/tiny").await;
    assert!(scene.app.advance().await.unwrap());
    scene.app.close().await;
    let Scene { folder, config, app, .. } = scene;
    drop(app);
    tare_store::durable::write(&database, &backup).unwrap();
    // Whoever restores the folder as well has no head that would tell; the witness does.
    for name in ["head", "head.pending", "checkpoint"] {
        std::fs::remove_file(config.public().join(name)).unwrap();
    }
    let refused = Registry::open(config).await.err().unwrap();
    assert!(matches!(refused, OpenError::RolledBack { own: 2, size: 6, .. }), "{refused}");
    assert!(refused.to_string().contains("`w1`"), "{refused}");
    drop(folder);
}
