//! `[dependencies]`: what is needed to use a package.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::{Op, VersionReq};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::name::{VariantName, parse_requirement};

/// What a dependency is for.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum DependencyRelation {
    /// The model that an adapter adapts.
    Base,
    /// The tokenizer.
    Tokenizer,
    /// Anything else that is loaded with it.
    #[default]
    Component,
    /// A package of a collection.
    Member,
}

impl DependencyRelation {
    /// The relation's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Tokenizer => "tokenizer",
            Self::Component => "component",
            Self::Member => "member",
        }
    }
}

impl fmt::Display for DependencyRelation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One entry of `[dependencies]`: `"1.2"`, or a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Which versions will do.
    pub version: VersionReq,
    /// What it is for.
    pub relation: DependencyRelation,
    /// Which of its variants; its default one when absent.
    pub variant: Option<VariantName>,
    /// For a base: that other versions of the range work as well, although a base is exact otherwise (M-7).
    pub compatible: bool,
}

impl Dependency {
    /// Whether the requirement names exactly one version.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        is_exact(&self.version)
    }
}

pub(crate) fn is_exact(requirement: &VersionReq) -> bool {
    matches!(requirement.comparators.as_slice(),
        [one] if one.op == Op::Exact && one.minor.is_some() && one.patch.is_some())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[serde(expecting = "a table with version")]
struct DependencyTable {
    #[serde(deserialize_with = "requirement")]
    version: VersionReq,
    #[serde(default)]
    relation: DependencyRelation,
    variant: Option<VariantName>,
    #[serde(default)]
    compatible: bool,
}

fn requirement<'de, D: Deserializer<'de>>(deserializer: D) -> Result<VersionReq, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    parse_requirement(&text).map_err(de::Error::custom)
}

impl<'de> Deserialize<'de> for Dependency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Dependency;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a version requirement such as \"1.2\", or a table with `version`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Dependency, E> {
                let version = parse_requirement(text).map_err(E::custom)?;
                let relation = DependencyRelation::default();
                Ok(Dependency { version, relation, variant: None, compatible: false })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Dependency, A::Error> {
                let table =
                    DependencyTable::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let DependencyTable { version, relation, variant, compatible } = table;
                Ok(Dependency { version, relation, variant, compatible })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Dependency {
    fn schema_name() -> Cow<'static, str> {
        "Dependency".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let relation = generator.subschema_for::<DependencyRelation>();
        let variant = generator.subschema_for::<VariantName>();
        json_schema!({ "anyOf": [
            { "type": "string", "description": "version requirement" },
            {
                "type": "object",
                "properties": {
                    "version": { "type": "string", "description": "version requirement" },
                    "relation": relation,
                    "variant": variant,
                    "compatible": { "type": "boolean", "description": "a base that may be another version of the range" }
                },
                "required": ["version"],
                "additionalProperties": false
            }
        ] })
    }
}
