//! `[license]`: one SPDX expression for each part that the package ships.
//!
//! This crate only carries the expressions; `tare-license` knows what they mean.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

/// A part of a package that has a licence of its own.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum LicensePart {
    /// Parameters of a model or an adapter.
    Weights,
    /// Programs.
    Code,
    /// Records of a data set.
    Data,
    /// Cards, readmes, papers.
    Documentation,
}

impl LicensePart {
    /// Every part.
    pub const ALL: [Self; 4] = [Self::Weights, Self::Code, Self::Data, Self::Documentation];

    /// The part's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Code => "code",
            Self::Data => "data",
            Self::Documentation => "documentation",
        }
    }
}

impl fmt::Display for LicensePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text of an SPDX licence expression, not yet understood.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct LicenseExpression(String);

impl LicenseExpression {
    /// The expression as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LicenseExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for LicenseExpression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() || text.len() > 1024 || text.chars().any(char::is_control) {
            return Err("a licence expression is a text of 1 to 1,024 bytes on one line".to_owned());
        }
        Ok(Self(text.trim().to_owned()))
    }
}

impl<'de> Deserialize<'de> for LicenseExpression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for LicenseExpression {
    fn schema_name() -> Cow<'static, str> {
        "LicenseExpression".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "SPDX license expression", "minLength": 1, "maxLength": 1024 })
    }
}

/// An expression for each part; absent when the package ships no such part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[serde(expecting = "a table with an expression for each part, as in { weights = \"MIT\" }")]
pub struct LicenseParts {
    /// Of the parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<LicenseExpression>,
    /// Of the programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<LicenseExpression>,
    /// Of the records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<LicenseExpression>,
    /// Of cards, readmes and papers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation: Option<LicenseExpression>,
}

impl LicenseParts {
    /// The parts that have an expression, in the order of [`LicensePart::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (LicensePart, &LicenseExpression)> {
        let parts = [&self.weights, &self.code, &self.data, &self.documentation];
        LicensePart::ALL
            .into_iter()
            .zip(parts)
            .filter_map(|(part, text)| Some((part, text.as_ref()?)))
    }

    /// Whether no part has an expression.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

/// `[license]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[serde(
    expecting = "a table with an expression for each part, as in weights = \"MIT\" under [license]"
)]
pub struct License {
    /// Of the parameters.
    pub weights: Option<LicenseExpression>,
    /// Of the programs.
    pub code: Option<LicenseExpression>,
    /// Of the records.
    pub data: Option<LicenseExpression>,
    /// Of cards, readmes and papers.
    pub documentation: Option<LicenseExpression>,
    /// Globs of the files that hold the licence texts.
    #[serde(default)]
    pub files: Vec<String>,
}

impl License {
    /// The expressions without the texts.
    #[must_use]
    pub fn parts(&self) -> LicenseParts {
        LicenseParts {
            weights: self.weights.clone(),
            code: self.code.clone(),
            data: self.data.clone(),
            documentation: self.documentation.clone(),
        }
    }
}
