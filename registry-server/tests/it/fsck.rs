//! What `fsck` sees.

use tare_store::{ObjectKey, ObjectStore as _};

use crate::support::{Built, Package, TestRegistry};

async fn published() -> (TestRegistry, Built) {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 2500).build();
    ada.publish(&[&tiny]).await;
    (registry, tiny)
}

#[tokio::test]
async fn every_object_that_is_missing_is_named() {
    let (_, tiny) = published().await;
    let recipe = tiny.files[0].recipe.digest();
    for key in [
        ObjectKey::Registry,
        ObjectKey::Package("lab/tiny".parse().unwrap()),
        ObjectKey::Release(tiny.digest),
        ObjectKey::Meta(tiny.release.meta.sha256),
        ObjectKey::Recipe(recipe),
        ObjectKey::Location(recipe),
        ObjectKey::Pack(tiny.files[0].whole_pack().0),
    ] {
        let (registry, _) = published().await;
        registry.store.remove(&key).unwrap();
        let problems = registry.problems().await;
        let named = if matches!(key, ObjectKey::Recipe(_)) { "locations/" } else { &key.path() };
        assert!(problems.iter().any(|problem| problem.contains(named)), "{key}: {problems:?}");
    }
}

#[tokio::test]
async fn a_page_with_a_changed_line_is_found() {
    let (registry, _) = published().await;
    let page = registry.page("lab/tiny").unwrap().replace("Apache-2.0", "MIT");
    let key = ObjectKey::Package("lab/tiny".parse().unwrap());
    registry.store.replace(&key, page.as_bytes()).unwrap();
    assert_eq!(
        registry.problems().await,
        ["`packages/lab/tiny` says something else than the database"]
    );
}

#[tokio::test]
async fn a_rotten_pack_is_found_when_its_bytes_are_read() {
    let (registry, tiny) = published().await;
    let key = ObjectKey::Pack(tiny.files[0].whole_pack().0);
    let mut bytes = registry.store.read(&key, 0..2500).unwrap();
    bytes[7] ^= 1;
    registry.store.remove(&key).unwrap();
    registry.store.put(&key, tare_store::Content::Bytes(&bytes)).unwrap();
    let quick = registry_server::fsck::fsck(&registry.app, false).await.unwrap();
    assert_eq!(quick.problems, [""; 0]);
    let problems = registry.problems().await;
    assert_eq!(problems, [format!("`{key}` has other bytes than its name says")]);
}
