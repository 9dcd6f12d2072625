//! What went wrong, on the wire: one envelope, with codes that do not change (spec/api.md).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $text:literal;)+) => {
        /// A stable name for what went wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $name,)+
            /// A code of a newer registry.
            #[serde(other, rename = "other")]
            Other,
        }

        impl Code {
            /// Every code that this version knows.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)+
                    Self::Other => 500,
                }
            }

            /// The code as text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                    Self::Other => "other",
                }
            }
        }
    };
}

codes! {
    /// The request is not well-formed.
    BadRequest = 400, "bad-request";
    /// A document does not obey its chapter of the specification.
    InvalidDocument = 400, "invalid-document";
    /// The manifest and the release document do not say the same.
    ReleaseMismatch = 400, "release-mismatch";
    /// No token, or one that is not valid.
    Unauthenticated = 401, "unauthenticated";
    /// The token is past its end.
    TokenExpired = 401, "token-expired";
    /// The token does not cover this.
    ScopeMissing = 403, "scope-missing";
    /// The user is not an owner of the namespace.
    NotOwner = 403, "not-owner";
    /// Nothing is there.
    NotFound = 404, "not-found";
    /// The method is not allowed there.
    MethodNotAllowed = 405, "method-not-allowed";
    /// The version exists with other content.
    VersionExists = 409, "version-exists";
    /// The name folds onto another one.
    NameTaken = 409, "name-taken";
    /// The session is in another state.
    SessionState = 409, "session-state";
    /// The version or the list is in a state that does not allow it.
    StateConflict = 409, "state-conflict";
    /// The session is past its end.
    SessionExpired = 410, "session-expired";
    /// The bytes were taken down.
    TakenDown = 410, "taken-down";
    /// The body is larger than allowed.
    TooLarge = 413, "too-large";
    /// Bytes do not have the digest that they should.
    DigestMismatch = 422, "digest-mismatch";
    /// Something that the release needs was not uploaded.
    Incomplete = 422, "incomplete";
    /// A dependency or an ancestor does not exist.
    MissingDependency = 422, "missing-dependency";
    /// No signature, or not one of an accepted signer.
    SignatureRefused = 422, "signature-refused";
    /// Too many requests.
    RateLimited = 429, "rate-limited";
    /// The bytes were taken down because the law wants it.
    LegalReasons = 451, "legal-reasons";
    /// The registry itself failed.
    Internal = 500, "internal";
    /// The registry cannot do it now.
    Unavailable = 503, "unavailable";
    /// The registry has no room.
    StorageFull = 507, "storage-full";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Problem {
    /// Which kind of thing.
    pub code: Code,
    /// A sentence that names the object, what was found and what was expected.
    pub detail: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The event of the log that is the reason, as of a takedown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<u64>,
    /// The request, to find it in the registry's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problems {
    /// At least one.
    pub errors: Vec<Problem>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_round_trip() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        for code in Code::ALL {
            let json = serde_json::to_string(code).unwrap();
            assert_eq!(json, format!("\"{code}\""));
            assert_eq!(serde_json::from_str::<Code>(&json).unwrap(), *code);
        }
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
    }

    #[test]
    fn a_code_of_a_newer_registry_is_read() {
        assert_eq!(serde_json::from_str::<Code>("\"quota\"").unwrap(), Code::Other);
    }
}
