//! Users and tokens.

use jiff::SignedDuration;
use registry_server::accounts::{AccountError, TokenRequest};
use tare_format::api::Whoami;

use crate::support::{Package, TestRegistry};

fn request(login: &str, scope: &str, lifetime: Option<SignedDuration>) -> TokenRequest {
    let scopes = vec![scope.parse().unwrap()];
    TokenRequest { login: login.to_owned(), name: "t".to_owned(), scopes, lifetime }
}

#[tokio::test]
async fn a_token_ends_at_its_second() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    registry.clock.advance(30 * 24 * 3600 - 1);
    let whoami: Whoami = ada.get("/api/v1/whoami").await.ok(200).json();
    assert_eq!((whoami.login.as_str(), whoami.namespaces.len()), ("ada", 0));
    registry.clock.advance(1);
    let refused = ada.get("/api/v1/whoami").await;
    assert_eq!((refused.status, refused.code().as_str()), (401, "token-expired"));
    assert_eq!(refused.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn a_revoked_token_and_a_disabled_user_are_out_at_the_next_request() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let tiny = Package::new("lab/tiny", "1.0.0").weights(1, 900).build();
    let session = ada.open(&[&tiny]).await;
    ada.fill(&session, &[&tiny]).await;
    registry.app.set_user_disabled("ada", true).await.unwrap();
    assert_eq!(ada.commit(&session).await.code(), "unauthenticated");
    registry.app.set_user_disabled("ada", false).await.unwrap();
    let id = registry.app.tokens().await.unwrap()[0].id;
    registry.app.revoke_token(id).await.unwrap();
    assert_eq!(ada.commit(&session).await.code(), "unauthenticated");
    assert!(matches!(registry.app.revoke_token(id).await, Err(AccountError::NoToken { .. })));
}

#[tokio::test]
async fn only_an_administrator_may_have_the_scope_admin_or_a_token_without_end() {
    let registry = TestRegistry::start().await;
    registry.app.add_user("ada", false).await.unwrap();
    registry.app.add_user("root", true).await.unwrap();
    let month = Some(SignedDuration::from_hours(720));
    for (login, scope, lifetime, good) in [
        ("ada", "publish:*", month, true),
        ("ada", "publish:*", None, false),
        ("ada", "admin", month, false),
        ("root", "admin", None, true),
        ("root", "admin", Some(SignedDuration::from_hours(24 * 366)), false),
        ("root", "admin", Some(SignedDuration::ZERO), false),
        ("nobody", "publish:*", month, false),
    ] {
        let made = registry.app.create_token(&request(login, scope, lifetime)).await;
        assert_eq!(made.is_ok(), good, "{login} {scope} {lifetime:?}");
    }
}

#[tokio::test]
async fn logins_fold_as_names_do() {
    let registry = TestRegistry::start().await;
    registry.app.add_user("Ada.L", false).await.unwrap();
    let clash = registry.app.add_user("ada-l", false).await.unwrap_err();
    assert_eq!(clash.to_string(), "there is a user `Ada.L` already");
    for bad in ["", "a b", "../x", "con"] {
        assert!(registry.app.add_user(bad, false).await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn the_database_holds_no_token() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let token = ada.token.clone().unwrap();
    ada.get("/api/v1/whoami").await.ok(200);
    registry.app.close().await;
    let secret = &token[5..48];
    for entry in std::fs::read_dir(registry.path()).unwrap() {
        let path = entry.unwrap().path();
        let Some(bytes) = path.is_file().then(|| std::fs::read(path).unwrap()) else { continue };
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
}

#[tokio::test]
async fn the_first_administrator_is_made_once() {
    let registry = TestRegistry::start().await;
    assert!(registry.app.bootstrap().await.unwrap().is_some());
    assert!(registry.app.bootstrap().await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let registry = TestRegistry::start().await;
    let mut ada = registry.user("ada", &["publish:*"]).await;
    let good = ada.token.clone().unwrap();
    for bad in ["", "x", "tare_", &good[..50], &good.replace("tare_", "tara_"), &format!("{good}x")]
    {
        ada.token = Some(bad.to_owned());
        let refused = ada.get("/api/v1/whoami").await;
        assert_eq!(refused.code(), "unauthenticated", "{bad}");
        let reason = if bad.starts_with("tare_") { "checksum" } else { "start with `tare_`" };
        assert!(refused.problem().detail.contains(reason), "{bad}: {}", refused.text());
    }
}
