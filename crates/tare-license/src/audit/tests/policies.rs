//! Policies: what they say, what they may not say, and who answers for exceptions.

use tare_format::manifest::ManifestError;

use super::*;
use crate::audit::PolicyError;
use crate::{Class, Metric};

const EXCEPTION: &str = r#"
[policy]
max-waiver-days = 400
[[exception]]
package = "lab/flux"
version = "^1.0"
part = "weights"
license = "LicenseRef-flux-1-dev-nc"
reason = "paid licence 123"
approver = "legal@example.org"
expires = 2026-11-24
"#;

fn flux(version: &str) -> Graph {
    let base = format!("lab/flux@{version} model weights=LicenseRef-flux-1-dev-nc");
    let edge = format!("me/lora@1.0.0 base lab/flux@{version}");
    graph(&["me/lora@1.0.0 adapter weights=Apache-2.0", &base], &[&edge])
}

fn on(day: &str, graph: &Graph, policy_text: &str) -> Report {
    let facts = Facts::new(Profile::Commercial, day.parse().unwrap());
    audit(graph, &facts, &policy(policy_text), Catalogue::builtin())
}

#[test]
fn an_exception_holds_to_the_end_of_its_day() {
    let graph = flux("1.2.0");
    let last_day = on("2026-11-24", &graph, EXCEPTION);
    assert!(!last_day.denied(), "{:#?}", last_day.findings);
    let nc = last_day.with_code(Code::NonCommercial).next().unwrap();
    assert_eq!(nc.waiver.as_ref().unwrap().reason, "paid licence 123");
    assert!(
        last_day.with_code(Code::NcMasked).all(|finding| finding.waiver.is_some()),
        "it covers what it causes"
    );

    let next_day = on("2026-11-25", &graph, EXCEPTION);
    assert!(next_day.denied());
    let expired = next_day.with_code(Code::WaiverExpired).next().unwrap();
    assert!(
        expired.message.contains("expired on 2026-11-24")
            && expired.message.contains("paid licence 123")
    );
}

#[test]
fn an_exception_is_for_one_licence_version_part_and_text() {
    let graph = flux("1.2.0");
    let digest = tare_format::Sha256::of(b"text").to_string();
    for (line, with) in [
        (
            "license = \"LicenseRef-flux-1-dev-nc\"",
            "license = \"LicenseRef-flux-nc-2.1\"".to_owned(),
        ),
        ("version = \"^1.0\"", "version = \"^2\"".to_owned()),
        ("part = \"weights\"", "part = \"code\"".to_owned()),
        ("part = \"weights\"", "profile = \"research\"".to_owned()),
        ("part = \"weights\"", format!("text = \"{digest}\"")),
    ] {
        let report = on("2026-11-24", &graph, &EXCEPTION.replace(line, &with));
        assert!(report.denied(), "{with}");
        let unused = report.with_code(Code::WaiverUnused).next().is_some();
        assert_eq!(unused, !with.starts_with("profile"), "{with}");
    }
}

#[test]
fn an_exception_may_not_run_longer_than_the_policy_allows() {
    let report = on("2026-11-24", &flux("1.2.0"), &EXCEPTION.replace("2026-11-24", "2028-01-01"));
    assert!(report.denied() && report.with_code(Code::WaiverTooLong).next().is_some());
}

#[test]
fn unused_exceptions_are_as_loud_as_the_policy_wants() {
    let graph = graph(&["a/a@1.0.0 model weights=MIT"], &[]);
    for (lint, found, denied) in
        [("allow", false, false), ("warn", true, false), ("deny", true, true)]
    {
        let text =
            EXCEPTION.replace("[policy]", &format!("[policy]\nunused-exception = \"{lint}\""));
        let report = on("2026-11-24", &graph, &text);
        assert_eq!(
            (report.with_code(Code::WaiverUnused).next().is_some(), report.denied()),
            (found, denied)
        );
    }
}

#[test]
fn lists_replace_and_profiles_add() {
    let text = "[policy]\nallow-classes = [\"permissive\"]\n[profile.research]\nallow-classes-add = [\"non-commercial\"]";
    let policy = policy(text);
    assert_eq!(policy.rules(Profile::Hosted).allow_classes, Class::Permissive.into());
    assert_eq!(
        policy.rules(Profile::Research).allow_classes.to_string(),
        "permissive, non-commercial"
    );
    let usual = Policy::default().rules(Profile::Commercial).allow_classes;
    assert_eq!(
        usual.to_string(),
        "public-domain, permissive, attribution-data, weak-copyleft, scale-restricted"
    );
}

#[test]
fn a_class_outside_the_list_is_denied_whatever_it_is() {
    let text = "[policy]\nallow-classes = [\"permissive\"]";
    for license in [
        "CC0-1.0",
        "CC-BY-4.0",
        "MPL-2.0",
        "GPL-3.0-only",
        "AGPL-3.0-only",
        "CC-BY-SA-4.0",
        "BUSL-1.1",
    ] {
        let graph = graph(&[&format!("a/a@1.0.0 dataset data={license}")], &[]);
        assert!(on("2026-11-24", &graph, text).denied(), "{license}");
    }
}

#[test]
fn facts_of_a_profile_come_from_the_policy() {
    let policy = policy(
        "[profile.commercial]\ngeo = [\"de\", \"US\"]\nmau = 2_000_000\nannual-revenue-usd = 4_000_000",
    );
    let facts = policy.facts(Profile::Commercial, TODAY.parse().unwrap());
    assert_eq!(facts.scale[&Metric::Mau], 2_000_000);
    assert_eq!(facts.geo.len(), 2);
}

#[test]
fn bad_policies_say_what_is_wrong() {
    for (text, expected) in [
        (
            "[policy]\nallow-clases = []",
            "unknown key `allow-clases` at 2:1: did you mean `allow-classes`?",
        ),
        ("[policy]\nallow-classes = [\"open\"]", "unknown value `open` at 2:18"),
        (
            "[policy]\nunknown = \"allow\"",
            "unknown value `allow` at 2:11: the values here are deny",
        ),
        ("[policy]\nallow-classes = [\"unknown\"]", "what is unknown never passes"),
        ("[policy]\nallow = [\"gpl\"]", "does not know (did you mean"),
        ("[policy]\nallow = [\"LicenseRef-other\"]", "what is unknown never passes"),
        ("[profile.commercial]\nmaus = 3", "maus"),
        ("[profile.sales]", "unknown value `sales`"),
        (&EXCEPTION.replace("paid licence 123", " "), "the exception for `lab/flux` has no reason"),
        (&EXCEPTION.replace("2026-11-24", "true"), "expected a date such as 2027-03-01"),
        (&EXCEPTION.replace("approver", "aprover"), "did you mean `approver`?"),
    ] {
        let error = Policy::from_toml(text, Catalogue::builtin()).unwrap_err();
        let all = match error {
            PolicyError::Syntax(ManifestError { message, help, position, .. }) => {
                let (place, help) = (position.unwrap(), help.unwrap_or_default());
                format!("{message} at {place}: {help}")
            }
            error => error.to_string(),
        };
        assert!(all.contains(expected), "{text}: {all}");
    }
}
