//! Redactions: a line of the log goes, its place and its hash stay (spec/events.md E-26 to E-28).

use tare_format::Sha256;
use tare_format::event::{BY_REGISTRY, Class, Event, EventBody, Residue};
use tare_format::problem::Code;

use crate::db::{Connection, events, names, releases};
use crate::error::ApiError;
use crate::registry::Registry;
use crate::sequence::Batch;
use crate::standing::settle_newest;

/// What a redaction has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// What of the event stays known: its type, and what it was about.
    pub residue: Residue,
    /// The number of its event.
    pub event: u64,
    /// Whether the line is out of the database's files as well. If not, somebody was reading: the next redaction, or the end of
    /// the server, does it.
    pub is_erased: bool,
}

impl Registry {
    /// Takes the line of an event out of the log and of all pages. A version whose publication is redacted stays taken and can
    /// never be installed.
    ///
    /// # Errors
    /// `not-found` for an event that is not there; `state-conflict` for one that is redacted already or cannot be.
    pub async fn redact(&self, index: u64, class: Class) -> Result<Redacted, ApiError> {
        let mut batch = self.batch(BY_REGISTRY).await?;
        let (payload, residue) = redactable(batch.db(), index).await?;
        let redact = EventBody::Redact { index, payload, class, residue: residue.clone() };
        let event = batch.append(redact).await?;
        settle(&mut batch, &residue).await?;
        batch.commit().await?;
        Ok(Redacted { residue, event, is_erased: self.db.truncate_log().await? })
    }

    /// What would stay known of an event if it were redacted: its type, and what it was about. Changes nothing.
    ///
    /// # Errors
    /// As [`Registry::redact`].
    pub async fn plan_redaction(&self, index: u64) -> Result<Residue, ApiError> {
        let mut db = self.db.read().await?;
        Ok(redactable(&mut db, index).await?.1)
    }
}

/// The hash of the line of an event, and what stays known of it.
async fn redactable(db: &mut Connection, index: u64) -> Result<(Sha256, Residue), ApiError> {
    let row = events::find(db, index).await?;
    let row = row.ok_or_else(|| ApiError::not_found(format!("there is no event {index}")))?;
    let conflict = |detail: String| ApiError::new(Code::StateConflict, detail);
    let line = row.line.ok_or_else(|| conflict(format!("event {index} is redacted already")))?;
    let event = Event::from_line(&line).map_err(ApiError::internal)?;
    let residue = event.as_ref().and_then(Residue::of).ok_or_else(|| {
        conflict(format!("event {index} is of type `{}`, which is never redacted", row.kind))
            .help("only `publish`, `yank`, `unyank`, `withdraw`, `advisory` and `takedown` are")
    })?;
    Ok((row.payload, residue))
}

/// A version whose publication is redacted is offered to nobody.
async fn settle(batch: &mut Batch<'_>, residue: &Residue) -> Result<(), ApiError> {
    let Residue::Publish { package, version } = residue else { return Ok(()) };
    let db = batch.db();
    let Some(row) = releases::find(db, &package.key(), version).await? else { return Ok(()) };
    releases::set_status(db, row.id, "withdrawn").await?;
    match names::package(db, &package.key()).await? {
        Some(package) => settle_newest(db, package.id).await,
        None => Ok(()),
    }
}
