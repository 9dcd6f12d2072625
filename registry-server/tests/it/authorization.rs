//! Every route by every kind of caller: the whole of who may do what, in one table.

use std::fmt::Write as _;

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use tare_format::api::Session;
use tare_sign::Signer as _;
use tare_store::{ObjectKind, ObjectStore as _};

use crate::support::{Built, Client, Package, TestRegistry};

/// The table. A route without a row fails the test, and so does a row that has changed.
const GOLDEN: &str = include_str!("authorization.txt");

/// The callers, in the order of the columns.
const CALLERS: [&str; 7] = ["nobody", "expired", "disabled", "no-scope", "other", "owner", "admin"];

#[tokio::test]
async fn every_route_by_every_caller() {
    let mut columns = Vec::new();
    for caller in CALLERS {
        columns.push(Scene::of(caller).await.ask_everything().await);
    }
    let mut table =
        format!("{:63} {}\n", "", CALLERS.map(|name| format!("{name:8}")).join(" ").trim_end());
    for (row, (route, _)) in columns[0].iter().enumerate() {
        let statuses: Vec<String> =
            columns.iter().map(|column| format!("{:<8}", column[row].1)).collect();
        writeln!(table, "{route:63} {}", statuses.join(" ").trim_end()).unwrap();
    }
    assert!(table == GOLDEN, "authorization.txt is out of date; the table is now:\n{table}");
}

/// A registry with a package of `owner`, and one caller.
struct Scene {
    registry: TestRegistry,
    owner: Client,
    caller: Client,
    tiny: Built,
    turn: u8,
}

impl Scene {
    async fn of(caller: &str) -> Self {
        let registry = TestRegistry::start().await;
        let all = ["publish:*", "yank:*", "owner:*", "security:*"];
        let expired = registry.user("owner", &all).await;
        registry.clock.advance(31 * 24 * 3600);
        let owner = registry.user("owner", &all).await;
        let caller = match caller {
            "nobody" => registry.anonymous(),
            "expired" => expired,
            "no-scope" => registry.token("owner", &["publish:else/*", "yank:else/*"]).await,
            "owner" => owner.clone(),
            "admin" => {
                registry
                    .user("root", &["publish:*", "yank:*", "owner:*", "security:*", "admin"])
                    .await
            }
            other => registry.user(other, &all).await,
        };
        if registry.app.users().await.unwrap().iter().any(|user| user.login == "disabled") {
            registry.app.set_user_disabled("disabled", true).await.unwrap();
        }
        let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 900).build();
        owner.publish(&[&tiny]).await;
        for version in ["1.0.1", "1.0.2"] {
            owner.publish(&[&Package::new("lab/tiny", version).weights(1, 900).build()]).await;
        }
        Self { registry, owner, caller, tiny, turn: 1 }
    }

    /// The status that the caller gets from each route of `openapi.json`.
    async fn ask_everything(mut self) -> Vec<(String, u16)> {
        let openapi: Value = self.registry.anonymous().get("/api/openapi.json").await.json();
        let mut statuses = Vec::new();
        for (path, operations) in openapi["paths"].as_object().unwrap() {
            for method in operations.as_object().unwrap().keys() {
                let method: Method = method.to_uppercase().parse().unwrap();
                let status = self.ask(&method, path).await;
                statuses.push((format!("{method} {path}"), status));
            }
        }
        statuses
    }

    /// Asks with a request that only authorization can refuse, about a session of the owner.
    async fn ask(&mut self, method: &Method, path: &str) -> u16 {
        self.turn += 1;
        let version = format!("2.0.{}", self.turn);
        let next = Package::new("lab/tiny", &version).weights(self.turn, 900).build();
        let session = self.owner.open(&[&next]).await;
        self.owner.fill(&session, &[&next]).await;
        let body = self.body(path, &next);
        let path = self.fill_path(path, &session, &next);
        self.caller.send(method.clone(), &path, body).await.status
    }

    fn fill_path(&self, path: &str, session: &Session, next: &Built) -> String {
        let of_log = [
            ("/root/", ObjectKind::Root),
            ("/tile/", ObjectKind::Tile),
            ("/events/", ObjectKind::Events),
            ("/state/", ObjectKind::State),
        ];
        if let Some((_, kind)) = of_log.into_iter().find(|(start, _)| path.starts_with(start)) {
            let listed = self.registry.store.list(kind).unwrap();
            return format!("/{}", listed[0].key);
        }
        let hex = match path.trim_start_matches("/api/v1/sessions/{id}").split('/').nth(1) {
            Some("releases") => self.tiny.digest.hex(),
            Some("meta") if path.contains("session") => next.release.meta.sha256.hex(),
            Some("meta") => self.tiny.release.meta.sha256.hex(),
            Some("packs") if path.contains("session") => next.files[0].whole_pack().0.hex(),
            Some("packs") => self.tiny.files[0].whole_pack().0.hex(),
            Some("signatures") => self.bundle(),
            _ if path.contains("session") => next.files[0].recipe.digest().hex(),
            _ => self.tiny.files[0].recipe.digest().hex(),
        };
        // Each change of status has a version of its own.
        let version = ["unyank", "withdraw", "yank"].iter().position(|verb| path.ends_with(verb));
        path.replace("{namespace}", "lab")
            .replace("{name}", "tiny")
            .replace("{version}", &format!("1.0.{}", version.unwrap_or_default()))
            .replace("{id}", &session.id)
            .replace("{release}", &next.digest.hex())
            .replace("{key}", &self.owner.key.public_key().id().digest().hex())
            .replace("{folder}", &hex[..2])
            .replace("{sha256}", &hex)
            .replace("{blake3}", &hex)
    }

    fn body(&self, path: &str, next: &Built) -> Body {
        let pem = self.owner.key.public_key().to_pem();
        match path.split('/').nth_back(1).unwrap_or_default() {
            _ if path.ends_with("/sessions") => {
                json!({ "releases": [next.document] }).to_string().into()
            }
            _ if path.ends_with("yank") || path.ends_with("/withdraw") => {
                "{\"reason\":\"x\"}".into()
            }
            _ if path.ends_with("/signers") => {
                json!({ "pem": pem, "change": "add" }).to_string().into()
            }
            _ if path.ends_with("/advisories") => advisory(self.turn).into(),
            _ if path.ends_with("/owners") => "{\"login\":\"owner\",\"change\":\"add\"}".into(),
            "meta" => next.meta.clone().into(),
            "recipes" => next.files[0].recipe.to_bytes().into(),
            "packs" => next.files[0].whole_pack().1.into(),
            "signers" => pem.into(),
            "signatures" => self.bundle_bytes().into(),
            _ => Body::empty(),
        }
    }

    fn bundle_bytes(&self) -> Vec<u8> {
        let listed = self.registry.store.list(ObjectKind::Signature).unwrap();
        let bundle = listed.first().unwrap();
        self.registry.store.read(&bundle.key, 0..bundle.size_bytes).unwrap()
    }

    fn bundle(&self) -> String {
        tare_format::Sha256::of(&self.bundle_bytes()).hex()
    }
}

/// An advisory about the owner's package.
fn advisory(number: u8) -> String {
    json!({
        "id": format!("x_TARE-2026-{number}"),
        "modified": "2026-11-24T12:00:00Z",
        "published": "2026-11-24T12:00:00Z",
        "summary": "The weights were changed on their way.",
        "affected": [{ "package": "lab/tiny", "versions": "=1.0.0" }],
        "kind": "poisoned-weights",
        "action": "block",
        "severity": "high",
        "propagates": "derived",
        "confidence": "confirmed",
    })
    .to_string()
}
