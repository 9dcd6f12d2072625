//! The store fails at each of its operations in turn, and the database at each kind of write: the release is absent or
//! complete, the log goes on from what was public, and trying again works.

use std::ops::Range;
use std::sync::Arc;

use registry_server::{Config, Registry};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use tare_store::fault::{Fault, FaultStore};
use tare_store::{MemoryStore, ObjectKey, ObjectStore as _};

use crate::support::head::{head, require_continues};
use crate::support::{Built, Client, Package, Shared, TestRegistry};

fn package() -> Built {
    Package::new("lab/tiny", "1.0.0").weights(1, 2500).build()
}

/// A registry whose server sees a store that fails so, and a publisher. Opening the registry asks the store too; the
/// number of these operations comes third.
async fn start(fault: Fault) -> (TestRegistry, Client, usize, Arc<FaultStore<Shared>>) {
    let store = Shared(Arc::new(MemoryStore::new().unwrap()));
    let registry = TestRegistry::over(store.clone(), Arc::new(store.clone())).await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let faulty = Arc::new(FaultStore::new(store, fault));
    let registry = registry.restart(Arc::<FaultStore<Shared>>::clone(&faulty)).await;
    let ada = registry.again(&ada);
    let opening = faulty.operations();
    (registry, ada, opening, faulty)
}

/// Publishes over a store that fails so, then restarts over a sound one and publishes again. Gives the numbers of the
/// operations that publishing asked for.
async fn publish_over(fault: Fault) -> Range<usize> {
    let (registry, ada, opening, faulty) = start(fault).await;
    let tiny = package();
    let before = head(&registry.store, "head").unwrap().checkpoint;

    let done = ada.try_publish(&tiny).await.is_ok();

    let operations = opening..faulty.operations();
    let store = registry.store.clone();
    let registry = registry.restart(Arc::new(store)).await;
    let visible = registry.page("lab/tiny").is_some();
    assert!(visible || !done, "{fault:?}: acknowledged and not there");
    assert_eq!(registry.problems().await, [""; 0], "{fault:?}");
    registry.again(&ada).try_publish(&tiny).await.unwrap();
    assert_eq!(registry.page("lab/tiny").unwrap().lines().count(), 2, "{fault:?}");
    assert_eq!(registry.problems().await, [""; 0], "{fault:?}");
    let after = head(&registry.store, "head").unwrap().checkpoint;
    require_continues(&registry.store, &before, &after);
    operations
}

#[tokio::test]
async fn a_crash_before_any_operation_leaves_all_or_nothing() {
    for nth in publish_over(Fault::None).await {
        publish_over(Fault::From(nth)).await;
    }
}

#[tokio::test]
async fn a_crash_behind_any_operation_leaves_all_or_nothing() {
    for nth in publish_over(Fault::None).await {
        publish_over(Fault::Behind(nth)).await;
    }
}

#[tokio::test]
async fn after_a_single_failure_the_same_server_takes_it_again() {
    for nth in publish_over(Fault::None).await {
        let (registry, ada, _, _) = start(Fault::Once(nth)).await;
        let tiny = package();
        let refused = ada.try_publish(&tiny).await.unwrap_err();
        assert_eq!(refused.code(), "internal", "{nth}");
        ada.try_publish(&tiny).await.unwrap();
        assert_eq!(registry.page("lab/tiny").unwrap().lines().count(), 2, "{nth}");
        assert_eq!(registry.problems().await, [""; 0], "{nth}");
    }
}

#[tokio::test]
async fn a_full_disk_is_said_to_be_one_and_reading_goes_on() {
    for nth in publish_over(Fault::None).await {
        let (registry, ada, _, _) = start(Fault::Full(nth)).await;
        let refused = ada.try_publish(&package()).await.unwrap_err();
        assert_eq!((refused.status, refused.code().as_str()), (507, "storage-full"), "{nth}");
        registry.anonymous().get("/registry.json").await.ok(200);
        ada.try_publish(&package()).await.unwrap();
    }
}

#[tokio::test]
async fn a_page_that_was_not_written_is_written_by_the_next_start() {
    let (mut pages, mut late) = (0, 0);
    for nth in publish_over(Fault::None).await {
        let (registry, ada, _, _) = start(Fault::From(nth)).await;
        drop(ada.try_publish(&package()).await);
        let before = registry.page("lab/tiny").is_some();
        let store = registry.store.clone();
        let registry = registry.restart(Arc::new(store)).await;
        let after = registry.page("lab/tiny").is_some();
        late += usize::from(!before && after);
        pages += usize::from(after);
    }
    assert!(late > 0 && pages >= late, "{late} of {pages}");
}

/// Lets every write of one kind to a table fail, or work again.
async fn break_table(registry: &TestRegistry, broken: Option<(&str, &str)>) {
    let file = registry.path().join("registry.sqlite");
    let mut db = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let sql = match broken {
        Some((verb, table)) => format!(
            "CREATE TRIGGER broken BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'broken'); END"
        ),
        None => "DROP TRIGGER broken".to_owned(),
    };
    sqlx::query(AssertSqlSafe(sql)).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_write_to_the_database_that_fails_leaves_all_or_nothing() {
    const TABLES: [&str; 12] = [
        "event",
        "event_page",
        "state_row",
        "state_node",
        "checkpoint",
        "projected",
        "published",
        "stale",
        "namespace",
        "package",
        "release",
        "session",
    ];
    let mut failed = 0;
    for (verb, table) in TABLES
        .into_iter()
        .flat_map(|table| ["INSERT", "UPDATE", "DELETE"].map(|verb| (verb, table)))
    {
        let registry = TestRegistry::start().await;
        let ada = registry.user("ada", &["publish:*"]).await;
        let before = head(&registry.store, "head").unwrap().checkpoint;
        break_table(&registry, Some((verb, table))).await;
        failed += u8::from(ada.try_publish(&package()).await.is_err());
        break_table(&registry, None).await;

        ada.try_publish(&package()).await.unwrap();

        let after = head(&registry.store, "head").unwrap().checkpoint;
        assert_eq!(after.size(), before.size() + 4, "{verb} {table}");
        require_continues(&registry.store, &before, &after);
        assert_eq!(registry.problems().await, [""; 0], "{verb} {table}");
    }
    assert!(failed > 10, "{failed} writes failed");
}

/// Makes a registry over a store that fails so, and insists that the root document is there when it is named. Gives how many
/// operations it took.
async fn make_over(fault: Fault) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let store = Shared(Arc::new(MemoryStore::new().unwrap()));
    let faulty = Arc::new(FaultStore::new(store.clone(), fault));
    let seen = Arc::<FaultStore<Shared>>::clone(&faulty);
    let made = Registry::with_store(Config::new(folder.path()), seen).await;
    assert_eq!(made.is_ok(), fault == Fault::None, "{fault:?}");
    let is_there = |key| store.size(&key).unwrap().is_some();
    assert!(is_there(ObjectKey::Root(1)) || !is_there(ObjectKey::NewestRoot), "{fault:?}");
    faulty.operations()
}

#[tokio::test]
async fn no_root_document_is_the_newest_before_it_is_there() {
    for nth in 0..make_over(Fault::None).await {
        make_over(Fault::Once(nth)).await;
    }
}
