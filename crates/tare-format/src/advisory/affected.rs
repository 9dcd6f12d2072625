//! Which versions of a package an advisory is about.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::{Comparator, Op, Version, VersionReq};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::name::{PackageName, SpecError, parse_requirement};

/// A package and some of its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Affected {
    /// The package.
    pub package: PackageName,
    /// The versions.
    pub versions: AffectedVersions,
}

/// Versions: all, or those that meet a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AffectedVersions {
    /// All, pre-releases too.
    All,
    /// Those that meet it.
    Matching(VersionReq),
}

impl AffectedVersions {
    /// Whether `version` is among them.
    ///
    /// A dependency's requirement leaves pre-releases out unless it names one. A warning must not: a pre-release is
    /// affected when the version that it leads to is, or when it lies just below the version where the harm ends.
    #[must_use]
    pub fn contains(&self, version: &Version) -> bool {
        let Self::Matching(requirement) = self else { return true };
        if requirement.matches(version) {
            return true;
        }
        let released = Version::new(version.major, version.minor, version.patch);
        let is_met = |comparator: &Comparator| {
            comparator.matches(&released) || ends_at(comparator, &released)
        };
        !version.pre.is_empty() && requirement.comparators.iter().all(is_met)
    }
}

/// Whether `comparator` is `<released`, so that the pre-releases of `released` are below it.
fn ends_at(comparator: &Comparator, released: &Version) -> bool {
    comparator.op == Op::Less
        && comparator.pre.is_empty()
        && comparator.major == released.major
        && comparator.minor.unwrap_or(0) == released.minor
        && comparator.patch.unwrap_or(0) == released.patch
}

impl fmt::Display for AffectedVersions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Matching(requirement) => requirement.fmt(f),
        }
    }
}

impl FromStr for AffectedVersions {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        if text == "all" { Ok(Self::All) } else { parse_requirement(text).map(Self::Matching) }
    }
}

impl Serialize for AffectedVersions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AffectedVersions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for AffectedVersions {
    fn schema_name() -> Cow<'static, str> {
        "AffectedVersions".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "`all`, or a semver requirement" })
    }
}
