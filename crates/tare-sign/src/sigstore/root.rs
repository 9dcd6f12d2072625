//! Which certificate authorities, logs and clocks are believed (S-38 to S-41).
//!
//! Sigstore's public instance is built in, as it was when this program was made. Whoever runs an instance of their own
//! writes a `trusted_root.json` for it, or a client trust configuration that holds one; either is named by its SHA-256, so
//! that pinning it is one line. A root is never fetched here.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_verify::types::TimeRange;
use tare_format::Sha256;

/// The most bytes of a trust root. The public one has 7 kB.
pub const MAX_SIZE: usize = 1 << 20;

const ROOT_TYPES: [&str; 2] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];
const CONFIG_TYPE: &str = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";

/// What signatures by identities hang from.
pub struct TrustRoot {
    sha256: Sha256,
    is_public: bool,
    pub(super) verifier: sigstore_verify::Verifier,
    root: TrustedRoot,
}

/// What a key or an authority of a trust root is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// It gives certificates to people and programs.
    CertificateAuthority,
    /// It keeps the log of signatures.
    Log,
    /// It keeps the log of certificates.
    CertificateLog,
    /// It says what time it is.
    TimestampAuthority,
}

/// A key or an authority of a trust root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrustedKey {
    /// What it is for.
    pub role: Role,
    /// Where it is, by its URL.
    pub url: String,
    /// Since when it is valid.
    pub from: Option<Timestamp>,
    /// Until when it is valid, if that is known.
    pub until: Option<Timestamp>,
}

/// Why bytes are not a trust root.
#[derive(Debug, thiserror::Error)]
pub enum TrustRootError {
    /// It is too large.
    #[error("trust root has {found} bytes, the limit is {MAX_SIZE}")]
    Size {
        /// Its size in bytes.
        found: usize,
    },
    /// It is not JSON of the right form.
    #[error("trust root cannot be read")]
    Json {
        /// What is wrong, with line and column.
        #[from]
        source: serde_json::Error,
    },
    /// It is a document of another type.
    #[error("trust root has `mediaType` `{found}`, expected `{}` or `{CONFIG_TYPE}`", ROOT_TYPES[0])]
    Type {
        /// The type, cut to a readable length.
        found: String,
    },
    /// Something in it cannot be used.
    #[error("trust root cannot be used: {reason}")]
    Unusable {
        /// What the library says.
        reason: String,
    },
    /// It lacks something without which nothing could be checked.
    #[error("trust root names no {what}, expected at least one")]
    Missing {
        /// What it lacks.
        what: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Typed {
    media_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TrustConfig<'a> {
    #[serde(borrow)]
    trusted_root: &'a RawValue,
}

impl TrustRoot {
    /// Sigstore's public instance, as it was known when this program was made.
    ///
    /// # Errors
    /// When the library's copy cannot be used by the library.
    pub fn public_good() -> Result<Self, TrustRootError> {
        let mut root = Self::parse(SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes())?;
        root.is_public = true;
        Ok(root)
    }

    /// Reads a `trusted_root.json`, or a client trust configuration with one in it.
    ///
    /// # Errors
    /// When it is something else, or lacks an authority or a log.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustRootError> {
        if bytes.len() > MAX_SIZE {
            return Err(TrustRootError::Size { found: bytes.len() });
        }
        let Typed { media_type } = serde_json::from_slice(bytes)?;
        let root = if media_type == CONFIG_TYPE {
            let config: TrustConfig<'_> = serde_json::from_slice(bytes)?;
            let Typed { media_type } = serde_json::from_str(config.trusted_root.get())?;
            check_type(&media_type)?;
            serde_json::from_str::<TrustedRoot>(config.trusted_root.get())?
        } else {
            check_type(&media_type)?;
            serde_json::from_slice::<TrustedRoot>(bytes)?
        };
        // Both are asked of every signature, so a root without them could only refuse.
        if root.certificate_authorities.is_empty() {
            return Err(TrustRootError::Missing { what: "certificate authority" });
        }
        if root.tlogs.is_empty() {
            return Err(TrustRootError::Missing { what: "log of signatures" });
        }
        let verifier = sigstore_verify::Verifier::new(&root)
            .map_err(|error| TrustRootError::Unusable { reason: error.to_string() })?;
        Ok(Self { sha256: Sha256::of(bytes), is_public: false, verifier, root })
    }

    /// Its name: the SHA-256 of the file.
    #[must_use]
    pub const fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Whether it is the one that is built in.
    #[must_use]
    pub const fn is_public_good(&self) -> bool {
        self.is_public
    }

    /// Since when its newest key is valid: how old it is, as far as can be told. A log that was set up later is not in it.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.keys().into_iter().filter_map(|key| key.from).max()
    }

    /// Everything that it trusts.
    #[must_use]
    pub fn keys(&self) -> Vec<TrustedKey> {
        let authorities = self.root.certificate_authorities.iter().map(|authority| {
            trusted(Role::CertificateAuthority, &authority.uri, authority.valid_for)
        });
        let logs = self
            .root
            .tlogs
            .iter()
            .map(|log| trusted(Role::Log, &log.base_url, log.public_key.valid_for));
        let certificate_logs = self
            .root
            .ctlogs
            .iter()
            .map(|log| trusted(Role::CertificateLog, &log.base_url, log.public_key.valid_for));
        let clocks = self.root.timestamp_authorities.iter().map(|authority| {
            let url = authority.uri.as_deref().unwrap_or_default();
            trusted(Role::TimestampAuthority, url, authority.valid_for)
        });
        authorities.chain(logs).chain(certificate_logs).chain(clocks).collect()
    }

    /// The URL of the log with this id, if it is one of this root.
    pub(super) fn log(&self, id: &[u8]) -> Option<&str> {
        let log = self.root.tlogs.iter().find(|log| log.log_id.key_id.as_bytes() == id)?;
        Some(&log.base_url)
    }

    /// Whether certificates have to be in a log. A private instance that keeps none says so by naming none.
    pub(super) fn logs_certificates(&self) -> bool {
        !self.root.ctlogs.is_empty()
    }

    /// Whether a timestamp can be checked.
    pub(super) fn has_clock(&self) -> bool {
        !self.root.timestamp_authorities.is_empty()
    }
}

impl fmt::Display for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_public { "built-in public" } else { "pinned" };
        write!(f, "{kind} trust root {}", self.sha256)?;
        match self.newest() {
            Some(newest) => write!(f, ", whose newest key is from {}", newest.strftime("%Y-%m-%d")),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustRoot").field("sha256", &self.sha256).finish_non_exhaustive()
    }
}

fn check_type(found: &str) -> Result<(), TrustRootError> {
    if ROOT_TYPES.contains(&found) {
        return Ok(());
    }
    let found = found.chars().filter(|c| !c.is_control()).take(80).collect();
    Err(TrustRootError::Type { found })
}

fn trusted(role: Role, url: &str, valid: Option<TimeRange>) -> TrustedKey {
    TrustedKey {
        role,
        url: url.to_owned(),
        from: valid.map(|valid| time(valid.start.as_second())),
        until: valid.and_then(|valid| valid.end).map(|end| time(end.as_second())),
    }
}

/// The same time in the version of the time library that the rest of this program uses.
pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_root_is_that_of_the_public_instance() {
        let root = TrustRoot::public_good().unwrap();
        assert!(root.is_public_good() && root.logs_certificates() && root.has_clock());
        assert_eq!(root.sha256(), Sha256::of(SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes()));
        let logs: Vec<_> = root
            .keys()
            .into_iter()
            .filter(|key| key.role == Role::Log)
            .map(|key| key.url)
            .collect();
        assert!(logs.contains(&"https://rekor.sigstore.dev".to_owned()), "{logs:?}");
        assert!(root.to_string().contains("whose newest key is from 20"), "{root}");
    }

    #[test]
    fn a_client_trust_configuration_has_the_root_in_it() {
        let text = format!(
            r#"{{"mediaType":"{CONFIG_TYPE}","trustedRoot":{SIGSTORE_PRODUCTION_TRUSTED_ROOT},"signingConfig":{{}}}}"#
        );
        let root = TrustRoot::parse(text.as_bytes()).unwrap();
        assert!(!root.is_public_good());
        assert_eq!(root.sha256(), Sha256::of(text.as_bytes()));
        assert_eq!(root.keys(), TrustRoot::public_good().unwrap().keys());
    }

    #[test]
    fn what_is_no_root_says_why() {
        let refused = |text: &str| TrustRoot::parse(text.as_bytes()).unwrap_err().to_string();
        let edit = |from: &str, to: &str| SIGSTORE_PRODUCTION_TRUSTED_ROOT.replace(from, to);
        assert!(refused("").contains("cannot be read"));
        assert!(refused(&edit("trustedroot+json", "bundle+json")).contains("expected"));
        assert!(refused(&edit("\"tlogs\"", "\"other\"")).contains("no log of signatures"));
        let nobody = refused(&edit("\"certificateAuthorities\"", "\"other\""));
        assert!(nobody.contains("no certificate authority"));
        // The id of the first log given to the second: which key is meant could then not be said.
        let twice = edit(
            "zxGZFVvd0FEmjR8WrFwMdcAJ9vtaY/QXf44Y1wUeP6A=",
            "wNI9atQGlz+VWfO6LRygH4QUfY/8W4RFwiT5i5WRgB0=",
        );
        assert!(refused(&twice).contains("duplicate"));
        assert!(refused(&" ".repeat(MAX_SIZE + 1)).contains("limit"));
    }
}
