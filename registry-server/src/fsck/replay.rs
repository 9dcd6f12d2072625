//! Whether the pages and the map are what a mirror arrives at that replays the log.

use std::collections::HashMap;

use tare_format::Sha256;
use tare_format::event::{Event, EventBody, SignatureRef};
use tare_replay::replay::{Entry, Start, StateCheck};
use tare_replay::{Bundles, Judgement, MemoryPages, Redactions, Replay};
use tare_store::backend::read_all;
use tare_store::{ObjectKey, StoreError};
use tare_tlog::map::MemoryMap;

use super::Report;
use crate::db::events::EventRow;
use crate::db::{Connection, events, state};
use crate::error::{ApiError, chain};
use crate::projection::{log, pages};
use crate::registry::Registry;

/// How many events are held at once.
const SOME: u64 = 1024;

/// Replays the log from its first event, and compares the pages that it comes to.
pub(super) async fn check(
    registry: &Registry,
    db: &mut Connection,
    report: &mut Report,
) -> Result<(), ApiError> {
    let redactions = events::lines_of_type(db, "redact").await?;
    let ahead = Redactions::scan(redactions.iter().map(String::as_str));
    let (pages, map) = (MemoryPages::new(), MemoryMap::new());
    let mut replay = Replay::new(registry.id.clone(), pages, map, Start::default(), ahead);
    while replay.size() < report.events {
        let to = replay.size().saturating_add(SOME).min(report.events);
        let rows = events::range(db, replay.size(), to).await?;
        let bundles = bundles(registry, &rows).await?;
        let leaves: Vec<Vec<u8>> = rows.iter().map(log::entry).collect();
        let entries: Vec<Entry<'_>> = leaves
            .iter()
            .zip(&rows)
            .map(|(leaf, row)| Entry { leaf, line: row.line_or_mark() })
            .collect();
        let mut bundles = Bundles::new(|asked| bundles.get(&asked.sha256).cloned());
        let mut found = rows.iter();
        let replayed = replay.push_all(&entries, &mut bundles, |outcome, _| {
            let row = found.next();
            let problem = row.and_then(|row| problem(outcome.judgement, outcome.state, row));
            report.problems.extend(problem);
        });
        if let Err(error) = replayed {
            report.problems.push(format!("the log cannot be replayed: {}", chain(&error)));
            return Ok(());
        }
    }
    match replay.finish() {
        Ok((pages, _, _)) => compare(db, &pages, report).await,
        Err(error) => {
            report.problems.push(format!("the replay of the log fails: {}", chain(&error)));
            Ok(())
        }
    }
}

fn problem(judgement: Judgement, state: Option<StateCheck>, row: &EventRow) -> Option<String> {
    let number = row.idx;
    if matches!(state, Some(StateCheck::Wrong { .. })) {
        return Some(format!("the state {number} is not that of the events before it"));
    }
    match judgement {
        Judgement::Effective => None,
        Judgement::Inert(reason) => Some(format!("event {number} has no effect: {reason}")),
    }
}

/// The signature bundles that some events name, as far as they are there.
async fn bundles(
    registry: &Registry,
    rows: &[EventRow],
) -> Result<HashMap<Sha256, Vec<u8>>, ApiError> {
    let mut named: Vec<SignatureRef> = Vec::new();
    for line in rows.iter().filter(|row| row.kind == "publish").filter_map(|row| row.line.as_ref())
    {
        if let Ok(Some(Event { body: EventBody::Publish(published), .. })) = Event::from_line(line)
        {
            named.extend(published.signatures.iter().copied());
        }
    }
    registry
        .blocking(move |store| {
            let mut found = HashMap::new();
            for signature in named {
                match read_all(store, &ObjectKey::Signature(signature.sha256), signature.size) {
                    Ok(bytes) => drop(found.insert(signature.sha256, bytes)),
                    Err(StoreError::Missing { .. } | StoreError::Range { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(found)
        })
        .await
}

/// The pages of the replay are those of the rows, and there are no others.
async fn compare(
    db: &mut Connection,
    replayed: &MemoryPages,
    report: &mut Report,
) -> Result<(), ApiError> {
    let mut known: Vec<String> = Vec::new();
    for (page, bytes) in replayed.iter() {
        known.push(page.path());
        if pages::bytes(db, page).await? != bytes {
            report.problems.push(format!("the page `{page}` is not that of the log's events"));
        }
    }
    known.sort();
    if known != state::paths(db).await? {
        report.problems.push("there are other pages than the log's events make".to_owned());
    }
    Ok(())
}
