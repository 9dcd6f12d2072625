//! Paths, the pax blocks that hold long ones, and files that cannot stand beside each other.

use super::*;

#[test]
fn a02_paths_that_leave_the_package_or_are_not_plain() {
    refused(
        "A02",
        [
            (13, "parent", named(b"../b")),
            (13, "parent inside", named(b"a/../b")),
            (13, "parent at the end", named(b"a/..")),
            (13, "absolute", named(b"/b")),
            (13, "double absolute", named(b"//b")),
            (14, "backslash", named(b"a\\b")),
            (14, "backslash parent", named(b"..\\b")),
            (14, "drive", named(b"C:/b")),
            (14, "drive relative", named(b"c:b")),
            (14, "unc", named(b"\\\\host\\share")),
            (13, "dot", named(b".")),
            (13, "dot inside", named(b"a/./b")),
            (13, "dot before", named(b"./b")),
            (13, "double slash", named(b"a//b")),
            (13, "folder", named(b"a/")),
            (13, "empty", named(b"")),
        ],
    );
}

#[test]
fn a03_and_a04_characters_and_names_that_systems_read_differently() {
    refused(
        "A03",
        [
            (14, "control", named(b"a\x01b")),
            (14, "escape", named(b"a\x1b[2Jb")),
            (14, "delete", named(b"a\x7fb")),
            (12, "not utf-8", named(b"a\xffb")),
            (12, "overlong", named(b"a\xc0\xafb")),
            (12, "nfd", named("e\u{301}".as_bytes())),
            (14, "bidi", named("a\u{202e}b".as_bytes())),
            (14, "zero width", named("a\u{200b}b".as_bytes())),
            (14, "mark", named("\u{feff}a".as_bytes())),
        ],
    );
    let devices = ["CON", "nul.txt", "a/AUX", "com1.json", "LPT9", "COM²", "conout$"];
    refused("A04", devices.map(|name| (15, name, named(name.as_bytes()))));
    let characters = ["a<b", "a>b", "a\"b", "a|b", "a?b", "a*b", "a:b"];
    refused("A04", characters.map(|name| (14, name, named(name.as_bytes()))));
    let ends = ["a.", "a ", "a./b", "a /b", " a"];
    refused("A04", ends.map(|name| (13, name, named(name.as_bytes()))));
}

#[test]
fn a05_names_that_belong_to_git_or_to_the_store() {
    let names = [".git", ".GIT/config", "a/.git/hooks/x", "git~1", ".tare-ok", "a/.TARE-OK"];
    refused("A05", names.map(|name| (15, name, named(name.as_bytes()))));
}

#[test]
fn a09_and_a10_files_that_hide_each_other_or_stand_in_another_order() {
    let two = |a: &[u8], b: &[u8]| gzip(&tar_of(&[member(a, b""), member(b, b"")].concat()));
    refused(
        "A09",
        [
            (16, "twice", two(b"a", b"a")),
            (16, "case", two(b"A", b"a")),
            (16, "full case folding", two(b"STRASSE", "straße".as_bytes())),
            (16, "file as folder", two(b"a", b"a/b")),
            (16, "file as folder in another case", two(b"A", b"a/b")),
            (16, "folder in another case", two(b"A/x", b"a/y")),
            (16, "second manifest", named(b"Tare.toml")),
            (16, "manifest in another case", named(b"tare.toml")),
        ],
    );
    let end = [0; 2 * BLOCK];
    refused(
        "A10",
        [
            (
                11,
                "manifest second",
                gzip(&[member(b"A", b""), member(b"Tare.toml", b""), end.to_vec()].concat()),
            ),
            (11, "no manifest", gzip(&[member(b"A", b""), end.to_vec()].concat())),
            (
                11,
                "manifest in a folder",
                gzip(&[member(b"a-1.0.0/Tare.toml", b""), end.to_vec()].concat()),
            ),
            (11, "nothing", gzip(&end)),
            (11, "not sorted", two(b"b", b"a")),
            (11, "sorted by component", two(b"a/b", b"a.txt")),
        ],
    );
}

#[test]
fn a11_and_a12_pax_records_that_change_what_a_header_says() {
    let path = pax_record(LONG.as_bytes());
    let both = |other: &[u8]| pax(&[path.clone(), record(other)].concat());
    let then = |next: Vec<u8>| gzip(&tar_of(&[pax_block(&path), next].concat()));
    let other_name = |name: &[u8]| then(member(name, b"abc"));
    let global = Header { name: PAX_NAME, size: path.len() as u64, executable: false, kind: b'g' };
    refused(
        "A11",
        [
            (7, "size only", pax(&record(b" size=0\n"))),
            (7, "path and size", both(b" size=3\n")),
            (7, "path and signed size", both(b" size=+3\n")),
            (
                7,
                "then a gnu long name",
                then(blocks(
                    seal({
                        let mut header = Header {
                            name: b"././@LongLink",
                            size: 4,
                            executable: false,
                            kind: FILE,
                        }
                        .encode();
                        header[156] = b'L';
                        header
                    }),
                    b"evil",
                )),
            ),
        ],
    );
    refused(
        "A12",
        [
            (6, "global", gzip(&tar_of(&blocks(global.encode(), &path)))),
            (7, "path twice", pax(&[path.clone(), path.clone()].concat())),
            (
                7,
                "short path",
                gzip(&tar_of(&[pax_block(&record(b" path=b\n")), member(b"b", b"")].concat())),
            ),
            (13, "parent", pax(&pax_record(format!("../{LONG}").as_bytes()))),
            (14, "nul", pax(&pax_record(format!("{LONG}\0b").as_bytes()))),
            (7, "empty", pax(&record(b" path=\n"))),
            (7, "link path", both(b" linkpath=/etc/passwd\n")),
            (7, "attribute", both(b" SCHILY.xattr.user.x=y\n")),
            (7, "sparse", both(b" GNU.sparse.major=1\n")),
            (7, "other key", pax(&record(b" comment=x\n"))),
            (7, "other name in the header", other_name(b"b")),
            (7, "shorter name in the header", other_name(&LONG.as_bytes()[..99])),
        ],
    );
}

#[test]
fn a13_pax_records_that_lie_about_their_length() {
    let path = pax_record(LONG.as_bytes());
    let after = |digits: &str| [digits.as_bytes(), &path[3..]].concat();
    let mut name =
        Header { name: b"PaxHeader/b", size: path.len() as u64, executable: false, kind: PAX };
    let renamed = blocks(name.encode(), &path);
    (name.name, name.executable) = (PAX_NAME, true);
    let executable = blocks(name.encode(), &path);
    let huge = Header { name: PAX_NAME, size: 1 << 30, executable: false, kind: PAX };
    let file = member(LONG.as_bytes(), b"abc");
    refused(
        "A13",
        [
            (7, "shorter", pax(&after("9"))),
            (7, "longer", pax(&after("999"))),
            (7, "far longer", pax(&after("99999999999999999999999"))),
            (7, "leading zero", pax(&after(&format!("0{}", path.len())))),
            (7, "no digits", pax(&after(""))),
            (7, "negative", pax(&after("-1"))),
            (7, "no line feed", pax(&[&path[..path.len() - 1], b" "].concat())),
            (7, "1 GiB", gzip(&tar_of(&huge.encode()))),
            (7, "nothing follows", gzip(&tar_of(&pax_block(&path)))),
            (
                7,
                "two blocks",
                gzip(&tar_of(&[pax_block(&path), pax_block(&path), file.clone()].concat())),
            ),
            (7, "other block name", gzip(&tar_of(&[renamed, file.clone()].concat()))),
            (7, "executable block", gzip(&tar_of(&[executable, file].concat()))),
        ],
    );
}

#[test]
fn a17_too_many_too_deep_too_long() {
    let many: Vec<u8> =
        (0..20_000).flat_map(|n| member(format!("f{n:05}").as_bytes(), b"")).collect();
    let deep = vec!["d"; 65].join("/");
    let long = vec!["x".repeat(102); 10].join("/");
    assert_eq!(long.len(), 1029);
    let component = "x".repeat(256);
    refused(
        "A17",
        [
            (10, "20,001 files", gzip(&tar_of(&many))),
            (
                12,
                "65 components",
                gzip(&tar_of(
                    &[pax_block(&pax_record(deep.as_bytes())), member(deep.as_bytes(), b"")]
                        .concat(),
                )),
            ),
            (12, "1,029 bytes", pax(&pax_record(long.as_bytes()))),
            (12, "component of 256 bytes", pax(&pax_record(component.as_bytes()))),
        ],
    );
}
