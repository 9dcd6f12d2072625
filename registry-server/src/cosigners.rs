//! Who is asked to cosign: witnesses and mirrors, behind a trait, because how they are reached is no matter of the log.
//!
//! The rule is here as well: a head becomes public when the quorum of the newest root document has cosigned its checkpoint
//! ([`Policy::quorum_time`](tare_tlog::policy::Policy::quorum_time) says so), and never before. A registry whose quorum is
//! `none` asks nobody.

use futures::future::BoxFuture;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::key::KeyName;
use tare_tlog::note::{Note, NoteSignature};
use tare_tlog::root::RootDocument;

use crate::registry::Registry;

/// A checkpoint that somebody cosigned.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Who, as the root document calls it.
    pub by: String,
    /// What.
    pub checkpoint: Checkpoint,
}

/// Those who cosign the checkpoints of one registry. Both methods ask other machines, and never fail: who cannot be reached
/// has not answered. They may be asked again for the same checkpoint, which gives cosignatures with newer times.
pub trait Cosigners: Send + Sync {
    /// Signature lines over `checkpoint`, which the log has signed, from those whom `root` names. The lines need not be
    /// checked; a line that is not valid is left out by the caller.
    fn gather<'a>(
        &'a self,
        registry: &'a Registry,
        root: &'a RootDocument,
        checkpoint: &'a Note,
    ) -> BoxFuture<'a, Vec<NoteSignature>>;

    /// The largest checkpoint of the log `origin` that any of them has cosigned, as far as they answer. Asked when the
    /// registry opens: a database that was put back from a backup must not sign another history of what they saw.
    fn largest_seen<'a>(
        &'a self,
        root: &'a RootDocument,
        origin: &'a KeyName,
    ) -> BoxFuture<'a, Option<Seen>>;
}

/// Nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCosigners;

impl Cosigners for NoCosigners {
    fn gather<'a>(
        &'a self,
        _: &'a Registry,
        _: &'a RootDocument,
        _: &'a Note,
    ) -> BoxFuture<'a, Vec<NoteSignature>> {
        Box::pin(async { Vec::new() })
    }

    fn largest_seen<'a>(
        &'a self,
        _: &'a RootDocument,
        _: &'a KeyName,
    ) -> BoxFuture<'a, Option<Seen>> {
        Box::pin(async { None })
    }
}
