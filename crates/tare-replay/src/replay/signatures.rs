//! Where a replay learns who signed a release.

use tare_format::event::{Published, SignatureRef, SignerKey};
use tare_format::registry::RegistryId;

use crate::signed::{Bundles, MissingBundle, SignedBy};

/// Who signed a release. [`Bundles`] asks for the bundles and checks them; whoever has checked them before, on many
/// threads or in an earlier run, may answer from that.
pub trait Signatures {
    /// The keys among `accepted` whose signature of the release is right, as [`signed_by`](crate::signed_by()) finds them.
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

impl<F: Fn(&SignatureRef) -> Option<Vec<u8>>> Signatures for Bundles<F> {
    fn signed_by(
        &mut self,
        published: &Published,
        accepted: &[SignerKey],
        registry: &RegistryId,
    ) -> Result<SignedBy, MissingBundle> {
        Self::signed_by(self, published, accepted, registry)
    }
}
