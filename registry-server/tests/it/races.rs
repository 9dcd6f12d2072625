//! Several publishers at once.

use futures::future::join_all;

use crate::support::{Package, TestRegistry};

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_publishes_of_one_version_one_content_wins() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let bodies = [1, 2].map(|seed| Package::new("lab/tiny", "1.0.0").weights(seed, 900).build());
    let mut sessions = Vec::new();
    for turn in 0..16 {
        let body = &bodies[turn % 2];
        let session = ada.open(&[body]).await;
        ada.fill(&session, &[body]).await;
        sessions.push((session, body));
    }

    let answers = join_all(sessions.iter().map(|(session, _)| ada.commit(session))).await;

    let page = registry.page("lab/tiny").unwrap();
    assert_eq!(page.lines().count(), 2, "{page}");
    for (answer, (_, body)) in answers.iter().zip(&sessions) {
        let won = page.contains(&body.digest.hex());
        assert_eq!(answer.status, if won { 200 } else { 409 }, "{}", answer.text());
    }
    assert_eq!(
        answers.iter().filter(|answer| answer.text().contains("\"existed\":false")).count(),
        1
    );
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_published_at_once_are_all_on_the_page() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    let versions: Vec<_> = (0..8)
        .map(|minor| Package::new("lab/tiny", &format!("1.{minor}.0")).weights(minor, 1900).build())
        .collect();
    ada.publish(&[&versions[0]]).await;
    join_all(versions[1..].iter().map(|version| async { ada.publish(&[version]).await })).await;
    assert_eq!(registry.page("lab/tiny").unwrap().lines().count(), 9);
    assert_eq!(registry.problems().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_and_collecting_do_not_meet() {
    let registry = TestRegistry::start().await;
    let ada = registry.user("ada", &["publish:*"]).await;
    // Everybody sends the same bytes, and every other session is given up.
    let publish = |turn: u8| {
        let (ada, app) = (ada.clone(), registry.app.clone());
        async move {
            let body = Package::new(&format!("lab/p{turn}"), "1.0.0").weights(7, 4000).build();
            let session = ada.open(&[&body]).await;
            ada.fill(&session, &[&body]).await;
            if turn.is_multiple_of(2) {
                let path = format!("/api/v1/sessions/{}", session.id);
                ada.send(http::Method::DELETE, &path, "").await.ok(204);
            } else {
                ada.commit(&session).await.ok(200);
            }
            app.collect().await.unwrap();
        }
    };
    join_all((0..12).map(publish)).await;
    assert_eq!(registry.problems().await, [""; 0]);
}
