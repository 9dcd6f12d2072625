use super::*;

fn event(by: &str, body: &str) -> Event {
    let line = format!(
        r#"{{"salt":"000102030405060708090a0b0c0d0e0f","time":"2026-11-24T00:00:00Z","by":"{by}",{body}}}"#
    );
    let event = Event::from_line(&line).unwrap().unwrap();
    assert_eq!(event.to_line().unwrap(), line, "an event is written as it was read");
    event
}

fn pages(body: &str) -> Vec<String> {
    event("registry", body).body.pages().iter().map(PageKey::path).collect()
}

const TAKEDOWN: &str = r#""type":"takedown","releases":["lab/a@1.0.0","lab/a@1.1.0","lab/b@1.0.0"],"class":"court","scope":["DE","FR"],"deadline-hours":24,"notice":"n-7""#;
const ADVISORY: &str = r#""type":"advisory","advisory":{"id":"x_TARE-2026-0001","modified":"2026-11-24T00:00:00Z","published":"2026-11-24T00:00:00Z","summary":"a backdoor","affected":[{"package":"lab/a","versions":"<1.2.0"}],"kind":"backdoor","action":"block","severity":"high","propagates":"derived","confidence":"confirmed"}"#;

#[test]
fn every_type_says_its_name_and_its_pages() {
    let digest = Sha256::of(b"x");
    let root = format!(r#""type":"root","version":1,"sha256":"{digest}""#);
    let redact = format!(
        r#""type":"redact","index":3,"payload":"{digest}","class":"pii","residue":{{"type":"yank","package":"lab/a","version":"1.0.0"}}"#
    );
    let state = format!(r#""type":"state","depth":1,"count":9,"root":"{digest}","root-version":1"#);
    assert_eq!(
        pages(r#""type":"owner","namespace":"lab","login":"ann","change":"add""#),
        ["namespaces/lab"]
    );
    assert_eq!(pages(TAKEDOWN), ["notices", "packages/lab/a", "packages/lab/b"]);
    assert_eq!(pages(ADVISORY), ["notices", "packages/lab/a"]);
    assert_eq!(pages(&root), ["notices"]);
    assert_eq!(pages(&redact), ["notices", "packages/lab/a"]);
    assert!(pages(&state).is_empty());
    for body in [TAKEDOWN, ADVISORY, &root, &redact, &state] {
        let name = event("registry", body).body.type_name();
        assert!(body.contains(&format!(r#""type":"{name}""#)));
        assert!(EventBody::TYPES.contains(&name));
    }
}

#[test]
fn what_is_left_of_a_line_stands_on_the_same_pages() {
    for body in [
        TAKEDOWN,
        ADVISORY,
        r#""type":"withdraw","package":"lab/a","version":"1.0.0","reason":"names of patients""#,
    ] {
        let event = event("registry", body);
        let residue = Residue::of(&event).unwrap();
        assert_eq!(residue.type_name(), Some(event.body.type_name()));
        assert_eq!(residue.pages(), event.body.pages());
        assert!(!serde_json::to_string(&residue).unwrap().contains("patients"));
    }
    let owner = event("ann", r#""type":"owner","namespace":"lab","login":"ann","change":"add""#);
    assert_eq!(Residue::of(&owner), None);
}

#[test]
fn lines_that_two_readers_would_read_differently_are_refused() {
    let good =
        event("ann", r#""type":"unyank","package":"lab/a","version":"1.0.0""#).to_line().unwrap();
    for bad in [
        good.replacen('{', r#"{"by":"eve","#, 1),
        good.replacen('{', r#"{"x":{"a":1,"a":2},"#, 1),
        good.replacen('{', r#"{"x":9007199254740993,"#, 1),
        good.replacen('{', r#"{"x":NaN,"#, 1),
        format!("{good}\r"),
        good.replace(',', ",\t"),
        good.replacen('{', &format!(r#"{{"x":"{}","#, "x".repeat(70_000)), 1),
        format!("[{good}]"),
    ] {
        assert!(Event::from_line(&bad).is_err(), "{}", &bad[..60.min(bad.len())]);
    }
}

#[test]
fn a_scope_is_everywhere_or_a_list_of_countries() {
    let scope = |text: &str| serde_json::from_str::<Scope>(text);
    assert!(scope("\"global\"").unwrap().covers(Some("DE")));
    let some = scope(r#"["FR","DE","FR"]"#).unwrap();
    assert_eq!(some, Scope::Countries(vec!["DE".to_owned(), "FR".to_owned()]));
    assert!(some.covers(Some("DE")) && some.covers(None) && !some.covers(Some("IT")));
    for bad in ["\"europe\"", "[]", r#"["de"]"#, "{}"] {
        assert!(scope(bad).is_err(), "{bad}");
    }
}
