//! Sizes, places, registrations, and what a node lacks.

use super::*;
use crate::Metric;

fn with_revenue(license: &str, revenue: Option<u64>) -> Report {
    let graph = graph(&[&format!("a/a@1.0.0 model weights={license}")], &[]);
    let known = revenue
        .map(|amount| facts(Profile::Commercial).with_scale(Metric::AnnualRevenueUsd, amount));
    audit(
        &graph,
        &known.unwrap_or(facts(Profile::Commercial)),
        &Policy::default(),
        Catalogue::builtin(),
    )
}

#[test]
fn the_exact_amount_is_decided_by_the_words_of_the_licence() {
    for (license, revenue, denied) in [
        ("LicenseRef-stability-community-2024", Some(1_000_000), false),
        ("LicenseRef-stability-community-2024", Some(1_000_001), true),
        ("LicenseRef-krea-2-community", Some(999_999), false),
        ("LicenseRef-krea-2-community", Some(1_000_000), true),
        ("LicenseRef-ltx-2-community", Some(9_999_999), false),
        ("LicenseRef-ltx-2-community", Some(10_000_000), true),
        ("LicenseRef-krea-2-community", None, true),
    ] {
        let report = with_revenue(license, revenue);
        assert_eq!(report.denied(), denied, "{license} at {revenue:?}: {:#?}", report.findings);
        assert!(report.with_code(Code::Scale).next().is_some());
    }
}

#[test]
fn a_missing_fact_is_asked_for_by_name() {
    let report = with_revenue("LicenseRef-krea-2-community", None);
    let scale = report.with_code(Code::Scale).next().unwrap();
    assert_eq!(scale.fix, "state `annual-revenue-usd` in the facts or in the policy's profile");
}

#[test]
fn one_of_several_thresholds_is_enough() {
    let graph = graph(&["a/a@1.0.0 model weights=LicenseRef-moonshot-modified-mit-kimi-k2"], &[]);
    let large = facts(Profile::Commercial).with_scale(Metric::Mau, 100_000_001);
    let report = audit(&graph, &large, &Policy::default(), Catalogue::builtin());
    let display = report.with_code(Code::Display).next().unwrap();
    assert_eq!(
        (display.severity, report.denied()),
        (Severity::Warning, false),
        "a duty, not a limit"
    );
}

#[test]
fn places_are_compared_with_the_union_they_lie_in() {
    let hunyuan = graph(&["a/a@1.0.0 model weights=LicenseRef-tencent-hunyuan-community"], &[]);
    let llama = graph(&["a/a@1.0.0 model weights=LicenseRef-llama-4"], &[]);
    let audit_in = |graph: &Graph, place: &str| {
        let facts =
            facts(Profile::Internal).with_scale(Metric::Mau, 5).with_place(place.parse().unwrap());
        audit(graph, &facts, &Policy::default(), Catalogue::builtin())
    };
    assert!(audit_in(&hunyuan, "DE").denied());
    assert!(!audit_in(&hunyuan, "US").denied());
    let conditional = audit_in(&llama, "FR");
    let geo = conditional.with_code(Code::Geo).next().unwrap();
    assert_eq!(geo.severity, Severity::Warning, "only multimodal models are excluded");
    assert!(geo.message.contains("multimodal"));
}

#[test]
fn duties_are_told_with_their_words() {
    let graph = graph(&["a/a@1.0.0 model weights=LicenseRef-llama-3.1"], &[]);
    let report = commercial(&graph);
    let told = |code| {
        report.with_code(code).next().map(|finding| finding.message.clone()).unwrap_or_default()
    };
    assert!(told(Code::Display).contains("\"Built with Llama\""));
    assert!(told(Code::Naming).contains("names begin with \"Llama\""));
    assert!(told(Code::Notice).contains("Llama 3.1 is licensed under"));
    assert!(told(Code::Attribution).contains("name the source"));
}

#[test]
fn a_node_s_own_troubles_are_found() {
    let mut outside = node("hf:org/x@main foreign weights=MIT");
    let mut inside = node("a/a@1.0.0 model weights=MIT");
    inside.undisclosed = 2;
    inside.yanked = Some("wrong labels".to_owned());
    let edges = [edge("a/a@1.0.0 finetuned-from hf:org/x@main")];
    let report =
        commercial(&Graph::new(&[], vec![inside.clone(), outside.clone()], &edges).unwrap());
    let mut codes: Vec<_> = report
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Warning)
        .map(|f| f.code)
        .collect();
    codes.sort();
    assert_eq!(codes, [Code::PayloadMissing, Code::Undisclosed, Code::RevisionPin, Code::Yanked]);

    outside.revision = Some("0123456789abcdef0123456789abcdef01234567".to_owned());
    inside.flags.insert(Flag::Withdrawn);
    let report = commercial(&Graph::new(&[], vec![inside, outside], &edges).unwrap());
    assert!(report.with_code(Code::RevisionPin).next().is_none());
    assert!(report.denied(), "withdrawn");
}

#[test]
fn a_text_counts_when_it_is_of_the_declared_licence() {
    let with_text = |texts: &str| {
        let text = format!(
            "[[node]]\nid = \"a/a@1.0.0\"\nkind = \"model\"\nlicense = {{ weights = \"Apache-2.0\" }}\ntexts = {texts}"
        );
        let graph = Graph::from_toml(&text).unwrap();
        let report =
            audit(&graph, &facts(Profile::Redistribute), &Policy::default(), Catalogue::builtin());
        report.with_code(Code::PayloadMissing).next().is_some()
    };
    assert!(with_text("[]") && with_text("[\"MIT\"]"));
    assert!(!with_text("[\"Apache-2.0\"]") && !with_text("[{ path = \"LICENSE\" }]"));
}
