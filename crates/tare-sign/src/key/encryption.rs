//! Encrypted PKCS#8 (PBES2, RFC 8018): the cost at which we write, and the costs that we are willing to pay to read.

use pkcs8::der::SecretDocument;
use pkcs8::pkcs5::pbes2::{Kdf, Parameters};
use pkcs8::pkcs5::{EncryptionScheme, scrypt};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};

use super::KeyError;

/// 16 MiB of memory, five times over. OpenSSL refuses to spend more than 32 MiB on one key, so the usual 128 MiB would
/// make a file that it cannot read.
const SCRYPT_LOG_N: u8 = 14;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 5;
/// A file that asks for more than this is not a key file but an attack on whoever opens it.
const MAX_SCRYPT_MEMORY: u64 = 512 << 20;
const MAX_SCRYPT_PARALLELIZATION: u16 = 16;
const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;

pub(super) fn encrypt(pkcs8: &[u8], passphrase: &str) -> Result<SecretDocument, KeyError> {
    if passphrase.is_empty() {
        return Err(KeyError::PassphraseEmpty);
    }
    let library = KeyError::Library { what: "encrypt" };
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    for bytes in [&mut salt, &mut iv] {
        aws_lc_rs::rand::fill(bytes).map_err(|_| library.clone())?;
    }
    let encrypt = || {
        let cost = scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P).ok()?;
        let parameters = Parameters::generate_scrypt_aes256cbc(cost, &salt, iv).ok()?;
        PrivateKeyInfoRef::try_from(pkcs8).ok()?.encrypt_with_params(parameters, passphrase).ok()
    };
    encrypt().ok_or(library)
}

pub(super) fn decrypt(der: &[u8], passphrase: &str) -> Result<SecretDocument, KeyError> {
    let fail = |found: &str| Err(KeyError::Encryption { found: found.to_owned() });
    let Ok(info) = EncryptedPrivateKeyInfoRef::try_from(der) else {
        return fail("something unknown, or is damaged");
    };
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return fail("PBES1");
    };
    match &parameters.kdf {
        Kdf::Scrypt(cost) => {
            let memory = cost.cost_parameter.saturating_mul(u64::from(cost.block_size) * 128);
            if memory > MAX_SCRYPT_MEMORY || cost.parallelization > MAX_SCRYPT_PARALLELIZATION {
                return fail("scrypt at a cost out of bounds");
            }
        }
        Kdf::Pbkdf2(cost) if cost.iteration_count > MAX_PBKDF2_ITERATIONS => {
            return fail("PBKDF2 at a cost out of bounds");
        }
        Kdf::Pbkdf2(_) => {}
        _ => return fail("an unknown key derivation"),
    }
    match info.decrypt(passphrase) {
        Ok(document) => Ok(document),
        Err(pkcs8::Error::EncryptedPrivateKey(error)) if !is_about_passphrase(&error) => {
            fail(&error.to_string())
        }
        // A wrong passphrase shows as bad padding, or one time in 256 as noise that is no key.
        Err(_) => Err(KeyError::PassphraseWrong),
    }
}

fn is_about_passphrase(error: &pkcs8::pkcs5::Error) -> bool {
    matches!(error, pkcs8::pkcs5::Error::DecryptFailed | pkcs8::pkcs5::Error::EncryptFailed)
}
