//! `registry.json`: what a registry says about itself (spec/registry.md).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::digest::Sha256;
use crate::limits::Limits;

/// What the field `format` says.
pub const REGISTRY_FORMAT: &str = "tare-registry/1";

/// Which registry it is, wherever it is served from: `tr1-` and 32 hex digits.
///
/// The digits are the first of the SHA-256 of the text of its first root document, so whoever knows the id can check
/// every root from the first on, and needs to trust nobody else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryId(String);

impl RegistryId {
    /// The id of the registry whose first root document has this digest. The digest is of the document's text,
    /// which its signatures are not part of.
    #[must_use]
    pub fn of_root(text: &Sha256) -> Self {
        let (start, _) = text.as_bytes().split_at(16);
        Self(format!("tr1-{}", crate::digest::hex(start)))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RegistryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for RegistryId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("tr1-").unwrap_or_default();
        let good =
            digits.len() == 32 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        good.then(|| Self(text.to_owned())).ok_or_else(|| {
            format!("`{text}` is not a registry id: expected `tr1-` and 32 hex digits")
        })
    }
}

impl Serialize for RegistryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RegistryId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for RegistryId {
    fn schema_name() -> Cow<'static, str> {
        "RegistryId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^tr1-[0-9a-f]{32}$" })
    }
}

/// `registry.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(title = "registry.json")]
pub struct Registry {
    /// `tare-registry/1`.
    pub format: String,
    /// Which registry it is.
    pub id: RegistryId,
    /// Where the API is, relative to this file or absolute; absent on a read-only copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// Base URLs of copies. A hint that nothing depends on: nobody has to trust a mirror, and anybody can be one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<String>,
    /// The codecs that it takes in packs.
    pub codecs: Vec<String>,
    /// How large things may be.
    pub limits: Limits,
}
