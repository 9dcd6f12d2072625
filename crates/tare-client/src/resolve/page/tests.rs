//! Pages as the resolver reads them.

use proptest::prelude::*;

use super::*;

const PUBLISH: &str = concat!(
    r#"{"salt":"00112233445566778899aabbccddeeff","time":"2026-11-01T00:00:00Z","by":"ann","type":"publish","#,
    r#""package":"a/b","version":"1.2.0","kind":"adapter","#,
    r#""release":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","release-size":9,"#,
    r#""dependencies":[{"name":"a/x","requirement":"=1.0.0","relation":"base","variant":"bf16"}],"#,
    r#""variants":["q4","bf16"],"default-variant":"bf16","license":{},"size":1,"signatures":[]}"#
);

fn name() -> PackageName {
    "a/b".parse().unwrap()
}

fn change(kind: &str, version: &str, time: &str) -> String {
    format!(
        r#"{{"salt":"00112233445566778899aabbccddeeff","time":"{time}","by":"ann","type":"{kind}","package":"a/b","version":"{version}","reason":"wrong labels"}}"#
    )
}

#[test]
fn a_release_has_what_its_event_says() {
    let package = package(&name(), PUBLISH).unwrap();
    let [release] = package.releases() else { panic!("one release") };
    assert_eq!((release.version.to_string().as_str(), release.kind), ("1.2.0", Kind::Adapter));
    let [needed] = &package.dependencies(release).unwrap()[..] else { panic!("one dependency") };
    assert!(needed.is_pin());
    assert_eq!(needed.variant, Some("bf16".parse().unwrap()));
    let variants = package.variants(release).unwrap();
    assert_eq!(variants.names, ["bf16".parse().unwrap(), "q4".parse().unwrap()]);
}

#[test]
fn whole_events_read_the_same() {
    let event = tare_format::event::Event::from_line(PUBLISH).unwrap().unwrap();
    assert_eq!(
        parse(&name(), PUBLISH).unwrap(),
        parse(&name(), &event.to_line().unwrap()).unwrap()
    );
}

#[test]
fn later_events_change_the_standing_and_unknown_types_do_not() {
    let (yank, unyank) = (
        change("yank", "1.2.0", "2026-11-02T00:00:00Z"),
        change("unyank", "1.2.0", "2026-11-03T00:00:00Z"),
    );
    let page = format!(
        "{PUBLISH}\n{yank}\n{{\"type\":\"star\",\"time\":\"2026-11-02T00:00:00Z\"}}\n{unyank}\n"
    );
    let [release] = &parse(&name(), &page).unwrap()[..] else { panic!("one release") };
    let reason = "wrong labels".to_owned();
    let standings: Vec<_> = release.changes.iter().map(|change| change.standing.clone()).collect();
    assert_eq!(standings, [Standing::Yanked { reason }, Standing::Available]);
}

#[test]
fn a_second_publish_and_a_change_of_nothing_have_no_effect() {
    let again = PUBLISH.replace("adapter", "model");
    let strange = change("yank", "9.0.0", "2026-11-02T00:00:00Z");
    let page = format!("{PUBLISH}\n{again}\n{strange}");
    assert_eq!(parse(&name(), &page).unwrap(), parse(&name(), PUBLISH).unwrap());
}

#[test]
fn what_is_no_event_of_this_package_is_named_by_its_line() {
    let other = PUBLISH.replace("a/b", "a/c");
    let silent = change("yank", "1.2.0", "2026-11-02T00:00:00Z").replace("reason", "season");
    for (page, expected) in [
        (other, "line 1 of the page of `a/b` does not belong to this package"),
        ("{}".to_owned(), "line 1 of the page of `a/b` is not an event"),
        (
            PUBLISH.replace("\"kind\"", "\"kin\""),
            "line 1 of the page of `a/b` publishes a package of no kind",
        ),
        (format!("{PUBLISH}\n{silent}"), "line 2 of the page of `a/b` gives no reason"),
    ] {
        assert_eq!(parse(&name(), &page).unwrap_err().to_string(), expected);
    }
}

const SIGNER: &str = concat!(
    r#"{"salt":"00112233445566778899aabbccddeeff","time":"2026-11-01T00:00:00Z","by":"ann","type":"signer","#,
    r#""package":"a/b","key":{"id":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","pem":"k"},"change":"add"}"#
);

/// A line for a step of a story; the salt makes each line another one.
fn line(number: usize, step: u8, version: &str, lines: &[String]) -> Vec<String> {
    let publish = PUBLISH.replace("1.2.0", version);
    let (time, target) = ("2026-11-02T00:00:00Z", format!(r#"["a/b@{version}"]"#));
    let event = |kind: &str, fields: &str| {
        format!(r#"{{"salt":"","time":"{time}","by":"registry","type":"{kind}",{fields}}}"#)
    };
    let takedown = format!(
        r#""releases":{target},"class":"court","scope":"global","deadline-hours":1,"notice":"n""#
    );
    let text = match step {
        0 | 1 => publish,
        2 => change("yank", version, time),
        3 => change("unyank", version, time).replace(r#","reason":"wrong labels""#, ""),
        4 => change("withdraw", version, time),
        5 => event("star", r#""package":"a/b""#),
        6 => event("takedown", &takedown),
        _ => {
            let taken = lines.iter().rev().find(|line| line.contains("\"takedown\""));
            let payload = Sha256::of(taken.map_or("", String::as_str).as_bytes());
            let fields = format!(r#""takedown":0,"payload":"{payload}","releases":{target}"#);
            event("restore", &fields)
        }
    };
    let salted =
        text.find(r#""time""#).map(|at| format!(r#"{{"salt":"{number:032x}",{}"#, &text[at..]));
    salted.into_iter().collect()
}

/// Takes a line out of a page as the log would, with the event that says so.
fn redact(lines: &mut Vec<String>, at: usize) {
    let Some(text) = lines.get(at).cloned() else { return };
    let Ok(event) = serde_json::from_str::<serde_json::Value>(&text) else { return };
    let residue = match event["type"].as_str() {
        Some(kind @ ("publish" | "yank" | "unyank" | "withdraw")) => {
            serde_json::json!({ "type": kind, "package": "a/b", "version": event["version"] })
        }
        Some("takedown") => {
            serde_json::json!({ "type": "takedown", "releases": event["releases"] })
        }
        _ => return,
    };
    let payload = Sha256::of(text.as_bytes());
    lines[at] = format!("- {}", payload.hex());
    lines.push(format!(
        r#"{{"salt":"{:032x}","time":"2026-11-03T00:00:00Z","by":"registry","type":"redact","index":{at},"payload":"{payload}","class":"court","residue":{residue}}}"#,
        lines.len() + 1000
    ));
}

proptest! {
    #[test]
    fn it_says_what_the_rules_say(
        steps in prop::collection::vec((0..8_u8, 0..2_u8), 1..16),
        redacted in prop::option::of(1..16_usize),
    ) {
        let mut lines = vec![SIGNER.to_owned()];
        for (number, (step, version)) in steps.into_iter().enumerate() {
            let version = ["1.0.0", "1.1.0"][usize::from(version)];
            let more = line(number + 1, step, version, &lines);
            lines.extend(more);
        }
        if let Some(at) = redacted {
            redact(&mut lines, at);
        }
        let page = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let read = PackageState::read(&name(), page.as_bytes());
        prop_assume!(read.is_ok());
        let state = read.unwrap();
        let package = package(&name(), &page).unwrap();
        let known = state.releases.iter().filter_map(|(version, release)| {
            let published = release.publication.as_ref()?;
            let standing = Standing::from(release.standing());
            Some((version.clone(), published.published.release, standing))
        });
        let mut found: Vec<_> = package
            .releases()
            .iter()
            .map(|release| (release.version.clone(), release.digest, release.standing(None).clone()))
            .collect();
        found.sort_by(|one, other| one.0.cmp(&other.0));
        prop_assert_eq!(found, known.collect::<Vec<_>>(), "{}", page);
    }

    #[test]
    fn damaged_pages_never_panic(cut in 0..PUBLISH.len(), byte in any::<u8>()) {
        let mut bytes = PUBLISH.as_bytes().to_vec();
        bytes[cut] = byte;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let _ = parse(&name(), text);
        }
    }
}
