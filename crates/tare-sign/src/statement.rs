//! The claim that a signature makes, as an in-toto statement (S-1 to S-3), and the bytes that are signed (S-4).

use serde::{Deserialize, Serialize};
use tare_format::canonical::{self, CanonicalError};
use tare_format::registry::RegistryId;
use tare_format::{ReleaseId, Sha256};

/// The media type of an in-toto statement, which is signed together with it.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// What in-toto calls the first version of its statements that has a stable form.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// What we call the claim that a digest is a release.
pub const PREDICATE_TYPE: &str = "https://tare.example/release/v1";

/// What is signed: in `registry`, `release` is the document whose digest is `digest`.
///
/// All three are in it for a reason. Without the name, a signature of one package would do for another with the same
/// content; without the version, an old release would do for a new one; without the registry, a private fork could pass
/// its own releases off as those of the public one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The package and its version.
    pub release: ReleaseId,
    /// The digest of the release document.
    pub digest: Sha256,
    /// The registry that the release is for.
    pub registry: RegistryId,
}

impl Claim {
    /// The statement that makes this claim: the one byte sequence for it.
    #[must_use]
    pub fn to_statement(&self) -> Vec<u8> {
        // Written out, because a statement of three checked texts has one form and making it cannot fail.
        let Self { release, digest, registry } = self;
        format!(
            concat!(
                r#"{{"_type":"{}","predicate":{{"package":"{}","registry":"{}","version":"{}"}},"#,
                r#""predicateType":"{}","subject":[{{"digest":{{"sha256":"{}"}},"name":"{}"}}]}}"#
            ),
            STATEMENT_TYPE,
            release.name,
            registry,
            release.version,
            PREDICATE_TYPE,
            digest.hex(),
            release
        )
        .into_bytes()
    }
}

/// The bytes that are signed in place of the statement: DSSE's pre-authentication encoding, which binds the type of
/// the payload, so that no payload of another type can be taken for a statement.
#[must_use]
pub fn pre_authentication_encoding(payload: &[u8]) -> Vec<u8> {
    let start = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len());
    [start.as_bytes(), payload].concat()
}

/// Why a signed statement does not make the claim that it should. Its signature was right; what it says is not.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// It is not a statement of ours, or not in its one form.
    #[error("signed statement cannot be read")]
    Unreadable {
        /// What is wrong with it.
        #[from]
        source: CanonicalError,
    },
    /// It is for something else.
    #[error("signed statement has {what} `{found}`, expected `{expected}`")]
    Other {
        /// Which part of the claim differs.
        what: &'static str,
        /// What the statement says.
        found: String,
        /// What was to be checked.
        expected: String,
    },
}

/// Checks that signed bytes are the statement of `claim`, and names the first thing that differs.
pub(crate) fn check(payload: &[u8], claim: &Claim) -> Result<(), StatementError> {
    // A claim has one statement. What follows only says how another one differs.
    if payload == claim.to_statement() {
        return Ok(());
    }
    let found: Statement = canonical::from_bytes("statement", payload)?;
    let [subject] = &found.subject;
    let release = &claim.release;
    let pairs = [
        ("type", &found.kind, STATEMENT_TYPE.to_owned()),
        ("predicate type", &found.predicate_type, PREDICATE_TYPE.to_owned()),
        ("registry", &found.predicate.registry, claim.registry.to_string()),
        ("package", &found.predicate.package, release.name.to_string()),
        ("version", &found.predicate.version, release.version.to_string()),
        ("subject", &subject.name, release.to_string()),
        ("release digest", &subject.digest.sha256, claim.digest.hex()),
    ];
    for (what, found, expected) in pairs {
        if *found != expected {
            return Err(StatementError::Other { what, found: shorten(found), expected });
        }
    }
    Ok(())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: [Subject; 1],
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: Digests,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Digests {
    sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Predicate {
    package: String,
    registry: String,
    version: String,
}

/// Keeps an error message readable when a signer was hostile.
fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim() -> Claim {
        Claim {
            release: "commons/tiny-chat@1.2.0-rc.1+b2".parse().unwrap(),
            digest: Sha256::of(b"release"),
            registry: "tr1-000102030405060708090a0b0c0d0e0f".parse().unwrap(),
        }
    }

    #[test]
    fn a_statement_is_canonical_and_makes_its_claim() {
        let statement = claim().to_statement();
        let value: Statement = canonical::from_bytes("statement", &statement).unwrap();
        assert_eq!(canonical::to_bytes("statement", &value).unwrap(), statement);
        check(&statement, &claim()).unwrap();
    }

    #[test]
    fn the_encoding_is_that_of_dsse() {
        // The example of the DSSE protocol, with our payload type in place of its own.
        let expected = b"DSSEv1 28 application/vnd.in-toto+json 11 hello world";
        assert_eq!(pre_authentication_encoding(b"hello world"), expected);
    }

    #[test]
    fn a_statement_for_anything_else_says_what_differs() {
        let other = |edit: fn(&mut Claim)| {
            let mut other = claim();
            edit(&mut other);
            check(&other.to_statement(), &claim()).unwrap_err().to_string()
        };
        let package = other(|claim| claim.release.name = "commons/tiny-chat2".parse().unwrap());
        assert_eq!(
            package,
            "signed statement has package `commons/tiny-chat2`, expected `commons/tiny-chat`"
        );
        let version = other(|claim| claim.release.version.patch = 1);
        assert!(version.contains("version `1.2.1-rc.1+b2`, expected `1.2.0-rc.1+b2`"), "{version}");
        let registry =
            other(|claim| claim.registry = RegistryId::of_root(&Sha256::from_bytes([7; 32])));
        assert!(registry.contains("registry `tr1-0707"), "{registry}");
        let digest = other(|claim| claim.digest = Sha256::of(b"other"));
        assert!(digest.contains("release digest"), "{digest}");
    }

    #[test]
    fn a_statement_in_another_form_is_refused() {
        let good = String::from_utf8(claim().to_statement()).unwrap();
        for bad in [
            format!("{good}\n"),
            good.replace("\"predicate\":", "\"predicate\": "),
            good.replace("Statement/v1", "Statement/v0.1"),
            good.replace("release/v1", "release/v2"),
            good.replace("tiny-chat@1.2.0", "tiny-chat@1.3.0"),
            good.replace("\"package\":", "\"extra\":\"\",\"package\":"),
            good.replace("{\"sha256\":", "{\"blake3\":\"\",\"sha256\":"),
            good.replace(
                "\"subject\":[",
                "\"subject\":[{\"digest\":{\"sha256\":\"\"},\"name\":\"\"},",
            ),
            "[]".to_owned(),
            String::new(),
        ] {
            assert!(check(bad.as_bytes(), &claim()).is_err(), "{bad}");
        }
    }
}
