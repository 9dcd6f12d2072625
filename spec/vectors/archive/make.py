#!/usr/bin/env python3
"""Makes the archive vectors of spec/archive.md, independently of the Rust writer.

good/NAME.tar.gz is to be accepted and listed as good/NAME.json says; bad/RR-NAME.tar.gz is to be refused for rule RR.
Run it in this folder; the same Python and zlib make the same bytes.
"""

import hashlib
import json
import pathlib
import struct
import zlib

END = bytes(1024)
MANIFEST = ("Tare.toml", False, b'[package]\nname = "a/b"\nversion = "1.0.0"\nkind = "model"\n')


def header(name, length, executable=False, kind=b"0", **fields):
    mode = b"0000755\0" if executable else b"0000644\0"
    parts = {
        "name": (100, name), "mode": (8, mode), "uid": (8, b"0000000\0"), "gid": (8, b"0000000\0"),
        "size": (12, b"%011o\0" % length), "mtime": (12, b"00000000000\0"), "chksum": (8, b" " * 8), "typeflag": (1, kind),
        "linkname": (100, b""), "magic": (6, b"ustar\0"), "version": (2, b"00"), "uname": (32, b""), "gname": (32, b""),
        "devmajor": (8, b"0000000\0"), "devminor": (8, b"0000000\0"), "prefix": (155, b""), "padding": (12, b""),
    }
    block = b"".join(fields.get(key, value).ljust(width, b"\0") for key, (width, value) in parts.items())
    assert len(block) == 512
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def padded(content):
    return content + bytes(-len(content) % 512)


def pax(path):
    rest = b" path=" + path + b"\n"
    size = next(n for n in range(len(rest), len(rest) + 8) if len(b"%d" % n) + len(rest) == n)
    record = b"%d" % size + rest
    return header(b"././@PaxHeader", len(record), kind=b"x") + padded(record)


def member(path, executable, content):
    name = path.encode()
    long = pax(name) if len(name) > 100 else b""
    short = name[:100].decode(errors="ignore").encode()
    return long + header(short, len(content), executable) + padded(content)


def gzip(tar, start=b"\x1f\x8b\x08\0\0\0\0\0\0\xff"):
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = deflate.compress(tar) + deflate.flush()
    return start + body + struct.pack("<II", zlib.crc32(tar), len(tar))


def good(name, files):
    tar = b"".join(member(*file) for file in files) + END
    pathlib.Path(f"good/{name}.tar.gz").write_bytes(gzip(tar))
    listing = [
        {"path": path, "executable": executable, "size": len(content), "sha256": "sha256:" + hashlib.sha256(content).hexdigest()}
        for path, executable, content in files
    ]
    pathlib.Path(f"good/{name}.json").write_text(json.dumps(listing, ensure_ascii=False, indent=1) + "\n")


def bad(rule, name, packed):
    pathlib.Path(f"bad/{rule:02}-{name}.tar.gz").write_bytes(packed)


def bad_tar(rule, name, rest):
    bad(rule, name, gzip(member(*MANIFEST) + rest + END))


def main():
    good("manifest-only", [MANIFEST])
    good("sizes", [MANIFEST, ("a", False, b""), ("b", False, b"x" * 511), ("c", False, b"x" * 512), ("d", False, b"x" * 513)])
    good("executable", [MANIFEST, ("bin/run.sh", True, b"#!/bin/sh\n")])
    good("unicode", [MANIFEST, ("données/été.csv", False, b"a,b\n"), ("模型/配置.json", False, b"{}")])
    good("byte-order", [MANIFEST, ("Z", False, b""), ("a.txt", False, b""), ("a/b", False, b""), ("é", False, b"")])
    good("long-paths", [MANIFEST] + [
        (path, False, b"x") for path in sorted(
            ["p" * 100, "q" * 101, "é" * 51, "x" + "é" * 50, "/".join(["d" * 90] * 11)], key=str.encode)
    ])
    good("nested-archive", [MANIFEST, ("inner.tar.gz", False, gzip(b"never opened"))])

    whole = member(*MANIFEST) + END
    bad(1, "file-name", gzip(whole, b"\x1f\x8b\x08\x08\0\0\0\0\0\xffx\0"))
    bad(1, "time", gzip(whole, b"\x1f\x8b\x08\0\1\0\0\0\0\xff"))
    bad(1, "system", gzip(whole, b"\x1f\x8b\x08\0\0\0\0\0\0\x03"))
    bad(2, "crc", gzip(whole)[:-8] + b"\0\0\0\0" + gzip(whole)[-4:])
    bad(3, "two-members", gzip(whole) * 2)
    bad(3, "zeros-after", gzip(whole) + bytes(8))
    bad(4, "bomb", gzip(bytes(4 << 20)))
    bad_tar(5, "mode", header(b"a", 0, mode=b"0004755\0"))
    bad_tar(5, "mtime", header(b"a", 0, mtime=b"15000000000\0"))
    bad_tar(5, "prefix", header(b"a", 0, prefix=b"../.."))
    bad_tar(5, "base-256-size", header(b"a", 0, size=b"\x80" + bytes(11)))
    for kind, name in [(b"1", "hard-link"), (b"2", "symbolic-link"), (b"3", "device"), (b"5", "folder"), (b"L", "gnu-long-name"),
                       (b"g", "pax-global"), (b"\0", "old-file")]:
        bad_tar(6, name, header(b"a", 0, kind=kind, linkname=b"../x" if kind in b"12" else b""))
    long = b"q" * 101
    bad_tar(7, "short-path", pax(b"a") + header(b"a", 0))
    bad_tar(7, "twice", pax(long) * 2 + header(long[:100], 0))
    bad_tar(7, "other-name", pax(long) + header(b"a", 0))
    bad_tar(7, "dangling", pax(long))
    bad_tar(7, "size-record", header(b"././@PaxHeader", 10, kind=b"x") + padded(b"10 size=1\n") + header(b"a", 0))
    bad_tar(8, "padding", header(b"a", 1) + b"x".ljust(512, b"y"))
    bad(9, "no-end", gzip(member(*MANIFEST)))
    bad(9, "three-blocks", gzip(whole + bytes(512)))
    bad(9, "entry-after", gzip(whole + member("a", False, b"") + END))
    bad_tar(10, "large", header(b"a", (1 << 20) + 1))
    bad(11, "no-manifest", gzip(member("a", False, b"") + END))
    bad(11, "root-folder", gzip(member("b-1.0.0/Tare.toml", False, b"") + END))
    bad_tar(11, "order", member("b", False, b"") + member("a", False, b""))
    bad_tar(12, "nfd", member("e\u0301", False, b""))
    bad_tar(12, "not-utf-8", header(b"a\xff", 0))
    for rule, path, name in [
        (13, "../a", "parent"), (13, "/a", "absolute"), (13, "a//b", "empty-component"), (13, "a.", "dot-at-the-end"),
        (14, "a\\b", "backslash"), (14, "c:a", "drive"), (14, "a\u202eb", "bidi"), (14, "a\u200bb", "zero-width"),
        (14, "a\nb", "line-feed"), (15, "a/NUL.txt", "device-name"), (15, ".git/config", "git"), (15, "GIT~1", "git-short"),
        (15, ".tare-ok", "marker"),
    ]:
        bad_tar(rule, name, member(path, False, b""))
    for one, two, name in [("A", "a", "case"), ("STRASSE", "straße", "folding"), ("a", "a/b", "file-and-folder"),
                           ("A/x", "a/y", "folder-spelling"), ("a", "a", "twice")]:
        bad_tar(16, name, member(one, False, b"") + member(two, False, b""))


if __name__ == "__main__":
    main()
