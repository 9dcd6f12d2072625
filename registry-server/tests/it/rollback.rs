//! A database that was put back from a backup does not go on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use registry_server::root::{self, Changes, RootFile};
use registry_server::{App, Config, Cosigners, NoCosigners, OpenError, Registry, Seen, key_file};
use tare_store::durable;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::hash::Hash;
use tare_tlog::key::KeyName;
use tare_tlog::note::{Note, NoteSignature};
use tare_tlog::root::{OldLog, RootDocument};
use tare_tlog::tree::Edge;
use tempfile::TempDir;

use crate::support::{Client, Package, TestRegistry};

/// A registry in a folder, with a copy of its database from before its last publish.
async fn backed_up() -> (TempDir, Config, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::new(folder.path().join("registry"));
    Registry::init(&config).await.unwrap();
    let backup = folder.path().join("backup.sqlite");
    std::fs::copy(database(&config), &backup).unwrap();
    let app = Registry::open(config.clone()).await.unwrap();
    publish(&app, "lab/tiny").await;
    app.close().await;
    (folder, config, backup)
}

async fn publish(app: &App, name: &str) {
    publish_by(app, "ada", name).await;
}

async fn publish_by(app: &App, login: &str, name: &str) {
    let client: Client = TestRegistry::client_of(app, login, &["publish:*"]).await;
    client.publish(&[&Package::new(name, "1.0.0").weights(1, 900).build()]).await;
}

fn database(config: &Config) -> PathBuf {
    config.path.join("registry.sqlite")
}

fn put_back(config: &Config, backup: &Path) {
    durable::write(&database(config), &std::fs::read(backup).unwrap()).unwrap();
}

#[tokio::test]
async fn a_database_older_than_its_own_head_is_refused() {
    let (_folder, config, backup) = backed_up().await;
    put_back(&config, &backup);
    let error = Registry::open(config).await.err().unwrap();
    assert!(matches!(error, OpenError::RolledBack { own: 2, size: 6, .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("has 2 events") && said.contains("has 6"), "{said}");
    assert!(said.contains("newer backup") && said.contains("root document"), "{said}");
}

#[tokio::test]
async fn a_database_with_another_history_is_refused() {
    let (_folder, config, backup) = backed_up().await;
    let heads = ["head", "head.pending", "checkpoint"].map(|name| config.public().join(name));
    let saved = heads.clone().map(|path| std::fs::read(path).unwrap());
    heads.iter().for_each(|path| std::fs::remove_file(path).unwrap());
    // Somebody who removes the heads removes the evidence; whoever kept them has it.
    for kind in ["tile", "events"] {
        std::fs::remove_dir_all(config.public().join(kind)).unwrap();
    }
    put_back(&config, &backup);
    let app = Registry::open(config.clone()).await.unwrap();
    publish(&app, "lab/forked").await;
    app.close().await;
    drop(app);
    for (path, bytes) in heads.iter().zip(&saved) {
        durable::write(path, bytes).unwrap();
    }
    let error = Registry::open(config).await.err().unwrap();
    assert!(matches!(error, OpenError::Forked { size: 6, .. }), "{error}");
}

/// Publishes a root document. With `rotate` it freezes the log where the database has it, and gives it another key. Gives where
/// it is frozen.
async fn next_root(config: &Config, rotate: bool) -> OldLog {
    let command = Registry::attach(config.clone()).await.unwrap();
    let current = root::newest(&command).await.unwrap();
    let rotation = root::rotation(&command).await.unwrap();
    command.close().await;
    let next = Changes { rotate: rotate.then_some(rotation), ..Changes::default() };
    let next = next.apply(current.document(), config.clock.now()).unwrap();
    let frozen = next.old_logs[0].clone();
    let mut file = RootFile::draft(next).unwrap();
    file.sign(&key_file::read(&config.keys().join("root.key")).unwrap(), None).unwrap();
    let path = config.path.join("next.note");
    file.write(&path).unwrap();
    root::publish(config, &path).await.unwrap();
    frozen
}

#[tokio::test]
async fn a_database_that_was_put_back_goes_on_under_another_key() {
    let (_folder, config, backup) = backed_up().await;
    std::fs::copy(database(&config), &backup).unwrap();
    let app = Registry::open(config.clone()).await.unwrap();
    publish_by(&app, "bob", "lost/tiny").await;
    app.close().await;
    drop(app);
    put_back(&config, &backup);

    let frozen = next_root(&config, true).await;
    // As many events as were lost: each file of the log has a namesake.
    assert_eq!(next_root(&config, false).await, frozen);
    assert_eq!(frozen.size, 6);
    let app = Registry::open(config.clone()).await.unwrap();
    assert_eq!(registry_server::fsck::fsck(&app, true).await.unwrap().problems, [""; 0]);
    let leaves = std::fs::read(config.public().join("tile/0/000.p/10")).unwrap();
    let mut edge = Edge::new();
    leaves.as_chunks().0.iter().take(6).for_each(|leaf| edge.append(Hash(*leaf)).unwrap());
    assert_eq!(edge.root(), frozen.root);
    app.close().await;
    drop(app);
    Registry::open(config).await.unwrap();
}

/// Somebody who saw a checkpoint, and cosigns nothing.
struct Saw(Checkpoint);

impl Cosigners for Saw {
    fn gather<'a>(
        &'a self,
        registry: &'a Registry,
        root: &'a RootDocument,
        checkpoint: &'a Note,
    ) -> BoxFuture<'a, Vec<NoteSignature>> {
        NoCosigners.gather(registry, root, checkpoint)
    }

    fn largest_seen<'a>(
        &'a self,
        _: &'a RootDocument,
        _: &'a KeyName,
    ) -> BoxFuture<'a, Option<Seen>> {
        let seen = Seen { by: "W1".to_owned(), checkpoint: self.0.clone() };
        Box::pin(async { Some(seen) })
    }
}

#[tokio::test]
async fn a_database_older_than_what_a_witness_saw_is_refused() {
    let (_folder, mut config, backup) = backed_up().await;
    let note = std::fs::read(config.public().join("checkpoint")).unwrap();
    let seen: Checkpoint = Note::parse(&note).unwrap().text().parse().unwrap();
    config.cosigners = Arc::new(Saw(seen));
    Registry::open(config.clone()).await.unwrap().close().await;

    put_back(&config, &backup);
    std::fs::remove_dir_all(config.public()).unwrap();
    let error = Registry::open(config).await.err().unwrap();
    assert!(matches!(error, OpenError::RolledBack { own: 2, size: 6, .. }), "{error}");
    assert!(error.to_string().contains("witness `W1`"), "{error}");
}

#[tokio::test]
async fn a_public_folder_that_was_lost_is_made_again() {
    let (_folder, config, _) = backed_up().await;
    let heads = ["head", "head.pending", "checkpoint", "notices", "packages/lab/tiny"];
    let read = |name: &str| std::fs::read(config.public().join(name)).unwrap();
    let before = heads.map(read);
    for name in ["tile", "events", "state", "packages", "namespaces", "root"] {
        std::fs::remove_dir_all(config.public().join(name)).unwrap();
    }
    for name in ["head", "head.pending", "checkpoint", "notices"] {
        std::fs::remove_file(config.public().join(name)).unwrap();
    }
    let app = Registry::open(config.clone()).await.unwrap();
    assert_eq!(registry_server::fsck::fsck(&app, true).await.unwrap().problems, [""; 0]);
    assert_eq!(heads.map(read), before);
}

#[tokio::test]
async fn a_damaged_head_is_written_anew() {
    let (_folder, config, _) = backed_up().await;
    let head = config.public().join("head");
    let good = std::fs::read(&head).unwrap();
    for bad in [&b""[..], b"garbage", &good[..good.len() - 2]] {
        durable::write(&head, bad).unwrap();
        let app = Registry::open(config.clone()).await.unwrap();
        app.project_anew().await.unwrap();
        assert_eq!(std::fs::read(&head).unwrap(), good);
        app.close().await;
        drop(app);
    }
}
