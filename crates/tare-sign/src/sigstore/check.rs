//! From a bundle and a policy to a verdict (S-42 to S-46).
//!
//! The order is: the form (see [`form`](super::form)); the log and the clock, because their failures have a cause that can
//! be named; the signature and everything it hangs from; who signed; and last the file, which may be large. So a bundle
//! of somebody else is refused before a byte of the file is read.

use std::io::Read;

use aws_lc_rs::digest::Digest;
use jiff::Timestamp;
use sigstore_verify::types::{ArtifactDigest as TheirDigest, Bundle, DerPublicKey, HashAlgorithm};
use sigstore_verify::{
    Error, Policy, PublicKeyVerificationPolicy, SubjectAltName, VerificationPolicy,
    VerificationResult,
};

use super::artifact::{Artifact, ArtifactDigest, Hash, Hashing};
use super::error::SigstoreError;
use super::form::{Content, Material, SignedBundle};
use super::policy::IdentityPolicy;
use super::root::{TrustRoot, time};
use super::verdict::{BuildClaims, Check, Clock, Logged, SignedBy, SigningTime, Verdict};
use crate::public_key::{Algorithm, PublicKey};
use crate::statement::pre_authentication_encoding;

impl TrustRoot {
    /// Checks that somebody whom `policy` means signed `artifact`.
    ///
    /// # Errors
    /// With the first thing that is not as it should be, what was found and what was expected.
    pub fn verify(
        &self,
        bundle: &SignedBundle,
        artifact: Artifact<'_>,
        policy: &IdentityPolicy,
        now: Timestamp,
    ) -> Result<Verdict, SigstoreError> {
        let Material::Certificate(_) = bundle.material() else {
            return Err(SigstoreError::Material { found: "a key", expected: "a certificate" });
        };
        // Who signed is compared below, once it is proven; the library knows no patterns.
        let rules = match self.logs_certificates() {
            true => VerificationPolicy::any_identity(),
            false => VerificationPolicy::any_identity().skip_sct(),
        };
        let checked = self
            .run(bundle, artifact, &rules, now, |result| signer(result, policy, self).map(drop))?;
        let signer = signer(&checked.result, policy, self)?;
        self.verdict(bundle, checked, signer)
    }

    /// Checks that the holder of `key` signed `artifact`, and the log entry or timestamp that is with the signature. A
    /// bundle with neither needs no root: [`verify_with_key`].
    ///
    /// # Errors
    /// With the first thing that is not as it should be, what was found and what was expected.
    pub fn verify_key(
        &self,
        bundle: &SignedBundle,
        artifact: Artifact<'_>,
        key: &PublicKey,
        now: Timestamp,
    ) -> Result<Verdict, SigstoreError> {
        let Material::Key { .. } = bundle.material() else {
            return Err(SigstoreError::Material { found: "a certificate", expected: "a key" });
        };
        let mut rules = PublicKeyVerificationPolicy::new(DerPublicKey::new(key.der().to_vec()));
        if bundle.place().is_none() {
            // The library demands a log entry unless told otherwise; which of the two there is, is the form's matter.
            rules = rules.skip_tlog_unsafe();
        }
        let checked = self.run(bundle, artifact, &rules, now, |_| Ok(()))?;
        self.verdict(bundle, checked, SignedBy::Key(key.id()))
    }

    /// Has the library check everything but the file, calls `who`, and then looks at the file.
    fn run(
        &self,
        bundle: &SignedBundle,
        artifact: Artifact<'_>,
        rules: &dyn Policy,
        now: Timestamp,
        who: impl Fn(&VerificationResult) -> Result<(), SigstoreError>,
    ) -> Result<Checked, SigstoreError> {
        self.known(bundle, now)?;
        let theirs =
            Bundle::from_json(bundle.text()).map_err(|error| self.refused(&error.into()))?;
        let stated = bundle.content().stated();
        let first = stated.first().and_then(|digest| match (bundle.content(), digest.hash()) {
            // Over a file itself, another hash than this needs two, which only reading it gives.
            (Content::Message { .. }, Hash::Sha384 | Hash::Sha512) => None,
            _ => their_digest(digest),
        });
        let (result, artifact) = match (first, artifact) {
            (Some(digest), artifact) => {
                let result = self.verifier.verify(digest, &theirs, rules);
                let result = result.map_err(|error| self.refused(&error))?;
                who(&result)?;
                (result, require(artifact, &stated)?)
            }
            (None, Artifact::Digest(digest)) => {
                let given = their_digest(&digest).ok_or_else(|| needed("the file"))?;
                let result = self.verifier.verify(given, &theirs, rules);
                let result = result.map_err(|error| self.refused(&error))?;
                who(&result)?;
                (result, digest)
            }
            (None, Artifact::Reader(reader)) => {
                let mut hashing = Hashing::new(reader, Hash::Sha256);
                let result =
                    self.verifier.verify_reader(&mut hashing as &mut dyn Read, &theirs, rules);
                let result = result.map_err(|error| match error {
                    Error::ArtifactRead(error) => SigstoreError::Read(error),
                    error => self.refused(&error),
                })?;
                who(&result)?;
                (result, hashing.finish().ok_or_else(|| needed("the file"))?)
            }
        };
        self.in_time(&result, now)?;
        Ok(Checked { result, artifact })
    }

    /// The failures that have a cause outside of the bundle: a root that is too old, a clock that is wrong.
    fn known(&self, bundle: &SignedBundle, now: Timestamp) -> Result<(), SigstoreError> {
        if let Some(place) = bundle.place() {
            if self.log(&place.log).is_none() {
                let log = place.log.iter().map(|byte| format!("{byte:02x}")).collect();
                return Err(SigstoreError::UnknownLog { log, root: self.to_string() });
            }
            if let Some(signed) = place.time {
                not_after(time(signed), now)?;
            }
        }
        if bundle.timestamps() > 0 && !self.has_clock() {
            return Err(SigstoreError::NoClock { root: self.to_string() });
        }
        Ok(())
    }

    fn in_time(&self, result: &VerificationResult, now: Timestamp) -> Result<(), SigstoreError> {
        let times = result.verified_timestamps().iter();
        times.map(|signed| time(signed.as_second())).try_for_each(|signed| not_after(signed, now))
    }

    /// What was checked, and that nothing was left out.
    fn verdict(
        &self,
        bundle: &SignedBundle,
        Checked { result, artifact }: Checked,
        signer: SignedBy,
    ) -> Result<Verdict, SigstoreError> {
        let by_identity = matches!(signer, SignedBy::Identity { .. });
        let asked = [
            (Check::Certificate, by_identity, result.certificate_verified()),
            (Check::CertificateLog, by_identity && self.logs_certificates(), result.sct_verified()),
            (Check::Identity, by_identity, true),
            (Check::LogInclusion, bundle.place().is_some(), result.tlog_verified()),
            (Check::Timestamp, bundle.timestamps() > 0, !result.verified_timestamps().is_empty()),
            (Check::Signature, true, true),
            (Check::Artifact, true, true),
        ];
        let mut checked = Vec::new();
        for (check, is_asked, is_done) in asked {
            if is_asked && !is_done {
                let reason = format!("the library did not check the {}", check.words());
                return Err(SigstoreError::Refused { reason, root: self.to_string() });
            }
            checked.extend(is_asked.then_some(check));
        }
        // The library lists the timestamp first beside a certificate, and last beside a key.
        let times = result.verified_timestamps();
        let from_log = times.len().saturating_sub(bundle.timestamps());
        let clock = |index| match by_identity {
            true if index < bundle.timestamps() => Clock::TimestampAuthority,
            false if index >= from_log => Clock::TimestampAuthority,
            _ => Clock::Log,
        };
        let times = times.iter().enumerate();
        let times = times
            .map(|(index, at)| SigningTime { time: time(at.as_second()), by: clock(index) })
            .collect();
        let log = bundle.place().and_then(|place| {
            let log = self.log(&place.log)?.to_owned();
            Some(Logged { log, index: place.index })
        });
        let (predicate_type, payload) = signed(bundle.content());
        let trust_root = Some(self.sha256());
        Ok(Verdict { signer, artifact, predicate_type, payload, times, log, checked, trust_root })
    }

    fn refused(&self, error: &Error) -> SigstoreError {
        match error {
            Error::UnsupportedArtifact(_) => needed("the file, and no Ed25519 key"),
            error => SigstoreError::Refused { reason: error.to_string(), root: self.to_string() },
        }
    }
}

/// Checks a bundle in which nothing but a signature stands beside the hint of a key: no log, no time, no root.
///
/// # Errors
/// When there is more in it, or the signature is not one of `key`, or is for another file.
pub fn verify_with_key(
    bundle: &SignedBundle,
    artifact: Artifact<'_>,
    key: &PublicKey,
) -> Result<Verdict, SigstoreError> {
    let Material::Key { .. } = bundle.material() else {
        return Err(SigstoreError::Material { found: "a certificate", expected: "a key" });
    };
    if bundle.place().is_some() || bundle.timestamps() > 0 {
        let found = "a key and a log entry or timestamp";
        return Err(SigstoreError::Material { found, expected: "a key alone" });
    }
    let wrong = || SigstoreError::Wrong { key: key.id() };
    let stated = bundle.content().stated();
    let artifact = match bundle.content() {
        Content::Statement { payload, .. } => {
            if !key.verifies(&pre_authentication_encoding(payload), bundle.signature()) {
                return Err(wrong());
            }
            require(artifact, &stated)?
        }
        Content::Message { .. } => {
            let hash = hash_of(key.algorithm()).ok_or_else(|| {
                needed("the file in one piece, which Ed25519 asks for: sign a statement instead")
            })?;
            let found = artifact.digest(hash).map_err(SigstoreError::Read)?;
            let found = found.ok_or_else(|| needed(hash.name()))?;
            let digest = Digest::import_less_safe(found.as_bytes(), hash.algorithm());
            let is_right = digest.is_ok_and(|d| key.verifies_digest(&d, bundle.signature()));
            match stated.first() {
                Some(stated) if stated.hash() == hash && *stated != found => {
                    return Err(SigstoreError::Artifact { found, expected: vec![stated.clone()] });
                }
                _ if !is_right => return Err(wrong()),
                _ => found,
            }
        }
    };
    let (predicate_type, payload) = signed(bundle.content());
    Ok(Verdict {
        signer: SignedBy::Key(key.id()),
        artifact,
        predicate_type,
        payload,
        times: Vec::new(),
        log: None,
        checked: vec![Check::Signature, Check::Artifact],
        trust_root: None,
    })
}

/// What the library checked, and the file.
struct Checked {
    result: VerificationResult,
    artifact: ArtifactDigest,
}

/// Who signed, if it is somebody whom the policy means.
fn signer(
    result: &VerificationResult,
    policy: &IdentityPolicy,
    root: &TrustRoot,
) -> Result<SignedBy, SigstoreError> {
    if !result.certificate_verified() {
        let reason = "the library did not check the certificate chain".to_owned();
        return Err(SigstoreError::Refused { reason, root: root.to_string() });
    }
    let issuer = result.issuer().unwrap_or_default();
    if issuer != policy.issuer() {
        let expected = policy.issuer().to_owned();
        return Err(SigstoreError::Issuer { found: readable(issuer), expected });
    }
    let identity = result.identity().map(SubjectAltName::as_str).unwrap_or_default();
    if !policy.identity().matches(identity) {
        let expected = policy.identity().to_string();
        return Err(SigstoreError::Identity { found: readable(identity), expected });
    }
    Ok(SignedBy::Identity {
        identity: identity.to_owned(),
        issuer: issuer.to_owned(),
        build: Box::new(build_claims(result)),
    })
}

fn build_claims(result: &VerificationResult) -> BuildClaims {
    let Some(certificate) = result.certificate() else { return BuildClaims::default() };
    let (claims, old) = (&certificate.ci_claims, &certificate.ci_claims.deprecated_github);
    BuildClaims {
        repository: claims.source_repository_uri.clone().or(old.workflow_repository.clone()),
        repository_id: claims.source_repository_identifier.clone(),
        owner_id: claims.source_repository_owner_identifier.clone(),
        commit: claims.source_repository_digest.clone().or(old.workflow_sha.clone()),
        reference: claims.source_repository_ref.clone().or(old.workflow_ref.clone()),
        workflow: claims.build_config_uri.clone().or(old.workflow_name.clone()),
        trigger: claims.build_trigger.clone().or(old.workflow_trigger.clone()),
        runner: claims.runner_environment.clone(),
        run: claims.run_invocation_uri.clone(),
    }
}

/// The file's digest, if it is one of those that were signed.
fn require(
    artifact: Artifact<'_>,
    stated: &[ArtifactDigest],
) -> Result<ArtifactDigest, SigstoreError> {
    let hash = stated.first().map_or(Hash::Sha256, ArtifactDigest::hash);
    let found = artifact.digest(hash).map_err(SigstoreError::Read)?;
    let found = found.ok_or_else(|| needed(hash.name()))?;
    match stated.contains(&found) {
        true => Ok(found),
        false => Err(SigstoreError::Artifact { found, expected: stated.to_vec() }),
    }
}

fn signed(content: &Content) -> (Option<String>, Option<Vec<u8>>) {
    match content {
        Content::Statement { payload, predicate_type, .. } => {
            (Some(predicate_type.clone()), Some(payload.clone()))
        }
        Content::Message { .. } => (None, None),
    }
}

fn not_after(signed: Timestamp, now: Timestamp) -> Result<(), SigstoreError> {
    let behind = signed.as_second() - now.as_second();
    if behind > 0 { Err(SigstoreError::Future { signed, now, behind }) } else { Ok(()) }
}

fn their_digest(digest: &ArtifactDigest) -> Option<TheirDigest> {
    let algorithm = match digest.hash() {
        Hash::Sha256 => HashAlgorithm::Sha2256,
        Hash::Sha384 => HashAlgorithm::Sha2384,
        Hash::Sha512 => HashAlgorithm::Sha2512,
    };
    TheirDigest::new(algorithm, digest.as_bytes().to_vec()).ok()
}

/// The hash that a key signs a file with; none if it signs the file in one piece.
const fn hash_of(algorithm: Algorithm) -> Option<Hash> {
    match algorithm {
        Algorithm::EcdsaP256 => Some(Hash::Sha256),
        Algorithm::EcdsaP384 => Some(Hash::Sha384),
        Algorithm::EcdsaP521 => Some(Hash::Sha512),
        Algorithm::Ed25519 => None,
    }
}

fn needed(needed: &str) -> SigstoreError {
    SigstoreError::Digest { needed: needed.to_owned() }
}

/// Keeps a message readable when a certificate holds anything.
fn readable(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    if text.is_empty() { "nobody".to_owned() } else { text }
}
