//! Advisories laid over the graph: what was said of a release or a file, and what that means for what is used.
//!
//! Who gives the facts says which advisory hits which node, by version or by digest. What it means further on is decided
//! here: an advisory is handed down along lineage, and each step from what it names makes the action one milder, because a
//! model is not the data that it was trained on.

mod handed;
mod ignore;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tare_format::advisory::{
    Advisory, AdvisoryAction, AdvisoryId, AdvisoryKind, Confidence, Severity as Harm,
};
use tare_format::{ReleaseId, Sha256};

use super::graph::Graph;
use super::reach::{Direction, Mesh, Reach, State};
use super::report::{Finding, Path, Step};
use super::{Certainty, Code, Facts, NodeId, Policy, Relation, Severity};
use handed::Handed;
use ignore::Desk;

pub use ignore::Ignore;

/// Longest way from what is used to what an advisory names that is written out, in nodes.
const MAX_TAIL: usize = 8;

/// An advisory that speaks of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What it says.
    pub advisory: Arc<Advisory>,
    /// The digest that it names, of the release or of one of its files; none when it names the version.
    pub digest: Option<Sha256>,
}

/// What a finding says of its advisory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Advised {
    /// Its name.
    pub id: AdvisoryId,
    /// What is wrong.
    pub kind: AdvisoryKind,
    /// What is to be done about the node of the finding.
    pub action: AdvisoryAction,
    /// What is to be done about what it names.
    pub stated: AdvisoryAction,
    /// How bad it is.
    pub severity: Harm,
    /// How sure it is.
    pub confidence: Confidence,
    /// How many steps of lineage lie between.
    pub steps: u32,
    /// The digest by which it was recognised; none when it names the version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Sha256>,
    /// One line of what it says.
    pub summary: String,
    /// What to use instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<ReleaseId>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<String>,
}

/// What the advisories in force mean for a graph, and what is to be said of the policy's `[[ignore]]` entries. No licence is
/// looked at. A pure function, as [`audit`](super::audit()).
#[must_use]
pub fn advisories(graph: &Graph, facts: &Facts, policy: &Policy) -> Vec<Finding> {
    let mut desk = Desk::new(facts, policy);
    let mut findings = Vec::new();
    let groups = groups(graph);
    if !groups.is_empty() {
        let view = View::new(graph);
        for group in &groups {
            for mut finding in view.findings(group) {
                finding.waiver = desk.waiver(&group.advisory.id, finding.severity);
                findings.push(finding);
            }
        }
    }
    findings.extend(desk.about_entries());
    findings
}

/// An advisory in force with all nodes that it speaks of.
struct Group<'g> {
    advisory: &'g Advisory,
    nodes: BTreeMap<u32, Option<Sha256>>,
}

fn groups(graph: &Graph) -> Vec<Group<'_>> {
    let mut by_id: BTreeMap<&AdvisoryId, Vec<Group<'_>>> = BTreeMap::new();
    for (node, at) in graph.nodes.iter().zip(0..) {
        for hit in node.advisories.iter().filter(|hit| hit.advisory.is_in_force()) {
            // Two registries may use one id for two advisories.
            let known = by_id.entry(&hit.advisory.id).or_default();
            let place = known.iter().position(|group| *group.advisory == *hit.advisory);
            let place = place.unwrap_or_else(|| {
                known.push(Group { advisory: &hit.advisory, nodes: BTreeMap::new() });
                known.len() - 1
            });
            if let Some(group) = known.get_mut(place) {
                group.nodes.entry(at).or_insert(hit.digest);
            }
        }
    }
    by_id.into_values().flatten().collect()
}

/// The graph with the ways to everything in it.
struct View<'g> {
    graph: &'g Graph,
    mesh: Mesh<'g>,
    present: Reach,
}

impl<'g> View<'g> {
    fn new(graph: &'g Graph) -> Self {
        let mesh = Mesh::new(graph);
        let roots: Vec<State> = graph.roots.iter().map(|&root| State::used(root)).collect();
        let present = mesh.search(Direction::Down, &roots, |link| {
            (link.relation != Relation::EvaluatedOn).then_some(Certainty::Certain)
        });
        Self { graph, mesh, present }
    }

    fn is_used(&self, node: u32) -> bool {
        self.present.at(State::used(node)).is_some()
    }

    fn findings(&self, group: &Group<'_>) -> Vec<Finding> {
        let handed = Handed::new(self.graph, group.advisory.propagates, group.nodes.keys());
        let used = handed.nodes().filter(|(node, _)| self.is_used(*node));
        // What needs something to run is not said to come from it: that is there itself, and is found.
        let used = used.filter(|(node, steps)| *steps == 0 || handed.is_by_lineage(*node));
        let mut findings: Vec<Finding> =
            used.filter_map(|(node, steps)| self.about_used(group, &handed, node, steps)).collect();
        if findings.is_empty() {
            let named = group.nodes.keys();
            findings.extend(named.filter_map(|&node| self.about_history(group, node)));
        }
        findings
    }

    fn about_used(
        &self,
        group: &Group<'_>,
        handed: &Handed<'_>,
        node: u32,
        steps: u32,
    ) -> Option<Finding> {
        let mut path = self.path(&[State::used(node)])?;
        let advisory = group.advisory;
        let action = milder(advisory.action, steps);
        let way = handed.way(node);
        let id = self.id(node);
        let (code, named, message) = match way.last() {
            None => {
                let digest = group.nodes.get(&node).copied().flatten();
                let how = digest.map_or_else(
                    || "is affected by".to_owned(),
                    |digest| format!("has the content {digest}, which is named by"),
                );
                (Code::Advisory, node, format!("`{id}` {how} {}", advisory.id))
            }
            Some(&(named, _)) => {
                let source = self.id(named);
                let message =
                    format!("`{id}` comes from `{source}`, which is affected by {}", advisory.id);
                path = lengthened(&path, &self.steps(&way));
                (Code::AdvisoryInherited, named, message)
            }
        };
        let message = format!("{message} ({action}): {}", advisory.summary);
        let advised = advised(group, named, action, steps);
        Some(finding(code, weight(advisory, action), id, path, message, advised))
    }

    /// Something in the history is named, and nothing of that is handed down to what is used.
    fn about_history(&self, group: &Group<'_>, node: u32) -> Option<Finding> {
        let path = self.path(&[State::used(node), State::made(node)])?;
        let (id, advisory) = (self.id(node), group.advisory);
        let message = format!(
            "`{id}` in the history is affected by {}, which is not handed down: {}",
            advisory.id, advisory.summary
        );
        let advised = advised(group, node, AdvisoryAction::Info, 0);
        Some(finding(Code::AdvisoryInherited, Severity::Note, id, path, message, advised))
    }

    fn id(&self, node: u32) -> NodeId {
        self.graph.nodes[node as usize].id.clone()
    }

    fn path(&self, states: &[State]) -> Option<Path> {
        let (state, _) = self.present.best(states)?;
        self.mesh.path_down(&self.present, state, None)
    }

    fn steps(&self, way: &[(u32, Relation)]) -> Vec<Step> {
        let step = |&(node, relation): &(u32, Relation)| Step {
            node: self.id(node),
            relation: Some(relation),
            omitted: 0,
        };
        way.iter().map(step).collect()
    }
}

/// A way with more steps at its end, shortened where that would be long.
fn lengthened(path: &Path, tail: &[Step]) -> Path {
    let mut steps: Vec<Step> = path.steps.to_vec();
    match tail.split_last() {
        Some((last, before)) if tail.len() > MAX_TAIL => {
            let omitted = u32::try_from(before.len()).unwrap_or(u32::MAX);
            steps.push(Step { omitted, ..last.clone() });
        }
        _ => steps.extend_from_slice(tail),
    }
    Path { steps: steps.into(), part: None }
}

/// The action that many steps further on: each makes it one milder, and `info` is the mildest.
fn milder(action: AdvisoryAction, steps: u32) -> AdvisoryAction {
    let all = AdvisoryAction::ALL;
    let at = all.iter().position(|known| *known == action).unwrap_or_default();
    let at = at.saturating_sub(usize::try_from(steps).unwrap_or(usize::MAX));
    all.get(at).copied().unwrap_or(AdvisoryAction::Info)
}

/// an accusation that is disputed is no verdict.
fn weight(advisory: &Advisory, action: AdvisoryAction) -> Severity {
    let weight = match action {
        AdvisoryAction::Info => Severity::Note,
        AdvisoryAction::Warn => Severity::Warning,
        AdvisoryAction::Block | AdvisoryAction::Quarantine | AdvisoryAction::Delete => {
            Severity::Error
        }
    };
    if advisory.confidence == Confidence::Disputed { weight.min(Severity::Warning) } else { weight }
}

fn advised(group: &Group<'_>, named: u32, action: AdvisoryAction, steps: u32) -> Advised {
    let advisory = group.advisory;
    Advised {
        id: advisory.id.clone(),
        kind: advisory.kind,
        action,
        stated: advisory.action,
        severity: advisory.severity,
        confidence: advisory.confidence,
        steps,
        digest: group.nodes.get(&named).copied().flatten(),
        summary: advisory.summary.clone(),
        superseded_by: advisory.superseded_by.clone(),
        remediation: advisory.remediation.clone(),
    }
}

fn finding(
    code: Code,
    severity: Severity,
    node: NodeId,
    path: Path,
    message: String,
    advised: Advised,
) -> Finding {
    let instead = advised.superseded_by.as_ref().map(|instead| format!("use `{instead}`"));
    let fix: Vec<String> = instead.into_iter().chain(advised.remediation.clone()).collect();
    Finding {
        code,
        severity,
        certainty: Certainty::Certain,
        node,
        part: None,
        license: None,
        paths: vec![path],
        message,
        fix: if fix.is_empty() { code.info().fix.into() } else { Cow::Owned(fix.join("; ")) },
        waiver: None,
        advisory: Some(advised),
    }
}
