//! The fields of a bundle, each at most once and none besides.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};

use super::Subject;
use crate::sigstore::artifact::{ArtifactDigest, Hash};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Document {
    pub(super) media_type: String,
    pub(super) verification_material: VerificationMaterial,
    pub(super) dsse_envelope: Option<Envelope>,
    pub(super) message_signature: Option<Message>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct VerificationMaterial {
    pub(super) certificate: Option<Certificate>,
    pub(super) x509_certificate_chain: Option<Chain>,
    pub(super) public_key: Option<Key>,
    // JSON written from Sigstore's protocol buffers leaves out a list that is empty.
    #[serde(default)]
    pub(super) tlog_entries: Vec<Entry>,
    pub(super) timestamp_verification_data: Option<Timestamps>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Certificate {
    pub(super) raw_bytes: Base64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chain {
    pub(super) certificates: Vec<Certificate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    #[serde(default)]
    pub(super) hint: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Timestamps {
    #[serde(default)]
    pub(super) rfc3161_timestamps: Vec<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Timestamp {
    #[serde(rename = "signedTimestamp")]
    _signed_timestamp: Base64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Entry {
    pub(super) log_index: Option<Number>,
    pub(super) log_id: LogId,
    pub(super) kind_version: KindVersion,
    pub(super) integrated_time: Option<Number>,
    pub(super) inclusion_promise: Option<Promise>,
    pub(super) inclusion_proof: Option<Proof>,
    #[serde(rename = "canonicalizedBody")]
    _canonicalized_body: Base64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct LogId {
    pub(super) key_id: Base64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KindVersion {
    pub(super) kind: String,
    pub(super) version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Promise {
    #[serde(rename = "signedEntryTimestamp")]
    _signed_entry_timestamp: Base64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Proof {
    pub(super) log_index: Option<Number>,
    pub(super) root_hash: Base64,
    pub(super) tree_size: Number,
    // Absent in a tree of one entry.
    #[serde(default, rename = "hashes")]
    _hashes: Vec<Base64>,
    pub(super) checkpoint: Option<Checkpoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    pub(super) envelope: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Envelope {
    pub(super) payload: Base64,
    pub(super) payload_type: String,
    pub(super) signatures: Vec<Signature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signature {
    pub(super) sig: Base64,
    pub(super) keyid: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Message {
    pub(super) message_digest: Option<Digest>,
    pub(super) signature: Base64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Digest {
    pub(super) algorithm: String,
    pub(super) digest: Base64,
}

/// An in-toto statement. It comes from many tools, so what is in the predicate is theirs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Statement {
    #[serde(rename = "_type")]
    _type: String,
    pub(super) subject: Vec<StatedSubject>,
    pub(super) predicate_type: String,
    // Named, so that it stands there once.
    #[serde(rename = "predicate")]
    _predicate: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct StatedSubject {
    name: Option<String>,
    digest: BTreeMap<String, String>,
}

impl From<StatedSubject> for Subject {
    fn from(stated: StatedSubject) -> Self {
        let read = |hash: Hash| ArtifactDigest::from_hex(hash, stated.digest.get(hash.name())?);
        let digests = [Hash::Sha256, Hash::Sha512].into_iter().filter_map(read).collect();
        Self { name: stated.name.unwrap_or_default(), digests }
    }
}

/// Base64 in its one form: the standard alphabet, padded, no bits left over.
pub(super) struct Base64(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(&text).map(Self).map_err(D::Error::custom)
    }
}

/// A number as JSON of protocol buffers has it: decimal digits in quotes.
pub(super) struct Number(pub(super) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse::<u64>() {
            Ok(number) if number.to_string() == text => Ok(Self(number)),
            _ => Err(D::Error::custom("expected a number in quotes, in decimal")),
        }
    }
}
