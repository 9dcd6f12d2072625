//! Who signed a release: the one rule that needs bytes from outside the log (E-6).

use tare_format::Sha256;
use tare_format::event::{Published, SignatureRef, SignerKey};
use tare_format::registry::RegistryId;
use tare_sign::{Claim, Identity, PublicKey, verify_release};

/// The keys whose signature of a release was checked and is right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignedBy(Vec<Sha256>);

/// A signature bundle that a publish event names is not to be had, so that nobody can say whether the event has an effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("signature bundle {digest} of `{release}` is missing, or has other bytes")]
pub struct MissingBundle {
    /// The release.
    pub release: String,
    /// The bundle.
    pub digest: Sha256,
}

impl SignedBy {
    /// Nobody: for events that are not signed.
    #[must_use]
    pub const fn nobody() -> Self {
        Self(Vec::new())
    }

    /// Keys whose signature was checked elsewhere, by the same rule.
    #[must_use]
    pub const fn checked(keys: Vec<Sha256>) -> Self {
        Self(keys)
    }

    /// The names of the keys.
    #[must_use]
    pub fn keys(&self) -> &[Sha256] {
        &self.0
    }

    /// Whether one of `accepted` is among them.
    #[must_use]
    pub fn is_accepted_by(&self, accepted: &[SignerKey]) -> bool {
        accepted.iter().any(|key| self.0.contains(&key.id))
    }
}

/// Checks the signatures of a release against the keys that are accepted for its package.
///
/// A bundle that proves nothing makes the release unsigned, which is for [`judge`](crate::judge()) to say. One that is
/// missing is an error: whoever held it back could otherwise make two readers disagree.
///
/// # Errors
/// When `bundle` has no bytes for one that the event names, or other bytes.
pub fn signed_by<B: AsRef<[u8]>>(
    published: &Published,
    accepted: &[SignerKey],
    registry: &RegistryId,
    mut bundle: impl FnMut(&SignatureRef) -> Option<B>,
) -> Result<SignedBy, MissingBundle> {
    let release = published.id();
    let mut bundles = Vec::with_capacity(published.signatures.len());
    for signature in &published.signatures {
        let is_right = |bytes: &B| {
            let bytes = bytes.as_ref();
            bytes.len() as u64 == signature.size && Sha256::of(bytes) == signature.sha256
        };
        let bytes = bundle(signature).filter(is_right).ok_or_else(|| MissingBundle {
            release: release.to_string(),
            digest: signature.sha256,
        })?;
        bundles.push(bytes);
    }
    // A key that cannot be read was never accepted: its event is inert.
    let keys: Vec<PublicKey> =
        accepted.iter().filter_map(|key| PublicKey::from_signer_key(key).ok()).collect();
    let claim = Claim { release, digest: published.release, registry: registry.clone() };
    let signers = match verify_release(&bundles, &claim, &keys) {
        Ok(verified) => verified.into_inner().signers,
        Err(_) => Vec::new(),
    };
    let ids = signers.into_iter().filter_map(|signer| match signer {
        Identity::Key(id) => Some(id.digest()),
        _ => None,
    });
    Ok(SignedBy(ids.collect()))
}

#[cfg(test)]
mod tests;
