"""Bundles of Sigstore with the real `tare`: files as PyPI and npm hand them out, no network while checking, and the
trust roots that other clients carry.

    python tests/real/sigstore.py --bin target/debug --work target/real

Needs PyPI to fetch the files, npm where it is installed, and `unshare` for a namespace without a network.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
import zipfile

VECTORS = pathlib.Path(__file__).parents[2] / "spec/vectors/sigstore"
# Which vector is about which file of a registry.
PYPI = {"pypi-github": ("pypi-attestations==0.0.19", "--no-binary=pypi-attestations", "*.tar.gz")}
NPM = {
    "npm-provenance": ("sigstore@5.0.0", "sigstore-5.0.0.tgz"),
    "npm-provenance-v0.1": ("sigstore@2.0.0", "sigstore-2.0.0.tgz"),
}


def run(command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options)


def pip(work, *arguments):
    run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(work), *arguments])


def verify(tare, home, vector, file, expected):
    """Runs `tare verify-bundle` where there is no network at all; returns whether it ended as expected."""
    case = json.loads((VECTORS / f"{vector}.json").read_text())
    bundle = home / f"{vector}.bundle.json"
    bundle.write_text(json.dumps(case["bundle"]))
    command = [
        *("unshare", "-rn", str(tare), "--home", str(home), "verify-bundle", "--bundle", str(bundle)),
        *("--certificate-identity", case["identity"], "--certificate-oidc-issuer", case["issuer"]),
        str(file),
    ]
    ended = subprocess.run(command, capture_output=True, text=True)
    good = ended.returncode == expected
    print(f"{'ok  ' if good else 'FAIL'} {vector}: {file.name} ends with {ended.returncode}")
    if not good:
        print(ended.stdout, ended.stderr)
    return good


def roots_of_others(work):
    """The public trust roots that the Python client carries, and the JavaScript one where npm is installed."""
    pip(work, "sigstore")
    for wheel in work.glob("sigstore-*.whl"):
        with zipfile.ZipFile(wheel) as files:
            for name in files.namelist():
                if "tuf-repo-cdn.sigstore.dev" in name and name.endswith("trusted_root.json"):
                    yield wheel.name, files.read(name)
    if shutil.which("npm") is None:
        print("     npm is not installed: its trust root is not compared")
        return
    package = run(["npm", "pack", "--silent", "@sigstore/tuf"], cwd=work).stdout.split()[-1]
    with tarfile.open(work / package) as files:
        seeds = json.load(files.extractfile("package/seeds.json"))
    root = seeds["https://tuf-repo-cdn.sigstore.dev"]["targets"]["trusted_root.json"]
    yield package, base64.b64decode(root)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--bin", required=True, type=pathlib.Path)
    arguments.add_argument("--work", required=True, type=pathlib.Path)
    arguments = arguments.parse_args()
    tare = (arguments.bin / "tare").resolve()
    work = arguments.work.resolve() / "sigstore"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    results = []

    for vector, (package, option, pattern) in PYPI.items():
        pip(work, option, package)
        file = next(work.glob(pattern))
        results.append(verify(tare, work, vector, file, 0))
    if shutil.which("npm"):
        for vector, (package, name) in NPM.items():
            run(["npm", "pack", "--silent", package], cwd=work)
            results.append(verify(tare, work, vector, work / name, 0))
        # The same bundle and somebody else's file.
        results.append(verify(tare, work, "npm-provenance", work / "sigstore-2.0.0.tgz", 7))

    shown = run([tare, "--home", str(work), "trust", "show", "--json"]).stdout
    ours = json.loads(shown)["sha256"]
    for name, root in roots_of_others(work):
        theirs = f"sha256:{hashlib.sha256(root).hexdigest()}"
        results.append(theirs == ours)
        verdict = "ok  " if theirs == ours else "FAIL"
        print(f"{verdict} the built-in trust root is that of {name}: {theirs}")
        if theirs != ours:
            print(f"     ours is {ours}: update `sigstore-verify`")
    print(f"{sum(results)} passed, {results.count(False)} failed")
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
