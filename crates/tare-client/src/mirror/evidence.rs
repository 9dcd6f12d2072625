//! What a mirror writes down when a log contradicts itself, or what it holds (Z-7).
//!
//! The text names what was expected and found and has the signed checkpoints, so that whoever has the root document can check
//! it without this machine.

use std::path::PathBuf;

use jiff::Timestamp;
use tare_store::durable;
use tare_tlog::hash::Hash;

use super::pending::Pending;
use super::position::Position;
use super::{Mirror, MirrorError};
use crate::error::chain;

impl Mirror {
    /// Checks that a checkpoint which is not larger than the mirror's tree is a part of it.
    pub(super) fn check_known(
        &self,
        position: &Position,
        pending: &Pending,
        now: Timestamp,
    ) -> Result<(), MirrorError> {
        let (size, root) = (pending.checkpoint.size(), pending.checkpoint.root());
        let Err(found) = self.contains(&position.edge, size, &root)? else { return Ok(()) };
        let reason = format!("it signed {size} events with the root {root}; {found}");
        Err(self.fork(position, pending, reason, now))
    }

    /// The error for a larger tree that begins with another one than the mirror's, which these hashes prove.
    pub(super) fn forks(
        &self,
        position: &Position,
        pending: &Pending,
        prefix: &Hash,
        hashes: &[Hash],
        now: Timestamp,
    ) -> MirrorError {
        let (size, root) = (pending.checkpoint.size(), pending.checkpoint.root());
        let (from, own) = (position.edge.size(), position.edge.root());
        let reason = format!(
            "it signed {size} events with the root {root}; the first {from} of them have the root {prefix}, this mirror holds {own}"
        );
        let proof: String = hashes.iter().map(|hash| format!("\n{hash}")).collect();
        let written = format!("{reason}\n\n--- proof{proof}");
        let evidence = self.write_evidence(&written, Some(position), pending, now);
        MirrorError::Fork { origin: pending.checkpoint.origin().to_string(), reason, evidence }
    }

    /// Writes down a replay that came to something else.
    pub(super) fn with_evidence(
        &self,
        error: MirrorError,
        pending: &Pending,
        now: Timestamp,
    ) -> MirrorError {
        let MirrorError::Differs { source, .. } = error else { return error };
        let reason = chain(&*source).join(": ");
        let evidence = self.write_evidence(&reason, None, pending, now);
        MirrorError::Differs { source, evidence }
    }

    fn fork(
        &self,
        position: &Position,
        pending: &Pending,
        reason: String,
        now: Timestamp,
    ) -> MirrorError {
        let evidence = self.write_evidence(&reason, Some(position), pending, now);
        MirrorError::Fork { origin: pending.checkpoint.origin().to_string(), reason, evidence }
    }

    /// Where it was written; nowhere when the disk says no, which must not hide what was found.
    fn write_evidence(
        &self,
        reason: &str,
        position: Option<&Position>,
        pending: &Pending,
        now: Timestamp,
    ) -> Option<PathBuf> {
        let shown = String::from_utf8_lossy(&pending.proof.checkpoint.to_bytes()).into_owned();
        let held = self.folder.read("checkpoint", 128 << 10).ok().flatten().unwrap_or_default();
        let held = String::from_utf8_lossy(&held).into_owned();
        let known = position.map_or("", |position| position.checkpoint.as_str());
        let text = format!(
            "tare-mirror-evidence/1\nregistry {}\nmirror {}\nfound {now}\n\n{reason}\n\n\
             --- what the source shows\n{shown}\n--- what this mirror holds\n{known}\n--- as it was cosigned\n{held}",
            self.config.registry, self.config.name,
        );
        let path = self.folder.evidence(&format!("{}.txt", now.as_second()));
        durable::write(&path, text.as_bytes()).ok().map(|()| path)
    }
}
