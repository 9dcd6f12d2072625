//! What is written down when a log was forked: both signed heads, and why they cannot both be true (spec/log.md W-51). And
//! what is written down when it stops short of what was seen: both heads, which prove that one was shown after the other
//! only to whoever believes this machine.
//!
//! Whoever has the root document can check the signatures without this machine.

use std::fmt::Write as _;

use jiff::Timestamp;
use tare_format::registry::RegistryId;
use tare_tlog::bundle::TlogProof;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::hash::Hash;

/// One of the two heads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) from: &'a str,
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) bytes: &'a [u8],
}

/// The evidence as a text. `prefix` is the root that the larger tree has at the smaller one's size, by `hashes`.
pub(super) fn text(
    registry: &RegistryId,
    now: Timestamp,
    [first, second]: [Side<'_>; 2],
    prefix: &Hash,
    hashes: &[Hash],
) -> String {
    let (old, new) = match first.checkpoint.size() <= second.checkpoint.size() {
        true => (first.checkpoint, second.checkpoint),
        false => (second.checkpoint, first.checkpoint),
    };
    let mut text = format!(
        "tare-fork/v1\nregistry {registry}\nfound {now}\n\nThe log `{}` signed two trees that cannot both be its own.\n",
        new.origin()
    );
    for side in [first, second] {
        let _ = write!(text, "\n--- from {}\n{}", side.from, note(side.bytes));
    }
    let _ = write!(
        text,
        "\n--- proof\nsmaller {} {}\nlarger {} {}\nlarger begins with {prefix}\n",
        old.size(),
        old.root(),
        new.size(),
        new.root()
    );
    for hash in hashes {
        let _ = writeln!(text, "{hash}");
    }
    text
}

/// What was seen, and the smaller head that is shown now.
pub(super) fn rollback(
    registry: &RegistryId,
    now: Timestamp,
    [seen, found]: [Side<'_>; 2],
) -> String {
    let mut text = format!(
        "tare-rollback/v1\nregistry {registry}\nfound {now}\n\nThe log `{}` had {} events here, and is shown with {}.\n",
        seen.checkpoint.origin(),
        seen.checkpoint.size(),
        found.checkpoint.size()
    );
    for side in [seen, found] {
        let _ = write!(text, "\n--- from {}\n{}", side.from, note(side.bytes));
    }
    text
}

/// The checkpoint of a head with all its signatures.
fn note(head: &[u8]) -> String {
    let note = TlogProof::parse(head).map(|proof| proof.checkpoint.to_bytes()).unwrap_or_default();
    String::from_utf8_lossy(&note).into_owned()
}
