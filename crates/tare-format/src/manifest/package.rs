//! `[package]` and `[[evaluation]]`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::Version;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::decimal::Decimal;
use crate::name::{PackageName, ReleaseId};
use crate::path::FilePath;

/// The most bytes of a version (M-3).
const MAX_VERSION_SIZE: usize = 128;

/// What a package is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Weights that run by themselves.
    Model,
    /// Weights that need a base to run: LoRA, delta.
    Adapter,
    /// Data.
    Dataset,
    /// A curated set of packages.
    Collection,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Model, Self::Adapter, Self::Dataset, Self::Collection];

    /// The kind's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Adapter => "adapter",
            Self::Dataset => "dataset",
            Self::Collection => "collection",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            format!("`{text}` is not a kind: expected model, adapter, dataset or collection")
        })
    }
}

/// `[package]`: what the package is and who made it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[serde(expecting = "a table with name, version and kind under [package]")]
pub struct Package {
    /// `namespace/name`.
    pub name: PackageName,
    /// The release's semantic version.
    #[serde(deserialize_with = "publishable_version")]
    #[schemars(with = "String")]
    pub version: Version,
    /// What it is.
    pub kind: Kind,
    /// One or two sentences, at most 1,000 characters.
    #[serde(default)]
    pub description: String,
    /// Who made it.
    #[serde(default)]
    pub authors: Vec<String>,
    /// Where its source is.
    pub repository: Option<String>,
    /// Where people read about it.
    pub homepage: Option<String>,
    /// Where its documentation is.
    pub documentation: Option<String>,
    /// Words to find it by, at most 16.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Task names as hubs use them, such as `text-generation`.
    #[serde(default)]
    pub tasks: Vec<String>,
    /// Languages as BCP 47 tags.
    #[serde(default)]
    pub languages: Vec<String>,
    /// The page that people read first.
    pub readme: Option<FilePath>,
    /// The model card or data card.
    pub card: Option<FilePath>,
    /// Globs of what is packaged; everything by default.
    #[serde(default)]
    pub include: Vec<String>,
    /// Globs of what is not.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// The registries it may go to; any by default.
    #[serde(default)]
    pub publish: PublishTo,
}

/// `publish`: a list of registry names, or `false` for none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PublishTo {
    /// No restriction.
    #[default]
    Any,
    /// These names; an empty list is none.
    Only(Vec<String>),
}

impl<'de> Deserialize<'de> for PublishTo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = PublishTo;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of registry names, or `false` for none")
            }

            fn visit_bool<E: de::Error>(self, any: bool) -> Result<PublishTo, E> {
                Ok(if any { PublishTo::Any } else { PublishTo::Only(Vec::new()) })
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<PublishTo, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = seq.next_element()? {
                    names.push(name);
                }
                Ok(PublishTo::Only(names))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for PublishTo {
    fn schema_name() -> Cow<'static, str> {
        "PublishTo".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "boolean" },
            { "type": "array", "items": { "type": "string" } }
        ] })
    }
}

/// `[[evaluation]]`: one result, and the file that shows it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[serde(expecting = "a table with dataset, metric and value under [[evaluation]]")]
pub struct Evaluation {
    /// The data set, as `ns/name@1.0.0`.
    pub dataset: ReleaseId,
    /// Which part of it.
    pub split: Option<String>,
    /// What was measured.
    pub metric: String,
    /// The result.
    pub value: Decimal,
    /// A file of the package that shows it.
    pub evidence: Option<FilePath>,
}

/// M-3: a version that can be published has no build metadata, so that one version has one written form.
fn publishable_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    if text.len() > MAX_VERSION_SIZE {
        // It becomes the name of a folder.
        let message =
            format!("a version of {} bytes is too long: at most {MAX_VERSION_SIZE}", text.len());
        return Err(de::Error::custom(message));
    }
    let version: Version = text.parse().map_err(|error| {
        de::Error::custom(match whole(&text) {
            Some(whole) => {
                format!(
                    "`{text}` is not a semantic version: write `{whole}` with all three numbers"
                )
            }
            None => format!("`{text}` is not a semantic version: {error}"),
        })
    })?;
    if version.build.is_empty() {
        Ok(version)
    } else {
        Err(de::Error::custom(format!(
            "`{version}` has build metadata: leave out `+{}`",
            version.build
        )))
    }
}

/// The version with all three numbers, when `text` has only the first or the first two.
fn whole(text: &str) -> Option<Version> {
    let zeros = match text.split('.').count() {
        1 => ".0.0",
        2 => ".0",
        _ => return None,
    };
    format!("{text}{zeros}").parse().ok()
}
