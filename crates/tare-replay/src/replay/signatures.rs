//! Where a replay learns who signed a release.

use tare_format::event::{Published, SignatureRef, SignerKey};
use tare_format::registry::RegistryId;

use crate::signed::{MissingBundle, SignedBy, signed_by};

/// Who signed a release. [`Bundles`] asks for the bundles and checks them; whoever has checked them before, on many
/// threads or in an earlier run, may answer from that.
pub trait Signatures {
    /// The keys among `accepted` whose signature of the release is right, as [`signed_by`] finds them.
    ///
    /// # Errors
    /// When a bundle is not to be had.
    fn signed_by(
        &mut self,
        published: &Published,
        accepted: &[SignerKey],
        registry: &RegistryId,
    ) -> Result<SignedBy, MissingBundle>;
}

/// Bundles by what the event says of them.
#[derive(Debug)]
pub struct Bundles<F>(pub F);

impl<F: FnMut(&SignatureRef) -> Option<Vec<u8>>> Signatures for Bundles<F> {
    fn signed_by(
        &mut self,
        published: &Published,
        accepted: &[SignerKey],
        registry: &RegistryId,
    ) -> Result<SignedBy, MissingBundle> {
        signed_by(published, accepted, registry, &mut self.0)
    }
}
