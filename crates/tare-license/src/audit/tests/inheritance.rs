//! What reaches what, and who hides it.

use super::*;
use crate::{Class, ClassSet};

#[test]
fn permissive_code_does_not_speak_for_its_weights() {
    let graph = graph(&["wake/open@0.4.0 model code=Apache-2.0 | weights=CC-BY-NC-SA-4.0"], &[]);
    let report = commercial(&graph);
    assert!(report.denied());
    assert_eq!(report.headline, "non-commercial");
    assert_eq!(loud(&report), [("LIC010", "wake/open@0.4.0"), ("LIC003", "wake/open@0.4.0")]);
    let node = report.node("wake/open@0.4.0").unwrap();
    assert_eq!(node.classes[&crate::Part::Code], Class::Permissive.into());
    assert_eq!(node.classes[&crate::Part::Weights], Class::NonCommercial.into());
}

#[test]
fn a_lora_that_forgets_its_base_is_found() {
    let graph = graph(
        &["me/lora@1.0.0 adapter weights=Apache-2.0", "lab/base@2.0.0 model weights=CC-BY-NC-4.0"],
        &["me/lora@1.0.0 base lab/base@2.0.0", "me/lora@1.0.0 adapted-from lab/base@2.0.0"],
    );
    let report = commercial(&graph);
    assert!(report.denied());
    let masked = report.with_code(Code::NcMasked).next().unwrap();
    assert_eq!((masked.node.as_str(), masked.severity), ("me/lora@1.0.0", Severity::Error));
    assert_eq!(
        masked.message,
        "`me/lora@1.0.0` declares `Apache-2.0` (permissive), but runs on `lab/base@2.0.0`, \
         whose weights are under `CC-BY-NC-4.0` (non-commercial)"
    );
    let relicensed = report.with_code(Code::Relicense).next().unwrap();
    assert_eq!((relicensed.certainty, relicensed.severity), (Certainty::Stated, Severity::Warning));
    let effective = &report.node("me/lora@1.0.0").unwrap().effective;
    let nc = effective.iter().find(|effective| effective.class == Class::NonCommercial).unwrap();
    assert_eq!(nc.path.to_string(), "me/lora@1.0.0 --base--> lab/base@2.0.0 (weights)");
    assert_eq!(nc.certainty, Certainty::Certain);
}

#[test]
fn a_copy_under_laxer_terms_is_denied() {
    for (relation, license, found) in [
        ("quantized-from", "CC-BY-NC-4.0", true),
        ("finetuned-from", "LicenseRef-gemma-2025-03-24", true),
        ("merged-from", "GPL-3.0-only", true),
        ("converted-from", "Apache-2.0", false),
        ("finetuned-from", "CC-BY-4.0", false),
        ("evaluated-on", "CC-BY-NC-4.0", false),
    ] {
        let copy = format!("me/copy@1.0.0 {relation} lab/base@1.0.0");
        let base = format!("lab/base@1.0.0 model weights={license}");
        let report = commercial(&graph(&["me/copy@1.0.0 model weights=MIT", &base], &[&copy]));
        let relicensed =
            report.with_code(Code::Relicense).any(|finding| finding.severity == Severity::Error);
        assert_eq!(
            (relicensed, report.denied()),
            (found, found),
            "{relation} {license}: {:#?}",
            report.findings
        );
    }
}

#[test]
fn same_licence_duties_know_later_versions_and_named_exits() {
    for (origin, declared, kept) in [
        ("CC-BY-SA-3.0", "CC-BY-SA-4.0", true),
        ("CC-BY-SA-4.0", "CC-BY-SA-3.0", false),
        ("CC-BY-SA-4.0", "GPL-3.0-only", true),
        ("GPL-2.0-or-later", "GPL-3.0-only", true),
        ("GPL-2.0-only", "GPL-3.0-only", false),
        ("CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", true),
        ("CC-BY-NC-SA-4.0", "CC-BY-NC-4.0", false),
        ("CC-BY-NC-4.0", "LicenseRef-who-knows", true),
    ] {
        let nodes = [
            format!("a/a@1.0.0 model weights={declared}"),
            format!("b/b@1.0.0 model weights={origin}"),
        ];
        let report =
            commercial(&graph(&[&nodes[0], &nodes[1]], &["a/a@1.0.0 finetuned-from b/b@1.0.0"]));
        assert_eq!(
            report.with_code(Code::Relicense).next().is_none(),
            kept,
            "{origin} under {declared}"
        );
    }
}

#[test]
fn training_data_is_contested_until_the_policy_decides() {
    let graph = graph(
        &["me/model@1.0.0 model weights=MIT", "lab/speech@1.0.0 dataset data=CC-BY-NC-4.0"],
        &["me/model@1.0.0 trained-on lab/speech@1.0.0"],
    );
    let report = commercial(&graph);
    assert!(!report.denied(), "{:#?}", report.findings);
    assert_eq!(report.headline, "permissive (contested: non-commercial via 1 training set)");
    assert_eq!(loud(&report), [("LIC011", "me/model@1.0.0"), ("LIC060", "lab/speech@1.0.0")]);
    assert_eq!(report.effective, Class::Permissive.into());
    assert_eq!(
        report.effective_contested,
        ClassSet::of(&[Class::Permissive, Class::NonCommercial])
    );

    let facts = facts(Profile::Commercial);
    let inherit = policy("[policy]\ntraining-data = \"inherit\"");
    let strict = audit(&graph, &facts, &inherit, Catalogue::builtin());
    assert!(strict.denied());
    assert_eq!(
        strict.headline,
        "permissive (inherited by policy: non-commercial via 1 training set)"
    );
    assert!(
        strict
            .findings
            .iter()
            .filter(|f| f.code == Code::NonCommercial)
            .all(|f| f.certainty == Certainty::Contested)
    );

    let ignore = policy("[policy]\ntraining-data = \"ignore\"");
    let deaf = audit(&graph, &facts, &ignore, Catalogue::builtin());
    assert_eq!((deaf.headline.as_str(), loud(&deaf)), ("permissive", vec![]));
    assert!(deaf.with_code(Code::NcMasked).next().is_some(), "a masked source is never left out");
}

#[test]
fn licences_that_leave_results_free_do_not_reach_models() {
    let graph = graph(
        &["me/model@1.0.0 model weights=MIT", "lab/text@1.0.0 dataset data=CDLA-Sharing-1.0"],
        &["me/model@1.0.0 trained-on lab/text@1.0.0"],
    );
    let report = commercial(&graph);
    assert_eq!(report.effective_contested, Class::Permissive.into());
}

#[test]
fn a_contract_makes_a_training_edge_certain() {
    let mut edge = edge("me/model@1.0.0 trained-on lab/speech@1.0.0");
    edge.certainty = Some(Certainty::Certain);
    let nodes = ["me/model@1.0.0 model weights=MIT", "lab/speech@1.0.0 dataset data=CC-BY-NC-4.0"];
    let graph = Graph::new(&[], nodes.iter().map(|line| node(line)).collect(), &[edge]).unwrap();
    assert!(commercial(&graph).denied());
}

#[test]
fn distillation_is_what_the_teacher_s_licence_says() {
    for (license, certainty) in [
        ("LicenseRef-gemma-2025-03-24", Some(Certainty::Stated)),
        ("LicenseRef-llama-2", Some(Certainty::Stated)),
        ("CC-BY-NC-4.0", Some(Certainty::Contested)),
    ] {
        let teacher = format!("lab/teacher@1.0.0 model weights={license}");
        let edges = ["me/student@1.0.0 distilled-from lab/teacher@1.0.0"];
        let report = commercial(&graph(&["me/student@1.0.0 model weights=MIT", &teacher], &edges));
        let worst =
            report.node("me/student@1.0.0").unwrap().effective_contested.last().unwrap().certainty;
        assert_eq!(Some(worst), certainty, "{license}");
        let says = report.with_code(Code::Output).next().is_some();
        assert_eq!(says, license == "LicenseRef-llama-2", "{license}");
    }
}

#[test]
fn what_an_ancestor_needed_to_run_is_no_part_of_its_descendants() {
    let nodes = [
        "me/model@1.0.0 model weights=MIT",
        "lab/base@1.0.0 model weights=MIT | code=CC-BY-NC-4.0",
        "lab/tokens@1.0.0 model weights=CC-BY-NC-4.0",
    ];
    let tokenizer = "lab/base@1.0.0 tokenizer lab/tokens@1.0.0";
    let made =
        commercial(&graph(&nodes, &["me/model@1.0.0 finetuned-from lab/base@1.0.0", tokenizer]));
    assert_eq!((made.denied(), made.headline.as_str()), (false, "permissive"));
    let needed =
        commercial(&graph(&nodes, &["me/model@1.0.0 component lab/base@1.0.0", tokenizer]));
    assert_eq!((needed.denied(), needed.headline.as_str()), (true, "non-commercial"));
}

#[test]
fn a_collection_that_declares_nothing_does_not_hide_its_members() {
    let graph = graph(
        &[
            "me/app@1.0.0 model weights=MIT",
            "lab/set@1.0.0 collection",
            "lab/voice@1.0.0 model weights=CC-BY-NC-4.0",
        ],
        &["me/app@1.0.0 component lab/set@1.0.0", "lab/set@1.0.0 member lab/voice@1.0.0"],
    );
    let report = commercial(&graph);
    let masked = report.with_code(Code::NcMasked).next().unwrap();
    assert_eq!(masked.node.as_str(), "me/app@1.0.0");
    assert!(
        masked.message.contains("2 steps behind it stands `lab/voice@1.0.0`"),
        "{}",
        masked.message
    );
}

#[test]
fn adaptations_of_what_may_not_be_adapted_are_found() {
    let graph = graph(
        &["me/clean@1.0.0 dataset data=CC-BY-ND-4.0", "lab/raw@1.0.0 dataset data=CC-BY-ND-4.0"],
        &["me/clean@1.0.0 derived-from lab/raw@1.0.0"],
    );
    let research =
        audit(&graph, &facts(Profile::Research), &Policy::default(), Catalogue::builtin());
    assert!(!research.denied(), "private adaptations are allowed");
    let passed_on =
        audit(&graph, &facts(Profile::Redistribute), &Policy::default(), Catalogue::builtin());
    let adapted = passed_on
        .with_code(Code::NoDerivatives)
        .find(|finding| finding.node.as_str() == "me/clean@1.0.0");
    assert!(adapted.unwrap().message.contains("adaptations may not be shared"));
}

#[test]
fn rings_of_data_sets_end() {
    let graph = graph(
        &[
            "a/a@1.0.0 dataset data=CC0-1.0",
            "b/b@1.0.0 dataset data=CC0-1.0",
            "c/c@1.0.0 dataset data=CC-BY-NC-4.0",
        ],
        &[
            "a/a@1.0.0 derived-from b/b@1.0.0",
            "b/b@1.0.0 derived-from c/c@1.0.0",
            "c/c@1.0.0 derived-from a/a@1.0.0",
        ],
    );
    let report = commercial(&graph);
    for node in &report.nodes {
        assert!(
            node.effective.iter().any(|effective| effective.class == Class::NonCommercial),
            "{}",
            node.id
        );
    }
    let loops = commercial(&super::graph(
        &["a/a@1.0.0 dataset data=MIT"],
        &["a/a@1.0.0 derived-from a/a@1.0.0"],
    ));
    assert_eq!(loops.headline, "permissive");
}

#[test]
fn alternatives_are_chosen_by_policy_and_recorded() {
    let graph = graph(&["a/a@1.0.0 model weights=CC-BY-NC-4.0 OR GPL-3.0-only OR MIT"], &[]);
    let report = commercial(&graph);
    assert!(!report.denied());
    let [choice] = report.nodes[0].choices.as_slice() else {
        panic!("{:?}", report.nodes[0].choices)
    };
    assert_eq!(choice.chosen, "MIT");
    assert_eq!(choice.left, ["GPL-3.0-only", "CC-BY-NC-4.0"]);

    let gpl = policy("[policy]\nallow-classes = []\nallow = [\"GPL-3.0-only\"]");
    let chosen = audit(&graph, &facts(Profile::Commercial), &gpl, Catalogue::builtin());
    assert_eq!((chosen.denied(), chosen.headline.as_str()), (false, "strong-copyleft"));
}

#[test]
fn nothing_unknown_passes_under_any_profile() {
    for license in [
        "weights=LicenseRef-foo",
        "weights=gpl",
        "weights=NONE",
        "weights=MIT AND",
        "weights=",
        "code=MIT",
    ] {
        for profile in Profile::ALL {
            let graph = graph(&[&format!("a/a@1.0.0 model {license}")], &[]);
            let report = audit(&graph, &facts(profile), &Policy::default(), Catalogue::builtin());
            assert!(report.denied(), "{license} under {profile}");
            assert_eq!(report.headline, "unknown");
        }
    }
    let report = commercial(&graph(&["a/a@1.0.0 model weights=LicenseRef-lama-3.1"], &[]));
    let unknown = report.with_code(Code::Unknown).next().unwrap();
    assert!(unknown.fix.starts_with("did you mean `LicenseRef-llama-3.1`?"), "{}", unknown.fix);
}

#[test]
fn permissive_terms_under_other_permissive_terms_are_no_conflict() {
    let graph = graph(
        &[
            "a/a@1.0.0 model weights=Apache-2.0 | code=MIT",
            "b/b@1.0.0 model weights=MIT",
            "c/c@1.0.0 model weights=BSD-3-Clause",
            "d/d@1.0.0 dataset data=CC-BY-4.0",
        ],
        &[
            "a/a@1.0.0 finetuned-from b/b@1.0.0",
            "b/b@1.0.0 component c/c@1.0.0",
            "a/a@1.0.0 trained-on d/d@1.0.0",
        ],
    );
    for profile in Profile::ALL {
        let mut texts: Vec<Node> = graph.nodes().to_vec();
        for node in &mut texts {
            let shipped = node.license.values().map(|license| LicenseText {
                license: Some(license.clone()),
                path: None,
                sha256: None,
            });
            node.texts = shipped.collect();
        }
        let edges =
            [edge("a/a@1.0.0 finetuned-from b/b@1.0.0"), edge("a/a@1.0.0 trained-on d/d@1.0.0")];
        let complete = Graph::new(&[], texts, &edges).unwrap();
        let report = audit(&complete, &facts(profile), &Policy::default(), Catalogue::builtin());
        assert!(
            report.findings.iter().all(|finding| finding.severity == Severity::Note),
            "{:#?}",
            report.findings
        );
    }
    assert_eq!(loud(&commercial(&graph)), []);
}

#[test]
fn something_outside_without_a_licence_is_unknown_as_what_it_was_used_for() {
    let nodes = ["a/a@1.0.0 model weights=MIT", "hf:org/text@x foreign", "hf:org/base@x foreign"];
    let edges = ["a/a@1.0.0 trained-on hf:org/text@x", "a/a@1.0.0 finetuned-from hf:org/base@x"];
    let report = commercial(&graph(&nodes, &edges));
    let unknown: Vec<_> =
        report.with_code(Code::Unknown).map(|f| (f.message.as_str(), f.severity)).collect();
    assert_eq!(
        unknown,
        [
            ("`hf:org/base@x` declares no licence for its weights", Severity::Error),
            ("`hf:org/text@x` declares no licence for its data", Severity::Warning),
        ]
    );
}
