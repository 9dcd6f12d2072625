//! Writing a summary.

use std::collections::HashMap;

use jiff::Timestamp;
use tare_format::{Blake3, PackageName, Sha256};

use super::{MAGIC, ReleaseRecord};
use crate::resolve::index::{Change, Standing};

pub(super) fn encode(name: &PackageName, page: Sha256, releases: &[ReleaseRecord]) -> Vec<u8> {
    let mut sorted: Vec<&ReleaseRecord> = releases.iter().collect();
    sorted.sort_by(|a, b| a.version.cmp(&b.version));
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(page.as_bytes());
    put_text(&mut bytes, name.as_str());
    put_number(&mut bytes, sorted.len() as u64);
    let mut details = Vec::new();
    let mut starts: HashMap<Vec<u8>, usize> = HashMap::new();
    for release in sorted {
        put_release(&mut bytes, release);
        let own = encode_details(release);
        let length = own.len();
        let start = *starts.entry(own).or_insert_with_key(|own| {
            details.extend_from_slice(own);
            details.len() - own.len()
        });
        put_number(&mut bytes, start as u64);
        put_number(&mut bytes, length as u64);
    }
    bytes.append(&mut details);
    let check = Blake3::of(&bytes);
    bytes.extend_from_slice(check.as_bytes());
    bytes
}

fn put_release(bytes: &mut Vec<u8>, release: &ReleaseRecord) {
    let version = &release.version;
    for number in [version.major, version.minor, version.patch] {
        put_number(bytes, number);
    }
    put_text(bytes, version.pre.as_str());
    put_text(bytes, version.build.as_str());
    put_time(bytes, release.published);
    bytes.extend_from_slice(release.digest.as_bytes());
    bytes.push(release.kind as u8);
    put_number(bytes, release.changes.len() as u64);
    for Change { at, standing } in &release.changes {
        put_time(bytes, *at);
        let (tag, reason) = match standing {
            Standing::Available => (0, ""),
            Standing::Yanked { reason } => (1, reason.as_str()),
            Standing::Withdrawn { reason } => (2, reason.as_str()),
        };
        bytes.push(tag);
        put_text(bytes, reason);
    }
}

fn encode_details(release: &ReleaseRecord) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_number(&mut bytes, release.dependencies.len() as u64);
    for dependency in &release.dependencies {
        put_text(&mut bytes, dependency.name.as_str());
        put_text(&mut bytes, &dependency.requirement.to_string());
        bytes.push(dependency.relation as u8);
        put_text(&mut bytes, dependency.variant.as_ref().map_or("", |variant| variant.as_str()));
    }
    put_number(&mut bytes, release.variants.names.len() as u64);
    for name in &release.variants.names {
        put_text(&mut bytes, name.as_str());
    }
    put_text(&mut bytes, release.variants.default.as_ref().map_or("", |variant| variant.as_str()));
    bytes
}

fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_number(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

fn put_time(bytes: &mut Vec<u8>, time: Timestamp) {
    bytes.extend_from_slice(&time.as_second().to_le_bytes());
    bytes.extend_from_slice(&time.subsec_nanosecond().to_le_bytes());
}
