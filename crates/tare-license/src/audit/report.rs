//! What an audit says. Data only: who shows it decides how.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Serialize, Serializer};
use tare_format::Sha256;

use super::{Advised, Certainty, Code, Facts, NodeId, NodeKind, Relation, Rules, Severity};
use crate::{Class, ClassSet, Part};

/// The format of a report in JSON.
pub const FORMAT: &str = "tare-audit/1";

/// What every report says of itself.
pub const NOT_LEGAL_ADVICE: &str =
    "This report applies a policy to declared licences. It is not legal advice.";

/// The result of an audit.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// [`FORMAT`].
    pub format: &'static str,
    /// [`NOT_LEGAL_ADVICE`].
    pub notice: &'static str,
    /// The digest of the catalogue that was used.
    pub catalogue: Sha256,
    /// The facts it was made for.
    pub facts: Facts,
    /// What passed under the policy.
    pub rules: Rules,
    /// The whole in one line: a class, and what contested terms would add.
    pub headline: String,
    /// Whether anything was found that the policy denies.
    pub denied: bool,
    /// The classes of everything that certainly reaches what is used.
    pub effective: ClassSet,
    /// The same with contested terms.
    pub effective_contested: ClassSet,
    /// Every node, in the order of ids.
    pub nodes: Vec<NodeReport>,
    /// What was found, heaviest first.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether the policy denies the graph: some error stands that no exception covers. It decides the exit code.
    #[must_use]
    pub const fn denied(&self) -> bool {
        self.denied
    }

    /// The findings with a code.
    pub fn with_code(&self, code: Code) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.code == code)
    }

    /// The report of one node.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&NodeReport> {
        let at = self.nodes.binary_search_by(|node| node.id.as_str().cmp(id)).ok()?;
        self.nodes.get(at)
    }
}

/// What is said of one node.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NodeReport {
    /// The node.
    pub id: NodeId,
    /// What it is.
    pub kind: NodeKind,
    /// The expressions it declares.
    pub declared: BTreeMap<Part, String>,
    /// The classes of its own parts.
    pub classes: BTreeMap<Part, ClassSet>,
    /// The choices that were made between alternatives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<ChoiceMade>,
    /// The classes that apply to it, with whatever brings each one in.
    pub effective: Vec<Effective>,
    /// The same with contested terms.
    pub effective_contested: Vec<Effective>,
}

/// A choice between alternatives that an expression leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChoiceMade {
    /// The part.
    pub part: Part,
    /// What was chosen.
    pub chosen: String,
    /// What was left.
    pub left: Vec<String>,
}

/// A class that applies to a node, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Effective {
    /// The class.
    pub class: Class,
    /// How surely.
    pub certainty: Certainty,
    /// The licence that brings it in.
    #[serde(serialize_with = "text")]
    pub license: Arc<str>,
    /// The way from the node to what is under that licence.
    pub path: Path,
}

/// A way through the graph, to a part of the last node. Cheap to clone: many findings share one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Path {
    /// The nodes.
    #[serde(serialize_with = "all")]
    pub steps: Arc<[Step]>,
    /// The part of the last node that is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// One node of a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// The node.
    pub node: NodeId,
    /// The relation that leads to it; absent for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// How many nodes before it are left out, in a very long way.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted: u32,
}

fn text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

fn all<S: Serializer>(steps: &Arc<[Step]>, serializer: S) -> Result<S::Ok, S::Error> {
    steps.serialize(serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps.iter().enumerate() {
            if step.omitted > 0 {
                write!(f, " … {} more …", step.omitted)?;
            }
            match step.relation {
                Some(relation) => write!(f, " --{relation}--> {}", step.node)?,
                None if at > 0 => write!(f, " --> {}", step.node)?,
                None => write!(f, "{}", step.node)?,
            }
        }
        self.part.iter().try_for_each(|part| write!(f, " ({part})"))
    }
}

/// One thing that was found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What it is about.
    pub code: Code,
    /// How much it weighs here.
    pub severity: Severity,
    /// How sure it is that the terms reach what is used.
    pub certainty: Certainty,
    /// The node it is about.
    pub node: NodeId,
    /// The part it is about.
    pub part: Option<Part>,
    /// The licence it is about.
    pub license: Option<Arc<str>>,
    /// Ways to the node from what is used.
    pub paths: Vec<Path>,
    /// What is the matter, as a sentence.
    pub message: String,
    /// What can be done.
    pub fix: Cow<'static, str>,
    /// The exception, or the entry of `[[ignore]]`, that covers it.
    pub waiver: Option<Waiver>,
    /// The advisory that it is about.
    pub advisory: Option<Advised>,
}

/// An exception that covers a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Waiver {
    /// Why.
    pub reason: String,
    /// Who answers for it; an ignored advisory names nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
    /// The last day on which it holds.
    pub expires: Date,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "kebab-case")]
        struct Form<'a> {
            code: Code,
            name: &'static str,
            severity: Severity,
            certainty: Certainty,
            node: &'a NodeId,
            #[serde(skip_serializing_if = "Option::is_none")]
            part: Option<Part>,
            #[serde(skip_serializing_if = "Option::is_none")]
            license: Option<&'a str>,
            paths: &'a [Path],
            message: &'a str,
            fix: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            waiver: &'a Option<Waiver>,
            #[serde(skip_serializing_if = "Option::is_none")]
            advisory: &'a Option<Advised>,
        }
        Form {
            code: self.code,
            name: self.code.info().name,
            severity: self.severity,
            certainty: self.certainty,
            node: &self.node,
            part: self.part,
            license: self.license.as_deref(),
            paths: &self.paths,
            message: &self.message,
            fix: &self.fix,
            waiver: &self.waiver,
            advisory: &self.advisory,
        }
        .serialize(serializer)
    }
}
