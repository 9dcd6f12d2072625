//! Advisories that are known and do not deny, for a reason and until a day.

use std::borrow::Cow;

use jiff::civil::Date;
use serde::Deserialize;
use tare_format::advisory::AdvisoryId;

use super::super::exception::{State, date, state};
use crate::audit::report::{Finding, Waiver};
use crate::audit::{Certainty, Code, Facts, Lint, NodeId, Policy, Severity};

/// `[[ignore]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ignore {
    /// The advisory.
    pub id: AdvisoryId,
    /// Why it may be.
    pub reason: String,
    /// The last day on which it holds, to its end in UTC.
    #[serde(deserialize_with = "date")]
    pub until: Date,
}

/// The entries, and which of them were needed.
pub(super) struct Desk<'p> {
    facts: &'p Facts,
    policy: &'p Policy,
    entries: Vec<Entry<'p>>,
}

struct Entry<'p> {
    ignore: &'p Ignore,
    state: State,
    is_used: bool,
}

impl<'p> Desk<'p> {
    pub(super) fn new(facts: &'p Facts, policy: &'p Policy) -> Self {
        let max_days = policy.policy.max_waiver_days;
        let entry = |ignore: &'p Ignore| Entry {
            ignore,
            state: state(ignore.until, facts, max_days),
            is_used: false,
        };
        Self { facts, policy, entries: policy.ignore.iter().map(entry).collect() }
    }

    /// What covers a finding of this advisory. Every entry that fits counts as used.
    pub(super) fn waiver(&mut self, id: &AdvisoryId, severity: Severity) -> Option<Waiver> {
        let mut found = None;
        for entry in self.entries.iter_mut().filter(|entry| entry.ignore.id == *id) {
            entry.is_used = true;
            if entry.state == State::Active && severity >= Severity::Warning {
                found.get_or_insert_with(|| Waiver {
                    reason: entry.ignore.reason.clone(),
                    approver: None,
                    expires: entry.ignore.until,
                });
            }
        }
        found
    }

    /// What is to be said of the entries themselves.
    pub(super) fn about_entries(&self) -> Vec<Finding> {
        self.entries.iter().filter_map(|entry| self.about(entry)).collect()
    }

    fn about(&self, entry: &Entry<'_>) -> Option<Finding> {
        let (ignore, unused) = (entry.ignore, self.policy.policy.unused_exception);
        let (code, problem) = match entry.state {
            State::Expired => (Code::IgnoreExpired, format!("expired on {}", ignore.until)),
            State::TooLong => (Code::IgnoreTooLong, format!("runs to {}", ignore.until)),
            State::Active if entry.is_used || unused == Lint::Allow => return None,
            State::Active => (Code::IgnoreUnused, "covers nothing that was found".to_owned()),
        };
        let severity = match (code, unused) {
            (Code::IgnoreUnused, Lint::Deny) => Severity::Error,
            _ => code.severity(self.facts.profile),
        };
        Some(Finding {
            code,
            severity,
            certainty: Certainty::Certain,
            node: NodeId::from(ignore.id.as_str()),
            part: None,
            license: None,
            paths: Vec::new(),
            message: format!(
                "the entry that ignores {} {problem} (its reason: {})",
                ignore.id, ignore.reason
            ),
            fix: Cow::Borrowed(code.info().fix),
            waiver: None,
            advisory: None,
        })
    }
}
