//! Takedowns and redactions: how bytes and lines go from an append-only log (E-23 to E-28).

use std::fmt;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::Version;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Event, EventBody, PageKey};
use crate::advisory::AdvisoryId;
use crate::digest::Sha256;
use crate::name::{PackageName, ReleaseId};

/// Why something is taken down or redacted. A short list, because a free text could name what must not be named.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Sexual abuse of children.
    Csam,
    /// Personal data.
    Pii,
    /// Copyright.
    Copyright,
    /// The licence was not the publisher's to give, or was taken back.
    Licence,
    /// Harmful code.
    Malware,
    /// The order of a court or an authority.
    Court,
    /// Anything else.
    Other,
}

impl Class {
    /// Its name, as in the event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csam => "csam",
            Self::Pii => "pii",
            Self::Copyright => "copyright",
            Self::Licence => "licence",
            Self::Malware => "malware",
            Self::Court => "court",
            Self::Other => "other",
        }
    }

    /// Within how many hours the bytes have to be gone, when the event says nothing stricter.
    #[must_use]
    pub const fn deadline_hours(self) -> u32 {
        match self {
            Self::Csam => 1,
            Self::Malware => 4,
            Self::Court | Self::Pii => 24,
            Self::Copyright | Self::Licence | Self::Other => 72,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where a takedown holds: `"global"`, or a list of countries as ISO 3166-1 alpha-2 codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere.
    Global,
    /// In these countries; sorted, each once, at least one.
    Countries(Vec<String>),
}

impl Scope {
    /// Whether it holds in a country; always when the country is not known.
    #[must_use]
    pub fn covers(&self, country: Option<&str>) -> bool {
        match (self, country) {
            (Self::Global, _) | (_, None) => true,
            (Self::Countries(countries), Some(country)) => countries.iter().any(|c| c == country),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum ScopeForm {
    Word(String),
    Countries(Vec<String>),
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Global => serializer.serialize_str("global"),
            Self::Countries(countries) => countries.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let is_code =
            |text: &String| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
        match ScopeForm::deserialize(deserializer)? {
            ScopeForm::Word(word) if word == "global" => Ok(Self::Global),
            ScopeForm::Countries(mut countries)
                if !countries.is_empty() && countries.iter().all(is_code) =>
            {
                countries.sort();
                countries.dedup();
                Ok(Self::Countries(countries))
            }
            _ => {
                Err(de::Error::custom("a scope is `global` or a list of two-letter country codes"))
            }
        }
    }
}

impl JsonSchema for Scope {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scope".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [
            { "const": "global" },
            { "type": "array", "minItems": 1, "items": { "type": "string", "pattern": "^[A-Z]{2}$" } },
        ] })
    }
}

/// Bytes that have to go. The release document, the page's lines and the signature bundles stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Takedown {
    /// Releases whose data files and meta archives go, as far as no other live release needs them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub releases: Vec<ReleaseId>,
    /// Single files that go from every release, by digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Sha256>,
    /// Why.
    pub class: Class,
    /// Where it holds.
    pub scope: Scope,
    /// Within how many hours mirrors have to obey.
    pub deadline_hours: u32,
    /// The registry's own name for the notice, which it keeps and does not log.
    pub notice: String,
    /// Where to appeal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appeal: Option<String>,
}

/// What is left of a redacted line: what the rules still have to know of it.
///
/// Whoever saw the line and whoever sees `-` in its place must come to the same pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Residue {
    /// A version exists. It can never be installed, and nobody checks its signature any more.
    Publish {
        /// The package.
        package: PackageName,
        /// The version.
        #[schemars(with = "String")]
        version: Version,
    },
    /// A version is yanked, for a reason that is gone.
    Yank {
        /// The package.
        package: PackageName,
        /// The version.
        #[schemars(with = "String")]
        version: Version,
    },
    /// A yank was taken back.
    Unyank {
        /// The package.
        package: PackageName,
        /// The version.
        #[schemars(with = "String")]
        version: Version,
    },
    /// A version is withdrawn, for a reason that is gone.
    Withdraw {
        /// The package.
        package: PackageName,
        /// The version.
        #[schemars(with = "String")]
        version: Version,
    },
    /// There was an advisory.
    Advisory {
        /// Its id.
        id: AdvisoryId,
        /// When it was changed: an older one does not take its place.
        #[schemars(with = "String")]
        modified: Timestamp,
        /// The packages whose pages it stands on.
        packages: Vec<PackageName>,
        /// Whether the registry wrote it, so that no owner may change it.
        by_registry: bool,
    },
    /// Something is taken down.
    Takedown {
        /// The releases.
        releases: Vec<ReleaseId>,
    },
    /// The line had no effect and stands on no page.
    Inert,
}

impl Residue {
    /// What is left of an effective event; `None` when its line cannot be redacted.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let residue = match &event.body {
            EventBody::Publish(published) => Self::Publish {
                package: published.package.clone(),
                version: published.version.clone(),
            },
            EventBody::Yank { package, version, .. } => {
                Self::Yank { package: package.clone(), version: version.clone() }
            }
            EventBody::Unyank { package, version } => {
                Self::Unyank { package: package.clone(), version: version.clone() }
            }
            EventBody::Withdraw { package, version, .. } => {
                Self::Withdraw { package: package.clone(), version: version.clone() }
            }
            EventBody::Advisory { advisory } => Self::Advisory {
                id: advisory.id.clone(),
                modified: advisory.modified,
                packages: advisory.packages(),
                by_registry: event.is_by_registry(),
            },
            EventBody::Takedown(takedown) => Self::Takedown { releases: takedown.releases.clone() },
            _ => return None,
        };
        Some(residue)
    }

    /// The type of the line, as its leaf has it; `None` for a line without effect, which may be of any type.
    #[must_use]
    pub const fn type_name(&self) -> Option<&'static str> {
        match self {
            Self::Publish { .. } => Some("publish"),
            Self::Yank { .. } => Some("yank"),
            Self::Unyank { .. } => Some("unyank"),
            Self::Withdraw { .. } => Some("withdraw"),
            Self::Advisory { .. } => Some("advisory"),
            Self::Takedown { .. } => Some("takedown"),
            Self::Inert => None,
        }
    }

    /// The pages that the line stands on.
    #[must_use]
    pub fn pages(&self) -> Vec<PageKey> {
        match self {
            Self::Publish { package, .. }
            | Self::Yank { package, .. }
            | Self::Unyank { package, .. }
            | Self::Withdraw { package, .. } => vec![PageKey::Package(package.clone())],
            Self::Advisory { packages, .. } => notices_and(packages.iter()),
            Self::Takedown { releases } => notices_and(releases.iter().map(|id| &id.name)),
            Self::Inert => Vec::new(),
        }
    }
}

/// The notices and the pages of packages, each once.
pub(super) fn notices_and<'p>(packages: impl Iterator<Item = &'p PackageName>) -> Vec<PageKey> {
    let mut pages = vec![PageKey::Notices];
    for name in packages {
        let page = PageKey::Package(name.clone());
        if !pages.contains(&page) {
            pages.push(page);
        }
    }
    pages
}
