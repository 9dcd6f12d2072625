//! What is known once a bundle was checked, and what was checked to know it (S-42).

use jiff::Timestamp;
use serde::Serialize;
use tare_format::Sha256;

use super::artifact::ArtifactDigest;
use crate::public_key::KeyId;

/// A bundle that passed. Only [`check`](super::check) makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Verdict {
    /// Who signed.
    pub signer: SignedBy,
    /// The file that was signed, or that the signed statement is about.
    pub artifact: ArtifactDigest,
    /// What kind of statement was signed; none when it is the file itself.
    pub predicate_type: Option<String>,
    /// The signed statement, to be read by whoever knows its kind.
    #[serde(skip)]
    pub payload: Option<Vec<u8>>,
    /// When it was signed, by everybody who vouches for a time.
    pub times: Vec<SigningTime>,
    /// Where it stands in a log.
    pub log: Option<Logged>,
    /// What was checked, in that order.
    pub checked: Vec<Check>,
    /// What it hangs from; none beside a key that needs nothing else.
    pub trust_root: Option<Sha256>,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SignedBy {
    /// Somebody whom an issuer knows.
    Identity {
        /// What the issuer calls them.
        identity: String,
        /// Who says so.
        issuer: String,
        /// What the certificate says of the build.
        build: Box<BuildClaims>,
    },
    /// The holder of a key.
    Key(KeyId),
}

/// What a certificate says of the build that it was given to. Empty for a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct BuildClaims {
    /// The URL of the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// What the host of the repository calls it. It stays when the repository is renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_id: Option<String>,
    /// What the host calls the repository's owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// The commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The branch or tag.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The file that says how to build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// What started the build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// What kind of machine built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    /// The run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// A time at which the signature existed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SigningTime {
    /// The time.
    pub time: Timestamp,
    /// Who vouches for it.
    pub by: Clock,
}

/// Who vouches for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Clock {
    /// A timestamp authority.
    TimestampAuthority,
    /// The log.
    Log,
}

/// Where a signature stands in a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Logged {
    /// The log, by its URL in the trust root.
    pub log: String,
    /// The index of the entry.
    pub index: u64,
}

/// Something that was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Check {
    /// The certificate comes from an authority of the trust root and was valid at each of the times.
    Certificate,
    /// The certificate is in a log of certificates.
    CertificateLog,
    /// Issuer and identity are those that were asked for.
    Identity,
    /// The signature is in a log, by proof.
    LogInclusion,
    /// A timestamp is one over this signature.
    Timestamp,
    /// The signature is one over what is said to be signed.
    Signature,
    /// The file is the one.
    Artifact,
}

impl Check {
    /// What was checked, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Certificate => "certificate chain",
            Self::CertificateLog => "certificate log",
            Self::Identity => "issuer and identity",
            Self::LogInclusion => "log inclusion",
            Self::Timestamp => "timestamp",
            Self::Signature => "signature",
            Self::Artifact => "artifact digest",
        }
    }
}
