//! Rules 5 to 7: the one header for a path, a size and a mode, and the one pax block for a long path.

/// The size of a header, and the unit in which a tar stream is written.
pub(super) const BLOCK: usize = 512;
/// The most bytes of a path that fit a header.
pub(super) const NAME_SIZE: usize = 100;
/// The most bytes of a pax record (rule 7).
pub(super) const MAX_RECORD_SIZE: u64 = 2048;
/// The largest size that eleven octal digits can say.
pub(super) const MAX_SIZE: u64 = (1 << 33) - 1;
/// The name that a pax block has in place of a path.
pub(super) const PAX_NAME: &[u8] = b"././@PaxHeader";
/// The type of a regular file.
pub(super) const FILE: u8 = b'0';
/// The type of a pax block.
pub(super) const PAX: u8 = b'x';
/// Where the type stands in a header.
pub(super) const KIND_AT: usize = 156;

/// The fields of a header and where each ends (POSIX.1-2001, ustar).
const FIELDS: [(&str, usize); 17] = [
    ("name", 100),
    ("mode", 108),
    ("uid", 116),
    ("gid", 124),
    ("size", 136),
    ("mtime", 148),
    ("chksum", 156),
    ("typeflag", 157),
    ("linkname", 257),
    ("magic", 263),
    ("version", 265),
    ("uname", 297),
    ("gname", 329),
    ("devmajor", 337),
    ("devminor", 345),
    ("prefix", 500),
    ("padding", BLOCK),
];

/// What a header says that is not the same for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header<'a> {
    /// The path, or its first bytes when a pax block holds it.
    pub(super) name: &'a [u8],
    /// The size of the content in bytes, up to [`MAX_SIZE`].
    pub(super) size: u64,
    /// Whether the mode is 0755 instead of 0644.
    pub(super) executable: bool,
    /// [`FILE`] or [`PAX`].
    pub(super) kind: u8,
}

impl<'a> Header<'a> {
    /// The block that says this. Of a name above [`NAME_SIZE`], the first bytes.
    pub(super) fn encode(&self) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        let name = &self.name[..self.name.len().min(NAME_SIZE)];
        put(&mut block, 0, name);
        put(&mut block, 100, if self.executable { b"0000755\0" } else { b"0000644\0" });
        put(&mut block, 108, b"0000000\0");
        put(&mut block, 116, b"0000000\0");
        put(&mut block, 124, format!("{:011o}\0", self.size).as_bytes());
        put(&mut block, 136, b"00000000000\0");
        put(&mut block, 148, b"        ");
        put(&mut block, KIND_AT, &[self.kind]);
        put(&mut block, 257, b"ustar\x0000");
        put(&mut block, 329, b"0000000\0");
        put(&mut block, 337, b"0000000\0");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        put(&mut block, 148, format!("{sum:06o}\0 ").as_bytes());
        block
    }

    /// Reads a block, and names the first field that is not as [`encode`](Self::encode) writes it.
    pub(super) fn decode(block: &'a [u8; BLOCK]) -> Result<Self, &'static str> {
        let (name, rest) = block.split_at(NAME_SIZE);
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(NAME_SIZE);
        let executable = match &rest[..8] {
            b"0000644\0" => false,
            b"0000755\0" => true,
            _ => return Err("mode"),
        };
        let size = octal(&block[124..136]).ok_or("size")?;
        let header = Self { name: &name[..end], size, executable, kind: block[KIND_AT] };
        match difference(block, &header.encode()) {
            Some(field) => Err(field),
            None => Ok(header),
        }
    }
}

/// The record of a pax block that holds `path`: its own length in decimal, a blank, `path=`, the path, a line feed.
pub(super) fn pax_record(path: &[u8]) -> Vec<u8> {
    let rest = " path=\n".len() + path.len();
    // The length counts its own digits, and one more digit can make it one digit longer.
    let mut size = rest;
    while size != rest + size.to_string().len() {
        size = rest + size.to_string().len();
    }
    [size.to_string().as_bytes(), b" path=", path, b"\n"].concat()
}

/// The start of a long path that its header holds: as many whole characters as fit.
pub(super) fn name_field(path: &str) -> &[u8] {
    &path.as_bytes()[..path.floor_char_boundary(NAME_SIZE)]
}

fn put(block: &mut [u8; BLOCK], at: usize, bytes: &[u8]) {
    block[at..at + bytes.len()].copy_from_slice(bytes);
}

fn octal(field: &[u8]) -> Option<u64> {
    let (0, digits) = field.split_last()? else { return None };
    digits.iter().try_fold(0, |number, digit| match digit {
        b'0'..=b'7' => Some(number << 3 | u64::from(digit - b'0')),
        _ => None,
    })
}

/// A wrong field makes the checksum wrong as well, so the checksum is blamed last.
fn difference(found: &[u8; BLOCK], expected: &[u8; BLOCK]) -> Option<&'static str> {
    if found == expected {
        return None;
    }
    let differs = |at: &usize| found[*at] != expected[*at];
    let field = |at: usize| FIELDS.iter().find(|(_, end)| at < *end).map(|(name, _)| *name);
    let mut fields = (0..BLOCK).filter(differs).filter_map(field);
    let first = fields.next()?;
    if first == "chksum" {
        fields.find(|name| *name != "chksum").or(Some(first))
    } else {
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written() {
        for size in [0, 1, 511, 512, MAX_SIZE] {
            let header = Header { name: b"a/b.json", size, executable: size == 1, kind: FILE };
            assert_eq!(Header::decode(&header.encode()), Ok(header));
        }
    }

    #[test]
    fn every_single_bit_of_a_header_matters() {
        let block = Header { name: b"a/b.json", size: 77, executable: false, kind: FILE }.encode();
        for bit in 0..BLOCK * 8 {
            let mut flipped = block;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::decode(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_record_counts_its_own_digits() {
        for size in [0, 1, 2, 90, 91, 92, 988, 989, 990, 991, 1024] {
            let record = pax_record(&vec![b'a'; size]);
            let digits = record.split(|byte| *byte == b' ').next().unwrap();
            let said: usize = std::str::from_utf8(digits).unwrap().parse().unwrap();
            assert_eq!(said, record.len(), "path of {size} bytes");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let path = "é".repeat(60);
        assert_eq!(name_field(&path).len(), 100);
        assert_eq!(name_field(&format!("x{path}")).len(), 99);
    }
}
