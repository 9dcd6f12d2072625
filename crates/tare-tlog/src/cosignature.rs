//! Cosignatures: a witness says when it saw a checkpoint as the newest of its log (spec/log.md W-16 to W-20).
//!
//! ```text
//! in the note   — wit.example.org/w base64(id of the key, u64 seconds since 1970, signature)
//! what is signed, Ed25519
//!               cosignature/v1
//!               time 1700000000
//!               the text of the checkpoint
//! what is signed, ML-DSA-44 (feature `ml-dsa`)
//!               subtree/v1, name, time, origin, size and root hash, in binary
//! ```
//! The first does not name the witness, so one key must not serve two of them (W-20).

use std::collections::BTreeMap;

use crate::checkpoint::{Checkpoint, CheckpointError};
#[cfg(feature = "ml-dsa")]
use crate::key::KeyName;
use crate::key::{Algorithm, SigningKey, VerifierKey};
use crate::note::{Note, NoteError, NoteSignature, known};

#[cfg(test)]
mod tests;

/// The greatest time of a cosignature, in seconds since 1970.
pub const MAX_TIME: u64 = i64::MAX as u64;

/// Why there is no cosignature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// The text is not a checkpoint; a witness signs nothing else.
    #[error("text to cosign is not a checkpoint")]
    Checkpoint {
        /// What is wrong with it.
        #[from]
        source: CheckpointError,
    },
    /// The time is too great.
    #[error("time {found} of a cosignature is above 2^63-1")]
    Time {
        /// The time, in seconds since 1970.
        found: u64,
    },
    /// The key is for something else.
    #[error("key `{key}` does not make cosignatures: it has algorithm {}", key.algorithm())]
    NotCosigner {
        /// The key.
        key: Box<VerifierKey>,
    },
    /// The algorithm found no signature.
    #[error("key did not find a signature for the checkpoint")]
    Failed,
    /// The note's signatures are not to be believed.
    #[error("cosignatures of the checkpoint are not valid")]
    Note {
        /// What is wrong with them.
        #[from]
        source: NoteError,
    },
}

/// Cosigns a checkpoint's text at a time in seconds since 1970. The caller has made sure that it is consistent with all
/// it cosigned before for this log.
///
/// # Errors
/// When the text is not a checkpoint, the key is not a cosigner's, or the time is above [`MAX_TIME`].
pub fn cosign(text: &str, time: u64, key: &SigningKey) -> Result<NoteSignature, CosignatureError> {
    let checkpoint: Checkpoint = text.parse()?;
    if time > MAX_TIME {
        return Err(CosignatureError::Time { found: time });
    }
    check_role(key.verifier())?;
    let mut bytes = time.to_be_bytes().to_vec();
    let signature = key.sign_message(&message(&checkpoint, time, key.verifier()));
    bytes.extend(signature.ok_or(CosignatureError::Failed)?);
    Ok(NoteSignature::new(key.verifier(), bytes))
}

/// When a key cosigned `text`, in seconds since 1970, if `signature` is its cosignature and good.
///
/// `signature` is what follows the key's id in the note.
#[must_use]
pub fn time(key: &VerifierKey, text: &str, signature: &[u8]) -> Option<u64> {
    check_role(key).ok()?;
    let (time, signature) = signature.split_first_chunk()?;
    let time = u64::from_be_bytes(*time);
    let message = message(&text.parse().ok()?, time, key);
    (time <= MAX_TIME && key.accepts_message(&message, signature)).then_some(time)
}

/// Which of the keys cosigned the note and when, in seconds since 1970: the newest time of each, in the keys' order.
///
/// None at all is no error here: whether it is enough is for the [policy](crate::policy) to say.
///
/// # Errors
/// When a key is not a cosigner's, or a signature that claims to be by one of the keys is not valid.
pub fn times<'k>(
    note: &Note,
    keys: &'k [VerifierKey],
) -> Result<Vec<(&'k VerifierKey, u64)>, CosignatureError> {
    keys.iter().try_for_each(check_role)?;
    let mut newest = BTreeMap::new();
    for signature in note.signatures() {
        let Some(key) = known(keys, signature)? else { continue };
        let Some(time) = time(key, note.text(), signature.bytes()) else {
            return Err(NoteError::Invalid { key: Box::new(key.clone()) }.into());
        };
        let known = newest.entry(key).or_insert(time);
        *known = time.max(*known);
    }
    Ok(keys.iter().filter_map(|key| newest.remove(key).map(|time| (key, time))).collect())
}

fn check_role(key: &VerifierKey) -> Result<(), CosignatureError> {
    if key.algorithm().is_cosigner() {
        Ok(())
    } else {
        Err(CosignatureError::NotCosigner { key: Box::new(key.clone()) })
    }
}

/// What the key signs. It is made from the checkpoint, whose text is the only one that says the same.
fn message(checkpoint: &Checkpoint, time: u64, key: &VerifierKey) -> Vec<u8> {
    match key.algorithm() {
        // W-17. The other kind of key never gets here, and could not sign this as anything else.
        Algorithm::CosignatureEd25519 | Algorithm::Ed25519 => {
            format!("cosignature/v1\ntime {time}\n{checkpoint}").into_bytes()
        }
        #[cfg(feature = "ml-dsa")]
        Algorithm::CosignatureMlDsa44 => subtree_message(checkpoint, time, key),
    }
}

/// W-18: the tree as a subtree that begins at entry 0.
#[cfg(feature = "ml-dsa")]
fn subtree_message(checkpoint: &Checkpoint, time: u64, key: &VerifierKey) -> Vec<u8> {
    // One byte says the length, which is why a key name has at most 255.
    let named = |name: &KeyName| {
        let length = u8::try_from(name.as_str().len()).unwrap_or(u8::MAX);
        [&[length], name.as_str().as_bytes()].concat()
    };
    [
        b"subtree/v1\n\0".as_slice(),
        &named(key.name()),
        &time.to_be_bytes(),
        &named(checkpoint.origin()),
        &0_u64.to_be_bytes(),
        &checkpoint.size().to_be_bytes(),
        checkpoint.root().as_bytes(),
    ]
    .concat()
}
