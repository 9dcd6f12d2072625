//! ML-DSA-44 (FIPS 204), with an empty context.
//!
//! The crate behind it calls itself unaudited, so it is a feature that has to be asked for, and only cosignatures use it:
//! a log's checkpoint is signed with Ed25519 in any case.

use ml_dsa::{EncodedSignature, EncodedVerifyingKey, MlDsa44, Signature, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

/// The bytes of a public key.
pub(super) const PUBLIC_KEY: usize = 1312;

pub(super) fn public_key(seed: &Zeroizing<[u8; 32]>) -> Vec<u8> {
    key(seed).expanded_key().verifying_key().encode().to_vec()
}

/// The signature that the key always makes for this message.
pub(super) fn sign(seed: &Zeroizing<[u8; 32]>, message: &[u8]) -> Option<Vec<u8>> {
    let signature = key(seed).expanded_key().sign_deterministic(message, &[]).ok()?;
    Some(signature.encode().to_vec())
}

pub(super) fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(public_key) = EncodedVerifyingKey::<MlDsa44>::try_from(public_key) else { return false };
    let Ok(signature) = EncodedSignature::<MlDsa44>::try_from(signature) else { return false };
    Signature::decode(&signature).is_some_and(|signature| {
        VerifyingKey::<MlDsa44>::decode(&public_key).verify_with_context(message, &[], &signature)
    })
}

fn key(seed: &Zeroizing<[u8; 32]>) -> SigningKey<MlDsa44> {
    SigningKey::from_seed(&(**seed).into())
}
