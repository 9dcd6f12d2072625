//! One answer to the question for the head, checked by itself (spec/log.md W-44 to W-47). Pure: no clock, no registry.

use bytes::Bytes;
use jiff::Timestamp;
use tare_format::event::{Event, EventBody};
use tare_tlog::bundle::TlogProof;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::hash::{Hash, leaf_hash};
use tare_tlog::map::Commitment;
use tare_tlog::policy::{QuorumTime, RefusedError};
use tare_tlog::proof::verify_inclusion;
use tare_tlog::root::{OldLog, RootDocument};

use super::FUTURE_SECONDS;
use super::error::LogError;

/// The type of the event that a log ends with.
const STATE: &str = "state";

/// A head that its log signed, that the quorum saw, and that proves its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) checkpoint: Checkpoint,
    /// The state map after the last event.
    pub(crate) state: Commitment,
    /// The version of the newest root document, as the log knows it.
    pub(crate) root_version: u32,
    /// The time of the state event, which only the log states.
    pub(crate) logged: Timestamp,
    pub(crate) time: QuorumTime,
    pub(crate) bytes: Bytes,
}

impl Seen {
    /// The quorum's time, in seconds since 1970; 0 when no quorum is asked for.
    pub(crate) fn seconds(&self) -> u64 {
        match self.time {
            QuorumTime::At(time) => time,
            QuorumTime::NotRequired => 0,
        }
    }
}

/// Checks `bytes` under `root`. Cosignatures of later than ten minutes after `now` do not count; both in seconds since
/// 1970.
///
/// # Errors
/// When anything of it is missing or wrong.
pub(crate) fn check(bytes: &Bytes, root: &RootDocument, now: u64) -> Result<Seen, LogError> {
    let proof = TlogProof::parse(bytes)?;
    let accepted = root
        .policy
        .open(&proof.checkpoint, now.saturating_add(FUTURE_SECONDS))
        .map_err(|error| explain(error, &proof, root, now))?;
    let size = accepted.checkpoint.size();
    if proof.index.checked_add(1) != Some(size) {
        return Err(LogError::NotLast { index: proof.index, size });
    }
    // The leaf is made of the payload, so what is parsed below is what the log has, and its type is part of it.
    let payload = proof.extra.as_deref().ok_or(LogError::NoState)?;
    let payload = std::str::from_utf8(payload).map_err(|_| LogError::NoState)?;
    let leaf = leaf_hash(&Event::leaf_entry(STATE, payload));
    verify_inclusion(&leaf, proof.index, size, &accepted.checkpoint.root(), &proof.hashes)?;
    let (state, root_version, logged) = state_of(payload)?;
    let (checkpoint, time) = (accepted.checkpoint, accepted.time);
    Ok(Seen { checkpoint, state, root_version, logged, time, bytes: bytes.clone() })
}

/// What the log signed in `bytes`, whether or not anything else of them is right. It says nothing of what is current, but
/// whatever a log signed can be held against it.
pub(crate) fn signed_checkpoint(bytes: &Bytes, root: &RootDocument) -> Option<Checkpoint> {
    let proof = TlogProof::parse(bytes).ok()?;
    let logs = root.policy.logs().iter();
    logs.filter_map(|log| Checkpoint::open(&proof.checkpoint, &log.key).ok()).next()
}

/// Checks an answer of a source that has not heard of a new log: its log signed it, and it ends where that log did, or
/// before (W-52). It says nothing of what is current.
///
/// # Errors
/// When it is not of a replaced log, or claims more than the root document lets it.
pub(crate) fn check_replaced(
    bytes: &Bytes,
    root: &RootDocument,
) -> Result<Option<Checkpoint>, LogError> {
    let proof = TlogProof::parse(bytes)?;
    let Some(old) = signer(&proof, root) else { return Ok(None) };
    let checkpoint = Checkpoint::open(&proof.checkpoint, &old.key)
        .map_err(|error| LogError::Refused(error.into()))?;
    if checkpoint.size() > old.size {
        let (origin, end) = (old.key.name().to_string(), old.size);
        return Err(LogError::Replaced { origin, end, size: checkpoint.size() });
    }
    Ok(Some(checkpoint))
}

fn signer<'r>(proof: &TlogProof, root: &'r RootDocument) -> Option<&'r OldLog> {
    let signed = |old: &&OldLog| {
        proof.checkpoint.signatures().iter().any(|signature| signature.is_by(&old.key))
    };
    root.old_logs.iter().find(signed)
}

/// Cosignatures that are good and from the future point at the clock, not at the log.
fn explain(error: RefusedError, proof: &TlogProof, root: &RootDocument, now: u64) -> LogError {
    if let RefusedError::Quorum { .. } = &error
        && let Ok(accepted) = root.policy.open(&proof.checkpoint, u64::MAX)
        && let QuorumTime::At(found) = accepted.time
    {
        return LogError::Future { found: timestamp(found), now: timestamp(now) };
    }
    error.into()
}

fn state_of(payload: &str) -> Result<(Commitment, u32, Timestamp), LogError> {
    let unusable = |error: &dyn std::error::Error| LogError::State(error.to_string());
    let event = Event::from_line(payload).map_err(|error| unusable(&error))?;
    let Some(Event { time, body, .. }) = event else {
        return Err(LogError::State("it is of no known type".to_owned()));
    };
    let EventBody::State { depth, count, root, root_version } = body else {
        return Err(LogError::State(format!("it is of type `{}`", body.type_name())));
    };
    let state = Commitment::new(depth, count, Hash(*root.as_bytes()));
    Ok((state.map_err(|error| unusable(&error))?, root_version, time))
}

/// A time for people; the end of time for one that has no date.
pub(crate) fn timestamp(seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
