//! The public files over HTTP: tags, ranges, redirects.

use axum::body::Body;
use http::{Method, Request};

use crate::support::{Answer, Built, Client, Package, TestRegistry};

async fn published() -> (TestRegistry, Client, Built, String) {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*", "yank:*"]).await;
    let tiny = Package::new("Lab/Tiny_Chat", "1.0.0").weights(1, 2500).build();
    ada.publish(&[&tiny]).await;
    let pack = tiny.files[0].whole_pack().0.hex();
    let path = format!("/packs/{}/{pack}", &pack[..2]);
    (registry, ada, tiny, path)
}

async fn with(client: &Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.request(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn what_never_changes_may_be_kept_for_ever() {
    let (registry, _, _, path) = published().await;
    let anyone = registry.anonymous();
    let answer = anyone.get(&path).await.ok(200);
    let tag = answer.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", &path[10..]));
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let again = with(&anyone, &path, &[("if-none-match", &tag)]).await.ok(304);
    assert!(again.body.is_empty());
    with(&anyone, &path, &[("if-none-match", "\"other\"")]).await.ok(200);
}

#[tokio::test]
async fn a_page_changes_its_tag_with_its_content() {
    let (registry, ada, _, _) = published().await;
    let anyone = registry.anonymous();
    let page = anyone.get("/packages/Lab/Tiny_Chat").await.ok(200);
    let tag = page.header("etag").to_owned();
    assert_eq!(page.header("cache-control"), "no-cache");
    with(&anyone, "/packages/Lab/Tiny_Chat", &[("if-none-match", &tag)]).await.ok(304);
    let yank = "/api/v1/packages/Lab/Tiny_Chat/1.0.0/yank";
    ada.post(yank, "{\"reason\":\"broken\"}").await.ok(200);
    let next = with(&anyone, "/packages/Lab/Tiny_Chat", &[("if-none-match", &tag)]).await.ok(200);
    assert!(next.body.starts_with(&page.body) && next.body.len() > page.body.len());
}

#[tokio::test]
async fn head_says_what_get_would() {
    let (registry, _, _, path) = published().await;
    let anyone = registry.anonymous();
    for path in [&path, "/packages/Lab/Tiny_Chat", "/registry.json"] {
        let get = anyone.get(path).await.ok(200);
        let head = anyone.send(Method::HEAD, path, Body::empty()).await.ok(200);
        assert_eq!(head.header("content-length"), get.body.len().to_string(), "{path}");
        assert_eq!(head.header("etag"), get.header("etag"));
        assert!(head.body.is_empty());
    }
}

#[tokio::test]
async fn a_range_is_a_part_of_the_file() {
    let (registry, _, _, path) = published().await;
    let anyone = registry.anonymous();
    let whole = anyone.get(&path).await.ok(200);
    assert_eq!(whole.header("accept-ranges"), "bytes");
    for (range, expected) in
        [("0-0", 0..1), ("1000-1999", 1000..2000), ("2000-", 2000..2500), ("-1", 2499..2500)]
    {
        let part = with(&anyone, &path, &[("range", &format!("bytes={range}"))]).await.ok(206);
        assert_eq!(part.body, whole.body[expected.clone()], "{range}");
        let field = format!("bytes {}-{}/2500", expected.start, expected.end - 1);
        assert_eq!(part.header("content-range"), field);
    }
    let beyond = with(&anyone, &path, &[("range", "bytes=2500-")]).await.ok(416);
    assert_eq!(beyond.header("content-range"), "bytes */2500");
    with(&anyone, &path, &[("range", "bytes=0-1,5-6")]).await.ok(200);
    let tag = whole.header("etag").to_owned();
    with(&anyone, &path, &[("range", "bytes=0-1"), ("if-range", &tag)]).await.ok(206);
    with(&anyone, &path, &[("range", "bytes=0-1"), ("if-range", "\"old\"")]).await.ok(200);
}

#[tokio::test]
async fn another_spelling_leads_to_the_right_one() {
    let (registry, _, _, _) = published().await;
    let anyone = registry.anonymous();
    for spelling in ["lab/tiny-chat", "LAB/TINY.CHAT", "Lab/Tiny-Chat"] {
        let answer = anyone.get(&format!("/packages/{spelling}")).await.ok(308);
        assert_eq!(answer.header("location"), "/packages/Lab/Tiny_Chat");
    }
    assert_eq!(anyone.get("/packages/lab/other").await.code(), "not-found");
}

#[tokio::test]
async fn a_large_file_is_streamed_whole() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let large = Package::new("lab/large", "1.0.0").weights(3, 3_500_001).build();
    ada.publish(&[&large]).await;
    let (digest, body) = large.files[0].whole_pack();
    let path = format!("/packs/{}/{}", &digest.hex()[..2], digest.hex());
    let answer = registry.anonymous().get(&path).await.ok(200);
    assert_eq!(answer.body.len(), 3_500_001);
    assert!(body.ends_with(&answer.body));
}

#[tokio::test]
async fn errors_are_never_kept_by_a_cache() {
    let (registry, _, _, _) = published().await;
    let answer = registry.anonymous().get("/releases/ab/nothing").await.ok(404);
    assert_eq!(answer.header("cache-control"), "no-store");
}
