//! Builders for archives, good and bad, and what holds for all good ones.

mod peers;
mod refused;
mod vectors;

use std::io::Write as _;

use flate2::{Compression, GzBuilder};
use proptest::prelude::*;

use super::header::{BLOCK, FILE, Header};
use super::*;
use crate::digest::Sha256;
use crate::limits::Limits;

fn entry(path: &str, content: &[u8]) -> Entry {
    Entry { path: path.parse().unwrap(), executable: false, content: content.to_vec() }
}

fn manifest() -> Entry {
    entry(MANIFEST, b"[package]\n")
}

/// A file of each shape: empty, one block exactly, executable, and with a path that needs a pax block.
fn sample() -> Vec<Entry> {
    let long = format!("deep/{}.json", "é".repeat(80));
    let mut entries = vec![
        manifest(),
        entry("README.md", &[b'r'; 512]),
        entry("bin/run.sh", b"#!/bin/sh\n"),
        entry(&long, b"{}"),
        entry("empty", b""),
    ];
    entries[2].executable = true;
    entries
}

/// One gzip member around `tar`, in the one allowed form.
fn gzip(tar: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().operating_system(255).write(Vec::new(), Compression::new(6));
    encoder.write_all(tar).unwrap();
    encoder.finish().unwrap()
}

/// The blocks of one file: its header, its content, its padding.
fn member(name: &[u8], content: &[u8]) -> Vec<u8> {
    let size = content.len() as u64;
    blocks(Header { name, size, executable: false, kind: FILE }.encode(), content)
}

fn blocks(header: [u8; BLOCK], content: &[u8]) -> Vec<u8> {
    let mut blocks = header.to_vec();
    blocks.extend(content);
    blocks.resize(blocks.len().next_multiple_of(BLOCK), 0);
    blocks
}

/// A tar stream of a manifest, then `rest`, then the end.
fn tar_of(rest: &[u8]) -> Vec<u8> {
    [&member(b"Tare.toml", b"[package]\n"), rest, &[0; 2 * BLOCK]].concat()
}

/// Makes the checksum right again after an edit.
fn seal(mut header: [u8; BLOCK]) -> [u8; BLOCK] {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

fn unpack(packed: &[u8]) -> Vec<u8> {
    super::gzip::unpack(packed, &Limits::default()).unwrap()
}

#[test]
fn what_is_written_is_what_is_read_in_one_order() {
    let limits = Limits::default();
    let mut entries = sample();
    let packed = write(&entries, &limits).unwrap();
    assert_eq!(read(&packed, &limits).unwrap(), entries);
    entries.reverse();
    assert_eq!(
        write(&entries, &limits).unwrap(),
        packed,
        "the order of the arguments does not matter"
    );
    assert_eq!(packed[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
}

#[test]
fn the_digest_is_proven_before_a_header_is_parsed() {
    let limits = Limits::default();
    let packed = write(&[manifest()], &limits).unwrap();
    assert_eq!(open(&packed, &Sha256::of(&packed), &limits).unwrap(), [manifest()]);
    let error = open(b"not even gzip", &Sha256::of(&packed), &limits).unwrap_err();
    assert_eq!(error.rule(), 17);
}

#[test]
fn content_that_packs_too_well_is_stored_and_still_read() {
    let limits = Limits::default();
    let zeros = vec![0; 1 << 20];
    let entries = [manifest(), entry("a", &zeros), entry("b", &zeros), entry("c", &zeros)];
    let packed = write(&entries, &limits).unwrap();
    assert!(packed.len() > 3 << 20);
    assert_eq!(read(&packed, &limits).unwrap(), entries);
}

#[test]
fn the_writer_refuses_what_the_reader_would() {
    let limits = Limits { meta_file_size: 8, meta_files: 2, ..Limits::default() };
    for (rule, entries) in [
        (11, vec![]),
        (11, vec![entry("a", b"")]),
        (16, vec![manifest(), entry("tare.toml", b"")]),
        (16, vec![manifest(), entry("a", b""), entry("a/b", b"")]),
        (10, vec![entry(MANIFEST, b"nine byte")]),
        (10, vec![entry(MANIFEST, b""), entry("a", b""), entry("b", b"")]),
    ] {
        let limits = if rule == 10 { limits.clone() } else { Limits::default() };
        assert_eq!(write(&entries, &limits).unwrap_err().rule(), rule, "{entries:?}");
    }
    let small = Limits { meta_packed_size: 40, ..Limits::default() };
    assert_eq!(write(&sample(), &small).unwrap_err().rule(), 4);
    let small = Limits { meta_unpacked_size: 1024, ..Limits::default() };
    assert_eq!(write(&sample(), &small).unwrap_err().rule(), 4);
}

#[test]
fn a_flipped_bit_is_refused_or_changes_nothing() {
    let limits = Limits::default();
    let packed = write(&sample(), &limits).unwrap();
    for bit in 0..packed.len() * 8 {
        let mut flipped = packed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(entries) = read(&flipped, &limits) {
            assert_eq!(entries, sample(), "bit {bit}");
        }
    }
}

#[test]
fn a_truncated_archive_is_refused() {
    let packed = write(&sample(), &Limits::default()).unwrap();
    let tar = unpack(&packed);
    for size in 0..packed.len() {
        assert!(read(&packed[..size], &Limits::default()).is_err(), "{size} bytes packed");
    }
    for size in (0..tar.len()).step_by(64) {
        let error = read(&gzip(&tar[..size]), &Limits::default()).unwrap_err();
        assert_eq!(error.rule(), 9, "{size} bytes unpacked: {error}");
    }
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let file = (
        "[a-d]{1,3}(/[a-dé]{1,60}){0,3}",
        any::<bool>(),
        proptest::collection::vec(any::<u8>(), 0..700),
    );
    proptest::collection::vec(file, 0..8).prop_map(|files| {
        let mut paths = crate::path::PathSet::new();
        let make = |(path, executable, content): (String, bool, Vec<u8>)| {
            let path = path.parse().unwrap();
            paths.insert(&path).ok().map(|()| Entry { path, executable, content })
        };
        let mut entries: Vec<Entry> = files.into_iter().filter_map(make).collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.insert(0, manifest());
        entries
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_files_come_back(entries in entries()) {
        let packed = write(&entries, &Limits::default()).unwrap();
        prop_assert_eq!(read(&packed, &Limits::default()).unwrap(), entries);
    }

    #[test]
    fn an_accepted_tar_is_the_one_we_would_write(at in 0..4096_usize, byte in any::<u8>()) {
        let mut tar = unpack(&write(&sample(), &Limits::default()).unwrap());
        let at = at % tar.len();
        tar[at] = byte;
        if let Ok(entries) = read(&gzip(&tar), &Limits::default()) {
            prop_assert_eq!(unpack(&write(&entries, &Limits::default()).unwrap()), tar);
        }
    }

    #[test]
    fn no_bytes_panic(tar in proptest::collection::vec(any::<u8>(), 0..2048)) {
        prop_assert!(read(&tar, &Limits::default()).is_err());
        prop_assert!(read(&gzip(&tar), &Limits::default()).is_err());
    }
}
