use proptest::prelude::*;
use tare_format::Sha256;
use tare_format::event::Salt;

use super::*;

fn name() -> PackageName {
    "a/b".parse().unwrap()
}

fn line(body: EventBody) -> String {
    let time = "2026-11-01T00:00:00Z".parse().unwrap();
    Event { salt: Salt([7; 16]), time, by: "ann".to_owned(), body }.to_line().unwrap()
}

fn signer(key: &str, change: Change) -> String {
    let key = SignerKey { id: Sha256::of(key.as_bytes()), pem: key.to_owned() };
    line(EventBody::Signer { package: name(), key, change })
}

fn publish(version: &str) -> String {
    let text = format!(
        r#"{{"package":"a/b","version":"{version}","kind":"model","release":"{}","release-size":1,"license":{{}},"size":1,"signatures":[]}}"#,
        Sha256::of(version.as_bytes())
    );
    line(EventBody::Publish(serde_json::from_str(&text).unwrap()))
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn withdraw(text: &str) -> String {
    let (package, reason) = (name(), "consent was taken back".to_owned());
    line(EventBody::Withdraw { package, version: version(text), reason })
}

fn unyank(text: &str) -> String {
    line(EventBody::Unyank { package: name(), version: version(text) })
}

#[test]
fn a_release_keeps_the_signers_of_its_own_time() {
    let page = [
        signer("first", Change::Add),
        publish("1.0.0"),
        signer("second", Change::Add),
        signer("first", Change::Remove),
        publish("1.1.0"),
    ];
    let history = History::read(&name(), &page.join("\n")).unwrap();
    let keys = |text: &str| -> Vec<&str> {
        history.releases[&version(text)].signers.iter().map(|key| key.pem.as_str()).collect()
    };
    assert_eq!((keys("1.0.0"), keys("1.1.0")), (vec!["first"], vec!["second"]));
    assert_eq!(history.signers.len(), 1);
}

#[test]
fn the_newest_is_stable_and_available() {
    let mut page = vec![publish("1.0.0"), publish("2.0.0-rc.1"), publish("1.1.0")];
    let newest = |page: &[String]| {
        let history = History::read(&name(), &page.join("\n")).unwrap();
        history.newest().map(|release| release.published.version.to_string())
    };
    assert_eq!(newest(&page).as_deref(), Some("1.1.0"));
    page.extend([withdraw("1.1.0"), withdraw("1.0.0")]);
    assert_eq!(newest(&page).as_deref(), Some("2.0.0-rc.1"));
    page.push(withdraw("2.0.0-rc.1"));
    assert_eq!(newest(&page), None);
}

#[test]
fn a_withdrawal_is_not_undone() {
    let page = [publish("1.0.0"), withdraw("1.0.0"), unyank("1.0.0")].join("\n");
    let history = History::read(&name(), &page).unwrap();
    assert!(history.releases[&version("1.0.0")].standing.is_withdrawn());
}

#[test]
fn lines_of_unknown_types_have_no_effect() {
    let page = format!("{}\n{}\n", r#"{"type":"starred","stars":5}"#, publish("1.0.0"));
    assert_eq!(History::read(&name(), &page).unwrap().releases.len(), 1);
}

#[test]
fn contradictions_name_the_line() {
    let other = publish("1.0.0").replace("a/b", "a/c");
    for (page, expected) in [
        (
            [publish("1.0.0"), publish("1.0.0")],
            "line 2 of the page of `a/b` publishes version 1.0.0 a second time",
        ),
        (
            [publish("1.0.0"), unyank("3.0.0")],
            "line 2 of the page of `a/b` changes version 3.0.0, which was not published before",
        ),
        ([publish("1.0.0"), other], "line 2 of the page of `a/b` does not belong to this package"),
        ([publish("1.0.0"), "{}".to_owned()], "line 2 of the page of `a/b` is not an event"),
    ] {
        let error = History::read(&name(), &page.join("\n")).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

proptest! {
    #[test]
    fn damaged_pages_never_panic(at in 0_usize..400, byte in any::<u8>()) {
        let mut bytes = [signer("first", Change::Add), publish("1.0.0")].join("\n").into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let _ = History::read(&name(), text);
        }
    }
}
