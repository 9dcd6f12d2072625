//! Who signed a release: the one rule that needs bytes from outside the log (E-6).
//!
//! Checking a signature is most of what a replay costs, and a signature is right or wrong whatever came before it. So
//! [`Bundles`] reads each key once, and can check the signatures of a run of events [ahead](Bundles::check_ahead) on all
//! cores. Which keys are accepted is only known when the event's turn has come; it is asked then, by the same rule.

use std::collections::HashMap;

use tare_format::Sha256;
use tare_format::event::{Published, SignatureRef, SignerKey};
use tare_format::registry::RegistryId;
use tare_sign::{AcceptedKeys, Bundle, Claim, Identity, PublicKey, SignedStatement};

use crate::parallel;

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
pub fn signed_by(
    published: &Published,
    accepted: &[SignerKey],
    registry: &RegistryId,
    bundle: impl Fn(&SignatureRef) -> Option<Vec<u8>>,
) -> Result<SignedBy, MissingBundle> {
    Bundles::new(bundle).signed_by(published, accepted, registry)
}

/// Bundles by what the event says of them, and what was found out about them and their keys.
#[derive(Debug)]
pub struct Bundles<F> {
    read: F,
    keys: Keys,
    /// Right signatures of keys that were accepted somewhere.
    ahead: HashMap<SignatureRef, SignedStatement>,
}

impl<F: Fn(&SignatureRef) -> Option<Vec<u8>>> Bundles<F> {
    /// Bundles that `read` gives.
    pub fn new(read: F) -> Self {
        Self { read, keys: Keys::default(), ahead: HashMap::new() }
    }

    /// As [`signed_by`](fn@signed_by).
    ///
    /// # Errors
    /// When a bundle is not to be had.
    pub fn signed_by(
        &mut self,
        published: &Published,
        accepted: &[SignerKey],
        registry: &RegistryId,
    ) -> Result<SignedBy, MissingBundle> {
        let release = published.id();
        for key in accepted {
            self.keys.add(key);
        }
        let accepted: Vec<&PublicKey> =
            accepted.iter().filter_map(|key| self.keys.find(key)).collect();
        let claim = Claim { release, digest: published.release, registry: registry.clone() };
        let mut signers = Vec::new();
        for signature in &published.signatures {
            let checked;
            let statement = match self.ahead.get(signature) {
                Some(statement) => Some(statement),
                None => {
                    let bytes = self.bytes(signature).ok_or_else(|| MissingBundle {
                        release: claim.release.to_string(),
                        digest: signature.sha256,
                    })?;
                    checked = check(&bytes, |hint| {
                        accepted.iter().find(|key| key.hint() == hint).copied()
                    });
                    checked.as_ref()
                }
            };
            let signer = statement.and_then(|statement| statement.signer_of(&claim).ok());
            if let Some(Identity::Key(id)) = signer
                && accepted.iter().any(|key| key.id() == *id)
            {
                signers.push(id.digest());
            }
        }
        signers.sort_unstable();
        signers.dedup();
        Ok(SignedBy(signers))
    }

    /// The bytes that a reference names, if they are to be had.
    fn bytes(&self, signature: &SignatureRef) -> Option<Vec<u8>> {
        let is_right = |bytes: &Vec<u8>| {
            bytes.len() as u64 == signature.size && Sha256::of(bytes) == signature.sha256
        };
        (self.read)(signature).filter(is_right)
    }
}

impl<F: Fn(&SignatureRef) -> Option<Vec<u8>> + Sync> Bundles<F> {
    /// Checks signatures on all cores before their events are judged, in place of what was checked ahead before.
    ///
    /// `signers` are keys that may be accepted then. What is not signed with one of them or of those that were seen
    /// before, is missing or wrong, is left to [`signed_by`](Self::signed_by).
    pub fn check_ahead<'e>(
        &mut self,
        signers: impl Iterator<Item = &'e SignerKey>,
        published: impl Iterator<Item = &'e Published>,
    ) {
        self.ahead.clear();
        for key in signers {
            self.keys.add(key);
        }
        let named: Vec<SignatureRef> =
            published.flat_map(|published| published.signatures.iter().copied()).collect();
        let this = &*self;
        let checked = parallel::map(&named, |signature| {
            check(&this.bytes(signature)?, |hint| this.keys.with_hint(hint))
        });
        let right = named.into_iter().zip(checked);
        self.ahead = right.filter_map(|(named, found)| Some((named, found?))).collect();
    }
}

/// The statement in a bundle, if the key that it names is to be had and the signature is that key's.
fn check<'k>(
    bytes: &[u8],
    key: impl FnOnce(&str) -> Option<&'k PublicKey>,
) -> Option<SignedStatement> {
    let bundle = Bundle::parse(bytes).ok()?;
    let key = std::slice::from_ref(key(&bundle.hint)?);
    SignedStatement::verify(bundle, &AcceptedKeys(key)).ok()
}

/// Keys that were read. One that cannot be read was never accepted: its event is inert.
#[derive(Debug, Default)]
struct Keys {
    by_id: HashMap<Sha256, PublicKey>,
    by_hint: HashMap<String, Sha256>,
}

impl Keys {
    fn add(&mut self, key: &SignerKey) {
        if self.by_id.contains_key(&key.id) {
            return;
        }
        if let Ok(public) = PublicKey::from_signer_key(key) {
            self.by_hint.insert(public.hint().to_owned(), key.id);
            self.by_id.insert(key.id, public);
        }
    }

    fn find(&self, key: &SignerKey) -> Option<&PublicKey> {
        self.by_id.get(&key.id)
    }

    fn with_hint(&self, hint: &str) -> Option<&PublicKey> {
        self.by_id.get(self.by_hint.get(hint)?)
    }
}

#[cfg(test)]
mod tests;
