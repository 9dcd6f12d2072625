//! `openapi.json`, as it is committed and as it is served.

use http::Method;
use serde_json::Value;

use crate::support::TestRegistry;

#[tokio::test]
async fn the_committed_file_is_what_the_routes_make() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let made = registry_server::openapi::text().unwrap();
    if std::env::var_os("TARE_UPDATE").is_some() {
        tare_store::durable::write(path.as_ref(), made.as_bytes()).unwrap();
        return;
    }
    assert!(
        committed == made,
        "schemas/openapi.json is out of date: run this test with TARE_UPDATE=1"
    );
    let served = TestRegistry::start().await.anonymous().get("/api/openapi.json").await.ok(200);
    assert_eq!(served.text(), made);
}

#[tokio::test]
async fn every_route_of_the_document_is_answered_and_no_other_method() {
    let registry = TestRegistry::start().await;
    let anyone = registry.anonymous();
    let document: Value = serde_json::from_str(&registry_server::openapi::text().unwrap()).unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let operations = operations.as_object().unwrap();
        let filled = path.replace(['{', '}'], "");
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let answer = anyone.send(method.clone(), &filled, "").await;
            let known = operations.contains_key(&method.as_str().to_lowercase());
            assert_eq!(answer.status != 405, known, "{method} {path}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn every_reference_in_the_document_leads_somewhere() {
    let document: Value = serde_json::from_str(&registry_server::openapi::text().unwrap()).unwrap();
    let mut waiting = vec![&document];
    let mut seen = 0;
    while let Some(value) = waiting.pop() {
        match value {
            Value::Array(items) => waiting.extend(items),
            Value::Object(map) => {
                if let Some(Value::String(target)) = map.get("$ref") {
                    let pointer = target.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{target}");
                    seen += 1;
                }
                waiting.extend(map.values());
            }
            _ => {}
        }
    }
    assert!(seen > 20, "{seen}");
}
