//! What the source shows as the newest: `head.pending`, and the root documents that it is verified under.
//!
//! A cosigner asks of a checkpoint that its log signed it; the quorum is what its own word is for. Everything else is
//! checked as every client does (spec/log.md W-44 to W-47).

use bytes::Bytes;
use jiff::Timestamp;
use tare_format::registry::RegistryId;
use tare_store::ObjectKey;
use tare_tlog::bundle::{MAX_PROOF, TlogProof};
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::note::{MAX_NOTE, Note};
use tare_tlog::policy::PolicyBuilder;
use tare_tlog::root::RootDocument;

use super::MirrorError;
use super::folder::Folder;
use super::upstream::Upstream;
use crate::head::check_head;
use crate::registry::RegistryClient;
use crate::root::TrustedRoot;

/// The newest state that a source shows, signed by its log.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    /// The file.
    pub(super) proof: TlogProof,
    /// The checkpoint in it.
    pub(super) checkpoint: Checkpoint,
    /// The time of its last event, which only the log states.
    pub(super) logged: Timestamp,
    /// The root document that it was verified under.
    pub(super) root: TrustedRoot,
    /// Root documents that the mirror has not written yet, the first one it lacked up to the newest.
    pub(super) new_roots: Vec<TrustedRoot>,
}

impl Pending {
    /// The checkpoint of a head that its log signed, whoever else did.
    pub(super) fn shown(bytes: &Bytes, root: &TrustedRoot, now: Timestamp) -> Option<Checkpoint> {
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let seen = check_head(bytes, &log_alone(root.document()).ok()?, seconds).ok()?;
        Some(seen.checkpoint)
    }

    /// A checkpoint by itself that a log of the registry signed.
    pub(super) fn signed(bytes: &[u8], root: &TrustedRoot) -> Option<Checkpoint> {
        let note = Note::parse(bytes).ok()?;
        let logs = root.document().policy.logs();
        logs.iter().find_map(|log| Checkpoint::open(&note, &log.key).ok())
    }
}

/// The newest root document that the mirror has written.
pub(super) fn kept_root(
    folder: &Folder,
    id: &RegistryId,
) -> Result<Option<TrustedRoot>, MirrorError> {
    let cap = u64::try_from(MAX_NOTE).unwrap_or(u64::MAX);
    let latest = folder.read(&ObjectKey::NewestRoot.path(), 32)?.unwrap_or_default();
    let Ok(version) = String::from_utf8_lossy(&latest).trim_end().parse() else {
        return Ok(None);
    };
    let bytes = folder.read(&ObjectKey::Root(version).path(), cap)?;
    Ok(bytes.and_then(|bytes| TrustedRoot::kept(&bytes, id)))
}

/// Fetches `head.pending`.
pub(super) async fn fetch(upstream: &Upstream<'_>) -> Result<Bytes, MirrorError> {
    let cap = u64::try_from(MAX_PROOF).unwrap_or(u64::MAX);
    let check =
        |bytes: &Bytes| TlogProof::parse(bytes).map(drop).map_err(|error| error.to_string());
    upstream.required(&ObjectKey::PendingHead, cap, check).await
}

/// Verifies it, and walks to the root document that the log names.
pub(super) async fn verify(
    registry: &RegistryClient,
    folder: &Folder,
    id: &RegistryId,
    bytes: &Bytes,
    now: Timestamp,
) -> Result<Pending, MirrorError> {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let mut new_roots = Vec::new();
    let mut root = match kept_root(folder, id)? {
        Some(root) => root,
        None => {
            let first = TrustedRoot::first(registry, id).await?;
            new_roots.push(first.clone());
            first
        }
    };
    loop {
        let outcome = check_head(bytes, &log_alone(root.document())?, seconds);
        let version = outcome.as_ref().map_or(u32::MAX, |seen| seen.root_version);
        let is_newest = version <= root.version();
        let next = if is_newest { None } else { root.next(registry).await? };
        if let Some(next) = next {
            new_roots.push(next.clone());
            root = next;
            continue;
        }
        let seen = outcome.map_err(|error| MirrorError::log(&error))?;
        // W-30: a mirror moves on no more than anybody else.
        root.require_unexpired(now)?;
        let proof = TlogProof::parse(bytes).map_err(|error| MirrorError::log(&error))?;
        let (checkpoint, logged) = (seen.checkpoint, seen.logged);
        return Ok(Pending { proof, checkpoint, logged, root, new_roots });
    }
}

/// The same document with nobody's word asked for but the log's.
fn log_alone(document: &RootDocument) -> Result<RootDocument, MirrorError> {
    let mut policy = PolicyBuilder::new();
    for log in document.policy.logs() {
        policy.log(log.clone()).map_err(|error| MirrorError::log(&error))?;
    }
    policy.quorum("none").map_err(|error| MirrorError::log(&error))?;
    let policy = policy.build().map_err(|error| MirrorError::log(&error))?;
    Ok(RootDocument { policy, ..document.clone() })
}
