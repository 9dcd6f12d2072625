use super::*;

const GOOD: &str = r#"{"id":"x_TARE-2026-0001","modified":"2026-11-24T00:00:00Z","published":"2026-11-23T00:00:00Z","aliases":["CVE-2026-1"],"summary":"weights hold a backdoor","affected":[{"package":"lab/b","versions":"all"},{"package":"lab/a","versions":">=1.0.0, <1.2.0"}],"hashes":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],"kind":"backdoor","action":"block","severity":"high","propagates":"derived","confidence":"confirmed","superseded-by":"lab/a@1.2.0","references":["https://example.org/a"]}"#;

#[test]
fn an_advisory_is_written_as_it_was_read() {
    let advisory = Advisory::parse(GOOD).unwrap();
    assert_eq!(serde_json::to_string(&advisory).unwrap(), GOOD);
    let packages: Vec<_> = advisory.packages().iter().map(ToString::to_string).collect();
    assert_eq!(packages, ["lab/a", "lab/b"]);
    assert!(advisory.is_in_force());
}

#[test]
fn it_is_about_pre_releases_of_what_it_is_about() {
    let advisory = Advisory::parse(GOOD).unwrap();
    let affects = |package: &str, version: &str| {
        advisory.affects(&package.parse().unwrap(), &version.parse().unwrap())
    };
    for version in ["1.0.0", "1.1.9", "1.2.0-rc.1", "1.1.0-rc.1"] {
        assert!(affects("lab/a", version), "{version}");
    }
    for version in ["0.9.0", "1.2.0", "1.2.1-rc.1", "2.0.0-rc.1"] {
        assert!(!affects("lab/a", version), "{version}");
    }
    assert!(affects("Lab/B", "0.0.1-pre") && !affects("lab/c", "1.0.0"));
}

#[test]
fn what_breaks_a_rule_is_named_by_its_field() {
    let long = "x".repeat(201);
    for (from, to, expected) in [
        ("weights hold a backdoor", long.as_str(), "field `summary`"),
        ("weights hold a backdoor", "two\\nlines", "field `summary`"),
        ("2026-11-24", "2026-11-22", "field `modified`"),
        ("lab/b", "Lab/A", "field `affected` of advisory x_TARE-2026-0001 names a package twice"),
        ("https://example.org/a", "javascript:alert(1)", "field `references`"),
        ("CVE-2026-1", "", "field `aliases`"),
        ("x_TARE-2026-0001", "CVE-2026-1", "advisory cannot be read"),
        ("x_TARE-2026-0001", "x_TARE-26-1", "advisory cannot be read"),
        ("\"block\"", "\"shout\"", "advisory cannot be read"),
        (">=1.0.0, <1.2.0", "newest", "advisory cannot be read"),
    ] {
        let error = Advisory::parse(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{to}: {error}");
    }
}

#[test]
fn it_names_something() {
    let mut advisory = Advisory::parse(GOOD).unwrap();
    advisory.affected.clear();
    advisory.check().unwrap();
    advisory.hashes.clear();
    assert!(advisory.check().is_err());
}

#[test]
fn actions_and_severities_have_an_order() {
    assert!(AdvisoryAction::Delete > AdvisoryAction::Block);
    assert!(Severity::Critical > Severity::Low);
    assert!(Confidence::Confirmed > Confidence::Disputed);
    for kind in AdvisoryKind::ALL {
        assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{kind}\""));
    }
}
