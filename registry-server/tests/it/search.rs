//! Finding packages.

use tare_format::api::Search;

use crate::support::{Client, Package, TestRegistry};

async fn filled() -> (TestRegistry, Client) {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*", "yank:*"]).await;
    for (name, kind, description, license) in [
        ("openwakeword/hey-jarvis", "model", "Hears one phrase.", "CC-BY-NC-SA-4.0"),
        ("lab/sleep", "dataset", "Recordings of people who wake up.", "CC0-1.0"),
        ("lab/tiny", "model", "Says hello.", "MIT"),
    ] {
        let package = Package::new(name, "1.0.0").kind(kind).description(description);
        ada.publish(&[&package.license(license).weights(1, 900).build()]).await;
    }
    (registry, ada)
}

async fn names(registry: &TestRegistry, query: &str) -> Vec<String> {
    let path = format!("/api/v1/search?{query}");
    let found: Search = registry.anonymous().get(&path).await.ok(200).json();
    found.packages.iter().map(|found| found.package.to_string()).collect()
}

#[tokio::test]
async fn words_are_found_within_words_and_names_come_first() {
    let (registry, _) = filled().await;
    assert_eq!(names(&registry, "q=wake").await, ["openwakeword/hey-jarvis", "lab/sleep"]);
    assert_eq!(names(&registry, "q=JARVIS").await, ["openwakeword/hey-jarvis"]);
    assert_eq!(names(&registry, "q=wake+people").await, ["lab/sleep"]);
    assert_eq!(names(&registry, "q=wake&kind=model").await, ["openwakeword/hey-jarvis"]);
    assert_eq!(names(&registry, "q=nothing").await, [""; 0]);
}

#[tokio::test]
async fn without_words_every_package_is_found_page_by_page() {
    let (registry, _) = filled().await;
    assert_eq!(names(&registry, "").await.len(), 3);
    assert_eq!(names(&registry, "limit=1&offset=1").await, ["lab/tiny"]);
    assert_eq!(names(&registry, "limit=18446744073709551615").await.len(), 3);
}

#[tokio::test]
async fn what_is_found_shows_the_worst_licence_class() {
    let (registry, _) = filled().await;
    let found: Search = registry.anonymous().get("/api/v1/search?q=jarvis").await.json();
    assert_eq!((found.total, found.packages[0].license_class.as_str()), (1, "non-commercial"));
}

#[tokio::test]
async fn the_newest_good_version_is_shown() {
    let (registry, ada) = filled().await;
    for version in ["1.2.0", "1.10.0", "2.0.0-rc.1"] {
        ada.publish(&[&Package::new("lab/tiny", version).license("MIT").weights(1, 900).build()])
            .await;
    }
    let shown = async || {
        let found: Search = registry.anonymous().get("/api/v1/search?q=tiny").await.json();
        found.packages.first().map(|found| found.version.to_string())
    };
    assert_eq!(shown().await.as_deref(), Some("1.10.0"));
    let change = async |version: &str, verb: &str| {
        let path = format!("/api/v1/packages/lab/tiny/{version}/{verb}");
        ada.post(&path, "{\"reason\":\"broken\"}").await.ok(200);
    };
    change("1.10.0", "yank").await;
    assert_eq!(shown().await.as_deref(), Some("1.2.0"));
    for version in ["1.0.0", "1.2.0", "1.10.0", "2.0.0-rc.1"] {
        change(version, "withdraw").await;
    }
    assert_eq!(shown().await, None);
}

#[tokio::test]
async fn the_language_of_the_index_means_nothing_here() {
    let (registry, _) = filled().await;
    for query in [
        "%22",
        "wake%22",
        "name:wake",
        "wake+OR+tiny",
        "*",
        "wake*",
        "NEAR(wake)",
        "%00wake",
        "^wake",
        "-wake",
    ] {
        let answer = registry.anonymous().get(&format!("/api/v1/search?q={query}")).await;
        assert!(matches!(answer.status, 200 | 400), "{query}: {}", answer.text());
    }
    let answer = registry.anonymous().get("/api/v1/search?kind=nonsense").await;
    assert_eq!(answer.code(), "bad-request");
}
