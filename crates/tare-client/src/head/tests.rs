//! Following a log that is served over real sockets, honestly and otherwise.

mod behind;
mod forks;
mod import;
pub(crate) mod log;
mod rotation;

use std::sync::Arc;

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
