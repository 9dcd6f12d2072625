"""`tare` and PyPI's `model_signing` sign for each other, and agree on what is no longer the model that was signed.

The command line is used where it can do what is asked, the library for shards and for many small cases. Each function is
one story; a story that fails ends the run.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
PASSWORD = "correct horse"
# Names whose order by bytes and by components differ, a name that is not ASCII, and an empty file.
FILES = {"a.txt": b"one", "a/b.bin": b"two" * 1000, "a-b": b"three", "ü/ñ.json": b"{}", "empty": b""}


class Key:
    """A key in every form of file, and its public half."""

    def __init__(self, folder, curve):
        self.curve = curve
        private = ec.generate_private_key(CURVES[curve]())
        pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
        locked = serialization.BestAvailableEncryption(PASSWORD.encode())
        forms = {
            "pkcs8": (serialization.PrivateFormat.PKCS8, none),
            "sec1": (serialization.PrivateFormat.TraditionalOpenSSL, none),
            "locked": (serialization.PrivateFormat.PKCS8, locked),
        }
        self.forms = {}
        for form, (structure, encryption) in forms.items():
            path = folder / f"{curve}.{form}.pem"
            path.write_bytes(private.private_bytes(pem, structure, encryption))
            path.chmod(0o600)
            self.forms[form] = path
        self.public = folder / f"{curve}.pub"
        structure = serialization.PublicFormat.SubjectPublicKeyInfo
        self.public.write_bytes(private.public_key().public_bytes(pem, structure))


class Bench:
    def __init__(self, tare, work):
        self.command, self.work = tare, work
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=work))
        self.keys = {curve: Key(self.folder, curve) for curve in CURVES}
        self.key = self.keys["P-256"]

    def model(self, files=FILES):
        model = self.folder / "model"
        shutil.rmtree(model, ignore_errors=True)
        for path, content in files.items():
            (model / path).parent.mkdir(parents=True, exist_ok=True)
            (model / path).write_bytes(content)
        return model

    def run(self, command, expected):
        env = {**os.environ, "TARE_HOME": str(self.folder / "home"), "TARE_KEY_PASSWORD": PASSWORD}
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=env)
        told = f"{command}: {done.returncode}, expected {expected}\n{done.stdout}{done.stderr}"
        assert done.returncode == expected, told
        return done

    def tare(self, *arguments, expected=0):
        return self.run([self.command, *arguments], expected)

    def other(self, *arguments, expected=0):
        return self.run([sys.executable, "-m", "model_signing", *arguments], expected)

    def they_verify(self, model, signature, key, expected=0, *flags):
        return self.other(
            "verify", "key", model, "--signature", signature, "--public_key", key.public, *flags, expected=expected
        )

    def they_sign(self, model, signature, key, *flags):
        return self.other("sign", "key", model, "--signature", signature, "--private_key", key.forms["pkcs8"], *flags)


def theirs_verifies_what_we_sign_with_every_key(bench):
    for key in bench.keys.values():
        for form, path in key.forms.items():
            model = bench.model()
            bench.tare("sign", model, "--key", path)
            bench.they_verify(model, model / "model.sig", key)
            bench.tare("verify", model, "--key", key.public)


def we_verify_what_theirs_signs_with_every_key(bench):
    for key in bench.keys.values():
        model = bench.model()
        bench.they_sign(model, model / "model.sig", key)
        bench.tare("verify", model, "--key", key.public)


def a_model_may_be_one_file(bench):
    model, signature = bench.model() / "a.txt", bench.folder / "file.sig"
    bench.tare("sign", model, "--key", bench.key.forms["pkcs8"], "--signature", signature)
    bench.they_verify(model, signature, bench.key)
    bench.they_sign(model, signature, bench.key)
    bench.tare("verify", model, "--key", bench.key.public, "--signature", signature)
    model.write_bytes(b"ONE")
    bench.they_verify(model, signature, bench.key, 1)
    bench.tare("verify", model, "--key", bench.key.public, "--signature", signature, expected=7)


def what_is_left_out_is_left_out_by_both(bench):
    ours, theirs = bench.folder / "ours.sig", bench.folder / "theirs.sig"
    model = bench.model({**FILES, ".git/config": b"x", "notes/today": b"x"})
    bench.tare("sign", model, "--key", bench.key.forms["pkcs8"], "--signature", ours, "--ignore-paths", "notes")
    bench.they_sign(model, theirs, bench.key, "--ignore-paths", model / "notes")
    (model / "notes/more").write_bytes(b"y")
    (model / ".git/more").write_bytes(b"y")
    for signature in [ours, theirs]:
        bench.they_verify(model, signature, bench.key)
        done = bench.tare("verify", model, "--key", bench.key.public, "--signature", signature)
        assert "says nothing about .git, notes" in done.stderr, done.stderr


def links_to_files_count_where_both_say_so(bench):
    model = bench.model()
    (model / "link").symlink_to("a.txt")
    signature = model / "model.sig"
    bench.tare("sign", model, "--key", bench.key.forms["pkcs8"], expected=2)
    bench.tare("sign", model, "--key", bench.key.forms["pkcs8"], "--allow-symlinks")
    bench.they_verify(model, signature, bench.key, 0, "--allow_symlinks")
    bench.they_sign(model, signature, bench.key, "--allow_symlinks")
    bench.tare("verify", model, "--key", bench.key.public)


def shards_of_theirs_are_read(bench):
    import model_signing

    model = bench.model({"large": bytes(range(256)) * 10, "exact": b"x" * 128, "empty": b""})
    signature = model / "model.sig"
    hashing = model_signing.hashing.Config().use_shard_serialization(shard_size=64)
    hashing.set_ignored_paths(paths=[signature])
    config = model_signing.signing.Config().use_elliptic_key_signer(private_key=bench.key.forms["pkcs8"])
    config.set_hashing_config(hashing).sign(model, signature)
    verify = ["verify", model, "--key", bench.key.public, "--json"]
    report = json.loads(bench.tare(*verify).stdout)
    assert report["layout"] == "shards" and report["left-out"] == ["empty"], report
    changed = bytearray((model / "large").read_bytes())
    changed[100] ^= 1
    (model / "large").write_bytes(changed)
    report = json.loads(bench.tare(*verify, expected=7).stdout)
    assert "bytes 64 to 128 of `large`" in report["differences"][0]["message"], report
    (model / "large").write_bytes(b"short")
    bench.tare(*verify, expected=7)


def another_key_is_refused_by_both(bench):
    (bench.folder / "other").mkdir()
    model, other = bench.model(), Key(bench.folder / "other", "P-256")
    bench.tare("sign", model, "--key", bench.key.forms["pkcs8"])
    bench.they_verify(model, model / "model.sig", other, 1)
    done = bench.tare("verify", model, "--key", other.public, expected=7)
    assert "E-MODEL-SIGNATURE" in done.stderr, done.stderr


def both_agree_on_any_change(bench):
    """Random trees, signed by either, changed at random: what one refuses the other refuses, too."""
    import model_signing

    chance = random.Random(8273)
    names = [f"{folder}{name}" for folder in ["", "a/", "a/b/", "z.d/"] for name in ["x", "y.bin", "z"]]
    verdicts = {True: 0, False: 0}
    for number in range(60):
        files = {name: chance.randbytes(chance.randrange(50)) for name in chance.sample(names, 6)}
        model = bench.model(files)
        signature = model / "model.sig"
        if number % 2:
            bench.tare("sign", model, "--key", bench.key.forms["pkcs8"])
        else:
            config = model_signing.signing.Config().use_elliptic_key_signer(private_key=bench.key.forms["pkcs8"])
            config.set_hashing_config(model_signing.hashing.Config().set_ignored_paths(paths=["model.sig"]))
            config.sign(model, signature)
        change(chance, model, names)
        verifier = model_signing.verifying.Config().use_elliptic_key_verifier(public_key=bench.key.public)
        verifier.set_hashing_config(model_signing.hashing.Config().set_ignored_paths(paths=["model.sig"]))
        try:
            verifier.verify(model, signature)
            accepted = True
        except Exception:  # whatever it says no with
            accepted = False
        bench.tare("verify", model, "--key", bench.key.public, expected=0 if accepted else 7)
        verdicts[accepted] += 1
    assert min(verdicts.values()) >= 10, verdicts


def change(chance, model, names):
    there = [path for path in model.rglob("*") if path.is_file() and path.name != "model.sig"]
    path = chance.choice(there)
    match chance.randrange(6):
        case 0:
            content = bytearray(path.read_bytes() + b"x")
            content[chance.randrange(len(content))] ^= 1
            path.write_bytes(content)
        case 1:
            path.unlink()
        case 2:
            path.rename(path.with_name(path.name + "2"))
        case 3:
            new = model / chance.choice(names)
            new.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(b"")
        case 4:
            (model / "folder").mkdir()
        case 5:
            signature = model / "model.sig"
            content = signature.read_text()
            at = chance.randrange(len(content))
            # Blanks between tokens may change; the base64 in the middle may not.
            signature.write_text(content[:at] + ("A" if content[at] != "A" else "B") + content[at + 1 :])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tare", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    stories = [
        theirs_verifies_what_we_sign_with_every_key,
        we_verify_what_theirs_signs_with_every_key,
        a_model_may_be_one_file,
        what_is_left_out_is_left_out_by_both,
        links_to_files_count_where_both_say_so,
        shards_of_theirs_are_read,
        another_key_is_refused_by_both,
        both_agree_on_any_change,
    ]
    bench = Bench(arguments.tare.resolve(), arguments.work.resolve())
    try:
        for story in stories:
            story(bench)
            print(story.__name__.replace("_", " "), flush=True)
    finally:
        shutil.rmtree(bench.folder)


if __name__ == "__main__":
    main()
