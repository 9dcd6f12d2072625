//! The audit: a pure function of a graph, facts, a policy and the catalogue (spec/audit.md).
//!
//! ```text
//! Graph ─ terms ─┐                                        ┌─ effective classes ─┐
//! Facts ─────────┼─ Survey (who is reached, how surely) ──┼─ checks ─ waivers ──┼─ Report
//! Policy ─ rules ┘                                        └─ headline ──────────┘
//! ```
//!
//! Declared licences are carried along dependencies and lineage to everything they reach, each with the certainty of
//! its weakest edge. What is contested among lawyers is reported as contested; the policy may choose, the engine never.
//!
//! ```
//! use tare_license::Catalogue;
//! use tare_license::audit::{Code, Facts, Graph, Policy, Profile, audit};
//!
//! let graph = Graph::from_toml(r#"
//!     [[node]]
//!     id = "me/lora@1.0.0"
//!     kind = "adapter"
//!     license = { weights = "Apache-2.0" }
//!     [[node]]
//!     id = "lab/base@2.1.0"
//!     kind = "model"
//!     license = { weights = "CC-BY-NC-4.0" }
//!     [[edge]]
//!     from = "me/lora@1.0.0"
//!     to = "lab/base@2.1.0"
//!     relation = "base"
//! "#)?;
//! let facts = Facts::new(Profile::Commercial, "2026-11-24".parse()?);
//! let report = audit(&graph, &facts, &Policy::default(), Catalogue::builtin());
//! assert!(report.denied());
//! assert_eq!(report.headline, "non-commercial");
//! let masked = report.with_code(Code::NcMasked).next().unwrap();
//! assert_eq!(masked.paths[0].to_string(), "me/lora@1.0.0 --base--> lab/base@2.1.0 (weights)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod advisory;
mod checks;
mod code;
mod effective;
mod engine;
mod exception;
mod facts;
mod graph;
mod headline;
mod policy;
mod reach;
mod relation;
mod report;
mod survey;
mod terms;
mod waivers;

#[cfg(test)]
mod tests;

pub use advisory::{Advised, Hit, Ignore, advisories};
pub use code::{Code, CodeInfo, Severity};
pub use engine::audit;
pub use exception::Exception;
pub use facts::{Facts, Profile, ProfileError};
pub use graph::{Edge, Flag, Graph, GraphError, LicenseText, Node, NodeId, NodeKind};
pub use policy::{General, Lint, Policy, PolicyError, ProfileRules, Rules, TrainingData, Unknown};
pub use relation::{Certainty, Relation, RelationError};
pub use report::{
    ChoiceMade, Effective, FORMAT, Finding, NOT_LEGAL_ADVICE, NodeReport, Path, Report, Step,
    Waiver,
};
