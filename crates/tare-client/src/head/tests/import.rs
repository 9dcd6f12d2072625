//! Heads that somebody hands over.

use bytes::Bytes;

use super::log::{NOW, TestLog};
use super::{Follower, HeadError, Imported, Person, assert_trust, time};
use crate::error::{ClientError as _, ErrorKind};
use crate::home::Home;

fn head_of(log: &TestLog) -> Bytes {
    log.objects()["head"].clone().into()
}

#[tokio::test]
async fn heads_of_others_are_compared_and_the_newer_one_is_kept() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let old = Bytes::from(log.objects()["head"].clone());
    let mut other = log.fork();
    log.add(4).seal(NOW);
    other.add(9).seal(NOW);
    let new = Bytes::from(log.objects()["head"].clone());
    let person = Person::at([log.serve()]);
    let follower = person.follower(&log, NOW);
    assert_eq!(follower.import(&old, "ann").await.unwrap(), Imported::Newer);
    assert_eq!(follower.import(&new, "ann").await.unwrap(), Imported::Newer);
    assert_eq!(follower.import(&new, "ann").await.unwrap(), Imported::Same);
    assert_eq!(follower.import(&old, "ann").await.unwrap(), Imported::Older);
    assert_eq!(person.file(&log, "head").as_deref(), Some(&new[..]));
    // Tiles of the other history are what proves it; whoever has its head has seen them.
    let person = person.now_at([other.serve()]);
    let forked = Bytes::from(other.objects()["head"].clone());
    let error = person.follower(&log, NOW).import(&forked, "bob").await.unwrap_err();
    assert_trust(&error, "E-FORK");
}

#[tokio::test]
async fn a_kept_head_that_was_damaged_is_not_taken_for_none() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let person = Person::at([log.serve()]);
    person.head(&log).await.unwrap();
    let path = person.home.path().join("registries").join(log.id().as_str()).join("head");
    std::fs::write(&path, "torn").unwrap();
    let error = person.head(&log).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Failure, "E-STORE"));
    let head = Bytes::from(log.objects()["head"].clone());
    let imported = person.follower(&log, NOW).import(&head, "another machine").await;
    assert_eq!(imported.unwrap(), Imported::Newer);
    person.head(&log).await.unwrap();
}

#[tokio::test]
async fn a_head_from_before_a_rotation_is_an_older_one() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let (before, mut stolen) = (head_of(&log), log.fork());
    log.add(1).seal(NOW).rotate().add(1).seal(NOW);
    let person = Person::at([log.serve()]);
    person.head(&log).await.unwrap();
    let imported = person.follower(&log, NOW).import(&before, "ann").await;
    assert_eq!(imported.unwrap(), Imported::Older);
    // What the old key signed and the new log does not continue is a fork; what goes beyond its end is refused.
    stolen.add(1).seal(NOW);
    let error = person.follower(&log, NOW).import(&head_of(&stolen), "bob").await.unwrap_err();
    assert_trust(&error, "E-FORK");
    stolen.add(9).seal(NOW);
    let error = person.follower(&log, NOW).import(&head_of(&stolen), "bob").await.unwrap_err();
    assert_trust(&error, "E-LOG");
}

#[tokio::test]
async fn a_head_that_was_seen_is_known_without_a_connection_and_another_is_not() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let unseen = head_of(&log);
    log.add(1).seal(NOW);
    let (seen, site) = (head_of(&log), log.serve());
    let person = Person::asking(&[&site]);
    person.head(&log).await.unwrap();
    log.add(4).seal(NOW);
    person.head(&log).await.unwrap();
    let home = Home::new(person.home.path());
    let follower = Follower::new(&person.client, log.id(), &home, time(NOW), true);
    assert_eq!(follower.import(&seen, "ann").await.unwrap(), Imported::Older);
    let error = follower.import(&unseen, "ann").await.unwrap_err();
    assert_trust(&error, "E-ROLLBACK");
    assert!(error.to_string().contains("ann has a head of 5 events"), "{error}");
    assert!(error.to_string().contains("this machine has seen 12 events"), "{error}");
}

#[tokio::test]
async fn what_was_seen_of_a_history_that_was_dropped_vouches_for_nothing() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let mut stolen = log.fork();
    stolen.add(2).seal(NOW);
    let dropped = head_of(&stolen);
    stolen.add(9).seal(NOW);
    let thief = Person::at([stolen.serve_copy()]);
    thief.follower(&log, NOW).import(&dropped, "bob").await.unwrap();
    thief.head(&log).await.unwrap();
    log.add(9).seal(NOW).rotate().add(9).seal(NOW);
    let thief = thief.now_at([log.serve()]);
    thief.head(&log).await.unwrap();
    let error = thief.follower(&log, NOW).import(&dropped, "bob").await.unwrap_err();
    assert_trust(&error, "E-FORK");
}

#[tokio::test]
async fn what_is_no_head_is_told_with_what_one_looks_like() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let person = Person::at([log.serve()]);
    let head = head_of(&log);
    for bad in [&b""[..], b"garbage", &head[..head.len() / 2], &[0xff; 9]] {
        let follower = person.follower(&log, NOW);
        let error = follower.import(&Bytes::copy_from_slice(bad), "`x`").await.unwrap_err();
        assert!(matches!(error, HeadError::NoHead { .. }), "{error}");
        assert_eq!((error.kind(), error.code()), (ErrorKind::Integrity, "E-HEAD-FILE"));
        assert!(error.help().unwrap().contains("c2sp.org/tlog-proof@v1"));
    }
    assert_eq!(person.file(&log, "head"), None);
}
