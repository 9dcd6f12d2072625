//! Root documents that follow each other, and logs that are replaced.

use super::log::{NOW, TestLog};
use super::{Person, assert_trust};
use crate::error::ClientError as _;

#[tokio::test]
async fn a_replaced_log_is_left_where_its_root_document_says_that_it_ended() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let person = Person::at([log.serve_copy()]);
    person.head(&log).await.unwrap();
    let mut stolen = log.fork();
    stolen.add(9).seal(NOW);
    let thief = Person::at([stolen.serve()]);
    thief.head(&log).await.unwrap();
    log.rotate().add(1).seal(NOW);
    let site = log.serve();
    // Whoever was with the log goes on; whoever saw more than it was left with is told so.
    let person = person.now_asking(&[&site]);
    assert_eq!(person.head(&log).await.unwrap().origin(), "hub.example.org/log2");
    assert!(person.warnings.all().is_empty(), "{:?}", person.warnings.all());
    let thief = thief.now_asking(&[&site]);
    assert_eq!(thief.head(&log).await.unwrap().size(), log.size());
    assert!(thief.warnings.all()[0].contains("dropped"), "{:?}", thief.warnings.all());
}

#[tokio::test]
async fn a_stale_place_does_not_hold_back_whoever_knows_of_the_new_log() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let stale = log.serve_copy();
    log.rotate().add(1).seal(NOW);
    let site = log.serve();
    let person = Person::asking(&[&stale, &site]);
    assert_eq!(person.head(&log).await.unwrap().origin(), "hub.example.org/log2");
    let [warning] = &person.warnings.all()[..] else { panic!("one warning") };
    assert!(warning.contains("stale"), "{warning}");
}

#[tokio::test]
async fn a_newer_root_document_that_nobody_serves_is_missed() {
    let mut log = TestLog::new(0);
    log.add(1).seal(NOW);
    let person = Person::at([log.serve_copy()]);
    person.head(&log).await.unwrap();
    // The same keys go on under the next version, so the head itself is good under the old one.
    log.renew().add(1).seal(NOW);
    let person = person.now_at([log.serve_without(|path| path == "root/2.note")]);
    let error = person.head(&log).await.unwrap_err();
    assert_trust(&error, "E-ROOT");
    assert!(error.to_string().contains("names root document 2"), "{error}");
    let person = person.now_at([log.serve()]);
    assert_eq!(person.head(&log).await.unwrap().root_document().version(), 2);
}

#[tokio::test]
async fn under_an_expired_root_document_nothing_new_is_taken() {
    const LATER: u64 = NOW + 3 * 366 * 86_400;
    let mut log = TestLog::new(0);
    log.add(1).seal(NOW);
    let person = Person::at([log.serve()]);
    // Somebody new sees a head, for what is locked, and keeps none.
    let follower = person.follower(&log, LATER);
    let head = follower.head().await.unwrap();
    assert_trust(&follower.require_current(&head).unwrap_err(), "E-ROOT");
    let error = follower.require_unexpired(&head).unwrap_err();
    assert!(error.to_string().contains("expired on 2028-05-22T00:00:00Z"), "{error}");
    assert!(error.help().unwrap().contains("publish version 2"));
    assert!(person.warnings.all()[0].contains("expired"), "{:?}", person.warnings.all());
    assert_eq!(person.file(&log, "head"), None);
    // For somebody who was there before, what they saw goes on counting.
    let seen = person.head(&log).await.unwrap().size();
    log.add(3).seal(NOW);
    let follower = person.follower(&log, LATER);
    assert_eq!(follower.head().await.unwrap().size(), seen);
    let newer = log.objects()["head"].clone().into();
    assert_trust(&follower.import(&newer, "ann").await.unwrap_err(), "E-ROOT");
    let kept = person.file(&log, "head").unwrap();
    // The same follower of a log that contradicts itself says so, expired or not.
    let mut other = log.fork();
    other.add(1).seal(NOW);
    log.add(1).seal(NOW);
    let person = person.now_at([log.serve(), other.serve()]);
    assert_trust(&person.follower(&log, LATER).head().await.unwrap_err(), "E-FORK");
    assert_eq!(person.file(&log, "head"), Some(kept));
}

#[tokio::test]
async fn a_log_that_did_not_continue_the_replaced_one_is_a_fork() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let mut other = log.fork();
    log.add(2).seal(NOW);
    let person = Person::at([log.serve_copy()]);
    person.head(&log).await.unwrap();
    // The new log rewrites what the old one had said, and the root document says where the old one ended.
    other.add(4).seal(NOW);
    other.rotate_from(&log).add(1).seal(NOW);
    let person = person.now_at([other.serve()]);
    assert_trust(&person.head(&log).await.unwrap_err(), "E-FORK");
}
