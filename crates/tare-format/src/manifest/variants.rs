//! `[variants]`: named, mutually exclusive sets of files, chosen at install.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use crate::name::VariantName;

/// `[variants]`: the default's name, and a table for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variants {
    /// What is installed when nobody chooses.
    pub default: Option<VariantName>,
    /// The variants by name.
    pub named: BTreeMap<VariantName, Variant>,
}

/// `[variants.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[serde(expecting = "a table with files, as in { files = [\"*.gguf\"] }")]
pub struct Variant {
    /// Globs of the files that only this variant has.
    pub files: Vec<String>,
}

impl<'de> Deserialize<'de> for Variants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Variants;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`default` and a table for each variant")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Variants, A::Error> {
                let mut variants = Variants::default();
                while let Some(key) = map.next_key::<String>()? {
                    if key == "default" {
                        variants.default = Some(map.next_value()?);
                    } else {
                        let name = key.parse().map_err(de::Error::custom)?;
                        variants.named.insert(name, map.next_value()?);
                    }
                }
                Ok(variants)
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

impl JsonSchema for Variants {
    fn schema_name() -> Cow<'static, str> {
        "Variants".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<VariantName>();
        let variant = generator.subschema_for::<Variant>();
        json_schema!({
            "type": "object",
            "properties": { "default": name },
            "additionalProperties": variant
        })
    }
}
