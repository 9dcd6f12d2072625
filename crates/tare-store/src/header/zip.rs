//! Zip archives as far as their members' places: NPZ and what PyTorch writes.
//!
//! Only archives that every reader reads the same way are accepted: the directory ends where its end record begins,
//! each local header agrees with the directory, and no two members overlap.

use std::io::{Read, Seek};

use super::HeaderError;
use super::input::Input;

const MEMBER_CAP: u64 = 100_000;
const DIRECTORY_CAP: u64 = 32 << 20;
const END_SIZE: u64 = 22;
const END64_SIZE: u64 = 56;
const LOCATOR_SIZE: u64 = 20;
const ENCRYPTED: u16 = 1;

/// One member and where it lies in the file.
pub(super) struct Member {
    pub(super) name: String,
    /// Whether its bytes are as they are: neither compressed nor encrypted.
    pub(super) stored: bool,
    pub(super) local_start: u64,
    pub(super) data_start: u64,
    pub(super) data_end: u64,
}

/// The members in the order in which they lie.
pub(super) fn members<R: Read + Seek>(
    input: &mut Input<'_, R>,
) -> Result<Vec<Member>, HeaderError> {
    let directory = Directory::find(input)?;
    input.go_to(directory.start)?;
    let bytes = input.bytes(directory.size, DIRECTORY_CAP, "the directory")?;
    let mut fields = Fields { rest: &bytes };
    let mut members = Vec::new();
    for _ in 0..directory.count {
        let entry =
            Entry::read(&mut fields).ok_or_else(|| input.malformed("the directory ends early"))?;
        members.push(locate(input, entry, directory.start)?);
    }
    if !fields.rest.is_empty() {
        return Err(input.malformed("something follows the directory's last entry"));
    }
    members.sort_by_key(|member| member.local_start);
    let overlap = members.windows(2).any(|pair| match pair {
        [left, right] => left.data_end > right.local_start,
        _ => false,
    });
    if overlap {
        return Err(input.malformed("two members overlap"));
    }
    Ok(members)
}

/// Where the directory lies.
struct Directory {
    start: u64,
    size: u64,
    count: u64,
}

impl Directory {
    fn find<R: Read + Seek>(input: &mut Input<'_, R>) -> Result<Self, HeaderError> {
        // An archive comment is refused: it lets one file hold two end records.
        let Some(end) = input.size_bytes().checked_sub(END_SIZE) else {
            return Err(input.malformed("it is shorter than an end record"));
        };
        input.go_to(end)?;
        let record: [u8; END_SIZE as usize] = input.array("the end record")?;
        let mut fields = Fields { rest: &record };
        let directory = fields.end_record();
        let directory =
            directory.ok_or_else(|| input.malformed("it does not end with an end record"))?;
        // Where 32 bits suffice the 64-bit record has nothing to say, so it cannot say something else.
        let (directory, end) =
            if directory.is_wide() { Self::find64(input, end)? } else { (directory, end) };
        if directory.start.checked_add(directory.size) != Some(end) || directory.count > MEMBER_CAP
        {
            return Err(input.malformed("the end record does not fit the directory"));
        }
        Ok(directory)
    }

    /// The directory by the 64-bit end record, which lies before its locator, and where that record begins.
    fn find64<R: Read + Seek>(
        input: &mut Input<'_, R>,
        end: u64,
    ) -> Result<(Self, u64), HeaderError> {
        let Some(record) = end.checked_sub(LOCATOR_SIZE + END64_SIZE) else {
            return Err(input.malformed("it is shorter than a 64-bit end record"));
        };
        input.go_to(record)?;
        let found: [u8; END64_SIZE as usize] = input.array("the 64-bit end record")?;
        let locator = input.u32("the locator")?;
        let directory = Fields { rest: &found }.end_record64();
        let directory = directory.filter(|_| locator == 0x0706_4b50);
        let directory = directory
            .ok_or_else(|| input.malformed("the 64-bit end record is not where it must be"))?;
        Ok((directory, record))
    }

    /// Whether a number stands for one that does not fit.
    fn is_wide(&self) -> bool {
        self.count == u64::from(u16::MAX)
            || self.size == u64::from(u32::MAX)
            || self.start == u64::from(u32::MAX)
    }
}

/// One entry of the directory.
struct Entry {
    flags: u16,
    method: u16,
    packed: u64,
    unpacked: u64,
    local_start: u64,
    name: Vec<u8>,
}

impl Entry {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        (fields.u32()? == 0x0201_4b50).then_some(())?;
        fields.bytes(4)?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        fields.bytes(8)?;
        let (packed, unpacked) = (fields.u32()?, fields.u32()?);
        let lengths = [fields.u16()?, fields.u16()?, fields.u16()?].map(usize::from);
        fields.bytes(8)?;
        let local_start = fields.u32()?;
        let name = fields.bytes(lengths[0])?.to_vec();
        let extra = fields.bytes(lengths[1])?;
        fields.bytes(lengths[2])?;
        // The 64-bit field holds, in this order, only those of the three that do not fit into 32 bits.
        let mut wide = Fields { rest: extra_field(extra, 1).unwrap_or_default() };
        let mut widen =
            |value: u32| if value == u32::MAX { wide.u64() } else { Some(u64::from(value)) };
        let unpacked = widen(unpacked)?;
        let packed = widen(packed)?;
        let local_start = widen(local_start)?;
        Some(Self { flags, method, packed, unpacked, local_start, name })
    }
}

/// Reads the local header of an entry, which must agree with it.
fn locate<R: Read + Seek>(
    input: &mut Input<'_, R>,
    entry: Entry,
    directory_start: u64,
) -> Result<Member, HeaderError> {
    let name = String::from_utf8_lossy(&entry.name).into_owned();
    let fail = |what: &str| format!("member `{name}` {what}");
    if entry.local_start >= directory_start {
        return Err(input.malformed(fail("begins behind the directory's start")));
    }
    input.go_to(entry.local_start)?;
    let header: [u8; 30] = input.array("a local header")?;
    let mut fields = Fields { rest: &header };
    let agreed = fields.local_header().filter(|local| {
        local.flags == entry.flags && local.method == entry.method && local.name == entry.name.len()
    });
    let local = agreed.ok_or_else(|| input.malformed(fail("has a local header that disagrees")))?;
    let local_name = input.bytes(local.name as u64, u64::from(u16::MAX), "a member's name")?;
    if local_name != entry.name {
        return Err(input.malformed(fail("has another name in its local header")));
    }
    input.skip(local.extra as u64, "a member's extra field")?;
    let data_start = input.position();
    let data_end = data_start.checked_add(entry.packed).filter(|end| *end <= directory_start);
    let data_end = data_end.ok_or_else(|| input.malformed(fail("reaches into the directory")))?;
    let stored = entry.method == 0 && entry.flags & ENCRYPTED == 0;
    if stored && entry.packed != entry.unpacked {
        return Err(input.malformed(fail("is stored, but its two sizes differ")));
    }
    Ok(Member { name, stored, local_start: entry.local_start, data_start, data_end })
}

/// What a local header says of itself.
struct Local {
    flags: u16,
    method: u16,
    name: usize,
    extra: usize,
}

/// Little-endian fields of a record in memory. `None` when it ends.
struct Fields<'b> {
    rest: &'b [u8],
}

impl<'b> Fields<'b> {
    fn bytes(&mut self, length: usize) -> Option<&'b [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.bytes(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.bytes(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.bytes(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    fn end_record(&mut self) -> Option<Directory> {
        (self.u32()? == 0x0605_4b50).then_some(())?;
        self.bytes(6)?;
        let (count, size, start) = (self.u16()?, self.u32()?, self.u32()?);
        (self.u16()? == 0).then_some(())?;
        Some(Directory { start: start.into(), size: size.into(), count: count.into() })
    }

    fn end_record64(&mut self) -> Option<Directory> {
        (self.u32()? == 0x0606_4b50).then_some(())?;
        self.bytes(28)?;
        let (count, size, start) = (self.u64()?, self.u64()?, self.u64()?);
        Some(Directory { start, size, count })
    }

    fn local_header(&mut self) -> Option<Local> {
        (self.u32()? == 0x0403_4b50).then_some(())?;
        self.bytes(2)?;
        let (flags, method) = (self.u16()?, self.u16()?);
        self.bytes(16)?;
        let (name, extra) = (usize::from(self.u16()?), usize::from(self.u16()?));
        Some(Local { flags, method, name, extra })
    }
}

/// The field with this id in an extra field.
fn extra_field(extra: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut fields = Fields { rest: extra };
    loop {
        let (id, length) = (fields.u16()?, fields.u16()?);
        let field = fields.bytes(usize::from(length))?;
        if id == wanted {
            return Some(field);
        }
    }
}
