//! The form of a bundle that somebody else made (S-30 to S-35).
//!
//! Sigstore's libraries read more than they check: repeated log entries, fields that nobody knows, numbers of a proof that
//! another number already says, an old media type under which the proof may be left out. Each is a place where two
//! readers can see two things in one file. A [`SignedBundle`] has none of them, so that what is checked afterwards is all
//! that the file says.
//!
//! Three versions of the format are about. They differ in where the certificate stands; what is demanded is the same in
//! all of them, so nothing is gained by calling a bundle an older one.

mod json;
mod lists;
mod note;

use self::json::{Document, Entry, Envelope, Message, Statement};
use super::artifact::{ArtifactDigest, Hash};
use crate::bundle::{MAX_SIZE, MEDIA_TYPE};
use crate::statement::PAYLOAD_TYPE;

/// The most subjects of a statement.
const MAX_SUBJECTS: usize = 4096;

/// Which version of the bundle format it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 0.1, of 2022.
    V01,
    /// 0.2, of 2023.
    V02,
    /// 0.3, of 2024: the one that is written today.
    V03,
}

/// What the signature is to be checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// A certificate, in DER.
    Certificate(Vec<u8>),
    /// A key that the bundle only hints at. Anyone can write anything here.
    Key {
        /// The hint.
        hint: String,
    },
}

/// What was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// An in-toto statement.
    Statement {
        /// Its bytes, which were signed.
        payload: Vec<u8>,
        /// What kind of statement it is.
        predicate_type: String,
        /// The files that it is about: at least one with a digest that is known here.
        subjects: Vec<Subject>,
    },
    /// The file itself.
    Message {
        /// Its digest as the bundle states it.
        digest: Option<ArtifactDigest>,
    },
}

/// A file that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What the statement calls it.
    pub name: String,
    /// Its digests of the kinds that are known here.
    pub digests: Vec<ArtifactDigest>,
}

/// Where the log says that the signature stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The log's id: the SHA-256 of its key.
    pub log: Vec<u8>,
    /// The index of the entry.
    pub index: u64,
    /// When the log says that it took the entry, in seconds since 1970. Logs of the second kind say none.
    pub time: Option<i64>,
}

/// A bundle whose form was checked. Nothing in it was verified: see [`check`](super::check).
#[derive(Debug, Clone)]
pub struct SignedBundle {
    text: String,
    version: Version,
    material: Material,
    place: Option<Place>,
    timestamps: usize,
    content: Content,
    signature: Vec<u8>,
}

/// Why bytes are not a bundle that is read here.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// It is too large.
    #[error("signature bundle has {found} bytes, the limit is {MAX_SIZE}")]
    Size {
        /// Its size in bytes.
        found: usize,
    },
    /// It is not UTF-8, and so not JSON.
    #[error("signature bundle is not UTF-8 text")]
    Utf8,
    /// It is not JSON, or has an unknown, missing or repeated field, or base64 that is not in its one form.
    #[error("signature bundle cannot be read")]
    Json {
        /// What is wrong, with line and column.
        #[from]
        source: serde_json::Error,
    },
    /// A field has a value that is not allowed, or that another field contradicts.
    #[error("signature bundle has `{field}` `{found}`, expected {expected}")]
    Field {
        /// The field.
        field: &'static str,
        /// Its value, cut to a readable length.
        found: String,
        /// What is allowed.
        expected: String,
    },
    /// There are too many or too few of something.
    #[error("signature bundle has {found} {what}, expected {expected}")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are allowed.
        expected: &'static str,
    },
    /// The signed statement cannot be read.
    #[error("the statement in the signature bundle cannot be read")]
    Statement {
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// The entry of the log has no proof.
    #[error(
        "signature bundle has a log entry without {what}, expected a proof that it is in the log"
    )]
    Unproven {
        /// What is missing.
        what: &'static str,
    },
}

impl SignedBundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// When it is not in the form that S-30 to S-35 give.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        if bytes.len() > MAX_SIZE {
            return Err(FormError::Size { found: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| FormError::Utf8)?;
        lists::check(text)?;
        let document: Document = serde_json::from_str(text)?;
        let version = version(&document.media_type)?;
        let material = material(version, &document)?;
        let (content, signature, keyid) = content(&document)?;
        let place = place(&material, &document.verification_material.tlog_entries)?;
        let times = &document.verification_material.timestamp_verification_data;
        let timestamps = times.as_ref().map_or(0, |times| times.rfc3161_timestamps.len());
        if timestamps > 1 {
            return Err(count("timestamps", timestamps, "at most one"));
        }
        // A key id stands outside of everything that is signed. Beside a certificate it would be a second, unproven name.
        match &material {
            Material::Certificate(_) if !keyid.is_empty() => Err(field("keyid", &keyid, "none")),
            Material::Key { hint } if !keyid.is_empty() && keyid != *hint => {
                Err(field("keyid", &keyid, "none, or the hint of the key"))
            }
            _ => {
                let text = text.to_owned();
                Ok(Self { text, version, material, place, timestamps, content, signature })
            }
        }
    }

    /// The version of its format.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// What its signature is to be checked with.
    #[must_use]
    pub const fn material(&self) -> &Material {
        &self.material
    }

    /// What was signed.
    #[must_use]
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// Where it stands in a log.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// How many timestamps of a timestamp authority it has: none or one.
    #[must_use]
    pub const fn timestamps(&self) -> usize {
        self.timestamps
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl Content {
    /// The digests that a file may have for this to be about it, all of one hash; none when the signature alone says.
    #[must_use]
    pub fn stated(&self) -> Vec<ArtifactDigest> {
        let all: Vec<ArtifactDigest> = match self {
            Self::Message { digest } => digest.iter().cloned().collect(),
            Self::Statement { subjects, .. } => {
                subjects.iter().flat_map(|subject| subject.digests.iter().cloned()).collect()
            }
        };
        let has = |hash| all.iter().any(|digest: &ArtifactDigest| digest.hash() == hash);
        let hash = [Hash::Sha256, Hash::Sha512, Hash::Sha384].into_iter().find(|hash| has(*hash));
        all.into_iter().filter(|digest| Some(digest.hash()) == hash).collect()
    }
}

fn version(media_type: &str) -> Result<Version, FormError> {
    match media_type {
        MEDIA_TYPE | "application/vnd.dev.sigstore.bundle+json;version=0.3" => Ok(Version::V03),
        "application/vnd.dev.sigstore.bundle+json;version=0.2" => Ok(Version::V02),
        "application/vnd.dev.sigstore.bundle+json;version=0.1" => Ok(Version::V01),
        other => Err(field("mediaType", other, &format!("`{MEDIA_TYPE}`"))),
    }
}

/// A certificate or a key, and the certificate where its version has it.
fn material(version: Version, document: &Document) -> Result<Material, FormError> {
    let material = &document.verification_material;
    match (&material.certificate, &material.x509_certificate_chain, &material.public_key) {
        (Some(certificate), None, None) if version == Version::V03 => {
            Ok(Material::Certificate(certificate.raw_bytes.0.clone()))
        }
        (None, Some(chain), None) if version < Version::V03 => match chain.certificates.first() {
            Some(leaf) => Ok(Material::Certificate(leaf.raw_bytes.0.clone())),
            None => Err(count("certificates", 0, "at least one")),
        },
        (None, None, Some(key)) => Ok(Material::Key { hint: key.hint.clone() }),
        (Some(_), None, None) => Err(field(
            "verificationMaterial",
            "certificate",
            "`x509CertificateChain` in this version",
        )),
        (None, Some(_), None) => Err(field(
            "verificationMaterial",
            "x509CertificateChain",
            "`certificate` in this version",
        )),
        (None, None, None) => Err(count("certificates and keys", 0, "one")),
        _ => Err(count("certificates and keys", 2, "one")),
    }
}

/// What was signed, the signature, and the id of the key that is said to have made it.
fn content(document: &Document) -> Result<(Content, Vec<u8>, String), FormError> {
    match (&document.dsse_envelope, &document.message_signature) {
        (Some(envelope), None) => statement(envelope),
        (None, Some(message)) => {
            Ok((message_content(message)?, message.signature.0.clone(), String::new()))
        }
        (None, None) => Err(count("signatures", 0, "one")),
        (Some(_), Some(_)) => Err(count("signatures", 2, "one")),
    }
}

fn statement(envelope: &Envelope) -> Result<(Content, Vec<u8>, String), FormError> {
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(field("payloadType", &envelope.payload_type, &format!("`{PAYLOAD_TYPE}`")));
    }
    let [signature] = envelope.signatures.as_slice() else {
        return Err(count("signatures", envelope.signatures.len(), "one"));
    };
    let payload = envelope.payload.0.clone();
    let statement: Statement =
        serde_json::from_slice(&payload).map_err(|source| FormError::Statement { source })?;
    if statement.subject.len() > MAX_SUBJECTS {
        return Err(count("subjects", statement.subject.len(), "at most 4096"));
    }
    let subjects: Vec<Subject> = statement.subject.into_iter().map(Subject::from).collect();
    if subjects.iter().all(|subject| subject.digests.is_empty()) {
        return Err(count("subjects with a SHA-2 digest", 0, "at least one"));
    }
    let content =
        Content::Statement { payload, predicate_type: statement.predicate_type, subjects };
    Ok((content, signature.sig.0.clone(), signature.keyid.clone().unwrap_or_default()))
}

fn message_content(message: &Message) -> Result<Content, FormError> {
    let Some(digest) = &message.message_digest else {
        return Ok(Content::Message { digest: None });
    };
    let hash = match digest.algorithm.as_str() {
        "SHA2_256" => Hash::Sha256,
        "SHA2_384" => Hash::Sha384,
        "SHA2_512" => Hash::Sha512,
        other => return Err(field("algorithm", other, "`SHA2_256`, `SHA2_384` or `SHA2_512`")),
    };
    let bytes = digest.digest.0.clone();
    let found = bytes.len();
    match ArtifactDigest::new(hash, bytes) {
        Some(digest) => Ok(Content::Message { digest: Some(digest) }),
        None => Err(count("bytes of message digest", found, "as many as its algorithm has")),
    }
}

/// The entry of the log: one beside a certificate, at most one beside a key, and proven.
fn place(material: &Material, entries: &[Entry]) -> Result<Option<Place>, FormError> {
    let entry = match (material, entries) {
        (_, [entry]) => entry,
        (Material::Key { .. }, []) => return Ok(None),
        (Material::Key { .. }, _) => {
            return Err(count("log entries", entries.len(), "at most one"));
        }
        (Material::Certificate(_), _) => return Err(count("log entries", entries.len(), "one")),
    };
    let proof = entry.inclusion_proof.as_ref();
    let proof = proof.ok_or(FormError::Unproven { what: "`inclusionProof`" })?;
    let checkpoint = proof.checkpoint.as_ref();
    let checkpoint = checkpoint.ok_or(FormError::Unproven { what: "`checkpoint`" })?;
    let log = &entry.log_id.key_id.0;
    let is_second_kind =
        entry.kind_version.kind == "hashedrekord" && entry.kind_version.version == "0.0.2";
    note::agrees(&checkpoint.envelope, log, proof, (is_second_kind, entry))?;
    // The promise is what signs the index and the time of an entry of the first kind; without it they are anybody's word.
    if !is_second_kind && entry.inclusion_promise.is_none() {
        return Err(FormError::Unproven { what: "`inclusionPromise`" });
    }
    let time = entry.integrated_time.as_ref().map_or(0, |time| time.0);
    let time = i64::try_from(time).ok().filter(|time| *time != 0);
    if is_second_kind && time.is_some() {
        // Nothing of such an entry signs a time, so one that stands there is somebody's word.
        return Err(field("integratedTime", "a time", "none in an entry of this kind"));
    }
    let index = entry.log_index.as_ref().map_or(0, |index| index.0);
    Ok(Some(Place { log: log.clone(), index, time }))
}

fn field(field: &'static str, found: &str, expected: &str) -> FormError {
    let found = found.chars().filter(|c| !c.is_control()).take(80).collect();
    FormError::Field { field, found, expected: expected.to_owned() }
}

fn count(what: &'static str, found: usize, expected: &'static str) -> FormError {
    FormError::Count { what, found, expected }
}
