//! What the registry has is not sent again.

use tare_store::ObjectKind;

use crate::support::{Package, TestRegistry, noise};

#[tokio::test]
async fn a_second_version_sends_only_its_new_chunks() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let mut weights = noise(1, 10_000);
    let first = Package::new("lab/tiny", "1.0.0").data("model.bin", weights.clone()).build();
    assert_eq!(ada.publish(&[&first]).await.1, 10_000);
    weights[4321] ^= 1;
    let second = Package::new("lab/tiny", "1.1.0").data("model.bin", weights).build();

    assert_eq!(ada.publish(&[&second]).await.1, 1000);

    let location = second.files[0].recipe.digest().hex();
    let path = format!("/locations/{}/{location}", &location[..2]);
    let bytes = registry.anonymous().get(&path).await.ok(200).body;
    let location = tare_format::location::Location::from_bytes(&bytes).unwrap();
    assert_eq!(location.packs().len(), 2);
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test]
async fn bytes_of_another_package_are_not_sent_either() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let bob = registry.user("bob", &["publish:*"]).await;
    ada.publish(&[&Package::new("lab/tiny", "1.0.0").weights(1, 5000).build()]).await;

    let copy = Package::new("bob/copy", "1.0.0").weights(1, 5000).build();

    assert_eq!(bob.publish(&[&copy]).await.1, 0);
    assert_eq!(registry.store.count(ObjectKind::Pack), 1);
}

#[tokio::test]
async fn chunks_that_the_session_brought_count_as_there() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 9000).build();
    let session = ada.open(&[&tiny]).await;
    ada.send_documents(&session, &tiny, &session.releases[0]).await.unwrap();
    let file = &tiny.files[0];
    let missing = format!("/api/v1/sessions/{}/missing/{}", session.id, file.recipe.digest().hex());
    assert_eq!(ada.get(&missing).await.ok(200).body, [0xff, 0x01]);

    let (digest, body, _) = file.pack(&[0b0000_0101, 0]).unwrap();
    let path = format!("/api/v1/sessions/{}/packs/{}", session.id, digest.hex());
    ada.put(&path, body.clone()).await.ok(204);
    ada.put(&path, body).await.ok(204);

    assert_eq!(ada.get(&missing).await.ok(200).body, [0b1111_1010, 0x01]);
}
