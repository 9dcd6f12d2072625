//! The log and its head, as a stranger verifies them.

use tare_format::Sha256;
use tare_format::event::PageKey;
use tare_format::registry::RegistryId;
use tare_store::ObjectStore as _;

use crate::support::head::{self, head, look_up, read, require_continues};
use crate::support::{Package, TestRegistry};

fn package(version: &str) -> crate::support::Built {
    Package::new("lab/tiny", version).weights(1, 900).build()
}

#[tokio::test]
async fn a_new_registry_has_a_head_and_is_named_by_its_root_document() {
    let registry = TestRegistry::start().await;
    let document = head::root(&registry.store);
    let text = Sha256::of(document.to_text().unwrap().as_bytes());
    assert_eq!(*registry.app.id(), RegistryId::of_root(&text));
    let head = head(&registry.store, "head").unwrap();
    assert_eq!((head.checkpoint.size(), head.commitment.count()), (2, 1));
    assert!(head.checkpoint.origin().as_str().ends_with("/log1"));
    let notices = read(&registry.store, "notices").unwrap();
    let digest = Sha256::of(&notices);
    assert_eq!(look_up(&registry.store, &head, &PageKey::Notices), Some(*digest.as_bytes()));
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test]
async fn a_publish_is_under_the_next_head_and_nothing_else_is() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let before = head(&registry.store, "head").unwrap();

    let (committed, _) = ada.publish(&[&package("1.0.0")]).await;

    let after = head(&registry.store, "head").unwrap();
    assert!(committed.receipts[0].event.unwrap() < after.checkpoint.size());
    require_continues(&registry.store, &before.checkpoint, &after.checkpoint);
    let page = PageKey::Package("lab/tiny".parse().unwrap());
    let digest = Sha256::of(registry.page("lab/tiny").unwrap().as_bytes());
    assert_eq!(look_up(&registry.store, &after, &page), Some(*digest.as_bytes()));
    let namespace = PageKey::Namespace("lab".parse().unwrap());
    let lines = read(&registry.store, "namespaces/lab").unwrap();
    let digest = Sha256::of(&lines);
    assert_eq!(look_up(&registry.store, &after, &namespace), Some(*digest.as_bytes()));
    let other = PageKey::Package("lab/other".parse().unwrap());
    assert_eq!(look_up(&registry.store, &after, &other), None);
}

#[tokio::test]
async fn a_page_that_has_grown_begins_with_the_one_of_an_older_head() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*", "yank:*"]).await;
    ada.publish(&[&package("1.0.0")]).await;
    let old = head(&registry.store, "head").unwrap();
    let yank = "/api/v1/packages/lab/tiny/1.0.0/yank";
    ada.post(yank, "{\"reason\":\"broken\"}").await.ok(200);
    let page = registry.page("lab/tiny").unwrap();
    let value = look_up(&registry.store, &old, &PageKey::Package("lab/tiny".parse().unwrap()));
    let prefix = tare_replay::page::prefix_with_digest(page.as_bytes(), &value.unwrap()).unwrap();
    assert!(prefix.len() < page.len() && !String::from_utf8_lossy(prefix).contains("broken"));
}

#[tokio::test]
async fn without_a_quorum_the_heads_are_the_same_and_never_cached() {
    let registry = TestRegistry::start().await;
    let anyone = registry.anonymous();
    let head = anyone.get("/head").await.ok(200);
    assert_eq!(head.body, anyone.get("/head.pending").await.ok(200).body);
    assert_eq!(head.header("cache-control"), "no-cache");
    assert_eq!(head.header("content-type"), "text/plain; charset=utf-8");
    assert!(head.body.ends_with(&anyone.get("/checkpoint").await.ok(200).body));
    let tile = anyone.get("/tile/0/000.p/2").await.ok(200);
    assert_eq!(tile.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!((tile.body.len(), tile.header("content-type")), (64, "application/octet-stream"));
    let events = anyone.get("/events/000.p/2").await.ok(200);
    assert_eq!(events.header("cache-control"), "no-cache");
    assert_eq!(events.text().lines().count(), 2);
    for path in ["/tile/0/000", "/tile/64/000", "/tile/0/000.p/0", "/root/0.note", "/state/00/00"] {
        anyone.get(path).await.ok(404);
    }
}

#[tokio::test]
async fn an_administrator_moderates_in_the_name_of_the_registry() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    ada.publish(&[&package("1.0.0")]).await;
    let root = registry.user("root", &["admin", "yank:*"]).await;
    let yank = "/api/v1/packages/lab/tiny/1.0.0/yank";
    root.post(yank, "{\"reason\":\"broken\"}").await.ok(200);
    let page = registry.page("lab/tiny").unwrap();
    assert!(page.lines().last().unwrap().contains("\"by\":\"registry\""), "{page}");
    assert!(registry.app.add_user("Registry", false).await.is_err());
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test]
async fn what_a_lost_public_folder_had_comes_back_byte_for_byte() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    for version in ["1.0.0", "1.1.0"] {
        ada.publish(&[&package(version)]).await;
    }
    let before = head(&registry.store, "head").unwrap();
    let is_made = |path: &String| {
        ["head", "checkpoint", "tile/", "events/", "state/", "packages/", "root/"]
            .iter()
            .any(|start| path.starts_with(start))
    };
    let files: Vec<String> = registry.store.paths().into_iter().filter(is_made).collect();
    for path in &files {
        registry.store.remove(&path.parse().unwrap()).unwrap();
    }
    registry.app.project_anew().await.unwrap();
    let after = head(&registry.store, "head").unwrap();
    assert_eq!(after.checkpoint, before.checkpoint);
    assert_eq!(registry.problems().await, [""; 0]);
}
