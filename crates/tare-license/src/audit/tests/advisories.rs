//! Advisories: each action, direct, handed down and by digest; ignored, and ignored too long; withdrawn and disputed.

use std::sync::Arc;

use tare_format::Sha256;
use tare_format::advisory::{Advisory, AdvisoryAction};

use super::*;

const ID: &str = "x_TARE-2026-1";

fn advisory(action: &str, propagates: &str) -> Advisory {
    let text = format!(
        r#"{{"id":"{ID}","modified":"2026-11-24T00:00:00Z","published":"2026-11-24T00:00:00Z","summary":"It leaks.",
        "affected":[{{"package":"lab/web","versions":"all"}}],"kind":"pii","action":"{action}","severity":"high",
        "propagates":"{propagates}","confidence":"confirmed","superseded-by":"lab/web@2.0.0","remediation":"train again"}}"#
    );
    Advisory::parse(&text).unwrap()
}

/// A model that was quantized from one that was trained on a data set, beside an adapter that runs on it.
fn lineage(hits: &[(&str, &Advisory, Option<Sha256>)]) -> Graph {
    let mut nodes: Vec<Node> =
        ["me/lora@1.0.0 adapter", "lab/small@1.0.0 model", "lab/big@1.0.0 model"]
            .map(|line| node(&format!("{line} weights=MIT")))
            .into();
    nodes.push(node("lab/web@1.0.0 dataset data=MIT"));
    for (id, advisory, digest) in hits {
        let node = nodes.iter_mut().find(|node| node.id.as_str() == *id).unwrap();
        node.advisories.push(Hit { advisory: Arc::new((*advisory).clone()), digest: *digest });
    }
    let edges = [
        "me/lora@1.0.0 base lab/small@1.0.0",
        "lab/small@1.0.0 quantized-from lab/big@1.0.0",
        "lab/big@1.0.0 trained-on lab/web@1.0.0",
    ];
    Graph::new(&[], nodes, &edges.map(edge)).unwrap()
}

/// What is found of the advisory: the node, the action, how heavy, and whether it is ignored.
fn found(graph: &Graph, text: &str) -> Vec<(String, AdvisoryAction, Severity, bool)> {
    let found = advisories(graph, &facts(Profile::Internal), &policy(text));
    let about = found.into_iter().filter_map(|finding| {
        let action = finding.advisory.as_ref()?.action;
        Some((finding.node.to_string(), action, finding.severity, finding.waiver.is_some()))
    });
    about.collect()
}

/// The weight of an action, in words of the table of A-40.
fn weight(action: AdvisoryAction) -> Severity {
    match action {
        AdvisoryAction::Info => Severity::Note,
        AdvisoryAction::Warn => Severity::Warning,
        _ => Severity::Error,
    }
}

fn ignored(until: &str) -> String {
    format!("[[ignore]]\nid = \"{ID}\"\nreason = \"not us\"\nuntil = \"{until}\"\n")
}

#[test]
fn every_action_direct_by_digest_and_handed_down_ignored_or_not() {
    let digest = Sha256::of(b"weights");
    // What is named, by what, how many steps from there to `lab/small`, and how it is handed down.
    let ways = [
        ("lab/small@1.0.0", None, 0, "none"),
        ("lab/small@1.0.0", Some(digest), 0, "none"),
        ("lab/big@1.0.0", None, 1, "derived"),
        ("lab/big@1.0.0", Some(digest), 1, "derived"),
        ("lab/web@1.0.0", None, 2, "trained-on"),
    ];
    for (at, action) in AdvisoryAction::ALL.iter().enumerate() {
        for (named, digest, steps, propagates) in ways {
            let mut advisory = advisory(action.as_str(), propagates);
            let graph = lineage(&[(named, &advisory, digest)]);
            let effective = AdvisoryAction::ALL[at.saturating_sub(steps)];
            for (text, is_ignored) in [
                (String::new(), false),
                (ignored("2026-11-24"), weight(effective) > Severity::Note),
                (ignored("2026-11-23"), false),
            ] {
                let expected =
                    ("lab/small@1.0.0".to_owned(), effective, weight(effective), is_ignored);
                assert_eq!(found(&graph, &text), [expected], "{action} {named} {text}");
            }
            advisory.withdrawn = Some(advisory.modified);
            assert_eq!(found(&lineage(&[(named, &advisory, digest)]), ""), []);
        }
    }
}

#[test]
fn what_is_not_handed_down_is_a_note_in_the_history() {
    for (named, propagates) in [("lab/big@1.0.0", "none"), ("lab/web@1.0.0", "derived")] {
        let graph = lineage(&[(named, &advisory("delete", propagates), None)]);
        let expected = (named.to_owned(), AdvisoryAction::Info, Severity::Note, false);
        assert_eq!(found(&graph, ""), [expected]);
        assert!(!commercial(&graph).denied());
    }
}

#[test]
fn a_disputed_accusation_denies_nothing() {
    let mut disputed = advisory("delete", "none");
    disputed.confidence = tare_format::advisory::Confidence::Disputed;
    let graph = lineage(&[("me/lora@1.0.0", &disputed, None)]);
    let [(_, action, severity, _)] = &found(&graph, "")[..] else { panic!("one finding") };
    assert_eq!((*action, *severity), (AdvisoryAction::Delete, Severity::Warning));
    assert!(!commercial(&graph).denied());
}

#[test]
fn a_finding_says_where_it_comes_from_and_what_to_do() {
    let graph = lineage(&[("lab/web@1.0.0", &advisory("delete", "trained-on"), None)]);
    let report = commercial(&graph);
    assert!(report.denied());
    let finding = report.with_code(Code::AdvisoryInherited).next().unwrap();
    assert_eq!(
        finding.paths[0].to_string(),
        "me/lora@1.0.0 --base--> lab/small@1.0.0 --quantized-from--> lab/big@1.0.0 --trained-on--> lab/web@1.0.0"
    );
    assert_eq!(finding.fix, "use `lab/web@2.0.0`; train again");
    let json = serde_json::to_value(finding).unwrap();
    assert_eq!(
        (&json["code"], &json["advisory"]["action"], &json["advisory"]["stated"]),
        (&"ADV004".into(), &"block".into(), &"delete".into())
    );
}

#[test]
fn one_advisory_that_names_both_ends_is_told_of_each_by_the_nearest_name() {
    let advisory = advisory("block", "trained-on");
    let graph =
        lineage(&[("lab/small@1.0.0", &advisory, None), ("lab/web@1.0.0", &advisory, None)]);
    let expected = ("lab/small@1.0.0".to_owned(), AdvisoryAction::Block, Severity::Error, false);
    assert_eq!(found(&graph, ""), [expected]);
}

#[test]
fn a_long_way_and_a_ring_end() {
    let nodes: Vec<Node> =
        (0..40).map(|at| node(&format!("lab/m{at}@1.0.0 model weights=MIT"))).collect();
    let mut edges: Vec<Edge> = (0..39)
        .map(|at| edge(&format!("lab/m{at}@1.0.0 finetuned-from lab/m{}@1.0.0", at + 1)))
        .collect();
    edges.push(edge("lab/m39@1.0.0 derived-from lab/m5@1.0.0"));
    let mut nodes = nodes;
    nodes[39]
        .advisories
        .push(Hit { advisory: Arc::new(advisory("delete", "derived")), digest: None });
    let graph = Graph::new(&["lab/m0@1.0.0".into()], nodes, &edges).unwrap();
    let [finding] = &advisories(&graph, &facts(Profile::Internal), &Policy::default())[..] else {
        panic!("one finding")
    };
    assert_eq!((finding.severity, finding.advisory.as_ref().unwrap().steps), (Severity::Note, 39));
    assert_eq!(
        finding.paths[0].to_string(),
        "lab/m0@1.0.0 … 38 more … --finetuned-from--> lab/m39@1.0.0"
    );
}

#[test]
fn entries_that_ignore_are_looked_at_themselves() {
    let codes = |text: &str| -> Vec<&str> {
        let found = advisories(&lineage(&[]), &facts(Profile::Internal), &policy(text));
        found.iter().map(|finding| finding.code.info().id).collect()
    };
    assert_eq!(codes(&ignored("2026-11-23")), ["ADV100"]);
    assert_eq!(codes(&ignored("2026-12-24")), ["ADV101"]);
    let general = |line: &str| format!("[policy]\n{line}\n{}", ignored("2027-11-24"));
    assert_eq!(codes(&general("max-waiver-days = 30")), ["ADV102"]);
    assert_eq!(codes(&general("unused-exception = \"allow\"")), [""; 0]);
    for bad in [
        ignored("2026-12-24").replace("not us", " "),
        ignored("2026-12-24").replace(ID, "CVE-2026-1"),
        ignored("tomorrow"),
        ignored("2026-12-24") + "approver = \"ann\"\n",
    ] {
        assert!(Policy::from_toml(&bad, Catalogue::builtin()).is_err(), "{bad}");
    }
}
