use super::*;
use crate::mirror::candidate::Standing;
use crate::mirror::candidate::samples::candidate;

async fn inventory() -> (tempfile::TempDir, Inventory) {
    let folder = tempfile::tempdir().unwrap();
    let inventory = Inventory::open(&folder.path().join("inventory.sqlite")).await.unwrap();
    (folder, inventory)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[tokio::test]
async fn an_object_goes_when_the_last_release_that_needs_it_goes() {
    let (_folder, inventory) = inventory().await;
    let (one, other) = (candidate("lab/a", "1.0.0"), candidate("lab/b", "1.0.0"));
    let mut change = inventory.change().await.unwrap();
    for path in ["packs/aa/1", "packs/bb/2", "releases/cc/3"] {
        change.put_object(path, 10, "filters", at(5)).await.unwrap();
    }
    for release in [&one, &other] {
        change.put_release(release).await.unwrap();
    }
    let (both, first) = ("packs/aa/1".to_owned(), "packs/bb/2".to_owned());
    let level = Some(Level::Contents);
    change.hold(&one.release, level, &[both.clone(), first.clone()]).await.unwrap();
    change.hold(&other.release, level, &[both]).await.unwrap();
    change.commit().await.unwrap();
    let gone = inventory.only_needed_by(&[one.release]).await.unwrap();
    assert_eq!(gone, [(first, 10)]);
    assert_eq!(inventory.only_needed_by(&[one.release, other.release]).await.unwrap().len(), 2);
    assert_eq!(inventory.needs(&one.release).await.unwrap().len(), 2, "asking changes nothing");
}

#[tokio::test]
async fn a_change_that_is_dropped_never_was() {
    let (folder, inventory) = inventory().await;
    let mut change = inventory.change().await.unwrap();
    change.set("position", "7").await.unwrap();
    drop(change);
    assert_eq!(inventory.setting("position").await.unwrap(), None);
    let mut change = inventory.change().await.unwrap();
    change.set("position", "8").await.unwrap();
    change.commit().await.unwrap();
    inventory.close().await;
    let again = Inventory::open(&folder.path().join("inventory.sqlite")).await.unwrap();
    assert_eq!(again.setting("position").await.unwrap().as_deref(), Some("8"));
}

#[tokio::test]
async fn what_was_looked_at_longest_ago_is_looked_at_first() {
    let (_folder, inventory) = inventory().await;
    let mut change = inventory.change().await.unwrap();
    for (path, second) in [("packs/a", 30), ("packs/b", 10), ("packs/c", 20)] {
        change.put_object(path, 1, "filters", at(second)).await.unwrap();
    }
    change.commit().await.unwrap();
    let oldest = inventory.oldest(at(20), 10).await.unwrap();
    let paths: Vec<_> = oldest.iter().map(|object| object.path.as_str()).collect();
    assert_eq!(paths, ["packs/b", "packs/c"]);
    assert_eq!(inventory.last_scrub().await.unwrap(), Some(at(10)));
    assert_eq!(inventory.total().await.unwrap(), Amount { objects: 3, bytes: 3 });
    assert_eq!(inventory.objects("packs/").await.unwrap().len(), 3);
}

#[tokio::test]
async fn what_became_of_a_release_does_not_change_what_is_held() {
    let (_folder, inventory) = inventory().await;
    let mut release = candidate("lab/a", "1.0.0");
    let mut change = inventory.change().await.unwrap();
    change.put_release(&release).await.unwrap();
    change.hold(&release.release, Some(Level::Meta), &[]).await.unwrap();
    release.standing = Standing::Withdrawn;
    change.put_release(&release).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(inventory.releases().await.unwrap(), [(release, Some(Level::Meta))]);
}

#[tokio::test]
async fn an_obeyed_takedown_stays_obeyed_and_files_are_written_in_order() {
    let (_folder, inventory) = inventory().await;
    let class = "court".to_owned();
    let payload = Sha256::of(b"line");
    let open = TakedownStatus { index: 7, payload, class, deadline: at(100), obeyed: None };
    let obeyed = TakedownStatus { obeyed: Some(at(50)), ..open.clone() };
    let mut change = inventory.change().await.unwrap();
    change.put_takedown(&open).await.unwrap();
    change.put_takedown(&obeyed).await.unwrap();
    change.put_takedown(&open).await.unwrap();
    change.put_tombstone("packs/a", &payload).await.unwrap();
    for (path, rank) in [("head", 9), ("tile/0/000", 1), ("packages/a/b", 2)] {
        change.put_draft(path, rank, b"x").await.unwrap();
    }
    change.clear_draft("packages/a/b").await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(inventory.takedowns().await.unwrap(), [obeyed]);
    let drafts = inventory.drafts(10).await.unwrap();
    let paths: Vec<_> = drafts.iter().map(|draft| draft.path.as_str()).collect();
    assert_eq!(paths, ["tile/0/000", "head"]);
    assert!(inventory.tombstones().await.unwrap().contains("packs/a"));
    let mut change = inventory.change().await.unwrap();
    change.remove_takedown(&payload).await.unwrap();
    change.commit().await.unwrap();
    assert!(inventory.tombstones().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_inventory_of_a_newer_version_is_refused() {
    let (folder, inventory) = inventory().await;
    sqlx::query("PRAGMA user_version = 2").execute(&inventory.pool).await.unwrap();
    inventory.close().await;
    let again = Inventory::open(&folder.path().join("inventory.sqlite")).await;
    assert!(matches!(again, Err(InventoryError::Newer { found: 2 })));
}
