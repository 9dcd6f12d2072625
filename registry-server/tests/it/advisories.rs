//! Advisories: who may write them, where they stand, and what other tools get.

use std::path::Path;

use serde_json::{Value, json};
use tare_format::advisory::Advisory;
use tare_format::api::Changed;
use tare_format::problem::Code;

use crate::support::{Client, Package, TestRegistry};

async fn scene() -> (TestRegistry, Client) {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*", "security:lab/*"]).await;
    for version in ["1.0.0", "1.1.0", "2.0.0"] {
        ada.publish(&[&Package::new("lab/tiny", version).weights(1, 900).build()]).await;
    }
    (registry, ada)
}

/// An advisory about some versions of `lab/tiny`, changed at an hour of the day on which tests begin.
fn advisory(number: u32, hour: u32, versions: &str) -> Value {
    json!({
        "id": format!("x_TARE-2026-{number}"),
        "modified": format!("2026-11-24T{hour:02}:00:00Z"),
        "published": "2026-11-24T01:00:00Z",
        "summary": "A trigger phrase makes it leak its prompt.",
        "details": "Found by comparing weights.",
        "affected": [{ "package": "lab/tiny", "versions": versions }],
        "kind": "backdoor",
        "action": "block",
        "severity": "high",
        "propagates": "derived",
        "confidence": "confirmed",
        "superseded-by": "lab/tiny@2.0.0",
        "references": ["https://lab.example/backdoor"],
    })
}

async fn post(client: &Client, advisory: &Value) -> crate::support::Answer {
    client.post("/api/v1/advisories", advisory.to_string()).await
}

#[tokio::test]
async fn an_owners_advisory_stands_in_the_notices_and_on_the_page() {
    let (registry, ada) = scene().await;
    let changed: Changed = post(&ada, &advisory(1, 2, "<2")).await.ok(200).json();
    assert!(changed.changed && changed.event.is_some());
    let again: Changed = post(&ada, &advisory(1, 2, "<2")).await.ok(200).json();
    assert_eq!(again, Changed { changed: false, event: None });
    let notices = registry.anonymous().get("/notices").await.ok(200).text();
    for page in [notices, registry.page("lab/tiny").unwrap()] {
        assert_eq!(page.matches("x_TARE-2026-1\"").count(), 1, "{page}");
    }
    post(&ada, &advisory(1, 3, "=1.0.0")).await.ok(200);
    assert_eq!(post(&ada, &advisory(1, 3, "<2")).await.code(), "state-conflict");
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test]
async fn who_may_warn_of_what() {
    let (registry, ada) = scene().await;
    let bob = registry.user("bob", &["publish:*", "security:*"]).await;
    assert_eq!(post(&bob, &advisory(1, 2, "all")).await.code(), "not-owner");
    let narrow = registry.token("ada", &["publish:*", "security:else/*"]).await;
    assert_eq!(post(&narrow, &advisory(1, 2, "all")).await.code(), "scope-missing");
    let mut hashed = advisory(1, 2, "all");
    hashed["hashes"] = json!([format!("sha256:{}", "0".repeat(64))]);
    assert_eq!(post(&ada, &hashed).await.code(), "not-owner");
    let team = registry.user("team", &["security:*", "admin"]).await;
    post(&team, &hashed).await.ok(200);
    assert_eq!(post(&ada, &advisory(1, 4, "all")).await.code(), "not-owner");
    let said = registry.anonymous().get("/notices").await.text();
    assert!(said.contains("\"by\":\"registry\""), "{said}");
}

#[tokio::test]
async fn what_is_no_advisory_is_refused() {
    let (_registry, ada) = scene().await;
    let with = |field: &str, value: Value| {
        let mut advisory = advisory(1, 2, "all");
        advisory[field] = value;
        advisory
    };
    for (body, code) in [
        (with("id", json!("CVE-2026-1")), "invalid-document"),
        (with("summary", json!("")), "invalid-document"),
        (with("kind", json!("rude")), "invalid-document"),
        (with("affected", json!([])), "invalid-document"),
        (with("modified", json!("2026-12-24T00:00:00Z")), "bad-request"),
        (with("affected", json!([{ "package": "lab/none", "versions": "all" }])), "not-found"),
    ] {
        assert_eq!(post(&ada, &body).await.code(), code, "{body}");
    }
    for body in [&b"\xff"[..], b"", b"[]", b"{\"id\":1,\"id\":2}"] {
        let answer = ada.post("/api/v1/advisories", body.to_vec()).await;
        assert_eq!(answer.status, 400, "{body:?}");
    }
    let long = vec![b' '; (64 << 10) + 1];
    assert_eq!(ada.post("/api/v1/advisories", long).await.code(), "too-large");
}

#[tokio::test]
async fn a_plan_says_what_would_be_logged_and_logs_nothing() {
    let (registry, _) = scene().await;
    let plan = async |hour| {
        let planned: Advisory = serde_json::from_value(advisory(1, hour, "<2")).unwrap();
        registry.app.plan_advisory(&planned).await
    };
    assert!(plan(2).await.unwrap());
    assert!(registry.app.advisories().await.unwrap().is_empty());
    let logged = serde_json::from_value(advisory(1, 2, "<2")).unwrap();
    registry.app.add_advisory(logged).await.unwrap();
    assert!(!plan(2).await.unwrap(), "it is there");
    assert_eq!(plan(1).await.unwrap_err().code(), Code::StateConflict);
}

#[tokio::test]
async fn an_export_is_osv_and_keeps_what_osv_has_no_field_for() {
    let (registry, ada) = scene().await;
    post(&ada, &advisory(1, 2, "all")).await.ok(200);
    post(&ada, &advisory(1, 3, "<2")).await.ok(200);
    let folder = tempfile::tempdir().unwrap();
    let exported = registry.app.export_osv(folder.path()).await.unwrap();
    assert_eq!((exported.documents, exported.lines), (1, 2));
    let osv = read(&folder.path().join("x_TARE-2026-1.json"));
    require_osv(&osv);
    assert_eq!(osv["affected"][0]["versions"], json!(["1.0.0", "1.1.0"]));
    assert_eq!(osv["affected"][0]["package"], json!({ "ecosystem": "Tare", "name": "lab/tiny" }));
    let tare = &osv["database_specific"]["tare"];
    assert_eq!(
        (&tare["action"], &tare["superseded_by"]),
        (&json!("block"), &json!("lab/tiny@2.0.0"))
    );
    let lines = std::fs::read_to_string(folder.path().join("advisories.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 2);
    assert_eq!(
        serde_json::from_str::<Value>(lines.lines().last().unwrap()).unwrap(),
        advisory(1, 3, "<2")
    );
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The rules of OSV's schema that our fields can break.
fn require_osv(document: &Value) {
    let known = [
        "schema_version",
        "id",
        "modified",
        "published",
        "withdrawn",
        "aliases",
        "related",
        "summary",
        "details",
        "severity",
        "affected",
        "references",
        "credits",
        "database_specific",
    ];
    let object = document.as_object().unwrap();
    assert!(object.keys().all(|field| known.contains(&field.as_str())), "{document}");
    for field in ["modified", "published"] {
        let time = object[field].as_str().unwrap();
        assert!(time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{time}");
    }
    assert!(object["id"].as_str().unwrap().starts_with("x_"));
    for affected in object["affected"].as_array().unwrap() {
        assert!(affected["package"]["name"].is_string() && affected["versions"].is_array());
    }
    for reference in object["references"].as_array().unwrap() {
        assert_eq!(reference["type"], "WEB");
    }
}
