//! What the log costs those who read it: clients that resolve, mirrors that follow, registries that publish.
//!
//! ```text
//! cargo bench -p tare-client --bench log                        all tables, for 1,000 and 100,000 packages
//! log registry RUNS COUNT...                                    lookups, proofs and writes of registries of that many packages
//! log mirror EVENTS...                                          syncs of a mirror after so many new events each
//! ```
//! Bytes are those of bodies; a request and its answer have some 300 more in their headers. `benches/log/run` has these tables
//! and those that need whole processes.

#![expect(clippy::print_stdout, reason = "tables are its output")]

mod ledger;
mod lookups;
mod packages;
mod proofs;
mod server;
mod syncs;
mod world;

use std::time::Duration;

use ledger::{Outcome, Written};
use lookups::{DOCUMENTS, Lookup, Lookups, OTHERS, PAGES, PROOFS};
use proofs::Proofs;
use world::World;

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.split_first() {
        None => {
            registries(3, &[1_000, 100_000])?;
            mirror(&[0, 1, 100])
        }
        Some((word, counts)) => {
            let counts = counts.iter().map(|word| Ok(word.parse()?));
            match (word.as_str(), counts.collect::<Outcome<Vec<usize>>>()?.as_slice()) {
                ("registry", [runs, counts @ ..]) if *runs > 0 => registries(*runs, counts),
                ("mirror", counts) => mirror(counts),
                _ => Err("expected `registry RUNS COUNT...` or `mirror EVENTS...`".into()),
            }
        }
    }
}

/// The most bytes of proofs and pages to lock ten packages for the first time.
const PROVEN_GOAL: u64 = 80_000;

/// What was found of one registry.
struct Registry {
    packages: usize,
    lookups: Lookups,
    proofs: Proofs,
    written: Vec<Written>,
}

fn registries(runs: usize, counts: &[usize]) -> Outcome<()> {
    let mut found = Vec::new();
    for packages in counts {
        let mut world = World::new(*packages)?;
        let proofs = proofs::measure(&world.ledger)?;
        let mut written = Vec::new();
        let lookups = lookups::measure(&mut world, runs, |batch| written.push(batch))?;
        found.push(Registry { packages: *packages, lookups, proofs, written });
    }
    print_lookups(&found);
    print_proofs(&found);
    print_written(&found);
    print_goals(&found);
    Ok(())
}

fn print_lookups(found: &[Registry]) {
    println!("Locking ten packages, medians: requests, bytes\n");
    println!(
        "| packages | when | requests | proofs B | pages B | proofs and pages B | documents B | ms |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for registry in found {
        let others = format!("{OTHERS} versions of others later");
        let rows = [
            ("the first time", &registry.lookups.cold),
            ("again", &registry.lookups.warm),
            (others.as_str(), &registry.lookups.after_others),
            ("and one of its own", &registry.lookups.after_own),
        ];
        for (when, lookups) in rows {
            print_lookup(registry.packages, when, lookups);
        }
    }
    println!("\nBy kind, requests and bytes:\n");
    for registry in found {
        for lookups in [&registry.lookups.cold, &registry.lookups.after_others] {
            let kinds = lookups.first().map(|lookup| lookup.traffic.by_kind());
            println!("- {}: {}", registry.packages, kinds.unwrap_or_default());
        }
    }
    println!();
}

fn print_lookup(packages: usize, when: &str, lookups: &[Lookup]) {
    let bytes =
        |kinds: &[&str]| median(lookups.iter().map(|lookup| lookup.traffic.of(kinds).bytes));
    let requests = median(lookups.iter().map(|lookup| lookup.traffic.total().requests));
    let milliseconds = median(lookups.iter().map(|lookup| lookup.milliseconds));
    let (proofs, pages) = (bytes(&PROOFS), bytes(&PAGES));
    let both = median(
        lookups.iter().map(|lookup| (lookup.traffic.of(&PROOFS) + lookup.traffic.of(&PAGES)).bytes),
    );
    let documents = bytes(&DOCUMENTS);
    println!(
        "| {packages} | {when} | {requests} | {proofs} | {pages} | {both} | {documents} | {milliseconds:.0} |"
    );
}

fn print_proofs(found: &[Registry]) {
    println!("Proofs, bytes\n");
    println!(
        "| packages | entries | head | inclusion: hashes, tiles | consistency over 1 %: hashes, tiles | ten entries of a log without state: tiles, bytes |"
    );
    println!("|---|---|---|---|---|---|");
    for Registry { packages, proofs, .. } in found {
        let ((hashes, tiles), (from, to)) = (proofs.inclusion, proofs.consistency);
        let (files, bytes) = proofs.ten_entries;
        println!(
            "| {packages} | {} | {} | {hashes}, {tiles} | {from}, {to} | {files}, {bytes} |",
            proofs.size, proofs.head
        );
    }
    println!();
}

fn print_written(found: &[Registry]) {
    println!("Written for one published version, medians of {OTHERS}: bytes\n");
    println!("| packages | state | tiles | entries | events | page | head | state map µs |");
    println!("|---|---|---|---|---|---|---|---|");
    for Registry { packages, written, .. } in found {
        let of = |part: fn(&Written) -> usize| median(written.iter().map(part));
        let settling: Duration = median(written.iter().map(|batch| batch.settling));
        println!(
            "| {packages} | {} | {} | {} | {} | {} | {} | {} |",
            of(|batch| batch.state),
            of(|batch| batch.tiles),
            of(|batch| batch.entries),
            of(|batch| batch.events),
            of(|batch| batch.pages),
            of(|batch| batch.head),
            settling.as_micros()
        );
    }
    println!();
}

fn print_goals(found: &[Registry]) {
    let cold = found.iter().flat_map(|registry| &registry.lookups.cold);
    let proven = |lookup: &Lookup| (lookup.traffic.of(&PROOFS) + lookup.traffic.of(&PAGES)).bytes;
    let most = cold.map(proven).max().unwrap_or_default();
    let warm = found.iter().flat_map(|registry| &registry.lookups.warm);
    let requests = warm.map(|lookup| lookup.traffic.total().requests).max().unwrap_or_default();
    println!("| goal | most of all runs | |\n|---|---|---|");
    let verdict = met(most <= PROVEN_GOAL);
    println!(
        "| ten packages for the first time: {PROVEN_GOAL} B of proofs and pages | {most} | {verdict} |"
    );
    println!("| again: 1 request | {requests} | {} |\n", met(requests == 1));
}

fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "missed" }
}

fn mirror(steps: &[usize]) -> Outcome<()> {
    let syncs = syncs::measure(steps)?;
    println!("A sync of a mirror\n");
    println!(
        "| new events | requests | all B | log B | releases and signatures B | log B an event | s |"
    );
    println!("|---|---|---|---|---|---|---|");
    for sync in &syncs {
        let (all, documents) = (sync.traffic.total(), sync.traffic.of(&DOCUMENTS).bytes);
        let log = all.bytes - documents;
        let each = log.checked_div(sync.events as u64);
        let each = each.map_or_else(|| "–".to_owned(), |each| each.to_string());
        println!(
            "| {} | {} | {} | {log} | {documents} | {each} | {:.2} |",
            sync.events, all.requests, all.bytes, sync.seconds
        );
    }
    println!("\nBy kind, requests and bytes:\n");
    for sync in &syncs {
        println!("- {}: {}", sync.events, sync.traffic.by_kind());
    }
    let idle = syncs.iter().filter(|sync| sync.events == 0);
    if let Some(most) = idle.map(|sync| sync.traffic.total().requests).max() {
        println!("\n| goal | most of all runs | |\n|---|---|---|");
        println!("| a sync with nothing new: 1 request | {most} | {} |\n", met(most == 1));
    }
    Ok(())
}

/// The middle one.
fn median<T: PartialOrd + Copy + Default>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied().unwrap_or_default()
}
