"""From `tare publish` to what everybody can see, with and without a quorum: what `benches/log/run` runs last.

A registry, a witness and two mirrors, all processes of their own on loopback, each mirror's folder behind a plain file server.
Small models are published, first while the registry asks for no cosignature, then while it asks for those of all three.
`tare publish` returns when it has seen its release proven by a head with its quorum, so its time is the time to be visible.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

MANIFEST = """[package]
name = "bench/tiny"
version = "1.{minor}.0"
kind = "model"

[license]
weights = "Apache-2.0"
"""
MIRRORS = 2
PATIENCE = 30
GOAL = 3.0


class Stage:
    """The processes, and where they lie."""

    def __init__(self, binaries: Path, folder: Path, watch: int):
        self.tare, self.registry = binaries / "tare", binaries / "tare-registry"
        self.folder, self.watch, self.running = folder, watch, []
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "TARE_HOME": str(folder / "home"), "TARE_KEY_PASSWORD": "bench"}

    def run(self, *command, cwd: Path | None = None) -> str:
        done = subprocess.run([str(part) for part in command], env=self.env, cwd=cwd or self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{command} failed\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, name: str, *command) -> str:
        """Starts a process and gives the URL that it says it listens on, if it says one within a while."""
        log = self.folder / f"{name}.log"
        with open(log, "w") as out:
            child = subprocess.Popen([str(part) for part in command], env=self.env, cwd=self.folder, stdout=out, stderr=subprocess.STDOUT)
        self.running.append(child)
        for _ in range(PATIENCE * 20):
            found = re.search(r"http://[\d.]+:\d+", log.read_text())
            if found:
                return found[0]
            if child.poll() is not None:
                raise SystemExit(f"{name} ended\n{log.read_text()}")
            time.sleep(0.05)
        raise SystemExit(f"{name} does not say where it listens\n{log.read_text()}")

    def start_quietly(self, name: str, *command) -> None:
        with open(self.folder / f"{name}.log", "w") as out:
            self.running.append(subprocess.Popen([str(part) for part in command], env=self.env, cwd=self.folder, stdout=out, stderr=subprocess.STDOUT))

    def stop(self) -> None:
        for child in self.running:
            child.terminate()
        for child in self.running:
            child.wait()

    def open_registry(self) -> None:
        self.run(self.registry, "init", "--path", "registry", "--name", "bench.example")
        self.run(self.registry, "user", "add", "ada", "--path", "registry")
        token = self.run(self.registry, "token", "create", "--path", "registry", "--user", "ada", "--scope", "publish:*", "--scope", "owner:*", "--json")
        self.env["TARE_TOKEN"] = json.loads(token)["token"]
        self.url = self.start("registry", self.registry, "serve", "--path", "registry", "--listen", "127.0.0.1:0")
        self.run(self.tare, "keygen")
        self.run(self.tare, "registry", "add", "main", self.url)

    def ask_for_quorum(self) -> None:
        """Starts a witness and mirrors, and publishes a root document that asks for all of them."""
        first = (self.folder / "registry/public/root/1.note").read_text()
        log = re.search(r"^log (\S+)", first, re.M)[1]
        witness = self.run(self.registry, "witness", "init", "--path", "witness", "--name", "w1.example/w").strip()
        url = self.start("witness", self.registry, "witness", "serve", "--path", "witness", "--listen", "127.0.0.1:0", "--log", log)
        members = {"W1": f"{witness}={url}/"}
        for number in range(1, MIRRORS + 1):
            name = f"mirror{number}"
            (self.folder / name).mkdir()
            url = self.start(f"{name}-files", sys.executable, "-u", "-m", "http.server", "--directory", name, "--bind", "127.0.0.1", "0")
            said = self.run(self.tare, "mirror", "init", name, "--from", "main", "--name", f"{name}.example/m", "--public-url", f"{url}/")
            key = re.search(rf"{name}\.example/m\+\S+", said)[0]
            members[f"M{number}"] = f"{key}={url}/"
            self.start_quietly(name, self.tare, "mirror", "sync", name, "--watch", self.watch)
        adding = [part for label, member in members.items() for part in ("--add-witness", f"{label}={member}")]
        self.run(self.registry, "root", "next", "--path", "registry", *adding, "--quorum", "all " + " ".join(members))
        draft = next((self.folder / "registry").rglob("2.draft.note"))
        key = self.folder / "registry/keys/root.key"
        previous = self.folder / "registry/public/root/1.note"
        self.run(self.registry, "root", "sign", "--key", key, "--previous", previous, draft)
        self.run(self.registry, "root", "publish", "--path", "registry", draft)

    def publish(self, minor: int) -> dict:
        """Publishes a small model, and looks all the while at what is public."""
        package = self.folder / "package"
        package.mkdir(exist_ok=True)
        (package / "Tare.toml").write_text(MANIFEST.format(minor=minor))
        (package / "weights.bin").write_bytes(os.urandom(65_536))
        seen = {"pending": [], "head": []}
        stopped = threading.Event()
        watcher = threading.Thread(target=self.look, args=(seen, stopped))
        watcher.start()
        begin = time.monotonic()
        self.run(self.tare, "publish", "--json", cwd=package)
        wall = time.monotonic() - begin
        stopped.set()
        watcher.join()
        grown = {name: [at for at, size in sizes if size > sizes[0][1]] for name, sizes in seen.items()}
        between = grown["head"][0] - grown["pending"][0] if grown["head"] and grown["pending"] else 0.0
        return {"wall": wall, "waiting": max(between, 0.0)}

    def look(self, seen: dict, stopped: threading.Event) -> None:
        """Reads the sizes of `head.pending` and `head` every 20 ms."""
        while not stopped.is_set():
            for name, path in [("pending", "head.pending"), ("head", "head")]:
                text = (self.folder / "registry/public" / path).read_text()
                seen[name].append((time.monotonic(), int(text.split("\n\n", 1)[1].split("\n")[1])))
            time.sleep(0.02)

    def wait_for_head(self) -> None:
        """Waits until what is public is the newest."""
        for _ in range(PATIENCE * 10):
            head, pending = (urllib.request.urlopen(f"{self.url}/{name}").read().split(b"\n\n", 1)[1].split(b"\n")[1] for name in ("head", "head.pending"))
            if head == pending:
                return
            time.sleep(0.1)
        raise SystemExit("the head does not come to the end of the log")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--watch", type=int, default=1, help="how many seconds a mirror waits between two looks")
    parser.add_argument("--keep", action="store_true", help="leave the folder where it is")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tare-visible-"))
    stage = Stage(options.bin.resolve(), folder, options.watch)
    try:
        stage.open_registry()
        stage.publish(0)
        alone = [stage.publish(1 + number) for number in range(options.runs)]
        stage.ask_for_quorum()
        stage.wait_for_head()
        stage.publish(100)
        together = [stage.publish(101 + number) for number in range(options.runs)]
    finally:
        stage.stop()
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"Publish to visible, {options.runs} runs, mirrors look every {options.watch} s\n")
    print("| quorum | `tare publish`: median, least, most s | of that, waiting for cosignatures: median, most s |\n|---|---|---|")
    for name, rows in [("none", alone), (f"all of 1 witness and {MIRRORS} mirrors", together)]:
        walls, waits = [row["wall"] for row in rows], [row["waiting"] for row in rows]
        print(f"| {name} | {statistics.median(walls):.2f}, {min(walls):.2f}, {max(walls):.2f} | {statistics.median(waits):.2f}, {max(waits):.2f} |")
    print("\n| goal | s | |\n|---|---|---|")
    walls = [row["wall"] for row in together]
    for name, found in [("median", statistics.median(walls)), ("most", max(walls))]:
        print(f"| visible with a quorum in less than {GOAL:.0f} s: {name} | {found:.2f} | {'met' if found < GOAL else 'missed'} |")
    print()


if __name__ == "__main__":
    main()
