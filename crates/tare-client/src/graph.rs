//! A project, what it uses and what that was made from, as one graph.
//!
//! The lock says which releases there are, their documents say everything else: the graph is made of both and is the
//! same wherever it is made. `tree` walks it from the root, `why` towards it, and the audit judges it.

mod paths;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use tare_format::lock::{Lock, LockedPackage};
use tare_format::manifest::{
    DependencyRelation, Kind, LicenseParts, LineageRelation, LineageSource, Manifest, Undisclosed,
};
use tare_format::release::{Release, ReleaseLineage};
use tare_format::{PackageName, ReleaseId, Sha256, VariantName};

pub use paths::{Path, Step};

/// What a node stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeId {
    /// The project itself: its package, or none when it is only a project.
    Project(Option<ReleaseId>),
    /// A release of a registry.
    Release(ReleaseId),
    /// Something outside any registry.
    Outside {
        /// What it is called, as `hf:org/name`.
        source: String,
        /// Its revision.
        revision: Option<String>,
    },
    /// Something that is declared and not named.
    Undisclosed {
        /// Who declares it.
        by: Option<ReleaseId>,
        /// What it is, in the publisher's words.
        description: String,
    },
}

impl NodeId {
    /// The package that the node is a release of.
    #[must_use]
    pub fn package(&self) -> Option<&PackageName> {
        match self {
            Self::Project(id) => id.as_ref().map(|id| &id.name),
            Self::Release(id) => Some(&id.name),
            Self::Outside { .. } | Self::Undisclosed { .. } => None,
        }
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Project(Some(id)) | Self::Release(id) => write!(f, "{id}"),
            Self::Project(None) => f.write_str("project"),
            Self::Outside { source, revision: Some(revision) } => write!(f, "{source}@{revision}"),
            Self::Outside { source, revision: None } => f.write_str(source),
            Self::Undisclosed { description, .. } => write!(f, "undisclosed: {description}"),
        }
    }
}

/// One thing of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub id: NodeId,
    /// Its kind; only of packages.
    pub kind: Option<Kind>,
    /// The release document's digest; only of releases.
    pub release: Option<Sha256>,
    /// The variant that is installed.
    pub variant: Option<VariantName>,
    /// What it is under, as its publisher declares; for things outside a registry, as the descendant's publisher states.
    pub license: LicenseParts,
    /// How many bytes it has in this variant; only of releases.
    pub size_bytes: Option<u64>,
    /// Whether it is installed, or only part of the history.
    pub installed: bool,
    /// What it needs and what it was made from, dependencies first.
    pub edges: Vec<Edge>,
}

/// What ties two things together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// One needs the other.
    Dependency(DependencyRelation),
    /// One was made from the other.
    Lineage(LineageRelation),
}

impl Relation {
    /// Whether the other is history rather than needed.
    #[must_use]
    pub const fn is_lineage(self) -> bool {
        matches!(self, Self::Lineage(_))
    }

    /// The relation's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dependency(relation) => relation.as_str(),
            Self::Lineage(relation) => relation.as_str(),
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// From one thing to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// How they are related.
    pub relation: Relation,
    /// The other's index among the nodes.
    pub to: usize,
}

/// Why there is no graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// The lock names a release and does not describe it.
    #[error("`Tare.lock` needs `{0}` and does not describe it")]
    NotLocked(String),
    /// A release document is not at hand.
    #[error("the release document of `{0}` is not in the local store")]
    NoDocument(ReleaseId),
}

/// The graph. Node 0 is the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    nodes: Vec<Node>,
}

impl Graph {
    /// The graph of the project that `manifest` describes, as `lock` has it; `documents` are the locked releases'.
    ///
    /// # Errors
    /// When the lock is not whole, or a document is missing.
    pub fn new(
        manifest: &Manifest,
        lock: &Lock,
        documents: &BTreeMap<Sha256, Release>,
    ) -> Result<Self, GraphError> {
        let mut builder = Builder { documents, nodes: Vec::new(), indexes: HashMap::new() };
        builder.add_project(manifest);
        builder.add_releases(lock)?;
        builder.connect_project(manifest, lock)?;
        builder.connect_releases(lock)?;
        Ok(Self { nodes: builder.nodes })
    }

    /// All nodes; the first is the project.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node at an index that an [`Edge`] of this graph gave.
    #[must_use]
    pub fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }
}

struct Builder<'a> {
    documents: &'a BTreeMap<Sha256, Release>,
    nodes: Vec<Node>,
    indexes: HashMap<NodeId, usize>,
}

impl<'a> Builder<'a> {
    fn add_project(&mut self, manifest: &Manifest) {
        let package = manifest.package.as_ref();
        let id = package.map(|package| ReleaseId {
            name: package.name.clone(),
            version: package.version.clone(),
        });
        self.add(Node {
            id: NodeId::Project(id),
            kind: package.map(|package| package.kind),
            release: None,
            variant: None,
            license: manifest.license.parts(),
            size_bytes: None,
            installed: false,
            edges: Vec::new(),
        });
    }

    fn add_releases(&mut self, lock: &Lock) -> Result<(), GraphError> {
        for package in &lock.packages {
            let document = self.document(&package.id(), Some(package.release))?;
            self.add(release_node(document, package.release, Some(package)));
        }
        for ancestor in &lock.ancestors {
            match (&ancestor.source, &ancestor.version) {
                (LineageSource::Package(name), Some(version)) => {
                    let id = ReleaseId { name: name.clone(), version: version.clone() };
                    let document = self.document(&id, ancestor.release)?;
                    let digest = ancestor.release.ok_or(GraphError::NoDocument(id))?;
                    self.add(release_node(document, digest, None));
                }
                (source, _) => {
                    self.add(outside_node(source, ancestor.revision.as_ref(), &ancestor.license));
                }
            }
        }
        Ok(())
    }

    fn connect_project(&mut self, manifest: &Manifest, lock: &Lock) -> Result<(), GraphError> {
        for locked in &lock.requirements {
            let relation = manifest.dependencies.get(&locked.name);
            let relation = relation.map(|dependency| dependency.relation).unwrap_or_default();
            let id = ReleaseId { name: locked.name.clone(), version: locked.version.clone() };
            self.connect(0, Relation::Dependency(relation), NodeId::Release(id))?;
        }
        for (source, entry) in &manifest.lineage.entries {
            let to = match (source, &entry.version) {
                (LineageSource::Package(name), Some(version)) => {
                    NodeId::Release(ReleaseId { name: name.clone(), version: version.0.clone() })
                }
                _ => self.outside(source, entry.revision.as_ref(), &entry.license),
            };
            self.connect(0, Relation::Lineage(entry.relation), to)?;
        }
        self.add_undisclosed(0, &manifest.lineage.undisclosed)
    }

    fn connect_releases(&mut self, lock: &Lock) -> Result<(), GraphError> {
        for package in &lock.packages {
            let from = self.index(&NodeId::Release(package.id()))?;
            for needed in &package.dependencies {
                let to = NodeId::Release(needed.package.clone());
                self.connect(from, Relation::Dependency(needed.relation), to)?;
            }
        }
        let releases = self.nodes.iter().enumerate();
        let releases: Vec<(usize, Sha256)> =
            releases.filter_map(|(index, node)| Some((index, node.release?))).collect();
        for (from, digest) in releases {
            let Some(document) = self.documents.get(&digest) else { continue };
            self.connect_lineage(from, &document.lineage)?;
            self.add_undisclosed(from, &document.undisclosed)?;
        }
        Ok(())
    }

    fn connect_lineage(
        &mut self,
        from: usize,
        lineage: &[ReleaseLineage],
    ) -> Result<(), GraphError> {
        for entry in lineage {
            let to = match crate::lock::ancestor_id(entry) {
                Some(id) => NodeId::Release(id),
                None => self.outside(&entry.source, entry.revision.as_ref(), &entry.license),
            };
            self.connect(from, Relation::Lineage(entry.relation), to)?;
        }
        Ok(())
    }

    fn add_undisclosed(&mut self, from: usize, list: &[Undisclosed]) -> Result<(), GraphError> {
        let by = self.nodes.get(from).and_then(|node| match &node.id {
            NodeId::Release(id) => Some(id.clone()),
            _ => None,
        });
        for entry in list {
            let id = NodeId::Undisclosed { by: by.clone(), description: entry.description.clone() };
            self.add(bare_node(id.clone(), LicenseParts::default()));
            self.connect(from, Relation::Lineage(entry.relation), id)?;
        }
        Ok(())
    }

    /// The node of something outside any registry. Two publishers may state different licences for one thing; the first
    /// that is stated names the node, and any other gets a node of its own, so that no statement is lost.
    fn outside(
        &mut self,
        source: &LineageSource,
        revision: Option<&String>,
        license: &LicenseParts,
    ) -> NodeId {
        let mut node = outside_node(source, revision, license);
        let same = |known: &Node| known.id == node.id && known.license != node.license;
        let contradicted = self.nodes.iter().any(same);
        let stated =
            self.nodes.iter().any(|known| known.id == node.id && known.license == *license);
        if contradicted && !stated {
            let terms: Vec<String> =
                license.iter().map(|(part, text)| format!("{part}: {text}")).collect();
            node.id = NodeId::Outside {
                source: format!("{source} (stated as {})", terms.join(", ")),
                revision: revision.cloned(),
            };
        }
        let id = node.id.clone();
        self.add(node);
        id
    }

    fn document(&self, id: &ReleaseId, digest: Option<Sha256>) -> Result<&'a Release, GraphError> {
        let document = digest.and_then(|digest| self.documents.get(&digest));
        document.ok_or_else(|| GraphError::NoDocument(id.clone()))
    }

    /// Adds a node unless there is one of that id.
    fn add(&mut self, node: Node) {
        if !self.indexes.contains_key(&node.id) {
            self.indexes.insert(node.id.clone(), self.nodes.len());
            self.nodes.push(node);
        }
    }

    fn index(&self, id: &NodeId) -> Result<usize, GraphError> {
        self.indexes.get(id).copied().ok_or_else(|| GraphError::NotLocked(id.to_string()))
    }

    fn connect(&mut self, from: usize, relation: Relation, to: NodeId) -> Result<(), GraphError> {
        let to = self.index(&to)?;
        if let Some(node) = self.nodes.get_mut(from) {
            node.edges.push(Edge { relation, to });
        }
        Ok(())
    }
}

fn release_node(document: &Release, digest: Sha256, installed: Option<&LockedPackage>) -> Node {
    let variant = installed.and_then(|package| package.variant.clone());
    let sizes = document.files_of(variant.as_ref()).map(|file| file.size);
    Node {
        kind: Some(document.kind),
        release: Some(digest),
        license: document.license.clone(),
        size_bytes: Some(sizes.fold(0, u64::saturating_add)),
        installed: installed.is_some(),
        variant,
        ..bare_node(NodeId::Release(document.id()), LicenseParts::default())
    }
}

fn outside_node(source: &LineageSource, revision: Option<&String>, license: &LicenseParts) -> Node {
    let id = NodeId::Outside { source: source.to_string(), revision: revision.cloned() };
    bare_node(id, license.clone())
}

fn bare_node(id: NodeId, license: LicenseParts) -> Node {
    Node {
        id,
        kind: None,
        release: None,
        variant: None,
        license,
        size_bytes: None,
        installed: false,
        edges: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
