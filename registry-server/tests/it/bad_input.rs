//! Bytes and names that are not what they should be.

use tare_format::recipe::{Chunk, Chunker, Recipe};
use tare_format::{Blake3, Sha256};
use tare_store::ObjectKind;

use crate::support::{Built, Client, Package, TestRegistry};

async fn session() -> (TestRegistry, Client, Built, tare_format::api::Session) {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 2500).build();
    let session = ada.open(&[&tiny]).await;
    (registry, ada, tiny, session)
}

#[tokio::test]
async fn a_pack_with_any_bit_flipped_is_refused_and_not_kept() {
    let (registry, ada, tiny, session) = session().await;
    let (digest, body) = tiny.files[0].whole_pack();
    let path = format!("/api/v1/sessions/{}/packs/{}", session.id, digest.hex());
    for at in (0..body.len()).step_by(37) {
        let mut bad = body.clone();
        bad[at] ^= 1 << (at % 8);
        let refused = ada.put(&path, bad).await;
        assert!((400..500).contains(&refused.status), "byte {at}: {}", refused.text());
        refused.problem();
    }
    assert_eq!(registry.store.count(ObjectKind::Pack), 0);
    ada.put(&path, body).await.ok(204);
}

#[tokio::test]
async fn a_pack_that_is_cut_off_or_goes_on_is_refused() {
    let (registry, ada, tiny, session) = session().await;
    let (digest, body) = tiny.files[0].whole_pack();
    let path = format!("/api/v1/sessions/{}/packs/{}", session.id, digest.hex());
    for length in [0, 3, 4, 20, body.len() - 2500, body.len() - 1] {
        let refused = ada.put(&path, body[..length].to_vec()).await;
        assert_eq!(refused.status, 400, "{length}: {}", refused.text());
    }
    let longer = [body.as_slice(), b"x"].concat();
    assert_eq!(ada.put(&path, longer).await.code(), "invalid-document");
    let endless_index = [0xff, 0xff, 0xff, 0xff];
    assert_eq!(ada.put(&path, endless_index.to_vec()).await.code(), "too-large");
    assert_eq!(registry.store.count(ObjectKind::Pack), 0);
}

#[tokio::test]
async fn a_meta_archive_or_recipe_under_a_wrong_name_is_refused() {
    let (_registry, ada, tiny, session) = session().await;
    let id = &session.id;
    let meta = format!("/api/v1/sessions/{id}/meta/{}", tiny.release.meta.sha256.hex());
    let mut bad = tiny.meta.clone();
    bad[30] ^= 1;
    assert_eq!(ada.put(&meta, bad).await.code(), "digest-mismatch");
    let recipe = &tiny.files[0].recipe;
    let path = format!("/api/v1/sessions/{id}/recipes/{}", recipe.digest().hex());
    let mut bad = recipe.to_bytes();
    bad[20] ^= 1;
    assert_eq!(ada.put(&path, bad).await.code(), "digest-mismatch");

    let unnamed = format!("/api/v1/sessions/{id}/meta/{}", Sha256::of(b"other").hex());
    ada.put(&unnamed, "other").await.ok(404);
    let unnamed = format!("/api/v1/sessions/{id}/recipes/{}", Blake3::of(b"other").hex());
    ada.put(&unnamed, "other").await.ok(404);
}

#[tokio::test]
async fn a_recipe_of_other_chunks_makes_another_file() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let honest = Package::new("lab/tiny", "1.0.0").weights(1, 2500).build();
    let other = Package::new("lab/tiny", "1.0.0").weights(2, 2500).build();
    let mut forged = honest.forged(|release| {
        let file = release.files.iter_mut().find(|file| file.recipe.is_some()).unwrap();
        file.recipe = Some(other.files[0].recipe.digest());
    });
    forged.files = other.files;

    let error = ada.publish_error(&[&forged]).await;
    assert_eq!(error.code(), "digest-mismatch");
    assert_eq!(registry.page("lab/tiny"), None);
}

#[tokio::test]
async fn a_recipe_of_another_size_is_refused() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let honest = Package::new("lab/tiny", "1.0.0").weights(1, 2500).build();
    let longer = Package::new("lab/tiny", "1.0.0").weights(1, 3500).build();
    let mut forged = honest.forged(|release| {
        let file = release.files.iter_mut().find(|file| file.recipe.is_some()).unwrap();
        file.recipe = Some(longer.files[0].recipe.digest());
    });
    forged.files = longer.files;
    assert_eq!(ada.publish_error(&[&forged]).await.code(), "invalid-document");
}

#[tokio::test]
async fn a_recipe_that_lies_about_a_chunks_length_is_refused() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let honest = Package::new("lab/tiny", "1.0.0").weights(1, 2000).build();
    ada.publish(&[&honest]).await;
    let chunks = honest.files[0].recipe.chunks();
    let lie = |index: usize, length| Chunk { digest: chunks[index].digest, length };
    let recipe = Recipe::new(Chunker::Cdc64K, vec![lie(0, 900), lie(1, 1100)]).unwrap();
    let mut forged = Package::new("lab/tiny", "1.1.0").weights(1, 2000).build().forged(|release| {
        let file = release.files.iter_mut().find(|file| file.recipe.is_some()).unwrap();
        file.recipe = Some(recipe.digest());
    });
    forged.files[0].recipe = recipe;
    assert_eq!(ada.publish_error(&[&forged]).await.code(), "invalid-document");
}

#[tokio::test]
async fn names_that_fold_onto_others_are_taken() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    ada.publish(&[&Package::new("Lab/Tiny_Chat", "1.0.0").weights(1, 900).build()]).await;
    for name in ["Lab/tiny-chat", "Lab/Tiny.Chat", "lab/Tiny_Chat", "lab/new"] {
        let clash = Package::new(name, "1.0.0").weights(2, 900).build();
        let error = ada.try_open(&[&clash]).await;
        assert_eq!((name, error.code().as_str()), (name, "name-taken"));
        assert!(error.problem().help.is_some());
    }
}

#[tokio::test]
async fn documents_that_are_none_are_refused() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 900).build();
    for (body, code) in [
        (String::new(), "bad-request"),
        ("{".to_owned(), "bad-request"),
        ("{\"releases\":[]}".to_owned(), "bad-request"),
        ("{\"releases\":[\"{}\"]}".to_owned(), "invalid-document"),
        ("{\"releases\":[],\"extra\":1}".to_owned(), "bad-request"),
        (format!("{{\"releases\":[{:?}]}}", format!("{} ", tiny.document)), "invalid-document"),
        (format!("{{\"releases\":[{0:?},{0:?}]}}", tiny.document), "bad-request"),
    ] {
        let error = ada.post("/api/v1/sessions", body.clone()).await;
        assert_eq!((body.as_str(), error.code().as_str()), (body.as_str(), code));
    }
}

#[tokio::test]
async fn a_body_over_its_cap_is_refused() {
    let (_registry, ada, tiny, session) = session().await;
    let path = format!("/api/v1/sessions/{}/signatures/{}", session.id, tiny.digest.hex());
    let cap = 1 << 20;
    let refused = ada.put(&path, vec![b' '; cap + 1]).await;
    assert_eq!((refused.status, refused.code().as_str()), (413, "too-large"));
    assert_eq!(ada.put(&path, vec![b' '; cap]).await.code(), "invalid-document");
    // Without a length the cap is met while reading.
    let pieces = (0..=16).map(move |_| Ok::<_, std::io::Error>(vec![b' '; cap / 16]));
    let endless = axum::body::Body::from_stream(futures::stream::iter(pieces));
    assert_eq!(ada.put(&path, endless).await.code(), "too-large");
}

#[tokio::test]
async fn paths_with_tricks_in_them_are_refused_quietly() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*", "yank:*", "owner:*"]).await;
    for trick in
        ["%2e%2e", "..", "a%2fb", "%00", "a%22b", "a%0d%0ab", "%ff", "a'b", "%252e%252e", "", "con"]
    {
        for path in [
            format!("/packages/{trick}/x"),
            format!("/packages/x/{trick}"),
            format!("/releases/{trick}/{trick}"),
            format!("/packs/ab/{trick}"),
            format!("/api/v1/namespaces/{trick}/owners"),
            format!("/api/v1/packages/{trick}/x/signers"),
            format!("/api/v1/sessions/{trick}"),
        ] {
            let answer = ada.get(&path).await;
            assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
            answer.problem();
        }
        let path = format!("/api/v1/packages/lab/{trick}/1.0.0/yank");
        let answer = ada.post(&path, "{\"reason\":\"x\"}").await;
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
    }
}
