//! The file that a signature travels in: a Sigstore bundle v0.3 in key mode (S-7 to S-9).
//!
//! Sigstore's tools read what we write. We read less than they write: exactly the fields below, each once, so that no
//! second reader can find something in a bundle that we did not see.
//!
//! ```text
//! {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
//!  "verificationMaterial": {"publicKey": {"hint": …}, "tlogEntries": []},
//!  "dsseEnvelope": {"payload": …, "payloadType": "application/vnd.in-toto+json",
//!                   "signatures": [{"sig": …, "keyid": ""}]}}
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::statement::PAYLOAD_TYPE;

/// The only media type that is read and written.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The most bytes of a bundle. Real ones have under 2 KiB in key mode.
pub const MAX_SIZE: usize = 1 << 20;

/// A bundle whose form was checked. Its signature was not: see [`verify`](crate::verify).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Which key is said to have signed: the SHA-256 of its PEM text in hex. Anyone can write anything here.
    pub hint: String,
    /// The signed statement.
    pub payload: Vec<u8>,
    /// The signature over the [encoded](crate::statement::pre_authentication_encoding) payload.
    pub signature: Vec<u8>,
}

/// Why bytes are not a bundle in key mode.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It is too large.
    #[error("signature bundle has {found} bytes, the limit is {limit}")]
    Size {
        /// Its size in bytes.
        found: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// It is not JSON, or has an unknown, missing or repeated field.
    #[error("signature bundle cannot be read")]
    Json {
        /// What is wrong, with line and column.
        #[from]
        source: serde_json::Error,
    },
    /// A field has another value than the only allowed one.
    #[error("signature bundle has `{field}` `{found}`, expected `{expected}`")]
    Field {
        /// The field.
        field: &'static str,
        /// Its value, cut to a readable length.
        found: String,
        /// The only allowed value.
        expected: &'static str,
    },
    /// It is signed with a certificate.
    #[error("signature bundle is signed with a certificate, expected a public key")]
    Certificate,
    /// It has entries of a transparency log, which nobody would check.
    #[error(
        "signature bundle has {found} transparency log entries, expected none beside a public key"
    )]
    LogEntries {
        /// How many.
        found: usize,
    },
    /// It does not have one signature.
    #[error("signature bundle has {found} signatures, expected one")]
    Signatures {
        /// How many.
        found: usize,
    },
    /// A field is not base64 in its one form.
    #[error("signature bundle has a `{field}` that is not base64")]
    Base64 {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        source: base64::DecodeError,
    },
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// When it is not exactly the form that S-7 gives.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > MAX_SIZE {
            return Err(BundleError::Size { found: bytes.len(), limit: MAX_SIZE });
        }
        let document: Document = serde_json::from_slice(bytes)?;
        let Document { media_type, verification_material: material, dsse_envelope: envelope } =
            document;
        require("mediaType", &media_type, MEDIA_TYPE)?;
        if material.certificate.or(material.x509_certificate_chain).is_some() {
            return Err(BundleError::Certificate);
        }
        let entries = material.tlog_entries.len();
        if entries != 0 {
            return Err(BundleError::LogEntries { found: entries });
        }
        require("payloadType", &envelope.payload_type, PAYLOAD_TYPE)?;
        let [signature] = envelope.signatures.as_slice() else {
            return Err(BundleError::Signatures { found: envelope.signatures.len() });
        };
        require("keyid", &signature.keyid, "")?;
        let Some(key) = material.public_key else {
            return Err(BundleError::Field {
                field: "publicKey",
                found: "nothing".to_owned(),
                expected: "a hint",
            });
        };
        Ok(Self {
            hint: key.hint,
            payload: decode("payload", &envelope.payload)?,
            signature: decode("sig", &signature.sig)?,
        })
    }

    /// The bundle as it is stored and published.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // The hint is escaped by the serializer, because a bundle that was read may hold any text there.
        let hint = serde_json::Value::from(self.hint.as_str());
        let payload = STANDARD.encode(&self.payload);
        let signature = STANDARD.encode(&self.signature);
        format!(
            concat!(
                r#"{{"mediaType":"{}","verificationMaterial":{{"publicKey":{{"hint":{}}},"tlogEntries":[]}},"#,
                r#""dsseEnvelope":{{"payload":"{}","payloadType":"{}","signatures":[{{"sig":"{}","keyid":""}}]}}}}"#
            ),
            MEDIA_TYPE, hint, payload, PAYLOAD_TYPE, signature
        )
        .into_bytes()
    }
}

fn require(field: &'static str, found: &str, expected: &'static str) -> Result<(), BundleError> {
    if found == expected {
        return Ok(());
    }
    let found = found.chars().filter(|c| !c.is_control()).take(80).collect();
    Err(BundleError::Field { field, found, expected })
}

fn decode(field: &'static str, text: &str) -> Result<Vec<u8>, BundleError> {
    STANDARD.decode(text).map_err(|source| BundleError::Base64 { field, source })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Document {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Material {
    public_key: Option<Key>,
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
    // JSON written from Sigstore's protocol buffers leaves out a list that is empty.
    #[serde(default)]
    tlog_entries: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    hint: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    sig: String,
    #[serde(default)]
    keyid: String,
}

#[cfg(test)]
mod tests;
