//! Places that show less than others do, or than was seen.

use super::log::{NOW, TestLog};
use super::{Outcome, Person, assert_trust};
use crate::error::ClientError as _;

const DAY: u64 = 86_400;

#[tokio::test]
async fn an_old_head_is_a_stale_source_and_what_was_seen_stays() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let old = log.serve_copy();
    log.add(4).seal(NOW);
    let new = log.serve_copy();
    let person = Person::asking(&[&new]);
    person.head(&log).await.unwrap();
    // The mirror has nothing newer, but the tiles of what it has are all there.
    let person = person.now_asking(&[&old, &new]);
    assert_eq!(person.head(&log).await.unwrap().size(), log.size());
    let [warning] = &person.warnings.all()[..] else { panic!("one warning") };
    assert!(warning.contains(old.url().as_str()) && warning.contains("stale"), "{warning}");
}

#[tokio::test]
async fn a_registry_that_went_back_is_refused_with_both_heads_as_evidence() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let old = log.serve_copy();
    log.add(4).seal(NOW);
    let new = log.serve_copy();
    let person = Person::asking(&[&new]);
    person.head(&log).await.unwrap();
    let kept = person.file(&log, "head");
    let person = person.now_asking(&[&old]);
    for _ in 0..2 {
        let error = person.head(&log).await.unwrap_err();
        assert_trust(&error, "E-ROLLBACK");
        let told = error.to_string();
        assert!(told.contains("has 5 events") && told.contains("has seen 10 events"), "{told}");
        assert!(error.help().unwrap().contains("backup"));
    }
    let [evidence] = &person.forks(&log)[..] else { panic!("written once") };
    assert_eq!(evidence.matches("— hub.example.org/log1 ").count(), 2, "{evidence}");
    assert_eq!(person.file(&log, "head"), kept);
}

#[tokio::test]
async fn a_place_that_is_a_little_behind_is_told_and_one_that_froze_long_ago_is_not_relied_on() {
    for (days, is_sound) in [(1, true), (13, true), (15, false)] {
        let mut log = TestLog::new(1);
        log.add(3).seal(NOW - days * DAY);
        let old = log.serve_copy();
        log.add(4).seal(NOW);
        let person = Person::at([log.serve(), old]);
        let follower = person.follower(&log, NOW);
        let survey = follower.survey().await.unwrap();
        assert!(matches!(survey.answers[1].outcome, Outcome::Stale { time: Some(_), .. }));
        let sound = follower.require_sound(&survey);
        assert_eq!(sound.is_ok(), is_sound, "{days}");
        if let Err(error) = sound {
            assert_trust(&error, "E-STALE");
            let told = format!("{}: its head is 15 days old", survey.answers[1].from);
            assert!(error.to_string().contains(&told), "{error}");
        }
    }
}

#[tokio::test]
async fn a_place_whose_head_is_refused_is_named_beside_good_ones() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let lies = log.serve_with(|path, bytes| {
        if path == "head" {
            bytes.truncate(bytes.len() - 2);
        }
    });
    let person = Person::at([log.serve(), lies]);
    let follower = person.follower(&log, NOW);
    let survey = follower.survey().await.unwrap();
    let error = follower.require_sound(&survey).unwrap_err();
    assert_trust(&error, "E-LOG");
    assert!(error.to_string().starts_with("1 of 2 sources"), "{error}");
    assert!(error.to_string().contains(&survey.answers[1].from), "{error}");
}
