//! Publishing, when all goes well and when the release itself is wrong.

use axum::body::Body;
use tare_format::api::Committed;
use tare_format::event::{Event, EventBody};
use tare_sign::Claim;

use crate::support::{Package, TestRegistry};

#[tokio::test]
async fn a_published_version_is_on_its_page_with_everything_it_names() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 4500).build();

    let (committed, sent) = ada.publish(&[&tiny]).await;

    assert_eq!(sent, 4500);
    let [receipt] = committed.receipts.as_slice() else { panic!("{committed:?}") };
    assert_eq!((receipt.release, receipt.existed), (tiny.digest, false));
    // Root and state, then namespace, signer, publish: only the last two are on the package's page.
    assert_eq!(receipt.event, Some(4));
    let page = registry.page("lab/tiny").unwrap();
    let events: Vec<Event> =
        page.lines().map(|line| Event::from_line(line).unwrap().unwrap()).collect();
    assert!(matches!(&events[0].body, EventBody::Signer { .. }));
    let EventBody::Publish(published) = &events[1].body else { panic!("{page}") };
    assert_eq!((published.release, published.size), (tiny.digest, tiny.release.total_size()));
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test]
async fn what_is_published_comes_back_byte_for_byte() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 4500).build();
    ada.publish(&[&tiny]).await;

    let anyone = registry.anonymous();
    let fetch = async |folder: &str, hex: String| {
        anyone.get(&format!("/{folder}/{}/{hex}", &hex[..2])).await.ok(200).body
    };
    assert_eq!(fetch("releases", tiny.digest.hex()).await, tiny.document.as_bytes());
    assert_eq!(fetch("meta", tiny.release.meta.sha256.hex()).await, tiny.meta);
    let recipe = &tiny.files[0].recipe;
    assert_eq!(fetch("recipes", recipe.digest().hex()).await, recipe.to_bytes());
    let location = fetch("locations", recipe.digest().hex()).await;
    let location = tare_format::location::Location::from_bytes(&location).unwrap();
    assert_eq!(location.places().len(), 5);
    let (pack, body) = tiny.files[0].whole_pack();
    assert_eq!(location.packs(), [pack]);
    assert!(body.ends_with(&fetch("packs", pack.hex()).await));
}

#[tokio::test]
async fn a_commit_that_is_repeated_gives_the_same_receipt() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 4500).build();
    let session = ada.open(&[&tiny]).await;
    ada.fill(&session, &[&tiny]).await;
    let first: Committed = ada.commit(&session).await.ok(200).json();

    let second: Committed = ada.commit(&session).await.ok(200).json();
    assert!(second.receipts[0].existed);
    assert_eq!(second.receipts[0].event, first.receipts[0].event);

    let (third, sent) = ada.publish(&[&tiny]).await;
    assert_eq!((third.receipts[0].existed, sent), (true, 0));
    assert_eq!(registry.page("lab/tiny").unwrap().lines().count(), 2);
}

#[tokio::test]
async fn a_base_and_its_adapter_are_published_together() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let base = Package::new("lab/base", "1.0.0").weights(1, 3000).build();
    let adapter = Package::new("lab/lora", "0.1.0")
        .kind("adapter")
        .with("[dependencies]\n\"lab/base\" = { version = \"=1.0.0\", relation = \"base\" }")
        .weights(2, 500)
        .build();

    let error = ada.publish_error(&[&adapter]).await;
    assert_eq!(error.code(), "missing-dependency");
    let (committed, _) = ada.publish(&[&adapter, &base]).await;
    assert_eq!(committed.receipts.len(), 2);
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test]
async fn a_dependency_is_written_as_its_owner_writes_it() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    ada.publish(&[&Package::new("lab/fo-ld", "1.0.0").weights(1, 300).build()]).await;
    let table = "[dependencies]\n\"lab/fo_ld\" = \"^1\"";
    let other = Package::new("lab/other", "1.0.0").with(table).weights(1, 300).build();
    let error = ada.publish_error(&[&other]).await;
    assert_eq!(error.code(), "invalid-document");
    assert!(error.problem().detail.contains("is spelled `lab/fo-ld` here"), "{}", error.text());
}

#[tokio::test]
async fn a_circle_of_dependencies_is_refused_by_name() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let needs = |name, version, needed| {
        let table = format!("[dependencies]\n\"{needed}\" = \"^1\"");
        Package::new(name, version).with(&table).weights(1, 300).build()
    };
    let (a, b) = (needs("lab/a", "1.0.0", "lab/b"), needs("lab/b", "1.0.0", "lab/a"));
    let error = ada.publish_error(&[&a, &b]).await;
    assert_eq!(error.code(), "invalid-document");
    let way = "`lab/a@1.0.0` needs `lab/b@1.0.0` needs `lab/a@1.0.0`";
    assert!(error.problem().detail.contains(way), "{}", error.text());

    let plain = Package::new("lab/b", "1.0.0").weights(1, 300).build();
    ada.publish(&[&a, &plain]).await;
    let closing = ada.publish_error(&[&needs("lab/b", "1.1.0", "lab/a")]).await;
    assert!(closing.problem().detail.contains("`lab/b@1.1.0` needs itself"), "{}", closing.text());
}

#[tokio::test]
async fn one_bad_release_keeps_the_others_out() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let good = Package::new("lab/good", "1.0.0").weights(1, 3000).build();
    let bad = Package::new("lab/bad", "1.0.0")
        .with("[lineage]\n\"lab/nowhere\" = { version = \"=1.0.0\", relation = \"trained-on\" }")
        .weights(2, 500)
        .build();

    let error = ada.publish_error(&[&good, &bad]).await;

    assert_eq!(error.code(), "missing-dependency");
    assert!(error.problem().detail.contains("`lab/nowhere@1.0.0`"), "{}", error.text());
    assert_eq!(registry.page("lab/good"), None);
    registry.anonymous().get("/api/v1/namespaces/lab/owners").await.ok(404);
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_changes_nothing() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 4500).build();
    let session = ada.open(&[&tiny]).await;
    ada.send_documents(&session, &tiny, &session.releases[0]).await.unwrap();

    let path = format!("/api/v1/sessions/{}/commit?dry-run=true", session.id);
    let committed: Committed = ada.post(&path, Body::empty()).await.ok(200).json();

    assert!(committed.dry_run);
    assert_eq!((committed.receipts[0].existed, committed.receipts[0].event), (false, None));
    assert_eq!(registry.page("lab/tiny"), None);
    // Without the dry run the packs and the signature are needed.
    assert_eq!(ada.commit(&session).await.code(), "signature-refused");
    ada.sign(&session, &tiny).await.unwrap();
    assert_eq!(ada.commit(&session).await.code(), "incomplete");
}

#[tokio::test]
async fn a_version_never_changes() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let first = Package::new("lab/tiny", "1.0.0").weights(1, 4500).build();
    ada.publish(&[&first]).await;

    let other = Package::new("lab/tiny", "1.0.0").weights(9, 4500).build();
    let rebuilt = other.forged(|release| release.version = "1.0.0+rebuilt".parse().unwrap());
    for other in [other, rebuilt] {
        let error = ada.try_open(&[&other]).await;
        assert_eq!((error.status, error.code().as_str()), (409, "version-exists"));
    }
}

#[tokio::test]
async fn a_document_that_says_more_than_its_manifest_is_refused() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let honest = Package::new("lab/tiny", "1.0.0").license("CC-BY-NC-4.0").weights(1, 900).build();
    let forged = honest.forged(|release| {
        release.license.weights = Some("Apache-2.0".parse().unwrap());
    });

    let error = ada.publish_error(&[&forged]).await;

    assert_eq!(error.code(), "release-mismatch");
    assert!(error.problem().detail.contains("`license` differs"), "{}", error.text());
}

#[tokio::test]
async fn a_file_may_not_be_in_the_archive_and_in_chunks() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 900).build();
    let forged = tiny.forged(|release| {
        let mut again = release.files[0].clone();
        again.class = tare_format::release::FileClass::Data;
        again.recipe = Some(tiny.files[0].recipe.digest());
        release.files[0] = again;
    });

    assert_eq!(ada.publish_error(&[&forged]).await.code(), "invalid-document");
}

#[tokio::test]
async fn a_licence_that_is_no_expression_is_refused_and_an_unknown_one_warned_of() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let broken = Package::new("lab/tiny", "1.0.0").license("MIT AND OR").weights(1, 900).build();
    assert_eq!(ada.publish_error(&[&broken]).await.code(), "invalid-document");

    let own = Package::new("lab/tiny", "1.0.0").license("LicenseRef-lab").weights(1, 900).build();
    let (committed, _) = ada.publish(&[&own]).await;
    assert_eq!(committed.warnings.len(), 1, "{:?}", committed.warnings);
}

#[tokio::test]
async fn only_a_key_of_the_package_may_sign_it() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let first = Package::new("lab/tiny", "1.0.0").weights(1, 900).build();
    ada.publish(&[&first]).await;
    let mut thief = ada.clone();
    thief.key = registry.anonymous().key;
    let second = Package::new("lab/tiny", "1.1.0").weights(2, 900).build();

    let error = thief.publish_error(&[&second]).await;

    assert_eq!(error.code(), "signature-refused");
    ada.publish(&[&second]).await;
}

#[tokio::test]
async fn a_signature_of_something_else_is_refused() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 900).build();
    let session = ada.open(&[&tiny]).await;
    ada.fill(&session, &[&tiny]).await;
    let claim = Claim {
        release: tiny.release.id(),
        digest: tiny.digest,
        registry: tare_format::registry::RegistryId::of_root(&tare_format::Sha256::of(&[7; 16])),
    };
    ada.send_signature(&session, &tiny, &claim).await.ok(204);

    let error = ada.commit(&session).await;

    assert_eq!(error.code(), "signature-refused");
    assert!(error.problem().detail.contains("registry"), "{}", error.text());
    assert_eq!(registry.page("lab/tiny"), None);
}
