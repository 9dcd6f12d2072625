//! Sessions: resumed, closed, expired, and what is left of them.

use tare_format::api::Session;
use tare_store::ObjectKind;

use crate::support::{Package, TestRegistry};

#[tokio::test]
async fn a_session_goes_on_after_a_restart() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 9000).build();
    let session = ada.open(&[&tiny]).await;
    ada.send_documents(&session, &tiny, &session.releases[0]).await.unwrap();
    let (digest, body, _) = tiny.files[0].pack(&[0x0f, 0]).unwrap();
    ada.put(&format!("/api/v1/sessions/{}/packs/{}", session.id, digest.hex()), body).await.ok(204);

    let store = registry.store.clone();
    let registry = registry.restart(std::sync::Arc::new(store)).await;

    let ada = registry.again(&ada);
    let resumed: Session =
        ada.get(&format!("/api/v1/sessions/{}", session.id)).await.ok(200).json();
    assert_eq!(resumed.releases[0].missing_meta, None);
    assert!(resumed.releases[0].missing_recipes.is_empty() && !resumed.releases[0].signed);
    assert_eq!(ada.fill(&resumed, &[&tiny]).await, 5000);
    ada.commit(&session).await.ok(200);
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test]
async fn a_session_that_nobody_touches_ends_and_leaves_nothing() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let before = registry.store.paths();
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 9000).build();
    let session = ada.open(&[&tiny]).await;
    ada.fill(&session, &[&tiny]).await;
    assert_eq!(registry.store.count(ObjectKind::Pack), 1);

    registry.clock.advance(24 * 3600);

    let path = format!("/api/v1/sessions/{}", session.id);
    assert_eq!(ada.get(&path).await.code(), "session-expired");
    assert_eq!(ada.commit(&session).await.code(), "session-expired");
    assert_eq!(registry.app.collect().await.unwrap(), 1);
    assert_eq!(registry.store.paths(), before);
    ada.get(&path).await.ok(404);
}

#[tokio::test]
async fn work_on_a_session_moves_its_end() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 900).build();
    let session = ada.open(&[&tiny]).await;
    registry.clock.advance(23 * 3600);
    ada.fill(&session, &[&tiny]).await;
    registry.clock.advance(23 * 3600);
    assert_eq!(registry.app.collect().await.unwrap(), 0);
    ada.commit(&session).await.ok(200);
}

#[tokio::test]
async fn a_closed_session_takes_away_only_what_is_its_own() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let first = Package::new("lab/tiny", "1.0.0").weights(1, 3000).build();
    ada.publish(&[&first]).await;
    let before = registry.store.paths();
    // The same bytes under another name, and some more.
    let second = Package::new("lab/other", "1.0.0").weights(1, 3500).build();
    let (mine, theirs) = (ada.open(&[&second]).await, ada.open(&[&second]).await);
    ada.fill(&mine, &[&second]).await;
    ada.fill(&theirs, &[&second]).await;

    let path = format!("/api/v1/sessions/{}", mine.id);
    ada.send(http::Method::DELETE, &path, "").await.ok(204);
    ada.get(&path).await.ok(404);
    ada.commit(&theirs).await.ok(200);
    assert_eq!(registry.problems().await, [""; 0]);
    assert!(before.iter().all(|path| registry.store.paths().contains(path)));
}

#[tokio::test]
async fn the_session_of_somebody_else_is_not_there() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let eve = registry.user("eve", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 900).build();
    let session = ada.open(&[&tiny]).await;
    let path = format!("/api/v1/sessions/{}", session.id);
    assert_eq!(eve.get(&path).await.ok(404).text().len(), eve.get(&path).await.text().len());
    eve.send(http::Method::DELETE, &path, "").await.ok(404);
    eve.commit(&session).await.ok(404);
}

#[tokio::test]
async fn a_session_is_no_way_around_a_scope() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let narrow = registry.token("ada", &["publish:lab/other"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 900).build();
    let session = ada.open(&[&tiny]).await;
    ada.fill(&session, &[&tiny]).await;
    assert_eq!(narrow.commit(&session).await.code(), "scope-missing");
}

#[tokio::test]
async fn a_committed_session_takes_nothing_more() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 900).build();
    let session = ada.open(&[&tiny]).await;
    ada.fill(&session, &[&tiny]).await;
    ada.commit(&session).await.ok(200);
    let path = format!("/api/v1/sessions/{}/meta/{}", session.id, tiny.release.meta.sha256.hex());
    assert_eq!(ada.put(&path, tiny.meta.clone()).await.code(), "session-state");
}
