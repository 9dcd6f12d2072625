//! Exceptions laid over what was found: drafts become findings.

use std::borrow::Cow;
use std::collections::HashMap;

use super::exception::State;
use super::report::{Finding, Waiver};
use super::survey::{Draft, Survey};
use super::{Certainty, Code, Exception, Lint, NodeId, Policy, Severity};

/// Turns drafts into findings, in order: heaviest first, then by code, node and licence; exceptions come after.
pub(super) fn apply(survey: &Survey<'_>, policy: &Policy, mut drafts: Vec<Draft>) -> Vec<Finding> {
    // Nodes and terms are numbered in the order of ids, so numbers sort as names would.
    drafts.sort_by_cached_key(|draft| {
        (std::cmp::Reverse(draft.severity), draft.code, draft.node, draft.term)
    });
    let mut desk = Desk::new(survey, policy);
    let mut findings: Vec<Finding> = drafts.into_iter().map(|draft| desk.decide(draft)).collect();
    findings.extend(desk.about_exceptions());
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.code));
    findings
}

struct Desk<'s, 'a> {
    survey: &'s Survey<'a>,
    policy: &'s Policy,
    by_package: HashMap<&'s str, Vec<usize>>,
    states: Vec<State>,
    used: Vec<bool>,
}

impl<'s, 'a> Desk<'s, 'a> {
    fn new(survey: &'s Survey<'a>, policy: &'s Policy) -> Self {
        let mut by_package: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, exception) in policy.exception.iter().enumerate() {
            by_package.entry(&exception.package).or_default().push(at);
        }
        let max_days = policy.policy.max_waiver_days;
        let states = policy
            .exception
            .iter()
            .map(|exception| exception.state(survey.facts, max_days))
            .collect();
        Self { survey, policy, by_package, states, used: vec![false; policy.exception.len()] }
    }

    fn decide(&mut self, draft: Draft) -> Finding {
        let term = draft.term.and_then(|at| self.survey.terms.all.get(at));
        let waiver = self.waiver(&draft);
        Finding {
            code: draft.code,
            severity: draft.severity,
            certainty: draft.certainty,
            node: self.survey.node(draft.node).id.clone(),
            part: term.map(|term| term.part),
            license: term.map(|term| term.found.license.clone()),
            paths: draft.path.into_iter().collect(),
            message: draft.message,
            fix: draft.fix.map_or(Cow::Borrowed(draft.code.info().fix), Cow::Owned),
            waiver,
            advisory: None,
        }
    }

    /// an exception for a licence covers what that licence causes, at its own node and at those it reaches.
    /// Every exception that fits counts as used, so that of two for one licence neither is called needless.
    fn waiver(&mut self, draft: &Draft) -> Option<Waiver> {
        let term = self.survey.terms.all.get(draft.term?)?;
        if draft.severity < Severity::Warning {
            return None;
        }
        let mut found = None;
        for at in [term.node, draft.node] {
            let node = self.survey.node(at);
            for &number in self.by_package.get(node.id.package()).into_iter().flatten() {
                let Some(exception) = self.policy.exception.get(number) else { continue };
                let profile = self.survey.facts.profile;
                if !exception.covers(node, Some(term.part), &term.found.license, profile) {
                    continue;
                }
                if let Some(used) = self.used.get_mut(number) {
                    *used = true;
                }
                if self.states.get(number) == Some(&State::Active) {
                    found = found.or_else(|| Some(waiver_of(exception)));
                }
            }
        }
        found
    }

    fn about_exceptions(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for ((exception, state), used) in
            self.policy.exception.iter().zip(&self.states).zip(&self.used)
        {
            let other_profile =
                exception.profile.is_some_and(|profile| profile != self.survey.facts.profile);
            let (code, problem) = match state {
                State::Expired => {
                    (Code::WaiverExpired, format!("expired on {}", exception.expires))
                }
                State::TooLong => (Code::WaiverTooLong, format!("runs to {}", exception.expires)),
                State::Active if *used || other_profile => continue,
                State::Active => (Code::WaiverUnused, "covers nothing that was found".to_owned()),
            };
            let severity = match (code, self.policy.policy.unused_exception) {
                (Code::WaiverUnused, Lint::Allow) => continue,
                (Code::WaiverUnused, Lint::Deny) => Severity::Error,
                _ => self.survey.usual(code),
            };
            findings.push(about(exception, code, severity, &problem));
        }
        findings
    }
}

fn waiver_of(exception: &Exception) -> Waiver {
    Waiver {
        reason: exception.reason.clone(),
        approver: Some(exception.approver.clone()),
        expires: exception.expires,
    }
}

fn about(exception: &Exception, code: Code, severity: Severity, problem: &str) -> Finding {
    Finding {
        code,
        severity,
        certainty: Certainty::Certain,
        node: NodeId::from(exception.package.as_str()),
        part: exception.part,
        license: Some(exception.license.as_str().into()),
        paths: Vec::new(),
        message: format!(
            "the exception for `{}` under `{}` by {} {problem} (its reason: {})",
            exception.package, exception.license, exception.approver, exception.reason
        ),
        fix: Cow::Borrowed(code.info().fix),
        waiver: None,
        advisory: None,
    }
}
