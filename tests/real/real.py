"""Publishes, installs and audits real models and data sets through the built binaries, and loads what was installed.

Each `test_` function is a story on one shared registry, run in the order in which they stand.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import inputs


class World:
    """A registry with every package published, and a sandboxed home."""

    def __init__(self, binaries: Path, work: Path):
        self.tare = binaries / "tare"
        self.server = binaries / "tare-registry"
        self.cache = work / "wheels"
        self.root = work / "run"
        shutil.rmtree(self.root, ignore_errors=True)
        self.cache.mkdir(parents=True, exist_ok=True)
        self.root.mkdir(parents=True)
        keep = ("PATH", "LANG", "LC_ALL", "TMPDIR")
        self.env = {name: os.environ[name] for name in keep if name in os.environ}
        self.env |= {"HOME": str(self.root), "TARE_HOME": str(self.root / "home"), "TARE_KEY_PASSWORD": "correct horse"}
        self.published: dict[str, dict] = {}

    def start(self) -> None:
        command = [self.server, "serve", "--path", self.root / "registry", "--listen", "127.0.0.1:0"]
        self.log = open(self.root / "server.log", "w+")
        self.process = subprocess.Popen(command, env=self.env, stdout=self.log, stderr=subprocess.STDOUT)
        for _ in range(600):
            text = Path(self.log.name).read_text()
            found = re.search(r"http://127\.0\.0\.1:\d+", text)
            token = re.search(r"tare_[A-Za-z0-9_-]+", text)
            if found and token:
                self.url, self.token = found[0], token[0]
                break
            assert self.process.poll() is None, text
            time.sleep(0.05)
        else:
            raise AssertionError(f"the server did not say where it is: {text}")
        self.run("keygen")
        self.run("login", "--registry", self.url, stdin=self.token + "\n")

    def run(self, *args: str, cwd: Path | None = None, code: int = 0, stdin: str = "") -> str:
        """Runs `tare`, checks the exit code, and returns what it printed to stdout."""
        command = [str(self.tare), *map(str, args)]
        done = subprocess.run(command, cwd=cwd or self.root, env=self.env, input=stdin, capture_output=True, text=True)
        shown = " ".join(map(str, args))
        assert done.returncode == code, f"`tare {shown}` ended with {done.returncode}, expected {code}\n{done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *args: str, **options) -> dict:
        return json.loads(self.run(*args, "--json", **options))

    def project(self, name: str, *specs: str) -> Path:
        folder = self.root / name
        folder.mkdir()
        self.run("init", cwd=folder)
        for spec in specs:
            self.run("add", spec, cwd=folder)
        self.run("install", cwd=folder)
        return folder


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder, except what an install adds, with its SHA-256."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    digests = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return {path: digest for path, digest in digests.items() if path not in (".tare-ok", "model.sig")}


def test_every_package_is_published(world: World) -> None:
    wheels = inputs.download(world.cache)
    for package in inputs.PACKAGES:
        folder = inputs.unpack(package, wheels, world.root / "sources")
        world.published[f"{package.name}@{package.version}"] = world.json("publish", cwd=folder) | {"folder": folder}
    assert len(world.published) == len(inputs.PACKAGES)


def test_installed_trees_are_byte_identical(world: World) -> None:
    for name, published in world.published.items():
        target = world.root / "pulled" / name.replace("/", "--")
        world.run("pull", name, "--to", target)
        assert tree(target) == tree(published["folder"]), name


def test_a_second_version_uploads_only_what_changed(world: World) -> None:
    half = (world.published["snakers4/silero-vad@6.0.0"]["folder"] / "silero_vad_half.onnx").stat().st_size
    second = world.published["snakers4/silero-vad@6.0.0"]
    total, reused = second["bytes"]["total"], second["bytes"]["reused"]
    assert half <= reused < total, second
    folder = world.published["allisonhorst/palmerpenguins@0.1.6"]["folder"]
    manifest = folder / "Tare.toml"
    text = manifest.read_text()
    manifest.write_text(text.replace('version = "0.1.6"', 'version = "0.1.7"'))
    repack = world.json("publish", cwd=folder)
    manifest.write_text(text)
    data = sum(path.stat().st_size for path in (folder / "data").iterdir())
    assert repack["bytes"]["reused"] == data, repack


def test_a_project_installs_by_range_and_again_without_network(world: World) -> None:
    project = world.project("voice", "snakers4/silero-vad@^6")
    assert 'version = "6.2.3"' in (project / "Tare.lock").read_text()
    before = tree(project / ".tare/packages/snakers4/silero-vad")
    world.run("install", "--offline", "--locked", cwd=project)
    assert tree(project / ".tare/packages/snakers4/silero-vad") == before
    world.run("verify", cwd=project)


def test_audit_calls_open_wake_word_non_commercial_though_its_code_is_apache(world: World) -> None:
    project = world.project("wake", "openwakeword/hey-jarvis@^0.4")
    report = world.json("audit", "--profile", "commercial", cwd=project, code=10)
    text = json.dumps(report)
    assert "non-commercial" in text and "LIC010" in text and "openwakeword/hey-jarvis" in text, text
    shown = world.run("tree", cwd=project)
    assert "non-commercial" in shown, shown
    world.run("audit", "--profile", "commercial", cwd=world.root / "voice")


def test_the_installed_onnx_file_runs_in_onnxruntime(world: World) -> None:
    import numpy
    import onnxruntime

    path = world.run("path", "openwakeword/hey-jarvis", cwd=world.root / "wake").strip()
    session = onnxruntime.InferenceSession(str(Path(path) / "models/alexa_v0.1.onnx"))
    shape = [size if isinstance(size, int) else 1 for size in session.get_inputs()[0].shape]
    (score,) = session.run(None, {session.get_inputs()[0].name: numpy.zeros(shape, dtype=numpy.float32)})
    assert score.size == 1 and 0 <= float(score.ravel()[0]) <= 1, score


def test_the_installed_safetensors_files_load(world: World) -> None:
    from safetensors import safe_open

    path = world.run("path", "snakers4/silero-vad", cwd=world.root / "voice").strip()
    with safe_open(str(Path(path) / "silero_vad_16k.safetensors"), framework="numpy") as tensors:
        assert tensors.keys() and all(tensors.get_tensor(key).size for key in tensors.keys())


def test_an_unknown_licence_never_passes(world: World) -> None:
    project = world.project("charts", "vega/datasets@^0.9")
    report = json.dumps(world.json("audit", "--profile", "research", cwd=project, code=10))
    assert "LIC001" in report, report


def test_a_changed_byte_on_the_server_is_found_before_anything_is_installed(world: World) -> None:
    packs = sorted((world.root / "registry/public/packs").rglob("*"), key=lambda path: path.stat().st_size)
    pack = [path for path in packs if path.is_file()][-1]
    good = pack.read_bytes()
    pack.chmod(0o644)
    pack.write_bytes(good[: len(good) // 2] + bytes([good[len(good) // 2] ^ 1]) + good[len(good) // 2 + 1 :])
    home = world.env["TARE_HOME"]
    fresh = world.root / "fresh-home"
    world.env["TARE_HOME"] = str(fresh)
    try:
        world.run("registry", "add", "main", world.url)
        target = world.root / "flipped"
        world.run("pull", "sentence-transformers/all-minilm-l6-v2@0.1.0", "--to", target, code=6)
        assert not target.exists()
        pack.write_bytes(good)
        world.run("pull", "sentence-transformers/all-minilm-l6-v2@0.1.0", "--to", target)
    finally:
        pack.write_bytes(good)
        world.env["TARE_HOME"] = home


def test_what_the_registry_serves_is_a_folder_of_plain_files(world: World) -> None:
    served = urllib.request.urlopen(f"{world.url}/packages/snakers4/silero-vad").read()
    assert served == (world.root / "registry/public/packages/snakers4/silero-vad").read_bytes()
    subprocess.run([world.server, "fsck", "--path", world.root / "registry", "--read-data"], check=True, env=world.env)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    world = World(options.bin.resolve(), options.work.resolve())
    world.start()
    failed = 0
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    try:
        for name, test in tests:
            start = time.monotonic()
            try:
                test(world)
                print(f"ok   {name} ({time.monotonic() - start:.1f} s)", flush=True)
            except Exception as error:
                failed += 1
                print(f"FAIL {name}: {error}", flush=True)
    finally:
        world.process.terminate()
        world.process.wait(timeout=30)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
