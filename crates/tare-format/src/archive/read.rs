//! The reader: everything is checked before anything is handed out (rule 18).

use super::header::{
    BLOCK, FILE, Header, KIND_AT, MAX_RECORD_SIZE, NAME_SIZE, PAX, PAX_NAME, name_field, pax_record,
};
use super::listing::Listing;
use super::{ArchiveError, Entry, gzip};
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::path::FilePath;

/// Reads a meta archive whose digest a release document names (rule 17: not a header is parsed before it is proven).
///
/// # Errors
/// When the digest is another, or with the first rule that the archive breaks.
pub fn open(packed: &[u8], expected: &Sha256, limits: &Limits) -> Result<Vec<Entry>, ArchiveError> {
    let found = Sha256::of(packed);
    if found != *expected {
        return Err(ArchiveError::Digest { expected: *expected, found });
    }
    read(packed, limits)
}

/// Reads a meta archive whose digest is already proven, or is just about to be named.
///
/// The files come in the order of the archive: the manifest, then ascending by path. Archives inside it stay closed
/// (rule 22).
///
/// # Errors
/// With the first rule that the archive breaks.
pub fn read(packed: &[u8], limits: &Limits) -> Result<Vec<Entry>, ArchiveError> {
    let tar = gzip::unpack(packed, limits)?;
    let entries = validate(&tar, limits)?;
    let own = |Entry { path, executable, content }: Entry<&[u8]>| Entry {
        path,
        executable,
        content: content.to_vec(),
    };
    Ok(entries.into_iter().map(own).collect())
}

fn validate<'a>(tar: &'a [u8], limits: &Limits) -> Result<Vec<Entry<&'a [u8]>>, ArchiveError> {
    let mut stream = Stream { tar, at: 0 };
    let mut listing = Listing::new(limits);
    let mut entries = Vec::new();
    while let Some((path, header)) = stream.header()? {
        listing.add(&path, header.size)?;
        let content = stream.content(header.size)?;
        entries.push(Entry { path, executable: header.executable, content });
    }
    listing.finish()?;
    Ok(entries)
}

/// A tar stream and how far it is read.
struct Stream<'a> {
    tar: &'a [u8],
    at: usize,
}

impl<'a> Stream<'a> {
    /// The path and header of the next file, or nothing at the end.
    fn header(&mut self) -> Result<Option<(FilePath, Header<'a>)>, ArchiveError> {
        let offset = self.offset();
        let block = self.block()?;
        if *block == [0; BLOCK] {
            return self.end().map(|()| None);
        }
        if block[KIND_AT] == PAX {
            return self.long_path(offset, block).map(Some);
        }
        let header = decode(offset, block, FILE)?;
        let path = FilePath::from_bytes(header.name).map_err(ArchiveError::Path)?;
        Ok(Some((path, header)))
    }

    /// Rule 7: a pax block that holds a path of more than 100 bytes and nothing else, then the file's header.
    fn long_path(
        &mut self,
        offset: u64,
        block: &'a [u8; BLOCK],
    ) -> Result<(FilePath, Header<'a>), ArchiveError> {
        let fail = |reason| ArchiveError::Pax { offset, reason };
        let pax = decode(offset, block, PAX)?;
        if pax.name != PAX_NAME || pax.executable {
            return Err(fail("name or mode is not in its one form"));
        }
        if pax.size > MAX_RECORD_SIZE {
            return Err(fail("longer than 2048 bytes"));
        }
        let record = self.content(pax.size)?;
        let (_, path) = split_record(record).ok_or_else(|| fail("not one record `path`"))?;
        if pax_record(path) != record {
            return Err(fail("not one record `path` with its length"));
        }
        if path.len() <= NAME_SIZE {
            return Err(fail("a path of up to 100 bytes has none"));
        }
        let path = FilePath::from_bytes(path).map_err(ArchiveError::Path)?;

        let offset = self.offset();
        let block = self.block()?;
        if block[KIND_AT] != FILE {
            return Err(fail("not followed by a file"));
        }
        let header = decode(offset, block, FILE)?;
        if header.name != name_field(path.as_str()) {
            return Err(fail("the file's header does not start with the same path"));
        }
        Ok((path, header))
    }

    /// The next `size` bytes, and the zeros after them (rule 8).
    fn content(&mut self, size: u64) -> Result<&'a [u8], ArchiveError> {
        let rest = self.tar.get(self.at..).unwrap_or_default();
        let cut = ArchiveError::End {
            offset: self.tar.len() as u64,
            reason: "stream ends inside a file",
        };
        let split = usize::try_from(size).ok().and_then(|size| rest.split_at_checked(size));
        let Some((content, rest)) = split else { return Err(cut) };
        let padding = content.len().next_multiple_of(BLOCK) - content.len();
        let Some((zeros, _)) = rest.split_at_checked(padding) else { return Err(cut) };
        self.at += content.len() + padding;
        if zeros.iter().any(|byte| *byte != 0) {
            return Err(ArchiveError::Padding { offset: self.offset() });
        }
        Ok(content)
    }

    fn block(&mut self) -> Result<&'a [u8; BLOCK], ArchiveError> {
        let rest = self.tar.get(self.at..).unwrap_or_default();
        let Some((block, _)) = rest.split_first_chunk() else {
            let reason = "stream ends without two zero blocks";
            return Err(ArchiveError::End { offset: self.tar.len() as u64, reason });
        };
        self.at += BLOCK;
        Ok(block)
    }

    /// Rule 9: after the first zero block comes a second, and then nothing.
    fn end(&mut self) -> Result<(), ArchiveError> {
        let offset = self.offset();
        if *self.block()? != [0; BLOCK] {
            return Err(ArchiveError::End {
                offset,
                reason: "something other than a second zero block",
            });
        }
        if self.at == self.tar.len() {
            return Ok(());
        }
        Err(ArchiveError::End { offset: self.offset(), reason: "something after two zero blocks" })
    }

    const fn offset(&self) -> u64 {
        self.at as u64
    }
}

fn decode(offset: u64, block: &[u8; BLOCK], kind: u8) -> Result<Header<'_>, ArchiveError> {
    if block[KIND_AT] != kind {
        return Err(ArchiveError::Kind { offset, kind: block[KIND_AT] });
    }
    Header::decode(block).map_err(|field| ArchiveError::Header { offset, field })
}

/// The length and the path of a record, neither of them checked.
fn split_record(record: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = record.iter().position(|byte| *byte == b' ')?;
    let (length, rest) = record.split_at(blank);
    Some((length, rest.strip_prefix(b" path=")?.strip_suffix(b"\n")?))
}
