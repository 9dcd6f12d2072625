//! Signs releases, and finds out early whether the key may sign them.

use bytes::Bytes;
use tare_format::api::SessionRelease;
use tare_format::problem::Code;
use tare_format::registry::Registry;
use tare_sign::{Claim, PublicKey, Signer, sign_release};

use super::PublishError;
use crate::package::Prepared;
use crate::registry::RegistryClient;

/// Refuses before anything is sent what the registry would refuse after everything was.
pub(super) async fn check_signer(
    client: &RegistryClient,
    packages: &[Prepared],
    key: &PublicKey,
) -> Result<(), PublishError> {
    let key = key.id();
    for package in packages {
        let release = package.release.id();
        let accepted = match client.signers(&release.name).await {
            Ok(signers) => signers.signers,
            // Nobody has published it yet: whoever does first names the key.
            Err(error) if error.problem() == Some(Code::NotFound) => continue,
            Err(error) => return Err(error.into()),
        };
        if !accepted.is_empty() && !accepted.iter().any(|accepted| accepted.id == key.digest()) {
            let accepted = accepted.into_iter().map(|accepted| accepted.id).collect();
            let release = Box::new(release);
            return Err(PublishError::NotASigner { key, release, accepted });
        }
    }
    Ok(())
}

/// Signs a release for this registry and sends the signature, and the key for when this is the first release of its
/// package. Gives the number of bytes.
pub(super) async fn send(
    client: &RegistryClient,
    registry: &Registry,
    session: &str,
    package: &Prepared,
    state: &SessionRelease,
    signer: Option<&dyn Signer>,
) -> Result<u64, PublishError> {
    let Some(signer) = signer.filter(|_| !state.signed) else { return Ok(0) };
    let claim = Claim {
        release: package.release.id(),
        digest: package.digest,
        registry: registry.id.clone(),
    };
    let bundle = Bytes::from(sign_release(&claim, signer)?);
    let sent = bundle.len() as u64;
    let key = signer.public_key();
    client.put_signer(session, &key.id().digest(), key.to_pem().into()).await?;
    client.put_signature(session, &package.digest, bundle).await?;
    Ok(sent)
}
