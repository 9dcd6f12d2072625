use tare_format::event::BY_REGISTRY;

use super::*;
use crate::replay::Pages as _;
use crate::samples::*;

fn read(log: &Log) -> NoticesState {
    let page = log.pages.get(&PageKey::Notices).unwrap().unwrap();
    NoticesState::read(&page).unwrap()
}

fn published() -> Log {
    let mut log = Log::start();
    log.push("ann", publish("lab/a@1.0.0", 0));
    log
}

#[test]
fn the_page_of_notices_is_enough_to_know_all_takedowns_and_advisories() {
    let mut log = published();
    log.push(BY_REGISTRY, advisory(1, 2, &["lab/a"]));
    log.push(BY_REGISTRY, advisory(1, 3, &["lab/a"]));
    log.push(BY_REGISTRY, takedown(&["lab/a@1.0.0"]));
    let notices = read(&log);
    assert_eq!(notices.newest_root(), 1);
    assert_eq!(notices.advisories.len(), 1);
    let known = &notices.advisories[&"x_TARE-2026-1".parse().unwrap()];
    assert_eq!(known.modified.to_string(), "2026-11-03T00:00:00Z");
    let taken: Vec<_> = notices.takedowns_in_force().collect();
    assert_eq!(taken[0].releases, [id("lab/a@1.0.0")]);
    assert!(taken[0].at.is_some());
}

#[test]
fn an_advisory_is_found_by_the_digest_of_a_file() {
    let mut log = published();
    let EventBody::Advisory { advisory: mut warned } = advisory(1, 2, &["lab/a"]) else { panic!() };
    warned.hashes.push(Sha256::of(b"weights"));
    log.push(BY_REGISTRY, EventBody::Advisory { advisory: warned });
    assert_eq!(read(&log).advisories_of_digest(Sha256::of(b"weights")).count(), 1);
    assert_eq!(read(&log).advisories_of_digest(Sha256::of(b"others")).count(), 0);
}

#[test]
fn what_is_redacted_stays_in_force_and_says_nothing() {
    let mut log = published();
    log.push(BY_REGISTRY, advisory(1, 2, &["lab/a"]));
    log.redact(log.last());
    log.push(BY_REGISTRY, takedown(&["lab/a@1.0.0"]));
    log.redact(log.last());
    let notices = read(&log);
    assert_eq!(notices.redactions.len(), 2);
    let known = &notices.advisories[&"x_TARE-2026-1".parse().unwrap()];
    assert_eq!((known.advisory.as_ref(), known.by_registry), (None, true));
    let taken: Vec<_> = notices.takedowns_in_force().collect();
    assert_eq!((taken.len(), taken[0].takedown.as_ref()), (1, None));
    assert_eq!(
        log.judge(BY_REGISTRY, advisory(1, 2, &["lab/a"])),
        crate::Judgement::Inert(Reason::NotNewer)
    );
}
