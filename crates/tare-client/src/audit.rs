//! The audit of a project: its graph put into the words of the licence engine.
//!
//! Everything comes from the lock and the documents of the local store, so an audit needs no network and says the same
//! wherever it runs. What has become of a release since, a yank or a withdrawal, is taken from the page that was last
//! seen, where there is one, and what is said of it from the notices that were last seen.

use std::collections::BTreeMap;

use tare_format::lock::Lock;
use tare_format::manifest::{
    DependencyRelation, Kind, LicensePart, LicenseParts, LineageRelation, Manifest,
};
use tare_format::release::{FileClass, Release};
use tare_format::{ReleaseId, Sha256};
use tare_license::Part;
use tare_license::audit::{
    Edge, Flag, Graph as LicenseGraph, GraphError as LicenseGraphError, LicenseText,
    Node as LicenseNode, NodeId as LicenseNodeId, NodeKind, Relation as LicenseRelation,
};

use crate::advisory::Notices;
use crate::documents::DocumentError;
use crate::error::{ClientError, ErrorKind};
use crate::graph::{Graph, GraphError, Node, NodeId, Relation};
use crate::local::Local;
use crate::resolve::Standing;
use crate::standing;

/// Why there is nothing to audit.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A release document is not here.
    #[error("the release documents of the lock are not all in the local store")]
    Documents(#[from] DocumentError),
    /// The lock and the documents make no graph.
    #[error("the lock cannot be audited")]
    Graph(#[from] GraphError),
    /// The engine refuses the graph.
    #[error("the lock cannot be audited")]
    License(#[from] LicenseGraphError),
}

impl ClientError for AuditError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Documents(error) => error.kind(),
            Self::Graph(_) => ErrorKind::NotFound,
            Self::License(_) => ErrorKind::Failure,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Documents(error) => error.code(),
            Self::Graph(_) => "E-NOT-LOCAL",
            Self::License(_) => "E-AUDIT",
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Documents(_) | Self::Graph(_) => {
                Some("run `tare install`, which fetches them".to_owned())
            }
            Self::License(_) => None,
        }
    }
}

/// The graph of a project from what is on this machine.
///
/// # Errors
/// When a release document is not here.
pub fn project_graph(local: &Local, manifest: &Manifest, lock: &Lock) -> Result<Graph, AuditError> {
    let documents = local.locked_documents(lock)?;
    Ok(Graph::new(manifest, lock, &documents)?)
}

/// The same graph as the licence engine wants it.
///
/// The project itself is a node only when it is a package: a mere project has no licence, and what it uses is what is
/// judged.
///
/// # Errors
/// When a release document is not here, or the engine refuses the graph.
pub fn license_graph(
    local: &Local,
    manifest: &Manifest,
    lock: &Lock,
) -> Result<LicenseGraph, AuditError> {
    let documents = local.locked_documents(lock)?;
    let graph = Graph::new(manifest, lock, &documents)?;
    let known = Known {
        manifest,
        documents: &documents,
        standings: standing::of_all(local, lock),
        notices: Notices::kept(local, lock),
    };
    let is_judged =
        |node: &&Node| !matches!(node.id, NodeId::Project(None) | NodeId::Undisclosed { .. });
    let describe = |node: &Node| license_node(node, &known);
    let nodes = graph.nodes().iter().filter(is_judged).map(describe).collect();
    let mut edges = Vec::new();
    for node in graph.nodes().iter().filter(is_judged) {
        let ends = node.edges.iter().filter_map(|edge| Some((edge.relation, graph.node(edge.to)?)));
        for (relation, to) in ends.filter(|(_, to)| is_judged(to)) {
            edges.push(Edge::new(name(node), license_relation(relation), name(to)));
        }
    }
    Ok(LicenseGraph::new(&roots(&graph), nodes, &edges)?)
}

/// What is used directly: the package itself, or what the project asks for.
fn roots(graph: &Graph) -> Vec<LicenseNodeId> {
    match graph.node(0) {
        Some(project) if matches!(project.id, NodeId::Project(None)) => {
            let used = project.edges.iter().filter_map(|edge| graph.node(edge.to));
            used.map(|node| name(node).into()).collect()
        }
        Some(package) => vec![name(package).into()],
        None => Vec::new(),
    }
}

fn name(node: &Node) -> String {
    node.id.to_string()
}

/// What is known of the nodes.
struct Known<'a> {
    manifest: &'a Manifest,
    documents: &'a BTreeMap<Sha256, Release>,
    standings: BTreeMap<ReleaseId, Standing>,
    notices: Notices,
}

fn license_node(node: &Node, known: &Known<'_>) -> LicenseNode {
    let mut described = LicenseNode::new(name(node), node_kind(node.kind));
    described.license = licenses(&node.license);
    match (&node.id, node.release.and_then(|digest| known.documents.get(&digest))) {
        (_, Some(document)) => {
            describe_release(&mut described, document);
            described.advisories = known.notices.hits(node, document);
        }
        (NodeId::Project(_), None) => {
            described.undisclosed = count(known.manifest.lineage.undisclosed.len());
        }
        (NodeId::Outside { revision, .. }, None) => described.revision = revision.clone(),
        _ => {}
    }
    if let NodeId::Release(id) = &node.id {
        match known.standings.get(id) {
            Some(Standing::Yanked { reason }) => described.yanked = Some(reason.clone()),
            Some(Standing::Withdrawn { .. }) => {
                described.flags.insert(Flag::Withdrawn);
            }
            Some(Standing::Available) | None => {}
        }
    }
    described
}

fn describe_release(node: &mut LicenseNode, document: &Release) {
    let text = |path: &tare_format::path::FilePath| LicenseText {
        license: None,
        path: Some(path.to_string()),
        sha256: document.files.iter().find(|file| file.path == *path).map(|file| file.sha256),
    };
    node.texts = document.license_files.iter().map(text).collect();
    node.undisclosed = count(document.undisclosed.len());
    let has_content = document.files.iter().any(|file| file.class == FileClass::Data);
    if !has_content && document.kind != Kind::Collection && document.card.is_some() {
        node.flags.insert(Flag::CardOnly);
    }
}

fn licenses(parts: &LicenseParts) -> BTreeMap<Part, String> {
    let part = |part| match part {
        LicensePart::Weights => Part::Weights,
        LicensePart::Code => Part::Code,
        LicensePart::Data => Part::Data,
        LicensePart::Documentation => Part::Documentation,
    };
    parts.iter().map(|(of, expression)| (part(of), expression.to_string())).collect()
}

const fn node_kind(kind: Option<Kind>) -> NodeKind {
    match kind {
        Some(Kind::Model) => NodeKind::Model,
        Some(Kind::Adapter) => NodeKind::Adapter,
        Some(Kind::Dataset) => NodeKind::Dataset,
        Some(Kind::Collection) => NodeKind::Collection,
        None => NodeKind::Foreign,
    }
}

const fn license_relation(relation: Relation) -> LicenseRelation {
    match relation {
        Relation::Dependency(DependencyRelation::Base) => LicenseRelation::Base,
        Relation::Dependency(DependencyRelation::Tokenizer) => LicenseRelation::Tokenizer,
        Relation::Dependency(DependencyRelation::Component) => LicenseRelation::Component,
        Relation::Dependency(DependencyRelation::Member) => LicenseRelation::Member,
        Relation::Lineage(LineageRelation::TrainedOn) => LicenseRelation::TrainedOn,
        Relation::Lineage(LineageRelation::FinetunedFrom) => LicenseRelation::FinetunedFrom,
        Relation::Lineage(LineageRelation::AdaptedFrom) => LicenseRelation::AdaptedFrom,
        Relation::Lineage(LineageRelation::MergedFrom) => LicenseRelation::MergedFrom,
        Relation::Lineage(LineageRelation::QuantizedFrom) => LicenseRelation::QuantizedFrom,
        Relation::Lineage(LineageRelation::ConvertedFrom) => LicenseRelation::ConvertedFrom,
        Relation::Lineage(LineageRelation::DistilledFrom) => LicenseRelation::DistilledFrom,
        Relation::Lineage(LineageRelation::GeneratedBy) => LicenseRelation::GeneratedBy,
        Relation::Lineage(LineageRelation::DerivedFrom) => LicenseRelation::DerivedFrom,
        Relation::Lineage(LineageRelation::EvaluatedOn) => LicenseRelation::EvaluatedOn,
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
