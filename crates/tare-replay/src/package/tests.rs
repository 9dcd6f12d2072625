use tare_format::event::{BY_REGISTRY, Change, EventBody, PageKey};

use super::*;
use crate::page::redacted_line;
use crate::replay::Pages as _;
use crate::samples::*;

fn page(log: &Log) -> Vec<u8> {
    log.pages.get(&PageKey::Package(name("lab/a"))).unwrap().unwrap()
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn standing<'s>(state: &'s PackageState, text: &str) -> Standing<'s> {
    state.releases[&version(text)].standing()
}

fn published() -> Log {
    let mut log = Log::start();
    log.push("ann", publish("lab/a@1.0.0", 0));
    log.push("ann", publish("lab/a@1.1.0", 0));
    log
}

#[test]
fn a_page_says_what_became_of_each_release() {
    let mut log = published();
    log.push("ann", yank("lab/a@1.0.0"));
    let state = PackageState::read(&name("lab/a"), &page(&log)).unwrap();
    assert_eq!(standing(&state, "1.0.0"), Standing::Yanked { reason: Some("bad tokenizer") });
    assert_eq!(standing(&state, "1.1.0"), Standing::Available);
    log.push("ann", withdraw("lab/a@1.0.0"));
    log.push(BY_REGISTRY, takedown(&["lab/a@1.1.0"]));
    let state = PackageState::read(&name("lab/a"), &page(&log)).unwrap();
    assert!(!standing(&state, "1.0.0").is_installable());
    assert!(matches!(standing(&state, "1.1.0"), Standing::TakenDown(Some(_))));
}

#[test]
fn a_release_keeps_the_signers_of_its_own_time() {
    let mut log = published();
    log.push("ann", signer("lab/a", 1, Change::Add));
    log.push("ann", signer("lab/a", 0, Change::Remove));
    log.push("ann", publish("lab/a@2.0.0", 1));
    let state = PackageState::read(&name("lab/a"), &page(&log)).unwrap();
    assert_eq!(*state.releases[&version("1.0.0")].signers, [key(0)]);
    assert_eq!(*state.releases[&version("2.0.0")].signers, [key(1)]);
    assert_eq!(*state.signers, [key(1)]);
}

#[test]
fn a_restored_release_is_what_it_was() {
    let mut log = published();
    log.push("ann", yank("lab/a@1.0.0"));
    log.push(BY_REGISTRY, takedown(&["lab/a@1.0.0"]));
    let (index, line) = (log.last(), log.lines[log.last()].clone());
    let payload = Sha256::of(line.as_bytes());
    let releases = vec![id("lab/a@1.0.0")];
    log.push(BY_REGISTRY, EventBody::Restore { takedown: index as u64, payload, releases });
    let state = PackageState::read(&name("lab/a"), &page(&log)).unwrap();
    assert!(matches!(standing(&state, "1.0.0"), Standing::Yanked { .. }));
}

#[test]
fn a_redacted_page_is_read_in_two_passes() {
    let mut log = published();
    log.push("ann", withdraw("lab/a@1.1.0"));
    let (publish, withdraw) = (log.last() - 4, log.last());
    log.redact(publish);
    log.redact(withdraw);
    let text = String::from_utf8(page(&log)).unwrap();
    assert!(!text.contains("consent was taken back"));
    assert_eq!(text.lines().filter(|line| line.starts_with("- ")).count(), 2);
    let state = PackageState::read(&name("lab/a"), &page(&log)).unwrap();
    assert_eq!(standing(&state, "1.0.0"), Standing::Redacted);
    assert_eq!(standing(&state, "1.1.0"), Standing::Withdrawn { reason: None });
}

#[test]
fn a_redacted_line_without_a_redaction_is_an_error() {
    let log = published();
    let text = String::from_utf8(page(&log)).unwrap();
    let line = text.lines().nth(1).unwrap();
    let forged = text.replace(line, &redacted_line(&Sha256::of(line.as_bytes())));
    let error = PackageState::read(&name("lab/a"), forged.as_bytes()).unwrap_err();
    let expected = "line 2 of page `packages/lab/a` is redacted, and no later line says so";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_redaction_before_its_line_is_none() {
    let mut log = published();
    log.redact(log.last());
    let text = String::from_utf8(page(&log)).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.rotate_right(1);
    let turned = lines.join("\n") + "\n";
    let error = PackageState::read(&name("lab/a"), turned.as_bytes()).unwrap_err();
    assert!(matches!(error, PageError::Forged { .. }), "{error}");
}

#[test]
fn lines_that_contradict_have_no_effect() {
    let log = published();
    let twice = [page(&log), page(&log)].concat();
    let once = PackageState::read(&name("lab/a"), &page(&log)).unwrap();
    assert_eq!(PackageState::read(&name("lab/a"), &twice).unwrap(), once);
    let strange = log.event("ann", yank("lab/a@9.0.0")).to_line().unwrap() + "\n";
    let more = [page(&log), strange.into_bytes()].concat();
    assert_eq!(PackageState::read(&name("lab/a"), &more).unwrap(), once);
}

#[test]
fn what_is_no_page_of_the_package_is_refused() {
    let log = published();
    let text = String::from_utf8(page(&log)).unwrap();
    for (bad, expected) in [
        (text.trim_end().to_owned(), "is not lines of UTF-8"),
        (format!("{text}{{}}\n"), "line 4 of page `packages/lab/a` is not an event"),
        (text.replace('\n', "\r\n"), "is not an event"),
        (format!("{text}- zz\n"), "line 4 of page `packages/lab/a` is redacted"),
        (text.replace("lab/a", "lab/b"), "belongs to another page"),
    ] {
        let error = PackageState::read(&name("lab/a"), bad.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let unknown = format!("{text}{{\"type\":\"star\",\"time\":\"2026-11-02T00:00:00Z\"}}\n");
    PackageState::read(&name("lab/a"), unknown.as_bytes()).unwrap();
}

#[test]
fn the_owners_spelling_is_that_of_the_page() {
    let state = PackageState::read(&name("LAB/A"), &page(&published())).unwrap();
    assert_eq!(state.name, name("lab/a"));
    assert_eq!(state.releases.len(), 2);
}

proptest::proptest! {
    #[test]
    fn damaged_pages_never_panic(at in 0..2_000_usize, byte in proptest::num::u8::ANY) {
        let mut bytes = page(&published());
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = PackageState::read(&name("lab/a"), &bytes);
    }
}
