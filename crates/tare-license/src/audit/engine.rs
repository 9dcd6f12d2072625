//! The audit itself: survey, check, excuse, report.

use std::collections::BTreeMap;

use super::report::{FORMAT, NOT_LEGAL_ADVICE, NodeReport};
use super::survey::Survey;
use super::{
    Facts, Graph, Policy, Report, Severity, advisories, checks, effective, headline, waivers,
};
use crate::catalogue::Catalogue;

/// Audits a graph for the given facts under a policy.
///
/// A pure function: the same arguments give the same report, whatever order nodes and edges came in.
#[must_use]
pub fn audit(graph: &Graph, facts: &Facts, policy: &Policy, catalogue: &Catalogue) -> Report {
    let rules = policy.rules(facts.profile);
    let survey = Survey::new(graph, facts, &rules, catalogue);
    let mut findings = waivers::apply(&survey, policy, checks::run(&survey));
    findings.extend(advisories(graph, facts, policy));
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.code));
    let whole = headline::of(&survey);
    // an error that no exception covers denies.
    let denied = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error && finding.waiver.is_none());
    let nodes = nodes(&survey);
    Report {
        format: FORMAT,
        notice: NOT_LEGAL_ADVICE,
        catalogue: catalogue.digest(),
        facts: facts.clone(),
        headline: whole.headline,
        denied,
        effective: whole.effective,
        effective_contested: whole.effective_contested,
        nodes,
        findings,
        rules,
    }
}

fn nodes(survey: &Survey<'_>) -> Vec<NodeReport> {
    let effective = effective::of_nodes(survey);
    let nodes = survey.graph.nodes.iter().zip(0..).zip(effective).zip(&survey.terms.choices);
    nodes
        .map(|(((node, at), effective_contested), choices)| {
            let mut classes = BTreeMap::new();
            for (_, term) in survey.terms.of(at) {
                let known: &mut crate::ClassSet = classes.entry(term.part).or_default();
                *known = known.union(term.found.classes);
            }
            NodeReport {
                id: node.id.clone(),
                kind: node.kind,
                declared: node.license.clone(),
                classes,
                choices: choices.clone(),
                effective: effective::uncontested(&effective_contested),
                effective_contested,
            }
        })
        .collect()
}
