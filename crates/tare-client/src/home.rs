//! The folder that all projects of a person share: `$TARE_HOME` (spec/install.md I-1).
//!
//! ```text
//! files/ab/<sha256>                              contents, read-only, one copy each
//! partial/                                       files on their way, with what is already there of them
//! documents/                                     release documents, meta archives, recipes and signatures, as in a registry
//! evidence/ab/<sha256>                           which signatures and keys a release was accepted by
//! releases/<ns>/<name>/<version>/<variant>/      installed trees, links to `files/`
//! cache/<registry>/<ns>/<name>.page              package pages; may be removed at any time
//! cache/<registry>/state/ab/<sha256>             nodes of the state map; may be removed at any time
//! registries/<registry>/                         what was seen of each registry's log; not to be lost
//! trust/<sha256>.json                            trust roots that were pinned
//! projects/<hash>                                where the projects are that use the store
//! ```
//!
//! Only `cache/` and `partial/` can be lost without a trace. Everything else can be lost too, and is then fetched again;
//! but without `registries/` a registry could show an older state than the last one, and nobody here would know.

use std::path::{Path, PathBuf};

use tare_format::ReleaseId;
use tare_format::lock::LockedPackage;
use tare_format::registry::RegistryId;
use tare_format::{PackageName, Sha256, VariantName};

/// The last component of an installed tree's path when its release has no variants. No variant can be called so.
const NO_VARIANT: &str = "default";

/// `$TARE_HOME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// The home at `root`, which need not exist.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where release documents, meta archives, recipes and signatures lie, in the layout of a registry.
    #[must_use]
    pub fn documents(&self) -> PathBuf {
        self.root.join("documents")
    }

    /// Where the proof is that a release was accepted.
    #[must_use]
    pub fn evidence(&self, release: &Sha256) -> PathBuf {
        let hex = release.hex();
        self.root.join("evidence").join(hex.get(..2).unwrap_or_default()).join(hex)
    }

    /// Where the installed trees lie.
    #[must_use]
    pub fn releases(&self) -> PathBuf {
        self.root.join("releases")
    }

    /// Where the installed tree of a release lies, or is to lie.
    ///
    /// `digest` is given when the plain path is taken by a release of the same name and version of another registry: two
    /// registries may both have an `a/b@1.0.0`, and neither tree may turn into the other under a program that reads it.
    #[must_use]
    pub fn tree(
        &self,
        id: &ReleaseId,
        variant: Option<&VariantName>,
        digest: Option<&Sha256>,
    ) -> PathBuf {
        let version = match digest {
            // No version holds a `~`.
            Some(digest) => format!("{}~{}", id.version, &digest.hex()[..16]),
            None => id.version.to_string(),
        };
        let variant = variant.map_or(NO_VARIANT, VariantName::as_str);
        let package = self.releases().join(id.name.namespace()).join(id.name.name());
        package.join(version).join(variant)
    }

    /// Both places where the tree of a locked release may lie, the plain one first.
    pub(crate) fn trees(&self, package: &LockedPackage) -> [PathBuf; 2] {
        let (id, variant) = (package.id(), package.variant.as_ref());
        [self.tree(&id, variant, None), self.tree(&id, variant, Some(&package.release))]
    }

    /// Where the cached things of all registries lie.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// The cached page of a package. Names that fold to one another are one package, and have one page.
    pub(crate) fn page(&self, registry: &RegistryId, name: &PackageName) -> PathBuf {
        self.cache().join(registry.as_str()).join(format!("{}.page", name.key()))
    }

    /// The resolver's digest of a cached page.
    pub(crate) fn summary(&self, registry: &RegistryId, name: &PackageName) -> PathBuf {
        self.cache().join(registry.as_str()).join(format!("{}.summary", name.key()))
    }

    /// A cached node of the state map.
    pub(crate) fn state_node(&self, registry: &RegistryId, node: &Sha256) -> PathBuf {
        let (folder, hex) = (self.cache().join(registry.as_str()).join("state"), node.hex());
        folder.join(hex.get(..2).unwrap_or_default()).join(hex)
    }

    /// The cached notices of a registry.
    pub(crate) fn notices(&self, registry: &RegistryId) -> PathBuf {
        self.cache().join(registry.as_str()).join("notices.page")
    }

    /// What was seen of a registry's log.
    pub(crate) fn log(&self, registry: &RegistryId) -> PathBuf {
        self.root.join("registries").join(registry.as_str())
    }

    /// Where it is remembered which projects use the store.
    #[must_use]
    pub fn projects(&self) -> PathBuf {
        self.root.join("projects")
    }
}
