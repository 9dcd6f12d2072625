//! Yank, withdrawal, owners and signers.

use tare_format::api::{Changed, Owners, Signers};
use tare_sign::Signer as _;

use crate::support::{Client, Package, TestRegistry};

async fn published() -> (TestRegistry, Client) {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*", "yank:*", "owner:*"]).await;
    ada.publish(&[&Package::new("lab/tiny", "1.0.0").weights(1, 900).build()]).await;
    (registry, ada)
}

async fn change(client: &Client, verb: &str, body: &str) -> Changed {
    client
        .post(&format!("/api/v1/packages/lab/tiny/1.0.0/{verb}"), body.to_owned())
        .await
        .ok(200)
        .json()
}

#[tokio::test]
async fn a_yank_is_an_event_once_and_can_be_taken_back() {
    let (registry, ada) = published().await;
    let reason = "{\"reason\":\"wrong tokenizer\"}";
    assert_eq!(change(&ada, "yank", reason).await, Changed { changed: true, event: Some(6) });
    assert_eq!(change(&ada, "yank", reason).await, Changed { changed: false, event: None });
    assert!(registry.page("lab/tiny").unwrap().contains("wrong tokenizer"));
    assert!(change(&ada, "unyank", "").await.changed);
    assert!(!change(&ada, "unyank", "{}").await.changed);
    assert_eq!(registry.page("lab/tiny").unwrap().lines().count(), 4);
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test]
async fn a_withdrawal_is_not_taken_back_and_no_dependency_meets_it() {
    let (_registry, ada) = published().await;
    assert!(change(&ada, "withdraw", "{\"reason\":\"court order\"}").await.changed);
    let unyank = ada.post("/api/v1/packages/lab/tiny/1.0.0/unyank", "").await;
    assert_eq!(unyank.code(), "state-conflict");
    assert!(unyank.problem().help.unwrap().contains("new version"));
    let user = Package::new("lab/app", "1.0.0")
        .with("[dependencies]\n\"lab/tiny\" = \"1\"")
        .weights(2, 900)
        .build();
    assert_eq!(ada.publish_error(&[&user]).await.code(), "missing-dependency");
}

#[tokio::test]
async fn a_reason_is_needed_and_is_one_line() {
    let (_registry, ada) = published().await;
    let long = format!("{{\"reason\":\"{}\"}}", "x".repeat(501));
    for body in ["", "{}", "{\"reason\":\" \"}", "{\"reason\":\"a\\nb\"}", &long, "{\"why\":\"x\"}"]
    {
        let refused = ada.post("/api/v1/packages/lab/tiny/1.0.0/yank", body.to_owned()).await;
        assert_eq!(refused.code(), "bad-request", "{body}");
    }
    for path in ["lab/tiny/9.9.9", "lab/nothing/1.0.0"] {
        let path = format!("/api/v1/packages/{path}/yank");
        assert_eq!(ada.post(&path, "{\"reason\":\"x\"}").await.code(), "not-found");
    }
    let unknown = ada.post("/api/v1/packages/lab/tiny/9.9.9/yank", "{\"reason\":\"x\"}").await;
    assert_eq!(unknown.problem().help.unwrap(), "`tare info lab/tiny` lists its versions");
}

#[tokio::test]
async fn an_owner_lets_others_publish_and_the_last_one_stays() {
    let (registry, ada) = published().await;
    let mut bob = registry.user("bob", &["publish:*", "owner:*"]).await;
    bob.key = ada.key.clone();
    let second = Package::new("lab/tiny", "1.1.0").weights(2, 900).build();
    assert_eq!(bob.try_open(&[&second]).await.code(), "not-owner");
    let owners = "/api/v1/namespaces/lab/owners";
    let change = async |client: &Client, login: &str, change: &str| {
        client.post(owners, format!("{{\"login\":\"{login}\",\"change\":\"{change}\"}}")).await
    };
    assert_eq!(change(&bob, "bob", "add").await.code(), "not-owner");
    assert_eq!(change(&ada, "nobody", "add").await.code(), "not-found");
    change(&ada, "bob", "add").await.ok(200);
    bob.publish(&[&second]).await;
    let listed: Owners = registry.anonymous().get(owners).await.ok(200).json();
    assert_eq!(listed.owners, ["ada", "bob"]);
    change(&bob, "ada", "remove").await.ok(200);
    assert_eq!(change(&bob, "bob", "remove").await.code(), "state-conflict");
}

#[tokio::test]
async fn a_signer_that_is_added_may_sign_and_a_removed_one_not() {
    let (registry, ada) = published().await;
    let mut laptop = ada.clone();
    laptop.key = registry.anonymous().key;
    let signers = "/api/v1/packages/lab/tiny/signers";
    let change = async |client: &Client, change: &str| {
        let pem = client.key.public_key().to_pem();
        let body = serde_json::json!({ "pem": pem, "change": change }).to_string();
        ada.post(signers, body).await
    };
    change(&laptop, "add").await.ok(200);
    laptop.publish(&[&Package::new("lab/tiny", "1.1.0").weights(2, 900).build()]).await;
    change(&ada, "remove").await.ok(200);
    let next = Package::new("lab/tiny", "1.2.0").weights(3, 900).build();
    assert_eq!(ada.publish_error(&[&next]).await.code(), "signature-refused");
    let listed: Signers = registry.anonymous().get(signers).await.ok(200).json();
    assert_eq!(listed.signers, [laptop.key.public_key().to_signer_key()]);
    assert_eq!(change(&laptop, "remove").await.code(), "state-conflict");
}

#[tokio::test]
async fn the_times_of_events_never_go_back() {
    let (registry, ada) = published().await;
    registry.clock.advance(-3600);
    assert!(change(&ada, "yank", "{\"reason\":\"x\"}").await.changed);
    let page = registry.page("lab/tiny").unwrap();
    let times: Vec<String> = page
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["time"].to_string())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
}
