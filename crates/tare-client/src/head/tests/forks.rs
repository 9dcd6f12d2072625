//! Two histories of one log.

use super::log::{NOW, TestLog};
use super::{Person, assert_trust};

#[tokio::test]
async fn a_fork_is_written_down_and_never_adopted() {
    for (common, ours, theirs) in [(0, 5, 9), (3, 2, 2), (3, 0, 4), (6, 1, 300), (7, 1, 1)] {
        let mut log = TestLog::new(0);
        log.add(common).seal(NOW);
        let mut other = log.fork();
        log.add(ours).seal(NOW);
        other.add(theirs).seal(NOW);
        let (ours, theirs) = (log.serve(), other.serve());
        let person = Person::asking(&[&ours]);
        person.head(&log).await.unwrap();
        let kept = person.file(&log, "head");
        let person = person.now_asking(&[&theirs]);
        let error = person.head(&log).await.unwrap_err();
        assert_trust(&error, "E-FORK");
        let [evidence] = &person.forks(&log)[..] else { panic!("one file of evidence") };
        for text in ["from this machine", theirs.url().as_str(), &log.root().to_string()] {
            assert!(evidence.contains(text), "{text} is not in\n{evidence}");
        }
        assert!(evidence.contains(&other.root().to_string()));
        assert_eq!(person.file(&log, "head"), kept);
    }
}

#[tokio::test]
async fn two_places_that_contradict_each_other_are_a_fork_at_first_sight() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let mut other = log.fork();
    log.add(1).seal(NOW);
    other.add(2).seal(NOW);
    let person = Person::at([log.serve(), other.serve()]);
    assert_trust(&person.head(&log).await.unwrap_err(), "E-FORK");
    assert_eq!(person.file(&log, "head"), None);
}

#[tokio::test]
async fn a_fork_that_nobody_cosigned_is_held_against_the_log_that_signed_it() {
    for cosigned in [&[][..], &[NOW]] {
        let mut log = TestLog::new(2);
        log.add(3).seal(NOW);
        let mut other = log.fork();
        log.add(2).seal(NOW);
        other.add(4).seal_with(cosigned);
        let (ours, theirs) = (log.serve(), other.serve());
        let person = Person::asking(&[&ours]);
        person.head(&log).await.unwrap();
        let kept = person.file(&log, "head");
        // Whoever has seen nothing yet can only say that the quorum is missing.
        let stranger = Person::asking(&[&theirs]);
        assert_trust(&stranger.head(&log).await.unwrap_err(), "E-LOG");
        let person = person.now_asking(&[&theirs]);
        assert_trust(&person.head(&log).await.unwrap_err(), "E-FORK");
        let [evidence] = &person.forks(&log)[..] else { panic!("one file of evidence") };
        assert!(evidence.contains(&other.root().to_string()), "{evidence}");
        assert_eq!(evidence.matches("— hub.example.org/log1 ").count(), 2, "{evidence}");
        assert_eq!(person.file(&log, "head"), kept);
        // Nor does a good head beside it hush it up.
        let person = person.now_asking(&[&ours, &theirs]);
        assert_trust(&person.head(&log).await.unwrap_err(), "E-FORK");
    }
}

#[tokio::test]
async fn what_the_log_did_not_sign_accuses_nobody() {
    let mut log = TestLog::new(2);
    log.add(3).seal(NOW);
    let mut other = log.fork();
    log.add(2).seal(NOW);
    other.add(4).seal_with(&[]);
    let person = Person::at([log.serve()]);
    person.head(&log).await.unwrap();
    let forged = other.serve_with(|path, bytes| {
        if path == "head" {
            let text = String::from_utf8(std::mem::take(bytes)).unwrap();
            let (mut text, signature) = (text.clone(), text.rsplit(' ').next().unwrap().to_owned());
            // The last characters of the signature, where its padding is not.
            let changed = signature.replacen(&signature[20..24], "AAAA", 1);
            text = text.replace(&signature, &changed);
            *bytes = text.into_bytes();
        }
    });
    let person = person.now_at([forged]);
    assert_trust(&person.head(&log).await.unwrap_err(), "E-LOG");
    assert!(person.forks(&log).is_empty());
}

#[tokio::test]
async fn a_head_ahead_of_its_quorum_is_refused_and_is_no_fork() {
    let mut log = TestLog::new(2);
    log.add(3).seal(NOW);
    let person = Person::at([log.serve_copy()]);
    person.head(&log).await.unwrap();
    log.add(3).seal_with(&[NOW]);
    let person = person.now_at([log.serve()]);
    assert_trust(&person.head(&log).await.unwrap_err(), "E-LOG");
    assert!(person.forks(&log).is_empty());
}
