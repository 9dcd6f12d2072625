//! The manifest `Tare.toml`: what a publisher writes about a package, or a project about what it uses (spec/manifest.md).
//!
//! Reading goes in three steps, each of which points at a line and a column when it fails:
//! the grammar and the types (`Manifest::parse`), the rules between fields (`validate`), and, once the
//! files are known, which file belongs to which variant (`layout`).

mod dependency;
mod layout;
mod license;
mod lineage;
mod package;
mod parse;
mod validate;
mod variants;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use dependency::{Dependency, DependencyRelation};
pub use layout::{MANIFEST_PATH, Selection, required_meta};
pub use license::{License, LicenseExpression, LicensePart, LicenseParts};
pub use lineage::{
    ExactVersion, Lineage, LineageEntry, LineageRelation, LineageSource, Undisclosed,
    UndisclosedReason,
};
pub use package::{Evaluation, Kind, Package, PublishTo};
pub use parse::{ManifestError, Position, from_toml};
pub use variants::{Variant, Variants};

use crate::name::PackageName;

/// `Tare.toml`. With `[package]` it describes a package; without, a project that uses packages.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Tare.toml")]
pub struct Manifest {
    /// What the package is. Absent in a project.
    pub package: Option<Package>,
    /// Which licence each part that the package ships is under.
    #[serde(default)]
    pub license: License,
    /// Named, mutually exclusive sets of files.
    #[serde(default)]
    pub variants: Variants,
    /// What is needed to use it; installed with it.
    #[serde(default)]
    pub dependencies: BTreeMap<PackageName, Dependency>,
    /// What it was made from; recorded, locked and audited.
    #[serde(default)]
    pub lineage: Lineage,
    /// Results that the publisher states.
    #[serde(default, rename = "evaluation")]
    pub evaluations: Vec<Evaluation>,
}
