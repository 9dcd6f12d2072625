//! Following a log that is served over real sockets, honestly and otherwise.

pub(crate) mod log;
mod rotation;

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::error::{ClientError as _, ErrorKind};
use crate::home::Home;
use crate::registry::RegistryClient;
use crate::registry::tests::site::EvilSite;
use crate::registry::tests::{Warnings, client, hasty};
use crate::transport::Settings;
use log::{NOW, TestLog};

/// Somebody with a home of their own, and the places that they ask.
struct Person {
    home: TempDir,
    client: RegistryClient,
    warnings: Arc<Warnings>,
    /// Places that nobody else holds.
    #[expect(dead_code, reason = "they serve until they are dropped")]
    own: Vec<EvilSite>,
}

impl Person {
    fn asking(sites: &[&EvilSite]) -> Self {
        let (client, warnings) = client(sites, hasty(Settings::default()));
        Self { home: TempDir::new().unwrap(), client, warnings, own: Vec::new() }
    }

    /// The same for places that nobody else looks at.
    fn at<const N: usize>(sites: [EvilSite; N]) -> Self {
        let person = Self::asking(&sites.iter().collect::<Vec<_>>());
        Self { own: sites.into(), ..person }
    }

    /// The same person later, asking others.
    fn now_asking(self, sites: &[&EvilSite]) -> Self {
        Self { home: self.home, ..Self::asking(sites) }
    }

    fn now_at<const N: usize>(self, sites: [EvilSite; N]) -> Self {
        Self { home: self.home, ..Self::at(sites) }
    }

    fn follower(&self, log: &TestLog, now: u64) -> Follower<'_> {
        let (now, home) = (time(now), Home::new(self.home.path()));
        Follower::new(&self.client, log.id(), &home, now, false)
    }

    async fn head(&self, log: &TestLog) -> Result<Arc<Head>, HeadError> {
        self.follower(log, NOW).head().await
    }

    fn file(&self, log: &TestLog, name: &str) -> Option<Vec<u8>> {
        let folder = self.home.path().join("registries").join(log.id().as_str());
        std::fs::read(folder.join(name)).ok()
    }

    fn forks(&self, log: &TestLog) -> Vec<String> {
        let folder = self.home.path().join("registries").join(log.id().as_str()).join("forks");
        let files = std::fs::read_dir(folder).into_iter().flatten();
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }
}

fn time(seconds: u64) -> Timestamp {
    Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap()
}

#[track_caller]
fn assert_trust(error: &HeadError, code: &str) {
    assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, code), "{error}");
    let help = error.help().unwrap();
    assert!(!help.contains("--"), "no flag is advised: {help}");
}

#[tokio::test]
async fn the_first_head_follows_from_the_id_alone_and_the_next_look_costs_one_request() {
    let mut log = TestLog::new(2);
    log.add(5).seal(NOW - 60);
    let site = log.serve();
    let person = Person::asking(&[&site]);
    let head = person.head(&log).await.unwrap();
    assert_eq!((head.size(), head.tree_root().as_bytes()), (7, &log.root().0));
    assert_eq!(head.time(), Some(time(NOW - 60)));
    assert_eq!(person.file(&log, "head").as_deref(), Some(&head.to_bytes()[..]));
    let before = site.asked("").len();
    person.head(&log).await.unwrap();
    assert_eq!(site.asked("").len(), before + 1, "{:?}", site.asked(""));
}

#[tokio::test]
async fn every_head_continues_the_one_before() {
    let mut log = TestLog::new(0);
    log.seal(NOW);
    let site = log.serve();
    let person = Person::asking(&[&site]);
    for events in [0, 1, 2, 7, 300, 1] {
        log.add(events).seal(NOW);
        let head = person.head(&log).await.unwrap();
        assert_eq!(head.size(), log.size());
    }
    assert!(person.warnings.all().is_empty());
}

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
async fn a_rollback_that_cannot_be_proven_is_refused() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let old = log.serve_copy();
    log.add(4).seal(NOW);
    let new = log.serve_copy();
    let person = Person::asking(&[&new]);
    person.head(&log).await.unwrap();
    let kept = person.file(&log, "head");
    let person = person.now_asking(&[&old]);
    let error = person.head(&log).await.unwrap_err();
    assert_trust(&error, "E-LOG");
    assert_eq!(person.file(&log, "head"), kept);
}

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
async fn forged_tiles_are_no_fork_and_another_place_proves_it() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let old = log.serve_copy();
    let person = Person::asking(&[&old]);
    person.head(&log).await.unwrap();
    log.add(9).seal(NOW);
    let evil = log.serve_with(|path, bytes| {
        if path.starts_with("tile/") {
            bytes.iter_mut().for_each(|byte| *byte ^= 1);
        }
    });
    let person = person.now_asking(&[&evil]);
    assert_trust(&person.head(&log).await.unwrap_err(), "E-LOG");
    assert!(person.forks(&log).is_empty());
    let good = log.serve();
    let person = person.now_asking(&[&evil, &good]);
    assert_eq!(person.head(&log).await.unwrap().size(), log.size());
}

#[tokio::test]
async fn a_missing_tile_is_an_error_and_a_full_one_stands_in_for_a_partial_one() {
    let mut log = TestLog::new(0);
    log.add(3).seal(NOW);
    let person = Person::at([log.serve_copy()]);
    person.head(&log).await.unwrap();
    log.add(200).seal(NOW);
    let head = log.objects()["head"].clone();
    let without = log.serve_without(|path| path.starts_with("tile/0"));
    let person = person.now_asking(&[&without]);
    assert_trust(&person.head(&log).await.unwrap_err(), "E-LOG");
    // The log went on; the tile is full, and its smaller forms were removed.
    log.add(100).seal(NOW);
    log.set("head", head);
    let swept = log.serve_without(|path| path.starts_with("tile/0/000.p/"));
    let person = person.now_asking(&[&swept]);
    assert_eq!(person.head(&log).await.unwrap().size(), 206);
}

#[tokio::test]
async fn heads_that_break_a_rule_are_refused_and_leave_nothing() {
    type Change = fn(&mut String);
    let changes: [(&str, Change); 6] = [
        ("index", |head| *head = head.replacen("index 6", "index 5", 1)),
        ("proof", |head| {
            *head = head.replacen(
                "\nindex 6\n",
                "\nindex 6\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
                1,
            )
        }),
        ("extra", |head| {
            *head = head
                .lines()
                .filter(|line| !line.starts_with("extra"))
                .map(|line| format!("{line}\n"))
                .collect()
        }),
        ("size", |head| *head = head.replacen("\n7\n", "\n8\n", 1)),
        ("signature", |head| {
            *head = head.replace("— hub.example.org/log1", "— hub.example.org/log2")
        }),
        ("empty", String::clear),
    ];
    for (what, change) in changes {
        let mut log = TestLog::new(0);
        log.add(5).seal(NOW);
        let mut head = String::from_utf8(log.objects()["head"].clone()).unwrap();
        change(&mut head);
        log.set("head", head.into_bytes());
        let person = Person::at([log.serve()]);
        let error = person.head(&log).await.unwrap_err();
        assert_trust(&error, "E-LOG");
        assert_eq!(person.file(&log, "head"), None, "{what}");
    }
}

#[tokio::test]
async fn no_head_is_no_head() {
    let log = TestLog::new(0);
    let person = Person::at([log.serve_without(|path| path == "head")]);
    assert_trust(&person.head(&log).await.unwrap_err(), "E-LOG");
}

#[tokio::test]
async fn a_quorum_that_is_short_of_one_witness_is_none() {
    let mut log = TestLog::new(2);
    log.add(1).seal_with(&[NOW]);
    let person = Person::at([log.serve()]);
    let error = person.head(&log).await.unwrap_err();
    assert_trust(&error, "E-LOG");
    let text = crate::error::chain(&error).join(": ");
    assert!(text.contains("cosigned by `W0`"), "{text}");
}

#[tokio::test]
async fn an_old_head_is_warned_of_and_a_very_old_one_resolves_nothing() {
    let mut log = TestLog::new(1);
    log.add(1).seal(NOW);
    let person = Person::at([log.serve()]);
    for (days, warnings, is_current) in [(1, 0, true), (3, 1, true), (20, 1, false)] {
        let follower = person.follower(&log, NOW + days * 86_400);
        let head = follower.head().await.unwrap();
        let current = follower.require_current(&head);
        assert_eq!(current.is_ok(), is_current, "{days}");
        if let Err(error) = current {
            assert_trust(&error, "E-STALE");
            assert!(error.to_string().contains("20 days old"), "{error}");
        }
        let told = person.warnings.all();
        assert_eq!(
            told.iter().filter(|text| text.contains(&format!("{days} days"))).count(),
            warnings
        );
    }
}

#[tokio::test]
async fn a_clock_that_is_behind_is_named() {
    let mut log = TestLog::new(1);
    log.add(1).seal(NOW);
    let person = Person::at([log.serve()]);
    person.head(&log).await.unwrap();
    let follower = person.follower(&log, NOW - 30 * 86_400);
    let head = follower.head().await.unwrap();
    let error = follower.require_current(&head).unwrap_err();
    assert_trust(&error, "E-STALE");
    assert!(error.to_string().contains("behind verified time"), "{error}");
    // Somebody who has never seen this registry cannot know more than that the cosignature is from the future.
    let stranger = Person::at([log.serve()]);
    let error = stranger.follower(&log, NOW - 30 * 86_400).head().await.unwrap_err();
    assert!(error.help().unwrap().contains("clock"), "{error}");
}

#[tokio::test]
async fn offline_the_kept_head_counts_and_without_one_nothing_does() {
    let mut log = TestLog::new(1);
    log.add(1).seal(NOW);
    let site = log.serve();
    let person = Person::asking(&[&site]);
    let home = Home::new(person.home.path());
    let offline = || Follower::new(&person.client, log.id(), &home, time(NOW), true);
    assert_eq!(offline().head().await.unwrap_err().code(), "E-OFFLINE");
    person.head(&log).await.unwrap();
    let before = site.asked("").len();
    assert_eq!(offline().head().await.unwrap().size(), log.size());
    assert_eq!(site.asked("").len(), before);
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
async fn an_entry_is_proven_only_under_its_own_number() {
    let mut log = TestLog::new(0);
    log.add(700).seal(NOW);
    let person = Person::at([log.serve()]);
    let head = person.head(&log).await.unwrap();
    let leaf = log.leaf(400);
    prove_entry(&person.client, &leaf, 400, head.checkpoint()).await.unwrap();
    for index in [399, 401, 702, u64::MAX] {
        let error = prove_entry(&person.client, &leaf, index, head.checkpoint()).await.unwrap_err();
        assert_trust(&error, "E-LOG");
    }
}
