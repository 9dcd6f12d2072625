//! The graph that is audited: packages with the licences of their parts, and what ties them together.
//!
//! It is made from a lock, from a registry's documents, or from a what-if file; the engine does not know which.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use semver::Version;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tare_format::Sha256;

use super::{Certainty, Hit, Relation};
use crate::Part;

/// What a node is called: `ns/name@1.2.0`, or `hf:org/name@revision`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// The whole id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What comes before the `@`: the package, whatever its version.
    #[must_use]
    pub fn package(&self) -> &str {
        self.0.rsplit_once('@').map_or(&self.0, |(package, _)| package)
    }

    /// What comes after the `@`, without a variant: a version or a revision.
    #[must_use]
    pub fn pin(&self) -> Option<&str> {
        let (_, pin) = self.0.rsplit_once('@')?;
        Some(pin.split_once(':').map_or(pin, |(pin, _)| pin))
    }

    /// The version, where there is one.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.pin()?.parse().ok()
    }
}

impl<T: Into<Arc<str>>> From<T> for NodeId {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(String::deserialize(deserializer)?.into())
    }
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// A model.
    Model,
    /// An adapter: it needs a base to run.
    Adapter,
    /// A data set.
    Dataset,
    /// A curated set of packages.
    Collection,
    /// Something that is in no Tare registry.
    Foreign,
}

/// A licence text that a package ships.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "TextForm")]
pub struct LicenseText {
    /// The id of the licence, where it is known.
    pub license: Option<String>,
    /// Where it is in the package.
    pub path: Option<String>,
    /// The digest of the text.
    pub sha256: Option<Sha256>,
}

/// A text is written as the id of its licence, or with what else is known of it.
#[derive(Deserialize)]
#[serde(untagged)]
enum TextForm {
    Id(String),
    Full { license: Option<String>, path: Option<String>, sha256: Option<Sha256> },
}

impl From<TextForm> for LicenseText {
    fn from(form: TextForm) -> Self {
        match form {
            TextForm::Id(id) => Self { license: Some(id), path: None, sha256: None },
            TextForm::Full { license, path, sha256 } => Self { license, path, sha256 },
        }
    }
}

/// What else is true of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    /// Only a card is published, no files.
    CardOnly,
    /// It is given only to people who registered or agreed to something.
    Gated,
    /// It was withdrawn from its registry.
    Withdrawn,
}

/// One package, or one thing outside, in the graph.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Node {
    /// What it is called; unique in the graph.
    pub id: NodeId,
    /// What it is.
    pub kind: NodeKind,
    /// The licence expression of each part that it has. Not yet parsed: a bad expression is a finding.
    #[serde(default)]
    pub license: BTreeMap<Part, String>,
    /// The licence texts that it ships.
    #[serde(default)]
    pub texts: Vec<LicenseText>,
    /// How many entries of its lineage are declared as undisclosed.
    #[serde(default)]
    pub undisclosed: u32,
    /// Why it was yanked.
    #[serde(default)]
    pub yanked: Option<String>,
    /// The commit that it was taken from, for something outside.
    #[serde(default)]
    pub revision: Option<String>,
    /// What else is true of it.
    #[serde(default)]
    pub flags: BTreeSet<Flag>,
    /// The advisories that speak of it. They are facts of the day and stand in no file.
    #[serde(skip)]
    pub advisories: Vec<Hit>,
}

impl Node {
    /// A node of which nothing but its id and kind is known.
    #[must_use]
    pub fn new(id: impl Into<NodeId>, kind: NodeKind) -> Self {
        Self {
            id: id.into(),
            kind,
            license: BTreeMap::new(),
            texts: Vec::new(),
            undisclosed: 0,
            yanked: None,
            revision: None,
            flags: BTreeSet::new(),
            advisories: Vec::new(),
        }
    }

    /// The same node with a licence expression for a part.
    #[must_use]
    pub fn with_license(mut self, part: Part, expression: impl Into<String>) -> Self {
        self.license.insert(part, expression.into());
        self
    }

    /// Whether its id or its revision is a commit and not a branch that moves.
    pub(super) fn is_pinned(&self) -> bool {
        let commit = |text: &str| {
            matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
        };
        [self.revision.as_deref(), self.id.pin()].into_iter().flatten().any(commit)
    }
}

/// A tie from a package to what it needs or was made from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Edge {
    /// The package.
    pub from: NodeId,
    /// What it needs or was made from.
    pub to: NodeId,
    /// How.
    pub relation: Relation,
    /// How surely terms pass along, where a contract or the licensor's word decided it.
    #[serde(default)]
    pub certainty: Option<Certainty>,
}

impl Edge {
    /// An edge with the usual certainty of its relation.
    #[must_use]
    pub fn new(from: impl Into<NodeId>, relation: Relation, to: impl Into<NodeId>) -> Self {
        Self { from: from.into(), to: to.into(), relation, certainty: None }
    }
}

/// Why nodes and edges are not a graph.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The file is not a graph in TOML.
    #[error("the graph cannot be read")]
    Syntax(#[source] toml::de::Error),
    /// Two nodes have one id.
    #[error("`{0}` is in the graph twice")]
    Duplicate(NodeId),
    /// An edge or a root names no node.
    #[error("the graph has no node `{missing}`, which {by} names")]
    Dangling {
        /// The id.
        missing: NodeId,
        /// Who names it.
        by: String,
    },
    /// More nodes or edges than an audit takes.
    #[error("the graph has {found} {what}, expected at most {max}")]
    TooLarge {
        /// How many.
        found: usize,
        /// Nodes or edges.
        what: &'static str,
        /// How many an audit takes.
        max: usize,
    },
}

/// An edge between places in [`Graph::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) relation: Relation,
    pub(super) certainty: Option<Certainty>,
}

/// Packages and their ties, checked and in one order, so that the order they came in changes nothing.
#[derive(Debug, Clone)]
pub struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) links: Vec<Link>,
    pub(super) roots: Vec<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GraphForm {
    #[serde(default)]
    roots: Vec<NodeId>,
    #[serde(default)]
    node: Vec<Node>,
    #[serde(default)]
    edge: Vec<Edge>,
}

/// Most nodes, and a tenth of the most edges, that an audit takes.
const MAX_NODES: usize = 200_000;

impl Graph {
    /// Checks nodes and edges. `roots` are what is used directly; when empty, whatever nothing else leads to.
    ///
    /// # Errors
    /// When an id stands twice, an edge or a root names no node, or there is too much of either.
    pub fn new(roots: &[NodeId], mut nodes: Vec<Node>, edges: &[Edge]) -> Result<Self, GraphError> {
        for (found, what, max) in
            [(nodes.len(), "nodes", MAX_NODES), (edges.len(), "edges", 10 * MAX_NODES)]
        {
            if found > max {
                return Err(GraphError::TooLarge { found, what, max });
            }
        }
        nodes.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some(pair) = nodes.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(GraphError::Duplicate(pair[0].id.clone()));
        }
        let place = |id: &NodeId, by: &dyn Fn() -> String| match nodes
            .binary_search_by(|node| node.id.cmp(id))
        {
            Ok(at) => Ok(u32::try_from(at).unwrap_or(u32::MAX)),
            Err(_) => Err(GraphError::Dangling { missing: id.clone(), by: by() }),
        };
        let mut links = Vec::with_capacity(edges.len());
        for edge in edges {
            let by = || format!("`{} {} {}`", edge.from, edge.relation, edge.to);
            let (from, to) = (place(&edge.from, &by)?, place(&edge.to, &by)?);
            links.push(Link { from, to, relation: edge.relation, certainty: edge.certainty });
        }
        links.sort_unstable();
        links.dedup();
        let mut found = Vec::with_capacity(roots.len());
        for root in roots {
            found.push(place(root, &|| "the list of roots".to_owned())?);
        }
        found.sort_unstable();
        found.dedup();
        if found.is_empty() {
            found = natural_roots(nodes.len(), &links);
        }
        Ok(Self { nodes, links, roots: found })
    }

    /// Reads a graph from TOML: `roots`, `[[node]]`, `[[edge]]`.
    ///
    /// # Errors
    /// When the text is not such a file, or as for [`Graph::new`].
    pub fn from_toml(text: &str) -> Result<Self, GraphError> {
        let form: GraphForm = toml::from_str(text).map_err(GraphError::Syntax)?;
        Self::new(&form.roots, form.node, &form.edge)
    }

    /// The nodes, in the order of their ids.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }
}

/// Nodes that nothing leads to; and, so that a ring is not overlooked, the first node of whatever they do not reach.
fn natural_roots(count: usize, links: &[Link]) -> Vec<u32> {
    let mut led_to = vec![false; count];
    for link in links.iter().filter(|link| link.from != link.to) {
        led_to[link.to as usize] = true;
    }
    let mut seen = vec![false; count];
    let mut roots = Vec::new();
    let first = (0..count).filter(|&at| !led_to[at]);
    for at in first.chain(0..count).collect::<Vec<_>>() {
        if seen[at] {
            continue;
        }
        seen[at] = true;
        roots.push(u32::try_from(at).unwrap_or(u32::MAX));
        let mut stack = vec![at];
        while let Some(at) = stack.pop() {
            let start = links.partition_point(|link| (link.from as usize) < at);
            for link in links[start..].iter().take_while(|link| link.from as usize == at) {
                let to = link.to as usize;
                if !std::mem::replace(&mut seen[to], true) {
                    stack.push(to);
                }
            }
        }
    }
    roots.sort_unstable();
    roots
}
