//! The file that a model's signature travels in: a Sigstore bundle v0.3, from any tool (OM-7, OM-8).
//!
//! This reads more than [`Bundle`](crate::Bundle) does, because every release of the reference tool has left its own
//! marks: fields that are absent, `null` or empty. It still knows every field, so that nothing in a file is passed over.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::bundle::MEDIA_TYPE;
use crate::statement::PAYLOAD_TYPE;

/// The most bytes of a signature that is read: a million files of a hundred bytes each, and base64.
pub const MAX_SIGNATURE_SIZE: u64 = 256 << 20;

/// A signature file whose form was checked and whose signature was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureFile<'a> {
    /// The whole file, for those who check what is around the signature: log entries, timestamps, certificates.
    pub bytes: &'a [u8],
    /// What the signature is said to be checked with.
    pub material: Material,
    /// The signed statement.
    pub payload: Vec<u8>,
    /// The signature over the [encoded](crate::statement::pre_authentication_encoding) payload.
    pub signature: Vec<u8>,
}

/// What a signature is said to be checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// A public key, with the SHA-256 of its PEM text in hex where the tool wrote it.
    Key {
        /// The digest.
        hint: Option<String>,
    },
    /// A certificate of an identity provider, as Sigstore has it.
    Certificate,
    /// A chain of certificates of some other authority.
    CertificateChain,
}

/// Why bytes are no signature of a model.
#[derive(Debug, thiserror::Error)]
pub enum SignatureFileError {
    /// It is not JSON, or has an unknown, missing or repeated field.
    #[error("model signature is not a Sigstore bundle")]
    Json(#[from] serde_json::Error),
    /// A field has another value than the only allowed one.
    #[error("model signature has `{field}` `{found}`, expected `{expected}`")]
    Field {
        /// The field.
        field: &'static str,
        /// Its value, cut to a readable length.
        found: String,
        /// The only allowed value.
        expected: &'static str,
    },
    /// It does not have one signature.
    #[error("model signature has {found} signatures, expected one")]
    Signatures {
        /// How many.
        found: usize,
    },
    /// It does not say what to check it with, or says it twice.
    #[error(
        "model signature has {found} of a key, a certificate and a certificate chain, expected one"
    )]
    Material {
        /// How many of them.
        found: usize,
    },
    /// A field is not base64.
    #[error("model signature has a `{field}` that is not base64")]
    Base64 {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        source: base64::DecodeError,
    },
}

impl<'a> SignatureFile<'a> {
    /// Reads a signature file.
    ///
    /// # Errors
    /// When it is not a bundle of version 0.3 around one signed in-toto statement.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, SignatureFileError> {
        let document: Document = serde_json::from_slice(bytes)?;
        let Document { media_type, verification_material, dsse_envelope: envelope } = document;
        require("mediaType", &media_type, MEDIA_TYPE)?;
        require("payloadType", &envelope.payload_type, PAYLOAD_TYPE)?;
        let [signature] = envelope.signatures.as_slice() else {
            return Err(SignatureFileError::Signatures { found: envelope.signatures.len() });
        };
        Ok(Self {
            bytes,
            material: verification_material.material()?,
            payload: decode("payload", &envelope.payload)?,
            signature: decode("sig", &signature.sig)?,
        })
    }
}

fn require(
    field: &'static str,
    found: &str,
    expected: &'static str,
) -> Result<(), SignatureFileError> {
    if found == expected {
        return Ok(());
    }
    let found = found.chars().filter(|c| !c.is_control()).take(80).collect();
    Err(SignatureFileError::Field { field, found, expected })
}

fn decode(field: &'static str, text: &str) -> Result<Vec<u8>, SignatureFileError> {
    STANDARD.decode(text).map_err(|source| SignatureFileError::Base64 { field, source })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Document {
    media_type: String,
    verification_material: Provided,
    dsse_envelope: Envelope,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Provided {
    public_key: Option<Key>,
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
    #[serde(rename = "tlogEntries")]
    _tlog_entries: Option<Vec<IgnoredAny>>,
    #[serde(rename = "timestampVerificationData")]
    _timestamps: Option<IgnoredAny>,
}

impl Provided {
    fn material(self) -> Result<Material, SignatureFileError> {
        let provided = [
            self.public_key.map(|key| Material::Key { hint: key.hint.filter(|h| !h.is_empty()) }),
            self.certificate.map(|_| Material::Certificate),
            self.x509_certificate_chain.map(|_| Material::CertificateChain),
        ];
        let mut provided: Vec<_> = provided.into_iter().flatten().collect();
        match (provided.len(), provided.pop()) {
            (1, Some(material)) => Ok(material),
            (found, _) => Err(SignatureFileError::Material { found }),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Key {
    hint: Option<String>,
    // What early releases wrote instead of a hint. A key from the file that it is to check proves nothing.
    #[serde(rename = "rawBytes")]
    _raw_bytes: Option<IgnoredAny>,
    #[serde(rename = "keyDetails")]
    _key_details: Option<IgnoredAny>,
    #[serde(rename = "validFor")]
    _valid_for: Option<IgnoredAny>,
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
    #[serde(rename = "keyid")]
    _keyid: Option<String>,
}
