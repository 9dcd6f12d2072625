#!/usr/bin/env python3
"""Makes the signature vectors of spec/signatures.md with `openssl`, independently of the Rust code.

Each file is one case: a bundle, the claim and the keys that it is checked against, and either `signer` or a part of the
`error` message. Keys are drawn anew on each run and their private halves are thrown away, so a run replaces all files.
Run it in this folder.
"""

import base64
import hashlib
import json
import pathlib
import subprocess
import tempfile

TYPE = "application/vnd.in-toto+json"
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
CLAIM = {
    "release": "commons/tiny-chat@1.2.0",
    "digest": "sha256:" + hashlib.sha256(b"release document").hexdigest(),
    "registry": "tr1-000102030405060708090a0b0c0d0e0f",
}


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout


class Key:
    def __init__(self, folder, name, algorithm, digest):
        self.private, self.digest = str(folder / name), digest
        openssl("genpkey", *algorithm, "-out", self.private)
        self.pem = openssl("pkey", "-in", self.private, "-pubout").decode()
        self.id = "sha256:" + hashlib.sha256(openssl("pkey", "-in", self.private, "-pubout", "-outform", "DER")).hexdigest()
        self.hint = hashlib.sha256(self.pem.encode()).hexdigest()

    def sign(self, data):
        if self.digest:
            return openssl("dgst", self.digest, "-sign", self.private, data=data)
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.private, "-in", file.name)


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def statement(claim=CLAIM):
    package, version = claim["release"].split("@")
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": claim["release"], "digest": {"sha256": claim["digest"].removeprefix("sha256:")}}],
        "predicateType": "https://tare.example/release/v1",
        "predicate": {"package": package, "registry": claim["registry"], "version": version},
    }


def bundle(key, payload, kind=TYPE):
    encoded = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    b64 = lambda data: base64.b64encode(data).decode()
    return {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": key.hint}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": b64(payload), "payloadType": kind, "signatures": [{"sig": b64(key.sign(encoded)), "keyid": ""}],
        },
    }


def case(kind, name, text, keys, **outcome):
    vector = CLAIM | {"accepted-keys": [key.pem for key in keys]}
    if text is not None:
        vector["bundle"] = text if isinstance(text, str) else json.dumps(text, separators=(",", ":"))
    pathlib.Path(kind, name + ".json").write_text(json.dumps(vector | outcome, indent=1) + "\n")


def good(name, text, keys, signer):
    case("good", name, text, keys, signer=signer.id)


def bad(name, text, keys, error):
    case("bad", name, text, keys, error=error)


def edited(value, *path, to):
    """A deep copy of `value` with the element at `path` replaced."""
    copy = json.loads(json.dumps(value))
    at = copy
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return copy


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        curve = lambda curve: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + curve]
        key = Key(folder, "p256", curve("P-256"), "-sha256")
        other = Key(folder, "other", curve("P-256"), "-sha256")
        others = [Key(folder, "p384", curve("P-384"), "-sha384"), Key(folder, "p521", curve("P-521"), "-sha512"),
                  Key(folder, "ed25519", ["-algorithm", "ED25519"], None)]
        write(key, other, others)


def write(key, other, others):
    payload = canonical(statement())
    right = bundle(key, payload)
    good("p256", right, [key], key)
    for name, each in zip(["p384", "p521", "ed25519"], others):
        good(name, bundle(each, payload), [each], each)
    good("among-several-keys", right, [other, key], key)
    good("spaces-between", json.dumps(right, indent=2), [key], key)
    without = edited(right, "verificationMaterial", to={"publicKey": {"hint": key.hint}})
    good("without-empty-fields", without, [key], key)

    # Who signed.
    bad("absent", None, [key], "is not signed")
    bad("no-accepted-key", right, [], "there is none")
    bad("key-not-accepted", right, [other], "signed with a key of hint `" + key.hint)
    forged = edited(right, "verificationMaterial", "publicKey", "hint", to=other.hint)
    bad("hint-of-another-key", forged, [key, other], "signature is not one of key " + other.id)
    flipped = bytearray(base64.b64decode(right["dsseEnvelope"]["signatures"][0]["sig"]))
    flipped[-1] ^= 1
    signature = base64.b64encode(flipped).decode()
    bad("wrong-signature", edited(right, "dsseEnvelope", "signatures", 0, "sig", to=signature), [key], "is not one of key")
    bad("no-signature-bytes", edited(right, "dsseEnvelope", "signatures", 0, "sig", to=""), [key], "is not one of key")
    swapped = base64.b64encode(canonical(statement(CLAIM | {"release": "commons/tiny-chat@9.0.0"}))).decode()
    bad("payload-of-another", edited(right, "dsseEnvelope", "payload", to=swapped), [key], "is not one of key")

    # What was signed.
    for name, field, value, error in [
        ("package", "release", "commons/other@1.2.0", "package `commons/other`, expected `commons/tiny-chat`"),
        ("version", "release", "commons/tiny-chat@1.1.0", "version `1.1.0`, expected `1.2.0`"),
        ("registry", "registry", "tr1-" + "f" * 32, "registry `tr1-ffff"),
        ("digest", "digest", "sha256:" + "0" * 64, "release digest `0000"),
    ]:
        bad("for-another-" + name, bundle(key, canonical(statement(CLAIM | {field: value}))), [key], error)
    for name, changed, error in [
        ("statement-version", edited(statement(), "_type", to="https://in-toto.io/Statement/v0.1"), "type `https://in-toto"),
        ("predicate-type", edited(statement(), "predicateType", to="https://slsa.dev/provenance/v1"), "predicate type `https://slsa"),
        ("subject-name", edited(statement(), "subject", 0, "name", to="commons/other@1.2.0"), "subject `commons/other@1.2.0`"),
        ("two-subjects", edited(statement(), "subject", to=statement()["subject"] * 2), "cannot be read"),
        ("no-subject", edited(statement(), "subject", to=[]), "cannot be read"),
        ("extra-claim", edited(statement(), "predicate", "extra", to="x"), "unknown field `extra`"),
    ]:
        bad(name, bundle(key, canonical(changed)), [key], error)
    bad("not-canonical", bundle(key, json.dumps(statement()).encode()), [key], "not in canonical form")
    bad("repeated-claim", bundle(key, payload.replace(b'"predicate":{', b'"predicate":{"package":"a/b",')), [key], "canonical form")
    bad("payload-not-json", bundle(key, b"release"), [key], "cannot be read")
    bad("payload-type", bundle(key, payload, "text/plain"), [key], "`payloadType` `text/plain`")

    # The form of the bundle.
    text = json.dumps(right, separators=(",", ":"))
    bad("not-json", "signature", [key], "cannot be read")
    bad("media-type", edited(right, "mediaType", to="application/vnd.dev.sigstore.bundle+json;version=0.1"), [key], "`mediaType`")
    bad("log-entry", edited(right, "verificationMaterial", "tlogEntries", to=[{}]), [key], "1 transparency log entries")
    bad("certificate", edited(right, "verificationMaterial", to={"certificate": {"rawBytes": ""}}), [key], "certificate")
    bad("two-signatures", edited(right, "dsseEnvelope", "signatures", to=right["dsseEnvelope"]["signatures"] * 2), [key], "2 signatures")
    bad("key-id", edited(right, "dsseEnvelope", "signatures", 0, "keyid", to=key.hint), [key], "`keyid`")
    bad("unknown-field", edited(right, "note", to="x"), [key], "unknown field `note`")
    bad("repeated-field", text.replace('"mediaType"', '"mediaType":"x","mediaType"', 1), [key], "duplicate field `mediaType`")
    bad("url-safe-base64", edited(right, "dsseEnvelope", "payload", to="_-__"), [key], "not base64")
    bad("after-the-end", text + "{}", [key], "trailing characters")


if __name__ == "__main__":
    main()
