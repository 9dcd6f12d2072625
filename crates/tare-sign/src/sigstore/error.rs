//! Why a bundle does not count (S-43 to S-46). None of these may be passed over.

use std::io;

use jiff::Timestamp;

use super::artifact::ArtifactDigest;
use super::form::FormError;
use crate::public_key::KeyId;

/// Why a bundle does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigstoreError {
    /// It is in another form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// A certificate was to be checked, and there is none, or the other way round.
    #[error("signature bundle is signed with {found}, expected {expected}")]
    Material {
        /// What it is signed with.
        found: &'static str,
        /// What was to be checked.
        expected: &'static str,
    },
    /// Somebody else signed.
    #[error("signed by `{found}`, expected `{expected}`")]
    Identity {
        /// Who signed; proven.
        found: String,
        /// Who was to have signed.
        expected: String,
    },
    /// Another issuer vouches for the signer.
    #[error("signer is vouched for by the issuer `{found}`, expected `{expected}`")]
    Issuer {
        /// The issuer; proven.
        found: String,
        /// The issuer that was asked for.
        expected: String,
    },
    /// The signature is right, and for another file.
    #[error("the file has {found}, expected {}", list(expected))]
    Artifact {
        /// The digest of the file.
        found: ArtifactDigest,
        /// The digests that were signed.
        expected: Vec<ArtifactDigest>,
    },
    /// Only a digest of the file is known, and the signature is over another.
    #[error("only a digest of the file is given, and the signature needs {needed}")]
    Digest {
        /// What is needed.
        needed: String,
    },
    /// The log that it is in is not one of the trust root.
    #[error("log key unknown: the bundle is in the log {log}, which is not in the {root}")]
    UnknownLog {
        /// The id of the log, in hex.
        log: String,
        /// The trust root, in words.
        root: String,
    },
    /// It has a timestamp, and nobody is trusted to give one.
    #[error("the bundle has a timestamp, and no timestamp authority is in the {root}")]
    NoClock {
        /// The trust root, in words.
        root: String,
    },
    /// It says that it was signed later than now.
    #[error(
        "the bundle was signed at {signed}, {behind} s after this machine's clock, which says {now}"
    )]
    Future {
        /// When it says it was signed.
        signed: Timestamp,
        /// The machine's time.
        now: Timestamp,
        /// By how many seconds the clock is behind, if the bundle tells the truth.
        behind: i64,
    },
    /// The signature is not one of the key.
    #[error("signature is not one of key {key} over this content")]
    Wrong {
        /// The key.
        key: KeyId,
    },
    /// Something else does not fit.
    #[error("the bundle does not hold under the {root}: {reason}")]
    Refused {
        /// What the library says.
        reason: String,
        /// The trust root, in words.
        root: String,
    },
    /// The file cannot be read.
    #[error("failed to read the file that was signed")]
    Read(#[source] io::Error),
}

impl SigstoreError {
    /// What a person can do about it. Never how to go without the check.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::UnknownLog { .. } | Self::NoClock { .. } => Some(
                "the trust root may be older than the bundle, or of another Sigstore instance: update tare, or name \
                 the `trusted_root.json` of that instance with `tare trust use FILE` or `--trusted-root FILE`",
            ),
            Self::Future { .. } => Some("set the clock; if it is right, the bundle is forged"),
            Self::Digest { .. } => Some("give the file itself"),
            _ => None,
        }
    }
}

fn list(digests: &[ArtifactDigest]) -> String {
    match digests {
        [] => "the digest that was signed".to_owned(),
        [digest] => digest.to_string(),
        [first, rest @ ..] => format!("{first} or one of {} others that were signed", rest.len()),
    }
}
