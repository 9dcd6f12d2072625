//! The checkpoint of a log entry, as far as the fields beside it repeat what it says.
//!
//! ```text
//! rekor.example - 1193050959916656506     who
//! 616408488                               how many entries
//! 1vVXvPhKzL1Y8g3aXoRSDTUh2xb8VGtrBFRtXbg7Jgs=   the root of their tree
//!
//! — rekor.example wNI9aj…                 signatures: four bytes that say whose, then the signature
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::json::{Entry, Proof};
use super::{FormError, field};

/// Checks that the proof's numbers are those of the checkpoint, and that the log that the entry names signed it.
///
/// The library checks a proof against the root that the checkpoint's signature covers. It does not compare the size, reads
/// none of these fields in entries of the second kind, and takes the signature of any log that it knows.
pub(super) fn agrees(
    envelope: &str,
    log: &[u8],
    proof: &Proof,
    (is_second_kind, entry): (bool, &Entry),
) -> Result<(), FormError> {
    let expected = "a checkpoint: a name, a size, a root and signatures";
    let unreadable = || field("checkpoint", envelope.lines().next().unwrap_or_default(), expected);
    let (body, signatures) = envelope.split_once("\n\n").ok_or_else(unreadable)?;
    let mut lines = body.lines();
    let (origin, size, root) = match (lines.next(), lines.next(), lines.next()) {
        (Some(origin), Some(size), Some(root)) => (origin, size, root),
        _ => return Err(unreadable()),
    };
    let size: u64 = size.parse().map_err(|_| unreadable())?;
    let root = STANDARD.decode(root).map_err(|_| unreadable())?;
    let stated = proof.tree_size.0;
    if stated != size {
        return Err(field("treeSize", &stated.to_string(), &format!("{size}, as the checkpoint")));
    }
    if proof.root_hash.0 != root {
        let found = STANDARD.encode(&proof.root_hash.0);
        return Err(field("rootHash", &found, "the root of the checkpoint"));
    }
    let index = |number: &Option<super::json::Number>| number.as_ref().map_or(0, |number| number.0);
    let (inner, outer) = (index(&proof.log_index), index(&entry.log_index));
    if is_second_kind && inner != outer {
        return Err(field("logIndex", &inner.to_string(), &format!("{outer}, as the entry")));
    }
    let mut signers = signatures.lines().filter_map(signed_by);
    let is_signed = signers.any(|(name, by)| is_of(name, origin) && log.starts_with(&by));
    if log.len() != 32 || !is_signed {
        return Err(field("keyId", &STANDARD.encode(log), "the log that signed the checkpoint"));
    }
    Ok(())
}

/// Whether a signature by `name` is one of the log that calls itself `origin`. Logs of the first kind say which tree it is.
fn is_of(name: &str, origin: &str) -> bool {
    origin.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(" - "))
}

/// Who signed, and the first four bytes of the id of their key.
fn signed_by(line: &str) -> Option<(&str, [u8; 4])> {
    let (name, signature) = line.strip_prefix("— ")?.rsplit_once(' ')?;
    Some((name, STANDARD.decode(signature).ok()?.get(..4)?.try_into().ok()?))
}
