//! Key files that cosign encrypted (S-17): read, never written.
//!
//! ```text
//! PEM `ENCRYPTED SIGSTORE PRIVATE KEY` (before 2022 `ENCRYPTED COSIGN PRIVATE KEY`) of
//! {"kdf": {"name": "scrypt", "params": {"N": 65536, "r": 8, "p": 1}, "salt": …},
//!  "cipher": {"name": "nacl/secretbox", "nonce": …}, "ciphertext": …}
//! ```
//!
//! The file says itself what opening it costs, so only the two costs that cosign ever wrote are accepted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::Aead as _;
use crypto_secretbox::{KeyInit as _, XSalsa20Poly1305};
use pkcs8::pkcs5::scrypt;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::KeyError;

/// The logarithms of the costs N that cosign has used: 32,768, and 65,536 since 2022.
const SCRYPT_LOG_N: [u8; 2] = [15, 16];
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 1;
const SALT_SIZE: usize = 32;
const NONCE_SIZE: usize = 24;

/// Whether a PEM block with this label is a key that cosign encrypted.
pub(super) fn is_label(label: &str) -> bool {
    matches!(label, "ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY")
}

/// The PKCS#8 document in a file. `json` is what the PEM block holds.
pub(super) fn decrypt(json: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let fail = |found: &str| KeyError::CosignFile { found: found.to_owned() };
    let file: File = serde_json::from_slice(json).map_err(|error| fail(&error.to_string()))?;
    let names = (file.kdf.name.as_str(), file.cipher.name.as_str());
    if names != ("scrypt", "nacl/secretbox") {
        return Err(fail("another derivation or cipher than scrypt and nacl/secretbox"));
    }
    let Costs { n, r, p } = file.kdf.params;
    let log_n = SCRYPT_LOG_N.into_iter().find(|log_n| n == 1 << log_n);
    let Some(log_n) = log_n.filter(|_| r == SCRYPT_R && p == SCRYPT_P) else {
        return Err(fail(&format!(
            "scrypt with N = {n}, r = {r}, p = {p}, which cosign never uses"
        )));
    };
    let decode = |text: &str| STANDARD.decode(text).map_err(|_| fail("a field that is not base64"));
    let (salt, nonce) = (decode(&file.kdf.salt)?, decode(&file.cipher.nonce)?);
    let ciphertext = decode(&file.ciphertext)?;
    if salt.len() != SALT_SIZE {
        return Err(fail(&format!("a salt of {} bytes instead of {SALT_SIZE}", salt.len())));
    }
    let Ok(nonce) = <[u8; NONCE_SIZE]>::try_from(nonce) else {
        return Err(fail(&format!("a nonce that has not {NONCE_SIZE} bytes")));
    };
    let mut key = Zeroizing::new([0; 32]);
    let library = |()| KeyError::Library { what: "decrypt" };
    let cost = scrypt::Params::new(log_n, SCRYPT_R, SCRYPT_P).map_err(|_| library(()))?;
    scrypt::scrypt(passphrase.as_bytes(), &salt, &cost, key.as_mut_slice())
        .map_err(|_| library(()))?;
    let secret_box = XSalsa20Poly1305::new((&*key).into());
    let opened = secret_box.decrypt((&nonce).into(), ciphertext.as_slice());
    opened.map(Zeroizing::new).map_err(|_| KeyError::PassphraseWrong)
}

#[derive(Deserialize)]
struct File {
    kdf: Derivation,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Deserialize)]
struct Derivation {
    name: String,
    params: Costs,
    salt: String,
}

#[derive(Deserialize)]
struct Costs {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

#[cfg(test)]
mod tests {
    use super::super::KeyPair;
    use super::*;
    use crate::{Signer as _, pem};

    /// Made with libsodium by `spec/vectors/keys/make.py`; the passphrases are `correct horse` and nothing.
    const LOCKED: &str = include_str!("../../../../spec/vectors/keys/cosign.pem");
    const OLD: &str = include_str!("../../../../spec/vectors/keys/cosign-old-empty.pem");
    const PUBLIC: &str = include_str!("../../../../spec/vectors/keys/cosign.pub");

    fn edited(from: &str, to: &str) -> KeyError {
        let json = pem::first_block(LOCKED).unwrap().decode().unwrap();
        let json = String::from_utf8(json.to_vec()).unwrap();
        assert!(json.contains(from), "{json}");
        let text =
            pem::encode("ENCRYPTED SIGSTORE PRIVATE KEY", json.replacen(from, to, 1).as_bytes());
        KeyPair::from_pem(&text, Some("correct horse")).unwrap_err()
    }

    #[test]
    fn both_kinds_of_file_open_with_their_passphrase() {
        for (text, passphrase) in [(LOCKED, "correct horse"), (OLD, "")] {
            assert!(KeyPair::is_encrypted(text));
            let key = KeyPair::from_pem(text, Some(passphrase)).unwrap();
            assert_eq!(key.public_key().to_pem(), PUBLIC);
            let wrong = KeyPair::from_pem(text, Some("battery staple")).unwrap_err();
            assert_eq!(wrong, KeyError::PassphraseWrong);
            assert_eq!(KeyPair::from_pem(text, None).unwrap_err(), KeyError::PassphraseMissing);
        }
    }

    #[test]
    fn a_cost_that_cosign_never_uses_is_not_paid() {
        for (from, to) in [
            ("\"N\":65536", "\"N\":1073741824"),
            ("\"N\":65536", "\"N\":1"),
            ("\"r\":8", "\"r\":4000"),
            ("\"p\":1", "\"p\":4000"),
        ] {
            let message = edited(from, to).to_string();
            assert!(message.contains("which cosign never uses"), "{message}");
        }
    }

    #[test]
    fn a_damaged_file_says_what_is_wrong_with_it() {
        for (from, to, said) in [
            ("scrypt", "argon2", "another derivation"),
            ("nacl/secretbox", "aes", "another derivation or cipher"),
            ("\"salt\":\"", "\"salt\":\"AAAA", "a salt of 35 bytes"),
            ("\"nonce\":\"", "\"nonce\":\"AAAA", "a nonce that has not 24 bytes"),
            ("\"nonce\":\"", "\"nonce\":\"!", "not base64"),
            ("\"ciphertext\"", "\"cipher_text\"", "missing field `ciphertext`"),
        ] {
            let message = edited(from, to).to_string();
            assert!(message.contains(said), "{from}: {message}");
        }
        assert_eq!(edited("\"ciphertext\":\"", "\"ciphertext\":\"AAAA"), KeyError::PassphraseWrong);
    }
}
