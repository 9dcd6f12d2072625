//! Archives that must be refused, row by row: what other readers of tar accept in part or read in different ways.

mod names;

use super::super::header::{PAX, PAX_NAME, pax_record};
use super::*;

const LONG: &str = "a/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789.txt";

/// Each archive is refused, and for the rule it breaks.
#[track_caller]
fn refused(row: &str, cases: impl IntoIterator<Item = (u8, &'static str, Vec<u8>)>) {
    for (rule, what, packed) in cases {
        match read(&packed, &Limits::default()) {
            Ok(_) => panic!("{row} {what}: accepted"),
            Err(error) => assert_eq!(error.rule(), rule, "{row} {what}: {error}"),
        }
    }
}

/// An archive whose second file has this name.
fn named(name: &[u8]) -> Vec<u8> {
    gzip(&tar_of(&member(name, b"")))
}

/// An archive whose second file's header was edited and has a right checksum.
fn edited(edit: impl FnOnce(&mut [u8; BLOCK])) -> Vec<u8> {
    let mut header = Header { name: b"b", size: 3, executable: false, kind: FILE }.encode();
    edit(&mut header);
    gzip(&tar_of(&blocks(seal(header), b"abc")))
}

fn with(at: usize, bytes: &'static [u8]) -> Vec<u8> {
    edited(|header| header[at..at + bytes.len()].copy_from_slice(bytes))
}

fn of_kind(kind: u8) -> Vec<u8> {
    edited(|header| header[156] = kind)
}

fn pax_block(record: &[u8]) -> Vec<u8> {
    let size = record.len() as u64;
    blocks(Header { name: PAX_NAME, size, executable: false, kind: PAX }.encode(), record)
}

/// An archive with `record` in a pax block before a file whose header is right for [`LONG`].
fn pax(record: &[u8]) -> Vec<u8> {
    gzip(&tar_of(&[pax_block(record), member(LONG.as_bytes(), b"abc")].concat()))
}

/// A record with a right length.
fn record(rest: &[u8]) -> Vec<u8> {
    let size = (rest.len()..).find(|size| *size == size.to_string().len() + rest.len()).unwrap();
    [size.to_string().as_bytes(), rest].concat()
}

#[test]
fn a06_and_a07_anything_but_a_regular_file() {
    let link = |kind: u8, target: &'static [u8]| {
        edited(|header| {
            header[156] = kind;
            header[157..157 + target.len()].copy_from_slice(target);
        })
    };
    refused(
        "A06",
        [
            (6, "hard link", link(b'1', b"Tare.toml")),
            (6, "hard link out", link(b'1', b"../../x")),
            (6, "symbolic link", link(b'2', b"Tare.toml")),
            (6, "symbolic link out", link(b'2', b"../../x")),
            (6, "symbolic link absolute", link(b'2', b"/etc/passwd")),
            (5, "file with a link name", link(b'0', b"/etc/passwd")),
        ],
    );
    for kind in [
        b'3', b'4', b'5', b'6', b'7', b'S', b'V', b'D', b'M', b'N', b'A', b'L', b'K', b'g', b'X',
        0, b' ',
    ] {
        refused("A07", [(6, "kind", of_kind(kind))]);
    }
}

#[test]
fn a08_and_a15_headers_with_more_than_path_size_and_mode() {
    refused(
        "A08",
        [
            (5, "setuid", with(100, b"0004755\0")),
            (5, "setgid", with(100, b"0002755\0")),
            (5, "sticky", with(100, b"0001755\0")),
            (5, "no mode", with(100, b"0000000\0")),
            (5, "mode 777", with(100, b"0000777\0")),
            (5, "mode with type", with(100, b"0100644\0")),
            (5, "uid", with(108, b"0001750\0")),
            (5, "gid", with(116, b"0001750\0")),
            (5, "mtime", with(136, b"15000000000\0")),
            (5, "user name", with(265, b"root")),
            (5, "group name", with(297, b"root")),
            (5, "device", with(329, b"0000001\0")),
        ],
    );
    let mut signed =
        Header { name: "é".as_bytes(), size: 0, executable: false, kind: FILE }.encode();
    let sum: i32 = signed.iter().map(|byte| i32::from(byte.cast_signed())).sum::<i32>()
        - signed[148..156].iter().map(|byte| i32::from(*byte)).sum::<i32>()
        + 8 * 32;
    signed[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut wrong = member(b"b", b"");
    wrong[148..154].copy_from_slice(b"000001");
    refused(
        "A15",
        [
            (5, "wrong checksum", gzip(&tar_of(&wrong))),
            (5, "signed checksum", gzip(&tar_of(&signed))),
            (5, "v7", with(257, &[0; 8])),
            (5, "gnu magic", with(257, b"ustar  \0")),
            (5, "no version", with(263, &[0; 2])),
            (5, "after the name", with(2, b"x")),
            (5, "prefix", with(345, b"../..")),
            (5, "end of the header", with(511, b"x")),
        ],
    );
}

#[test]
fn a14_sizes_in_other_notations_or_past_the_end() {
    let sized =
        |size| gzip(&tar_of(&Header { name: b"b", size, executable: false, kind: FILE }.encode()));
    refused(
        "A14",
        [
            (5, "base 256", with(124, b"\x80\0\0\0\0\0\0\0\0\0\0\x03")),
            (5, "negative base 256", with(124, &[0xff; 12])),
            (5, "blank", with(124, b"          3 ")),
            (5, "short", with(124, b"3\0\0\0\0\0\0\0\0\0\0\0")),
            (5, "digit 9", with(124, b"00000000009\0")),
            (5, "empty", with(124, &[0; 12])),
            (5, "sign", with(124, b"-0000000003\0")),
            (5, "twelve digits", with(124, b"000000000003")),
            (9, "past the end", sized(1 << 19)),
            (10, "above the limit", sized((1 << 20) + 1)),
            (10, "8 GiB", sized((1 << 33) - 1)),
        ],
    );
}

#[test]
fn a16_padding_and_the_end() {
    let mut padding = member(b"b", b"abc");
    padding[BLOCK + 300] = 1;
    let start = member(b"Tare.toml", b"[package]\n");
    let ended = |rest: &[u8]| gzip(&[&start, rest].concat());
    let zero = [0; BLOCK];
    refused(
        "A16",
        [
            (8, "padding", gzip(&tar_of(&padding))),
            (9, "no end", ended(b"")),
            (9, "one block", ended(&zero)),
            (9, "three blocks", ended(&[0; 3 * BLOCK])),
            (9, "a record of 10,240 bytes", ended(&[0; 10_240 - 2 * BLOCK])),
            (
                9,
                "zero block inside",
                ended(&[&zero[..], &member(b"b", b""), &zero, &zero].concat()),
            ),
            (9, "entry after", ended(&[&zero[..], &zero, &member(b"b", b"")].concat())),
            (9, "junk after", ended(&[&zero[..], &zero, b"x"].concat())),
            (9, "end cut", ended(&[0; 2 * BLOCK - 1])),
            (9, "content cut", gzip(&start[..BLOCK + 5])),
            (9, "header cut", gzip(&start[..BLOCK - 1])),
            (9, "empty", gzip(b"")),
            (1, "no bytes", vec![]),
        ],
    );
}

#[test]
fn a18_gzip_in_any_other_form() {
    let good = gzip(&tar_of(b""));
    assert!(read(&good, &Limits::default()).is_ok());
    let changed = |at: usize, byte: u8| {
        let mut packed = good.clone();
        packed[at] = byte;
        packed
    };
    let size = good.len();
    let mut named =
        GzBuilder::new().filename("x").operating_system(255).write(Vec::new(), Compression::new(6));
    named.write_all(&tar_of(b"")).unwrap();
    refused(
        "A18",
        [
            (3, "two members", [good.clone(), good.clone()].concat()),
            (3, "trailing byte", [&good[..], b"x"].concat()),
            (3, "trailing zeros", [&good[..], &[0; 512]].concat()),
            (2, "crc", changed(size - 8, good[size - 8] ^ 1)),
            (2, "size", changed(size - 4, good[size - 4] ^ 1)),
            (2, "cut", good[..size - 9].to_vec()),
            (2, "no trailer", good[..size - 8].to_vec()),
            (1, "file name", named.finish().unwrap()),
            (1, "extra field", changed(3, 4)),
            (1, "reserved flag", changed(3, 0x80)),
            (1, "text flag", changed(3, 1)),
            (1, "method", changed(2, 7)),
            (1, "time", changed(4, 1)),
            (1, "level", changed(8, 1)),
            (1, "system", changed(9, 3)),
            (1, "byte before", [b"x", &good[..]].concat()),
            (1, "plain tar", tar_of(b"")),
            (1, "zstd", b"\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00\x99\xe9\xd8\x51".to_vec()),
        ],
    );
}

#[test]
fn a19_bombs() {
    let bomb = gzip(&vec![0; 400 << 20]);
    let error = read(&bomb, &Limits::default()).unwrap_err();
    assert_eq!(error.rule(), 4, "{error}");
    assert!(error.to_string().ends_with(&format!("from {} bytes packed", bomb.len())), "{error}");

    let inner = entry("inner.tar.gz", &gzip(&vec![0; 1 << 20]));
    let nested = write(&[manifest(), inner.clone()], &Limits::default()).unwrap();
    assert_eq!(
        read(&nested, &Limits::default()).unwrap()[1],
        inner,
        "an archive inside stays closed (rule 22)"
    );

    let small = Limits { meta_packed_size: 16, ..Limits::default() };
    assert_eq!(read(&nested, &small).unwrap_err().rule(), 4);
}
