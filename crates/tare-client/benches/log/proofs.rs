//! How large proofs are, and the tiles that they are made from.

use std::collections::BTreeSet;

use tare_store::ObjectKey;
use tare_tlog::tile::{TileId, plan_consistency, plan_inclusion};
use tare_tlog::tile::{prove_consistency, prove_inclusion};

use crate::ledger::{Ledger, Outcome};
use crate::world::drawn;

/// The proofs of one log.
pub(crate) struct Proofs {
    /// Entries in the log.
    pub(crate) size: u64,
    /// Bytes of `head`, which is the proof of the last entry with everything that it needs.
    pub(crate) head: usize,
    /// Bytes of the hashes of an inclusion proof, and of its tiles.
    pub(crate) inclusion: (usize, usize),
    /// The same from a log that is shorter by a hundredth.
    pub(crate) consistency: (usize, usize),
    /// Tiles and bytes for ten entries anywhere, as a client of a log without state fetches them.
    pub(crate) ten_entries: (usize, usize),
}

pub(crate) fn measure(ledger: &Ledger) -> Outcome<Proofs> {
    let size = ledger.size();
    let entry = drawn(1, size);
    let plan = plan_inclusion(entry, size)?;
    let (tiles, tile_bytes) = ledger.tiles(&plan)?;
    let inclusion = (32 * prove_inclusion(entry, size, &tiles)?.len(), tile_bytes);
    let old = size - size / 100;
    let (tiles, tile_bytes) = ledger.tiles(&plan_consistency(old, size)?)?;
    let consistency = (32 * prove_consistency(old, size, &tiles)?.len(), tile_bytes);
    let mut ten: BTreeSet<TileId> = BTreeSet::new();
    for seed in 0..10 {
        ten.extend(plan_inclusion(drawn(seed, size), size)?);
    }
    let ten: Vec<TileId> = ten.into_iter().collect();
    let (_, bytes) = ledger.tiles(&ten)?;
    let files = ledger.files();
    let files = files.read().map_err(|_| "a writer of the files died")?;
    let head = files.get(&ObjectKey::Head.path()).map_or(0, Vec::len);
    Ok(Proofs { size, head, inclusion, consistency, ten_entries: (ten.len(), bytes) })
}
