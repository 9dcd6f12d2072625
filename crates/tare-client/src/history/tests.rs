use proptest::prelude::*;
use tare_format::Sha256;
use tare_format::event::{BY_REGISTRY, Change, Class, Event, EventBody, Salt, Scope};

use super::*;

fn name() -> PackageName {
    "a/b".parse().unwrap()
}

/// A page of these events. Each line has its own salt, as every honest one has.
fn page(bodies: Vec<EventBody>) -> Vec<u8> {
    let line = |(number, body): (u8, EventBody)| {
        let time = "2026-11-01T00:00:00Z".parse().unwrap();
        let by = if matches!(body, EventBody::Takedown(_)) { BY_REGISTRY } else { "ann" };
        let event = Event { salt: Salt([number; 16]), time, by: by.to_owned(), body };
        event.to_line().unwrap() + "\n"
    };
    (0..).zip(bodies).map(line).collect::<String>().into_bytes()
}

fn signer(key: &str, change: Change) -> EventBody {
    let key = SignerKey { id: Sha256::of(key.as_bytes()), pem: key.to_owned() };
    EventBody::Signer { package: name(), key, change }
}

fn publish(version: &str) -> EventBody {
    let text = format!(
        r#"{{"package":"a/b","version":"{version}","kind":"model","release":"{}","release-size":1,"license":{{}},"size":1,"signatures":[]}}"#,
        Sha256::of(version.as_bytes())
    );
    EventBody::Publish(serde_json::from_str(&text).unwrap())
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn withdraw(text: &str) -> EventBody {
    let (package, reason) = (name(), "consent was taken back".to_owned());
    EventBody::Withdraw { package, version: version(text), reason }
}

fn unyank(text: &str) -> EventBody {
    EventBody::Unyank { package: name(), version: version(text) }
}

fn takedown(release: &str) -> EventBody {
    EventBody::Takedown(Box::new(Takedown {
        releases: vec![release.parse().unwrap()],
        files: Vec::new(),
        class: Class::Malware,
        scope: Scope::Global,
        deadline_hours: 4,
        notice: "N-12".to_owned(),
        appeal: None,
    }))
}

fn read(bodies: Vec<EventBody>) -> History {
    History::read(&name(), &page(bodies)).unwrap()
}

#[test]
fn a_release_keeps_the_signers_of_its_own_time() {
    let history = read(vec![
        signer("first", Change::Add),
        publish("1.0.0"),
        signer("second", Change::Add),
        signer("first", Change::Remove),
        publish("1.1.0"),
    ]);
    let keys = |text: &str| -> Vec<&str> {
        history.releases[&version(text)].signers.iter().map(|key| key.pem.as_str()).collect()
    };
    assert_eq!((keys("1.0.0"), keys("1.1.0")), (vec!["first"], vec!["second"]));
    assert_eq!(history.signers.len(), 1);
}

#[test]
fn the_newest_is_stable_and_available() {
    let mut bodies = vec![signer("key", Change::Add)];
    bodies.extend(["1.0.0", "2.0.0-rc.1", "1.1.0"].map(publish));
    let newest = |bodies: &[EventBody]| {
        let history = read(bodies.to_vec());
        history.newest().map(|release| release.published.version.to_string())
    };
    assert_eq!(newest(&bodies).as_deref(), Some("1.1.0"));
    bodies.extend([withdraw("1.1.0"), takedown("a/b@1.0.0")]);
    assert_eq!(newest(&bodies).as_deref(), Some("2.0.0-rc.1"));
    bodies.push(withdraw("2.0.0-rc.1"));
    assert_eq!(newest(&bodies), None);
}

#[test]
fn a_withdrawal_is_not_undone() {
    let history = read(vec![
        signer("key", Change::Add),
        publish("1.0.0"),
        withdraw("1.0.0"),
        unyank("1.0.0"),
    ]);
    assert!(history.releases[&version("1.0.0")].standing.is_withdrawn());
}

#[test]
fn what_is_taken_down_cannot_be_installed_and_says_why() {
    let history = read(vec![signer("key", Change::Add), publish("1.0.0"), takedown("a/b@1.0.0")]);
    let release = &history.releases[&version("1.0.0")];
    let reason = "taken down: malware, notice N-12".to_owned();
    assert_eq!(release.standing, Standing::Withdrawn { reason });
    assert!(matches!(&release.takedown, Some(Some(takedown)) if takedown.deadline_hours == 4));
}

#[test]
fn lines_of_unknown_types_have_no_effect() {
    let mut bytes = br#"{"type":"starred","stars":5}"#.to_vec();
    bytes.push(b'\n');
    bytes.extend(page(vec![signer("key", Change::Add), publish("1.0.0")]));
    assert_eq!(History::read(&name(), &bytes).unwrap().releases.len(), 1);
}

#[test]
fn contradictions_have_no_effect() {
    let good = vec![signer("key", Change::Add), publish("1.0.0")];
    let mut more = good.clone();
    more.extend([publish("1.0.0"), unyank("3.0.0"), withdraw("3.0.0")]);
    assert_eq!(read(more), read(good));
    assert!(read(vec![publish("1.0.0")]).releases.is_empty(), "no key may sign it");
}

#[test]
fn what_is_no_page_of_the_package_names_the_line() {
    let good = page(vec![signer("key", Change::Add), publish("1.0.0")]);
    let other = String::from_utf8(page(vec![publish("1.0.0")])).unwrap().replace("a/b", "a/c");
    for (tail, expected) in [
        (other.as_str(), "line 3 of page `packages/a/b` belongs to another page"),
        ("{}\n", "line 3 of page `packages/a/b` is not an event"),
        ("- 00\n", "line 3 of page `packages/a/b` is redacted, and no later line says so"),
        ("{", "page `packages/a/b` is not lines of UTF-8 that each end in a line feed"),
    ] {
        let error = History::read(&name(), &[&good, tail.as_bytes()].concat()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

proptest! {
    #[test]
    fn damaged_pages_never_panic(at in 0_usize..400, byte in any::<u8>()) {
        let mut bytes = page(vec![signer("first", Change::Add), publish("1.0.0")]);
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = History::read(&name(), &bytes);
    }
}
