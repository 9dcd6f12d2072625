//! Takedowns: what may not be installed any more because its bytes have to go (spec/log.md W-58).
//!
//! The notices of a registry are one page that the head proves, so a client learns of every takedown without saying which
//! packages it has. What was learnt holds from then on, with and without a connection.

use tare_format::event::{LeafEntry, Takedown};
use tare_format::release::ReleaseFile;
use tare_format::{ReleaseId, Sha256};
use tare_replay::{KnownTakedown, NoticesState};
use tare_store::ObjectKey;
use tare_tlog::hash::leaf_hash;

use super::TrustError;
use crate::head::prove_entry;
use crate::registry::RegistryError;
use crate::source::Source;

/// More than a server says about what is gone, in bytes.
const MAX_ANSWER: u64 = 64 << 10;

/// The takedown that hits a release or one of its files, if one is in force.
pub(crate) fn find<'n>(
    notices: &'n NoticesState,
    id: &ReleaseId,
    files: impl Iterator<Item = &'n ReleaseFile>,
) -> Option<&'n KnownTakedown> {
    let contents: Vec<&Sha256> = files.map(|file| &file.sha256).collect();
    let hits = |known: &&KnownTakedown| {
        let named = known.takedown.as_deref().map(|takedown| takedown.files.as_slice());
        let is_file = named.unwrap_or_default().iter().any(|file| contents.contains(&file));
        known.releases.contains(id) || is_file
    };
    notices.takedowns_in_force().find(hits)
}

impl TrustError {
    /// A release that is taken down.
    pub(crate) fn taken_down(
        id: &ReleaseId,
        takedown: Option<&Takedown>,
        event: Option<u64>,
    ) -> Self {
        Self::TakenDown {
            id: Box::new(id.clone()),
            what: crate::history::describe(takedown),
            event,
            appeal: takedown.and_then(|takedown| takedown.appeal.clone()),
        }
    }
}

/// The number of a takedown's event. Pages do not say it; the registry does, when it is asked for what is gone, and then
/// it is believed only as far as the log proves it.
///
/// Every place is asked, and none is blamed for what it still has.
pub(crate) async fn event_of(
    source: &Source<'_>,
    known: &KnownTakedown,
    meta: &Sha256,
) -> Option<u64> {
    let answers = source.registry().every_source(&ObjectKey::Meta(*meta), MAX_ANSWER).await;
    let index = answers.iter().find_map(|(_, answer)| claimed(answer.as_ref().err()?))?;
    let leaf = LeafEntry { event_type: "takedown".to_owned(), payload: known.payload };
    let head = source.pages().head().await.ok()?;
    let leaf = leaf_hash(&leaf.to_bytes());
    let proven = prove_entry(source.registry(), &leaf, index, head.checkpoint()).await;
    proven.ok().map(|()| index)
}

const fn claimed(error: &RegistryError) -> Option<u64> {
    match error {
        RegistryError::Gone { event, .. } => *event,
        _ => None,
    }
}
