//! Whether an event has an effect, by the rules that mirrors and clients replay the log with.
//!
//! The registry checks before, with words that help a publisher. This check is for itself: an event that everybody else takes
//! for inert must never come into the log, whatever a handler or an operator's command overlooked.

use std::collections::HashSet;

use jiff::Timestamp;
use tare_format::Sha256;
use tare_format::event::{Event, EventBody, Published, SignatureRef};
use tare_replay::page::Line;
use tare_replay::{Context, Judgement, Redactions, SignedBy, States, judge, needs, signed_by};
use tare_store::backend::read_all;
use tare_store::{ObjectKey, StoreError};

use crate::db::Connection;
use crate::error::ApiError;
use crate::projection::pages;
use crate::registry::Registry;

/// What is current, as far as the events of one batch needed it.
pub(super) struct Bench {
    states: States,
    /// The pages that were read, by their key in the map.
    read: HashSet<[u8; 32]>,
}

impl Bench {
    /// For a batch after the one that was closed at `last_time`.
    pub(super) fn new(last_time: Option<Timestamp>) -> Self {
        let mut states = States::new();
        states.last_time = last_time;
        Self { states, read: HashSet::new() }
    }

    /// Insists that an event has an effect, and takes it in.
    ///
    /// # Errors
    /// `internal` with the rule that it breaks, or when what a judgement needs cannot be read.
    pub(super) async fn require_effective(
        &mut self,
        registry: &Registry,
        db: &mut Connection,
        index: u64,
        payload: Sha256,
        event: Event,
    ) -> Result<(), ApiError> {
        for page in needs(&event) {
            if self.read.insert(page.state_key()) {
                let bytes = pages::bytes(db, &page).await?;
                let read = self.states.insert_page(&page, &bytes, &Redactions::new());
                read.map_err(ApiError::internal)?;
            }
        }
        let signed = match &event.body {
            EventBody::Publish(published) => self.signed(registry, published).await?,
            _ => SignedBy::nobody(),
        };
        let kind = event.body.type_name();
        let line = Line::of(payload, event);
        let states = &self.states;
        let context = Context { registry: &registry.id, states, index, signed: &signed };
        match judge(&line, &context) {
            Judgement::Effective => {
                self.states.apply(&line);
                Ok(())
            }
            Judgement::Inert(reason) => {
                let problem = format!("the `{kind}` event {index} would have no effect: {reason}");
                Err(ApiError::internal(problem))
            }
        }
    }

    async fn signed(
        &self,
        registry: &Registry,
        published: &Published,
    ) -> Result<SignedBy, ApiError> {
        let mut bundles: Vec<(SignatureRef, Vec<u8>)> = Vec::new();
        for signature in &published.signatures {
            let (key, cap) = (ObjectKey::Signature(signature.sha256), signature.size);
            let bytes = registry
                .blocking(move |store| match read_all(store, &key, cap) {
                    Err(StoreError::Missing { .. }) => Ok(None),
                    read => read.map(Some),
                })
                .await?;
            bundles.extend(bytes.map(|bytes| (*signature, bytes)));
        }
        let accepted = self.states.package(&published.package);
        let accepted = accepted.map(|package| &*package.signers).unwrap_or_default();
        let bundle = |asked: &SignatureRef| {
            bundles.iter().find(|(known, _)| known == asked).map(|(_, bytes)| bytes.clone())
        };
        signed_by(published, accepted, &registry.id, bundle).map_err(ApiError::internal)
    }
}
