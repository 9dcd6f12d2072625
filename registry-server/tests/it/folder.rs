//! A registry in a folder: its public files are plain files, and one process serves it.

use std::path::Path;

use registry_server::{Config, OpenError, Registry, fsck::fsck};

use crate::support::{Package, TestRegistry};

/// Every file below a folder, relative to it, sorted.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn every_public_file_is_a_plain_file_at_the_path_of_its_url() {
    let registry = TestRegistry::in_folder().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 2500).build();
    ada.publish(&[&tiny]).await;

    let public = registry.path().join("public");
    let found = files(&public);
    let mut kinds: Vec<&str> = found.iter().map(|path| path.split('/').next().unwrap()).collect();
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "checkpoint",
            "events",
            "head",
            "head.pending",
            "locations",
            "meta",
            "namespaces",
            "notices",
            "packages",
            "packs",
            "recipes",
            "registry.json",
            "releases",
            "root",
            "signatures",
            "state",
            "tile"
        ]
    );
    for path in &found {
        let served = registry.anonymous().get(&format!("/{path}")).await.ok(200);
        assert_eq!(served.body, std::fs::read(public.join(path)).unwrap(), "{path}");
    }
    assert_eq!(files(&registry.path().join("staging")), [""; 0]);
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test]
async fn a_refused_pack_leaves_no_file_behind() {
    let registry = TestRegistry::in_folder().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 2500).build();
    let session = ada.open(&[&tiny]).await;
    let before = files(registry.path());
    let (digest, mut body) = tiny.files[0].whole_pack();
    *body.last_mut().unwrap() ^= 1;
    let path = format!("/api/v1/sessions/{}/packs/{}", session.id, digest.hex());
    ada.put(&path, body).await.ok(400);
    assert_eq!(files(registry.path()), before);
}

#[tokio::test]
async fn a_folder_is_served_once_and_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::new(folder.path().join("registry"));
    assert!(matches!(Registry::open(config.clone()).await, Err(OpenError::Absent { .. })));
    Registry::init(&config).await.unwrap();
    assert!(matches!(Registry::init(&config).await, Err(OpenError::Exists { .. })));
    let first = Registry::open(config.clone()).await.unwrap();
    assert!(matches!(Registry::open(config.clone()).await, Err(OpenError::Locked { .. })));
    let beside = Registry::attach(config.clone()).await.unwrap();
    assert_eq!(beside.id(), first.id());
    drop(first);
    Registry::open(config).await.unwrap();
}

#[tokio::test]
async fn an_operators_command_leaves_public_files_to_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::new(folder.path().join("registry"));
    Registry::init(&config).await.unwrap();
    let file = config.public().join("registry.json");
    std::fs::remove_file(&file).unwrap();
    let beside = Registry::attach(config.clone()).await.unwrap();
    assert!(!file.exists());
    assert_eq!(fsck(&beside, false).await.unwrap().problems.len(), 1);
    Registry::open(config).await.unwrap();
    assert!(file.exists());
}

/// Tries all that could make a registry, and insists that each names this file, and that nothing changes.
async fn require_lost(config: &Config, left: &str) {
    let before = files(&config.path);
    let opened = Registry::open(config.clone()).await.map(drop);
    let served = Registry::open_or_init(config.clone()).await.map(drop);
    for refused in [opened, served, Registry::init(config).await] {
        let said = refused.unwrap_err().to_string();
        for named in [left, "registry.sqlite` is missing", "from a backup"] {
            assert!(said.contains(named), "{said}");
        }
    }
    assert_eq!(files(&config.path), before);
}

#[tokio::test]
async fn without_its_database_a_registry_is_not_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::new(folder.path().join("registry"));
    let registry = Registry::open_or_init(config.clone()).await.unwrap();
    let id = registry.id().clone();
    registry.close().await;
    drop(registry);
    let (database, backup) = (config.path.join("registry.sqlite"), folder.path().join("backup"));
    std::fs::rename(&database, &backup).unwrap();
    require_lost(&config, "keys/root.key").await;
    // The key of the root belongs elsewhere; what is public says it all the same.
    std::fs::remove_file(config.keys().join("root.key")).unwrap();
    require_lost(&config, "public/root/latest").await;
    // What SQLite makes of a name that it does not find.
    std::fs::write(&database, "").unwrap();
    assert!(matches!(Registry::init(&config).await, Err(OpenError::Lost { .. })));
    std::fs::rename(&backup, &database).unwrap();
    assert_eq!(Registry::open(config).await.unwrap().id(), &id);
}
