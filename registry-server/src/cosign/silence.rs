//! Who does not cosign, and why: said once when it begins and once when it ends, not every time somebody is asked.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use tare_tlog::key::VerifierKey;
use tare_tlog::policy::Witness;

use super::fetch::AskError;
use crate::error::{ApiError, chain};

/// Why a witness or a mirror did not cosign.
#[derive(Debug, thiserror::Error)]
pub(super) enum Silence {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("there is no proof from the {size} events that it has seen")]
    Proof { size: u64, source: ApiError },
    #[error("it has seen a larger log, of {size} events")]
    Larger { size: u64 },
    #[error("it has another size each time it is asked")]
    Restless,
    #[error("what it answered is no cosignature by its key")]
    Invalid,
    #[error("it did not cosign in time")]
    Slow,
    /// The log has grown meanwhile, so it may have gone on to the newer checkpoint.
    #[error("the log has grown meanwhile")]
    Past,
}

/// Those who do not cosign.
#[derive(Debug, Default)]
pub(super) struct Silences(Mutex<HashSet<VerifierKey>>);

impl Silences {
    /// Notes how somebody answered. Gives whether it was otherwise before, which is logged.
    pub(super) fn note(&self, witness: &Witness, silence: Option<&Silence>) -> bool {
        let mut silent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, key) = (&witness.label, &witness.key);
        match silence {
            Some(Silence::Past) => false,
            Some(why) => {
                let is_new = silent.insert(key.clone());
                if is_new {
                    tracing::warn!(witness = name, cause = chain(why), "a witness does not cosign");
                }
                is_new
            }
            None => {
                let is_new = silent.remove(key);
                if is_new {
                    tracing::info!(witness = name, "a witness cosigns again");
                }
                is_new
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tare_tlog::key::{Algorithm, SigningKey};

    use super::*;

    #[test]
    fn a_change_is_said_once() {
        let name = "w1.example/w".parse().unwrap();
        let key = SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &[7; 32]).unwrap();
        let key = key.verifier().clone();
        let witness = Witness { label: "W1".to_owned(), key, url: None };
        let silences = Silences::default();
        let (slow, past) = (Some(&Silence::Slow), Some(&Silence::Past));
        for (silence, is_said) in [
            (None, false),
            (past, false),
            (slow, true),
            (Some(&Silence::Invalid), false),
            (past, false),
            (None, true),
            (None, false),
            (slow, true),
        ] {
            assert_eq!(silences.note(&witness, silence), is_said, "{silence:?}");
        }
    }
}
