//! Why a release is not accepted.

use tare_format::path::PathConflict;
use tare_format::{PackageName, ReleaseId, Sha256};
use tare_sign::{PublicKeyError, SignatureError};
use tare_store::durable::DurableError;

use crate::documents::DocumentError;
use crate::error::{ClientError, ErrorKind};
use crate::pages::PagesError;

/// Why a release is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Its page is not to be had.
    #[error(transparent)]
    Pages(Box<PagesError>),
    /// A document is not to be had, or wrong.
    #[error(transparent)]
    Document(Box<DocumentError>),
    /// There is no such package.
    #[error("package `{name}` does not exist in the registry")]
    NoPackage {
        /// The package.
        name: PackageName,
    },
    /// There is no such version.
    #[error("`{id}` does not exist in the registry")]
    NoVersion {
        /// The release.
        id: ReleaseId,
    },
    /// The release may not be used.
    #[error("`{id}` was withdrawn: {reason}")]
    Withdrawn {
        /// The release.
        id: ReleaseId,
        /// Why.
        reason: String,
    },
    /// Its bytes are gone, or have to go.
    #[error("`{id}` was {what}{}", event.map(|event| format!(" (event {event} of the log)")).unwrap_or_default())]
    TakenDown {
        /// The release.
        id: Box<ReleaseId>,
        /// Why, and by which notice.
        what: String,
        /// The number of the event, where it is proven.
        event: Option<u64>,
        /// Where to appeal.
        appeal: Option<String>,
    },
    /// The registry has another release under this version than the lock.
    #[error("`{id}` is another release than the locked one: expected {expected}, found {found}")]
    OtherRelease {
        /// The release.
        id: Box<ReleaseId>,
        /// The digest in the lock.
        expected: Sha256,
        /// The digest in the registry.
        found: Sha256,
    },
    /// A signature that the registry lists is not there.
    #[error("signature {bundle} of `{id}` is missing")]
    BundleMissing {
        /// The release.
        id: ReleaseId,
        /// The bundle.
        bundle: Sha256,
        /// Why.
        source: Box<DocumentError>,
    },
    /// A key of the page is no key.
    #[error("key {key} for `{id}` cannot be read")]
    Key {
        /// The release.
        id: Box<ReleaseId>,
        /// The key's name.
        key: Sha256,
        /// What is wrong with it.
        source: PublicKeyError,
    },
    /// A key of the page is another than its name says.
    #[error("a key for `{id}` is not what its name says: expected {expected}, found {found}")]
    KeyName {
        /// The release.
        id: Box<ReleaseId>,
        /// Its name.
        expected: Sha256,
        /// Its digest.
        found: Sha256,
    },
    /// No good signature.
    #[error("the signature of `{id}` is not accepted")]
    Signature {
        /// The release.
        id: ReleaseId,
        /// Why.
        source: Box<SignatureError>,
    },
    /// Somebody else signed than before.
    #[error(
        "`{id}` is signed by somebody else than before: expected {}, found {}",
        list(expected),
        list(found)
    )]
    OtherSigner {
        /// The release.
        id: ReleaseId,
        /// Who should have.
        expected: Vec<Sha256>,
        /// Who did.
        found: Vec<Sha256>,
    },
    /// The document does not say what the page says.
    #[error(
        "the registry's page and the release document of `{id}` contradict each other about {what}"
    )]
    Contradiction {
        /// The release.
        id: ReleaseId,
        /// What about.
        what: &'static str,
    },
    /// Two of its files could not lie side by side on every system.
    #[error("two files of `{id}` cannot be installed together")]
    Paths {
        /// The release.
        id: ReleaseId,
        /// Which, and why.
        source: Box<PathConflict>,
    },
    /// It was not proven on this machine before.
    #[error("there is no proof of `{id}` on this machine")]
    NoEvidence {
        /// The release.
        id: ReleaseId,
    },
    /// The proof cannot be kept.
    #[error("failed to keep the proof of a release")]
    Remember(#[source] DurableError),
}

impl TrustError {
    /// A bundle that is absent is a signature that is absent; anything else is what it is.
    pub(super) fn bundle(id: &ReleaseId, bundle: Sha256, source: DocumentError) -> Self {
        if source.is_missing() {
            Self::BundleMissing { id: id.clone(), bundle, source: Box::new(source) }
        } else {
            source.into()
        }
    }
}
impl From<PagesError> for TrustError {
    fn from(error: PagesError) -> Self {
        Self::Pages(Box::new(error))
    }
}

impl From<DocumentError> for TrustError {
    fn from(error: DocumentError) -> Self {
        Self::Document(Box::new(error))
    }
}

impl ClientError for TrustError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Pages(error) => error.kind(),
            Self::Document(error) => error.kind(),
            Self::NoPackage { .. }
            | Self::NoVersion { .. }
            | Self::NoEvidence { .. }
            | Self::Withdrawn { .. } => ErrorKind::NotFound,
            Self::OtherRelease { .. } | Self::Contradiction { .. } | Self::Paths { .. } => {
                ErrorKind::Integrity
            }
            Self::BundleMissing { .. }
            | Self::TakenDown { .. }
            | Self::Key { .. }
            | Self::KeyName { .. }
            | Self::Signature { .. }
            | Self::OtherSigner { .. } => ErrorKind::Trust,
            Self::Remember(_) => ErrorKind::Failure,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Pages(error) => error.code(),
            Self::Document(error) => error.code(),
            Self::NoPackage { .. } => "E-NO-PACKAGE",
            Self::NoVersion { .. } => "E-NO-VERSION",
            Self::NoEvidence { .. } => "E-NO-EVIDENCE",
            Self::OtherRelease { .. } => "E-OTHER-RELEASE",
            Self::Contradiction { .. } => "E-CONTRADICTION",
            Self::Paths { .. } => "E-PATHS",
            Self::Withdrawn { .. } => "E-WITHDRAWN",
            Self::TakenDown { .. } => "E-TAKEDOWN",
            Self::BundleMissing { .. } => "E-SIGNATURE-MISSING",
            Self::Key { .. } | Self::KeyName { .. } => "E-KEY",
            Self::Signature { source, .. }
                if matches!(**source, SignatureError::Missing { .. }) =>
            {
                "E-UNSIGNED"
            }
            Self::Signature { .. } => "E-SIGNATURE",
            Self::OtherSigner { .. } => "E-SIGNER-CHANGED",
            Self::Remember(_) => "E-STORE",
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Pages(error) => return error.help(),
            Self::Document(error) => return error.help(),
            Self::NoPackage { .. } => "check the spelling, or look with `tare search`".to_owned(),
            Self::NoVersion { id } => format!("`tare info {}` lists its versions", id.name),
            Self::NoEvidence { .. } => "run `tare install`".to_owned(),
            Self::Withdrawn { id, .. } => {
                format!("choose another version: `tare info {}` lists them", id.name)
            }
            Self::TakenDown { id, appeal, .. } => {
                let appeal = appeal.as_ref().map(|to| format!("; appeals go to {to}"));
                let appeal = appeal.unwrap_or_default();
                format!("choose another version: `tare info {}` lists them{appeal}", id.name)
            }
            Self::OtherRelease { .. } => {
                "a version never changes: if Tare.lock was not edited by hand, tell the publisher and whoever runs the registry".to_owned()
            }
            Self::OtherSigner { id, .. } => {
                accept_signer(&id.name, &format!("`tare update --accept-signer {}`", id.name))
            }
            Self::Paths { .. } => "tell the publisher".to_owned(),
            Self::Contradiction { .. } => "tell whoever runs the registry or mirror; nothing of this was kept".to_owned(),
            Self::BundleMissing { .. } | Self::Key { .. } | Self::KeyName { .. } | Self::Signature { .. } => {
                "do not use it; tell the publisher and whoever runs the registry or mirror".to_owned()
            }
            Self::Remember(_) => return None,
        };
        Some(help)
    }
}

/// What to do about a new signer; `how` accepts it.
pub(crate) fn accept_signer(name: &PackageName, how: &str) -> String {
    format!(
        "ask the owner of `{name}`, by a way that is not the registry, whether the new key is theirs; {how} accepts it"
    )
}

pub(crate) fn list(keys: &[Sha256]) -> String {
    match keys {
        [] => "nobody".to_owned(),
        keys => keys.iter().map(Sha256::to_string).collect::<Vec<_>>().join(", "),
    }
}
