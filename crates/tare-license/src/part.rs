//! The parts of a package that carry a licence of their own.
//!
//! One tag for a whole repository is how permissive code comes to hide restricted weights, so nothing here has one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A part of a package with a licence expression of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Parameters: what training made.
    Weights,
    /// Source code and programs.
    Code,
    /// Training or evaluation data.
    Data,
    /// Cards, manuals, papers.
    #[serde(alias = "docs")]
    Documentation,
}

impl Part {
    /// Every part, in the order in which reports list them.
    pub const ALL: [Self; 4] = [Self::Weights, Self::Code, Self::Data, Self::Documentation];

    /// The word for it in manifests and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Code => "code",
            Self::Data => "data",
            Self::Documentation => "documentation",
        }
    }

    /// The verb that agrees with it: weights are, code is.
    pub(crate) const fn verb(self) -> &'static str {
        if matches!(self, Self::Weights) { "are" } else { "is" }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a part of a package: expected weights, code, data or documentation")]
pub struct PartError {
    found: String,
}

impl FromStr for Part {
    type Err = PartError;

    fn from_str(text: &str) -> Result<Self, PartError> {
        let named = Self::ALL.into_iter().find(|part| part.as_str() == text);
        named.ok_or_else(|| PartError { found: text.chars().take(80).collect() })
    }
}
