//! `[lineage]`: what a package was made from. Lineage is history, so it names exact versions.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::{Version, VersionReq};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::LicenseParts;
use crate::decimal::Decimal;
use crate::name::PackageName;
use crate::path::FilePath;

/// How a package came from another.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum LineageRelation {
    /// Its weights were fitted to that data.
    TrainedOn,
    /// Training went on from those weights.
    FinetunedFrom,
    /// It adapts those weights without holding them.
    AdaptedFrom,
    /// Those weights were combined into its own.
    MergedFrom,
    /// The same weights with fewer bits.
    QuantizedFrom,
    /// The same weights in another format.
    ConvertedFrom,
    /// It learned from that model's output.
    DistilledFrom,
    /// That model wrote it.
    GeneratedBy,
    /// Data made from that data.
    DerivedFrom,
    /// It was measured on that data.
    EvaluatedOn,
}

impl LineageRelation {
    /// Every relation.
    pub const ALL: [Self; 10] = [
        Self::TrainedOn,
        Self::FinetunedFrom,
        Self::AdaptedFrom,
        Self::MergedFrom,
        Self::QuantizedFrom,
        Self::ConvertedFrom,
        Self::DistilledFrom,
        Self::GeneratedBy,
        Self::DerivedFrom,
        Self::EvaluatedOn,
    ];

    /// The relation's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TrainedOn => "trained-on",
            Self::FinetunedFrom => "finetuned-from",
            Self::AdaptedFrom => "adapted-from",
            Self::MergedFrom => "merged-from",
            Self::QuantizedFrom => "quantized-from",
            Self::ConvertedFrom => "converted-from",
            Self::DistilledFrom => "distilled-from",
            Self::GeneratedBy => "generated-by",
            Self::DerivedFrom => "derived-from",
            Self::EvaluatedOn => "evaluated-on",
        }
    }
}

impl fmt::Display for LineageRelation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a lineage entry names: a package, or something outside any registry as `scheme:rest`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineageSource {
    /// A package of the same registry.
    Package(PackageName),
    /// `hf:org/name`, `https://…`, `doi:…`: recorded and audited, never fetched.
    Foreign(String),
}

impl fmt::Display for LineageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Package(name) => write!(f, "{name}"),
            Self::Foreign(text) => f.write_str(text),
        }
    }
}

impl FromStr for LineageSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None => text.parse().map(Self::Package).map_err(|error| format!("{error}")),
            Some((scheme, rest)) => {
                let letters = scheme.bytes().all(|b| b.is_ascii_lowercase()) && !scheme.is_empty();
                let plain = rest.bytes().all(|b| b.is_ascii_graphic()) && !rest.is_empty();
                if letters && plain && text.len() <= 512 {
                    Ok(Self::Foreign(text.to_owned()))
                } else {
                    Err(format!("`{text}` is neither `namespace/name` nor `scheme:rest`"))
                }
            }
        }
    }
}

impl Serialize for LineageSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LineageSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for LineageSource {
    fn schema_name() -> Cow<'static, str> {
        "LineageSource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "namespace/name, or scheme:rest outside any registry" })
    }
}

/// One version, written `1.2.0` or `=1.2.0`. A range is an error (M-8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExactVersion(pub Version);

impl<'de> Deserialize<'de> for ExactVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let version = text.trim().trim_start_matches('=').trim();
        version.parse().map(Self).map_err(|_| {
            let what = if text.parse::<VersionReq>().is_ok() { "a range" } else { "no version" };
            de::Error::custom(format!(
                "`{text}` is {what}: lineage is history and names one version, as in `=1.2.0`"
            ))
        })
    }
}

impl JsonSchema for ExactVersion {
    fn schema_name() -> Cow<'static, str> {
        "ExactVersion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "one version, as in =1.2.0", "pattern": "^=?[0-9]+\\.[0-9]+\\.[0-9]+" })
    }
}

/// One entry of `[lineage]`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[serde(
    expecting = "a table with version and relation, as in { version = \"=1.0.0\", relation = \"trained-on\" }"
)]
pub struct LineageEntry {
    /// Which version; needed for a package.
    pub version: Option<ExactVersion>,
    /// Which revision; only outside a registry.
    pub revision: Option<String>,
    /// How the package came from it.
    pub relation: LineageRelation,
    /// Which part of a data set.
    pub split: Option<String>,
    /// The share of all training data, 0 to 1.
    pub share: Option<Decimal>,
    /// What it is under; only outside a registry, where nothing else says so.
    #[serde(default)]
    pub license: LicenseParts,
}

/// Why something is not disclosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UndisclosedReason {
    /// It is about people.
    PersonalData,
    /// Its licence forbids.
    Licensed,
    /// It is a secret of a business.
    TradeSecret,
    /// Anything else; the description says what.
    Other,
}

/// `[[lineage.undisclosed]]`: what cannot be published is still declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[serde(expecting = "a table with relation, description and reason")]
pub struct Undisclosed {
    /// How the package came from it.
    pub relation: LineageRelation,
    /// What it is, in a sentence.
    pub description: String,
    /// Why it is not disclosed.
    pub reason: UndisclosedReason,
    /// A data card about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<FilePath>,
}

/// `[lineage]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lineage {
    /// What is named.
    pub entries: BTreeMap<LineageSource, LineageEntry>,
    /// What is declared without a name.
    pub undisclosed: Vec<Undisclosed>,
}

impl<'de> Deserialize<'de> for Lineage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Lineage;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table for each ancestor, and `undisclosed`")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Lineage, A::Error> {
                let mut lineage = Lineage::default();
                while let Some(key) = map.next_key::<String>()? {
                    if key == "undisclosed" {
                        lineage.undisclosed = map.next_value()?;
                    } else {
                        let source = key.parse().map_err(de::Error::custom)?;
                        lineage.entries.insert(source, map.next_value()?);
                    }
                }
                Ok(lineage)
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

impl JsonSchema for Lineage {
    fn schema_name() -> Cow<'static, str> {
        "Lineage".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let entry = generator.subschema_for::<LineageEntry>();
        let undisclosed = generator.subschema_for::<Undisclosed>();
        json_schema!({
            "type": "object",
            "properties": { "undisclosed": { "type": "array", "items": undisclosed } },
            "additionalProperties": entry
        })
    }
}
