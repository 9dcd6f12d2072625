//! Whether the tree, the checkpoints and the map in the database are those of the events.

use tare_format::Sha256;
use tare_format::event::Event;
use tare_tlog::checkpoint::Checkpoint;
use tare_tlog::key::VerifierKey;
use tare_tlog::map::{Prefix, build};
use tare_tlog::note::Note;
use tare_tlog::root::RootDocument;
use tare_tlog::tile::TILE_WIDTH;
use tare_tlog::tree::Edge;

use super::Report;
use crate::db::events::EventRow;
use crate::db::tree::CheckpointRow;
use crate::db::{Connection, events, roots, state, tree};
use crate::error::{ApiError, chain};
use crate::projection::log::leaf;
use crate::sequence;

/// Makes the tree anew from the events and compares.
pub(super) async fn check(db: &mut Connection, report: &mut Report) -> Result<(), ApiError> {
    let logs = logs(db).await?;
    let mut whole = Edge::new();
    let size = tree::newest_checkpoint(db).await?.map_or(0, |newest| newest.size);
    while whole.size() < size {
        let (from, to) =
            (whole.size(), whole.size().saturating_add(u64::from(TILE_WIDTH)).min(size));
        let rows = events::range(db, from, to).await?;
        let mut tile = Edge::new();
        for row in &rows {
            check_event(row, whole.size(), report);
            let before = whole.hashes().to_vec();
            whole.append(leaf(row)).map_err(ApiError::internal)?;
            tile.append(leaf(row)).map_err(ApiError::internal)?;
            if let Some(checkpoint) = tree::checkpoint(db, whole.size()).await? {
                let is_right = checkpoint.root == whole.root() && checkpoint.edge == before;
                if !is_right || !is_signed(&checkpoint, &logs) {
                    let size = checkpoint.size;
                    report
                        .problems
                        .push(format!("the checkpoint of {size} is not of these events"));
                }
            }
        }
        if whole.size() != to {
            report.problems.push(format!("the log has no event {}", whole.size()));
            break;
        }
        if tile.size() == u64::from(TILE_WIDTH) {
            let number = from / u64::from(TILE_WIDTH);
            let kept = tree::hashes(db, 1, number, number.saturating_add(1)).await?;
            if kept != [tile.root()] {
                report.problems.push(format!("the root of the tile {number} is not of its events"));
            }
        }
    }
    report.events = whole.size();
    if events::count(db).await? != size {
        report.problems.push("there are events that no checkpoint covers".to_owned());
    }
    check_map(db, size, report).await
}

/// The keys of every log that a root document named.
async fn logs(db: &mut Connection) -> Result<Vec<VerifierKey>, ApiError> {
    let mut keys = Vec::new();
    for (_, note) in roots::all(db).await? {
        let note = Note::parse(note.as_bytes()).map_err(ApiError::internal)?;
        let document = RootDocument::parse(note.text()).map_err(ApiError::internal)?;
        keys.extend(document.log().map(|log| log.key.clone()));
    }
    Ok(keys)
}

fn check_event(row: &EventRow, expected: u64, report: &mut Report) {
    if row.idx != expected {
        report.problems.push(format!("the log has no event {expected}"));
    }
    let Some(line) = &row.line else { return };
    let number = row.idx;
    if Sha256::of(line.as_bytes()) != row.payload {
        report.problems.push(format!("event {number} has another digest than the log says"));
    }
    match Event::from_line(line) {
        Err(error) => report.problems.push(format!("event {number} cannot be read: {error}")),
        Ok(Some(event)) if event.body.type_name() != row.kind => {
            report.problems.push(format!("event {number} is of another type than the log says"));
        }
        Ok(_) => {}
    }
}

fn is_signed(row: &CheckpointRow, logs: &[VerifierKey]) -> bool {
    let Ok(note) = Note::parse(row.note.as_bytes()) else { return false };
    let says = |log| {
        Checkpoint::open(&note, log)
            .is_ok_and(|checkpoint| checkpoint.size() == row.size && checkpoint.root() == row.root)
    };
    logs.iter().any(says)
}

/// The nodes of the map are those of its rows, and the last state says so.
async fn check_map(db: &mut Connection, size: u64, report: &mut Report) -> Result<(), ApiError> {
    let said = match sequence::state::commitment(db, size).await {
        Ok(said) => said,
        Err(error) => {
            report.problems.push(format!("the last state cannot be read: {}", chain(&error)));
            return Ok(());
        }
    };
    let rows = state::rows(db, &Prefix::ROOT).await?;
    let count = u64::try_from(rows.len()).map_err(ApiError::internal)?;
    let mut nodes = Vec::new();
    let built = build(count, rows, |node| nodes.push((node.prefix, node.hash)));
    if built.map_err(ApiError::internal)? != said {
        report.problems.push("the state map is another than the last state says".to_owned());
    }
    nodes.sort();
    let mut kept: Vec<_> = state::nodes(db, true).await?;
    kept.retain(|node| crate::projection::node_key(node).is_some());
    let mut kept: Vec<_> = kept.into_iter().map(|node| (node.place, node.hash)).collect();
    kept.sort();
    if nodes != kept {
        report.problems.push("the nodes of the state map are not of its rows".to_owned());
    }
    Ok(())
}
