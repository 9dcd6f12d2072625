//! Pages under a head, served honestly and otherwise.

use tare_format::event::PageKey;

use super::*;
use crate::error::{ClientError as _, ErrorKind};
use crate::head::tests::log::{NOW, TestLog};
use crate::registry::tests::site::EvilSite;
use crate::registry::tests::{client, hasty};
use crate::transport::Settings;

struct Reader {
    home: tempfile::TempDir,
    client: RegistryClient,
}

impl Reader {
    fn of(sites: &[&EvilSite]) -> Self {
        let (client, _) = client(sites, hasty(Settings::default()));
        Self { home: tempfile::tempdir().unwrap(), client }
    }

    fn pages(&self, log: &TestLog, offline: bool) -> Pages<'_> {
        let (home, now) = (Home::new(self.home.path()), i64::try_from(NOW).unwrap());
        let now = jiff::Timestamp::from_second(now).unwrap();
        let follower = Follower::new(&self.client, log.id(), &home, now, offline);
        Pages::new(&self.client, follower, &home, offline)
    }

    async fn read(&self, log: &TestLog, name: &str) -> Result<Option<Bytes>, PagesError> {
        self.pages(log, false).page(&name.parse().unwrap()).await
    }
}

/// A log with a page of so many lines, and others beside it.
fn log(lines: usize) -> TestLog {
    let mut log = TestLog::new(0);
    log.add(200);
    for _ in 0..lines {
        log.add_to("lab/a");
    }
    log.seal(NOW);
    log
}

fn page(log: &TestLog) -> Vec<u8> {
    log.objects()["packages/lab/a"].clone()
}

#[tokio::test]
async fn a_page_is_proven_and_so_is_its_absence() {
    let log = log(3);
    let site = log.serve();
    let reader = Reader::of(&[&site]);
    assert_eq!(reader.read(&log, "lab/a").await.unwrap().unwrap(), page(&log));
    assert_eq!(reader.read(&log, "lab/nothing").await.unwrap(), None);
    assert!(site.asked("packages/lab/nothing").is_empty(), "what is absent is not asked for");
    // A second look needs the head and nothing else.
    let before = site.asked("").len();
    reader.read(&log, "lab/a").await.unwrap();
    assert_eq!(site.asked("").len(), before + 1);
    // And none without a connection.
    let offline = reader.pages(&log, true).page(&"lab/a".parse().unwrap()).await;
    assert_eq!(offline.unwrap().unwrap(), page(&log));
    assert_eq!(site.asked("").len(), before + 1);
}

#[tokio::test]
async fn what_was_written_after_the_head_is_not_looked_at() {
    let mut log = log(2);
    let (head, before) = (log.objects()["head"].clone(), page(&log));
    log.add_to("lab/a").seal(NOW);
    log.set("head", head);
    assert_ne!(page(&log), before);
    let site = log.serve();
    assert_eq!(Reader::of(&[&site]).read(&log, "lab/a").await.unwrap().unwrap(), before);
}

#[tokio::test]
async fn a_page_that_is_not_the_states_is_refused() {
    let log = log(3);
    let (whole, other) = (page(&log), log.objects().into_iter());
    let mut other = other.filter(|(path, _)| path.starts_with("packages/lab/p"));
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let bad: Vec<Option<Vec<u8>>> = vec![
        None,
        Some(Vec::new()),
        Some(lines[..2].concat()),
        Some([lines[1], lines[0], lines[2]].concat()),
        Some(whole[..whole.len() - 1].to_vec()),
        Some([&whole[..5], b"x", &whole[6..]].concat()),
        Some(other.next().unwrap().1),
    ];
    for bytes in bad {
        let changed = log.fork();
        let site = match bytes {
            Some(bytes) => {
                changed.set("packages/lab/a", bytes);
                changed.serve()
            }
            None => changed.serve_without(|path| path == "packages/lab/a"),
        };
        let reader = Reader::of(&[&site]);
        let error = reader.read(&log, "lab/a").await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, "E-STATE"), "{error}");
        let cached = cached_digest(
            &Home::new(reader.home.path()),
            &reader.pages(&log, false).head().await.unwrap(),
            &PageKey::Package("lab/a".parse().unwrap()),
        );
        assert_eq!(cached, PageProof::NotHere);
        // Another place has it, so it does not matter.
        let honest = log.serve();
        let reader = Reader::of(&[&site, &honest]);
        assert_eq!(reader.read(&log, "lab/a").await.unwrap().unwrap(), whole);
    }
}

#[tokio::test]
async fn a_node_of_the_state_that_is_wrong_or_missing_is_no_proof_of_absence() {
    let log = log(1);
    let missing = log.serve_without(|path| path.starts_with("state/"));
    let flipped = log.serve_with(|path, bytes| {
        if path.starts_with("state/") {
            bytes[0] ^= 1;
        }
    });
    let empty = log.serve_with(|path, bytes| {
        if path.starts_with("state/") {
            bytes.clear();
        }
    });
    for site in [missing, flipped, empty] {
        for name in ["lab/a", "lab/nothing"] {
            let error = Reader::of(&[&site]).read(&log, name).await.unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, "E-STATE"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_head_that_moved_is_looked_at_again_and_everything_is_of_that_one() {
    let mut log = log(1);
    let site = log.serve();
    let reader = Reader::of(&[&site]);
    let pages = reader.pages(&log, false);
    let (a, b) = ("lab/a".parse().unwrap(), "lab/b".parse().unwrap());
    assert!(pages.page(&a).await.unwrap().is_some());
    // Meanwhile a line of the page was redacted: the page of the old state is gone for ever.
    let key = PageKey::Package("lab/a".parse().unwrap());
    log.set_page(&key, b"{\"type\":\"unknown\",\"package\":\"lab/a\"}\n".to_vec());
    log.add_to("lab/b").seal(NOW);
    std::fs::remove_dir_all(reader.home.path().join("cache")).unwrap();
    let fresh = reader.pages(&log, false);
    assert_eq!(fresh.page(&a).await.unwrap().unwrap(), log.objects()["packages/lab/a"]);
    assert!(fresh.page(&b).await.unwrap().is_some());
    assert_eq!(pages.page(&a).await.unwrap().unwrap(), log.objects()["packages/lab/a"]);
    assert_eq!(pages.head().await.unwrap().size(), log.size());
}

#[tokio::test]
async fn the_notices_are_one_page() {
    let mut log = log(1);
    log.rotate().seal(NOW);
    let site = log.serve();
    let reader = Reader::of(&[&site]);
    let notices = reader.pages(&log, false).notices().await.unwrap();
    assert_eq!(notices.newest_root(), 2);
    assert_eq!(last_notices(&Home::new(reader.home.path()), &log.id()), Some(notices));
}

#[tokio::test]
async fn ten_packages_share_the_upper_nodes() {
    let mut log = TestLog::new(0);
    log.add(5000).seal(NOW);
    let site = log.serve();
    let reader = Reader::of(&[&site]);
    let pages = reader.pages(&log, false);
    let names: Vec<PackageName> =
        (1..11).map(|at| format!("lab/p{at}-0").parse().unwrap()).collect();
    let read = names.iter().map(|name| pages.page(name));
    let read = futures::future::join_all(read).await;
    assert!(read.into_iter().all(|page| page.unwrap().is_some()));
    let nodes = site.asked("state/");
    let distinct: BTreeSet<_> = nodes.iter().map(|asked| &asked.path).collect();
    assert_eq!(nodes.len(), distinct.len(), "no node is fetched twice");
}
