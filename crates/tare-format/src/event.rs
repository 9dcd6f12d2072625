//! Events: the lines of a registry's append-only log (spec/events.md).
//!
//! Everything current is a function of the events before it. Each payload has 16 random bytes of salt, so that its hash
//! gives nothing away once the payload is redacted. The bytes of a line are kept as they were written: a reader that does
//! not know a field, or a type, passes over it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::{Version, VersionReq};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::digest::{Sha256, hex};
use crate::manifest::{DependencyRelation, Kind, LicenseParts};
use crate::name::{Namespace, PackageName, VariantName};

/// 16 random bytes that keep a payload's hash from being guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl FromStr for Salt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A salt is half a digest long; the digest's reader does the work.
        let doubled = format!("{text}{text}");
        let bytes = Sha256::from_hex(&doubled).map_err(|_| "a salt is 32 lower-case hex digits")?;
        let (half, _) = bytes.as_bytes().split_first_chunk::<16>().ok_or("a salt is 16 bytes")?;
        Ok(Self(*half))
    }
}

impl Serialize for Salt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Salt {
    fn schema_name() -> Cow<'static, str> {
        "Salt".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9a-f]{32}$" })
    }
}

/// One event: when, by whom, and what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    /// 16 random bytes.
    pub salt: Salt,
    /// When the registry accepted it, in whole seconds.
    #[schemars(with = "String")]
    pub time: Timestamp,
    /// The login of who did it.
    pub by: String,
    /// What was done.
    #[serde(flatten)]
    pub body: EventBody,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum EventBody {
    /// A namespace was claimed.
    Namespace {
        /// Its name.
        namespace: Namespace,
        /// The login of its first owner.
        owner: String,
    },
    /// An owner of a namespace was added or removed.
    Owner {
        /// The namespace.
        namespace: Namespace,
        /// The owner's login.
        login: String,
        /// Whether the owner was added.
        change: Change,
    },
    /// A key that may sign the releases of a package was added or removed.
    Signer {
        /// The package.
        package: PackageName,
        /// The key.
        key: SignerKey,
        /// Whether the key was added.
        change: Change,
    },
    /// A version was published.
    Publish(Box<Published>),
    /// A version was hidden from new resolutions.
    Yank {
        /// The package.
        package: PackageName,
        /// The version.
        #[schemars(with = "String")]
        version: Version,
        /// Why.
        reason: String,
    },
    /// A yank was taken back.
    Unyank {
        /// The package.
        package: PackageName,
        /// The version.
        #[schemars(with = "String")]
        version: Version,
    },
    /// A version was withdrawn: it is not installable any more.
    Withdraw {
        /// The package.
        package: PackageName,
        /// The version.
        #[schemars(with = "String")]
        version: Version,
        /// Why.
        reason: String,
    },
}

impl EventBody {
    /// The package whose page the event stands on; `None` for events of a namespace.
    #[must_use]
    pub fn package(&self) -> Option<&PackageName> {
        match self {
            Self::Namespace { .. } | Self::Owner { .. } => None,
            Self::Signer { package, .. }
            | Self::Yank { package, .. }
            | Self::Unyank { package, .. }
            | Self::Withdraw { package, .. } => Some(package),
            Self::Publish(published) => Some(&published.package),
        }
    }
}

/// Whether something was added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Added.
    Add,
    /// Removed.
    Remove,
}

/// A public key that may sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SignerKey {
    /// SHA-256 of the key's SubjectPublicKeyInfo in DER.
    pub id: Sha256,
    /// The SubjectPublicKeyInfo as PEM.
    pub pem: String,
}

/// What a package page says of one version: enough to resolve, and the digests of everything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Published {
    /// The package.
    pub package: PackageName,
    /// The version.
    #[schemars(with = "String")]
    pub version: Version,
    /// What it is.
    pub kind: Kind,
    /// The release document.
    pub release: Sha256,
    /// The release document's size in bytes.
    pub release_size: u64,
    /// What is needed to use it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<PublishedDependency>,
    /// The variants' names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<VariantName>,
    /// The variant that is installed when nobody chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_variant: Option<VariantName>,
    /// Which licence each part is under.
    pub license: LicenseParts,
    /// The size of all files in bytes.
    pub size: u64,
    /// The signatures, so that a mirror cannot drop one unnoticed.
    pub signatures: Vec<SignatureRef>,
}

/// One dependency, as the resolver needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PublishedDependency {
    /// The package.
    pub name: PackageName,
    /// Which versions will do.
    #[schemars(with = "String")]
    pub requirement: VersionReq,
    /// What it is for.
    pub relation: DependencyRelation,
    /// Which of its variants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<VariantName>,
}

/// A signature bundle by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SignatureRef {
    /// SHA-256 of the bundle's bytes.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
}

impl Event {
    /// The event as one line without the line feed.
    ///
    /// # Errors
    /// Only when a value cannot be JSON, which none of these can.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads one line. An event of a type that this version does not know is `None`: it has no effect (E-5).
    ///
    /// # Errors
    /// When the line is not a JSON object, or an event of a known type lacks a field.
    pub fn from_line(line: &str) -> Result<Option<Self>, serde_json::Error> {
        #[derive(Deserialize)]
        struct Head {
            #[serde(rename = "type")]
            kind: String,
        }
        let head: Head = serde_json::from_str(line)?;
        let known = ["namespace", "owner", "signer", "publish", "yank", "unyank", "withdraw"];
        if known.contains(&head.kind.as_str()) {
            serde_json::from_str(line).map(Some)
        } else {
            Ok(None)
        }
    }
}
