//! The writer: the same files give the same bytes, in whatever order they are handed in.

use super::header::{BLOCK, FILE, Header, NAME_SIZE, PAX, PAX_NAME, name_field, pax_record};
use super::listing::Listing;
use super::{ArchiveError, Entry, MANIFEST, gzip};
use crate::limits::Limits;

/// Writes a meta archive.
///
/// # Errors
/// When the files do not have a manifest, cannot stand beside each other, or are more or larger than `limits` allow.
pub fn write<C: AsRef<[u8]>>(
    entries: &[Entry<C>],
    limits: &Limits,
) -> Result<Vec<u8>, ArchiveError> {
    let mut ordered: Vec<&Entry<C>> = entries.iter().collect();
    ordered.sort_unstable_by_key(|entry| (entry.path.as_str() != MANIFEST, &entry.path));

    let mut listing = Listing::new(limits);
    for entry in &ordered {
        listing.add(&entry.path, entry.content.as_ref().len() as u64)?;
    }
    listing.finish()?;

    let mut tar = Vec::new();
    for entry in ordered {
        append(&mut tar, entry.path.as_str(), entry.executable, entry.content.as_ref());
    }
    tar.extend([0; 2 * BLOCK]);
    gzip::pack(&tar, limits)
}

fn append(tar: &mut Vec<u8>, path: &str, executable: bool, content: &[u8]) {
    if path.len() > NAME_SIZE {
        let record = pax_record(path.as_bytes());
        let size = record.len() as u64;
        let header = Header { name: PAX_NAME, size, executable: false, kind: PAX };
        append_block(tar, &header, &record);
    }
    let header =
        Header { name: name_field(path), size: content.len() as u64, executable, kind: FILE };
    append_block(tar, &header, content);
}

fn append_block(tar: &mut Vec<u8>, header: &Header<'_>, content: &[u8]) {
    tar.extend(header.encode());
    tar.extend(content);
    tar.resize(tar.len().next_multiple_of(BLOCK), 0);
}
