//! The bodies of `/api/v1` (spec/api.md). Paths and methods are in `schemas/openapi.json`.

use jiff::Timestamp;
use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::digest::{Blake3, Sha256};
use crate::event::{Change, SignerKey};
use crate::manifest::Kind;
use crate::name::PackageName;
use crate::scope::Scope;

/// `POST /api/v1/sessions`: what is to be published together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OpenSession {
    /// The release documents, each as the text of its canonical bytes.
    pub releases: Vec<String>,
}

/// A publish session, and what it still lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Session {
    /// Its id: 32 hex digits.
    pub id: String,
    /// When it ends by itself; every request that changes it moves that on.
    #[schemars(with = "String")]
    pub expires: Timestamp,
    /// The releases, in the order in which they were given.
    pub releases: Vec<SessionRelease>,
}

/// One release of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SessionRelease {
    /// The package.
    pub package: PackageName,
    /// The version.
    #[schemars(with = "String")]
    pub version: Version,
    /// The release document.
    pub release: Sha256,
    /// Whether this very release is published already; then nothing is needed.
    pub published: bool,
    /// The meta archive, when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_meta: Option<Sha256>,
    /// The recipes that are missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_recipes: Vec<Blake3>,
    /// Whether there is a signature.
    pub signed: bool,
}

/// `POST /api/v1/sessions/{id}/commit`: what was published, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Committed {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// One receipt for each release.
    pub receipts: Vec<Receipt>,
    /// What the publisher should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// That a release is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Receipt {
    /// The package.
    pub package: PackageName,
    /// The version.
    #[schemars(with = "String")]
    pub version: Version,
    /// The release document.
    pub release: Sha256,
    /// Whether it was there before.
    pub existed: bool,
    /// The number of its event in the log; absent in a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<u64>,
}

/// `POST /api/v1/packages/{ns}/{name}/{version}/yank`, `/unyank` and `/withdraw`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StatusChange {
    /// Why; needed except to take a yank back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The answer to a change that is one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Changed {
    /// Whether something changed; asking twice is no error.
    pub changed: bool,
    /// The number of the event in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<u64>,
}

/// `GET /api/v1/namespaces/{ns}/owners`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Owners {
    /// The owners' logins, sorted.
    pub owners: Vec<String>,
}

/// `POST /api/v1/namespaces/{ns}/owners`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OwnerChange {
    /// The owner's login.
    pub login: String,
    /// Whether to add or to remove.
    pub change: Change,
}

/// `GET /api/v1/packages/{ns}/{name}/signers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Signers {
    /// The keys that may sign the next release.
    pub signers: Vec<SignerKey>,
}

/// `POST /api/v1/packages/{ns}/{name}/signers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SignerChange {
    /// The key as PEM; its id is derived from it.
    pub pem: String,
    /// Whether to add or to remove.
    pub change: Change,
}

/// `GET /api/v1/whoami`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Whoami {
    /// The user's login.
    pub login: String,
    /// The token's name.
    pub token: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires: Option<Timestamp>,
    /// The namespaces that the user owns.
    pub namespaces: Vec<String>,
}

/// `GET /api/v1/search?q=&kind=&limit=&offset=`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Search {
    /// How many match.
    pub total: u64,
    /// One page of them, best first.
    pub packages: Vec<Found>,
}

/// One package that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Found {
    /// The package.
    pub package: PackageName,
    /// Its newest version that is neither a pre-release nor yanked, or else its newest.
    #[schemars(with = "String")]
    pub version: Version,
    /// What it is.
    pub kind: Kind,
    /// Its description.
    pub description: String,
    /// Its worst licence class.
    pub license_class: String,
    /// The size of all its files in bytes.
    pub size: u64,
}

/// `GET /api/v1/health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// `ok`, or what is wrong.
    pub status: String,
    /// The server, as `tare-registry 0.1.0`.
    pub server: String,
}
