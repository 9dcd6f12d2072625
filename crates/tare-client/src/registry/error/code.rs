//! What the codes of a registry mean for whoever asked.

use tare_format::problem::Code;

use crate::error::ErrorKind;

/// What kind of failure a code is.
pub(super) fn kind_of(code: Code) -> ErrorKind {
    match code {
        Code::Unauthenticated | Code::TokenExpired | Code::ScopeMissing | Code::NotOwner => {
            ErrorKind::Authentication
        }
        Code::NotFound | Code::MissingDependency => ErrorKind::NotFound,
        Code::RateLimited | Code::Internal | Code::Unavailable | Code::StorageFull => {
            ErrorKind::Network
        }
        Code::DigestMismatch => ErrorKind::Integrity,
        Code::SignatureRefused | Code::TakenDown | Code::LegalReasons => ErrorKind::Trust,
        _ => ErrorKind::Failure,
    }
}

/// How this crate calls it.
pub(super) fn code_of(code: Code) -> &'static str {
    match code {
        Code::BadRequest => "E-BAD-REQUEST",
        Code::InvalidDocument => "E-INVALID-DOCUMENT",
        Code::ReleaseMismatch => "E-RELEASE-MISMATCH",
        Code::Unauthenticated => "E-UNAUTHENTICATED",
        Code::TokenExpired => "E-TOKEN-EXPIRED",
        Code::ScopeMissing => "E-SCOPE-MISSING",
        Code::NotOwner => "E-NOT-OWNER",
        Code::NotFound => "E-NOT-FOUND",
        Code::MethodNotAllowed => "E-METHOD-NOT-ALLOWED",
        Code::VersionExists => "E-VERSION-EXISTS",
        Code::NameTaken => "E-NAME-TAKEN",
        Code::SessionState => "E-SESSION-STATE",
        Code::StateConflict => "E-STATE-CONFLICT",
        Code::SessionExpired => "E-SESSION-EXPIRED",
        Code::TakenDown | Code::LegalReasons => "E-TAKEDOWN",
        Code::TooLarge => "E-TOO-LARGE",
        Code::DigestMismatch => "E-DIGEST",
        Code::Incomplete => "E-INCOMPLETE",
        Code::MissingDependency => "E-MISSING-DEPENDENCY",
        Code::SignatureRefused => "E-SIGNATURE-REFUSED",
        Code::RateLimited => "E-RATE-LIMITED",
        Code::Internal => "E-REGISTRY-FAILED",
        Code::Unavailable => "E-UNAVAILABLE",
        Code::StorageFull => "E-STORAGE-FULL",
        Code::Other => "E-REFUSED",
    }
}

/// What to do about it.
pub(super) fn help_for(code: Code) -> Option<String> {
    let help = match code {
        Code::Unauthenticated | Code::TokenExpired => {
            "get a new token from the registry and run `tare login`"
        }
        Code::ScopeMissing => {
            "use a token whose scopes cover this; `tare whoami` shows those of yours"
        }
        Code::NotOwner => "ask an owner of the namespace to add you with `tare owner add`",
        Code::VersionExists => "a version never changes: raise `version` in Tare.toml",
        Code::NameTaken => "choose another name",
        Code::NotFound => "check the spelling, or look with `tare search`",
        Code::SessionExpired | Code::SessionState | Code::Incomplete => "run `tare publish` again",
        Code::MissingDependency => {
            "publish what it needs first, or both together: `tare publish ../other .`"
        }
        Code::SignatureRefused => {
            "sign with a key from `tare signer list`, or let an owner add yours with `tare signer add`"
        }
        Code::RateLimited | Code::Unavailable => "try again in a minute",
        Code::StorageFull => "tell whoever runs the registry: its disk is full",
        _ => return None,
    };
    Some(help.to_owned())
}
