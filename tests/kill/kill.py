"""Kills a registry and a mirror at each of their writes in turn, and insists that they go on.

A program is ended (SIGKILL) right before one of its calls that change files: the first run before the first, the next one
before the second, and so on until a run comes to its end. What it left must then be whole, for those who read it and for the
program's next start. The run that comes to its end is judged by the order in which it made things durable (order.py).
"""

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from order import Order
from tracer import Traced

# What a mirror says of itself and of the moment; all else that it serves is the origin's, byte for byte.
OWN_FILES = {"checkpoint", "head", "head.pending", "coverage", "status.json", "metrics"}
# What is made from the events in the database.
DERIVED = ("head", "checkpoint", "notices", "tile/", "events/", "state/", "packages/", "namespaces/", "root/")
PROJECT = '[dependencies]\n"lab/tiny" = "1"\n'


def manifest(version):
    return (
        f'[package]\nname = "lab/tiny"\nversion = "{version}"\nkind = "model"\ndescription = "Small."\n\n'
        '[license]\nweights = "MIT"\n'
    )


class Person:
    """Somebody with a home and a project in one folder, who runs the built programs."""

    def __init__(self, programs, folder):
        self.programs, self.folder, self.home = programs, Path(folder), Path(folder) / "home"
        (self.folder / "work").mkdir(parents=True, exist_ok=True)

    def environment(self):
        return {"PATH": os.environ["PATH"], "TARE_HOME": str(self.home)}

    def tare(self, *arguments, stdin=None):
        return self.run("tare", *arguments, stdin=stdin)

    def run(self, program, *arguments, stdin=None):
        command = [self.programs / program, *arguments]
        done = subprocess.run(
            command, cwd=self.folder / "work", env=self.environment(), input=stdin, capture_output=True, text=True
        )
        if done.returncode:
            words = " ".join(map(str, arguments))
            raise AssertionError(f"`{program} {words}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def copy(self, folder):
        shutil.copytree(self.folder, folder, symlinks=True)
        return Person(self.programs, folder)

    def write(self, path, content):
        file = self.folder / "work" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def read(self, path):
        return (self.folder / "work" / path).read_text()


class Service:
    """A process that serves until the block ends; `url` is where."""

    def __init__(self, command, env=None):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env)
        line = self.process.stdout.readline()
        assert line, f"{command} ended"
        self.url = json.loads(line)["url"] if line.startswith("{") else line.split("(")[1].split(")")[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def serve(programs, folder, port):
    listen = f"127.0.0.1:{port}"
    return Service([programs / "tare-registry", "serve", "--json", "--listen", listen, "--path", folder])


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def registry(operator, folder, port):
    """Makes a registry, in which `operator` is logged in as ann and can publish."""
    operator.run("tare-registry", "init", "--name", "hub.example", "--path", folder)
    operator.run("tare-registry", "user", "add", "ann", "--path", folder)
    scopes = ["--scope", "publish:*", "--scope", "yank:*"]
    token = operator.run("tare-registry", "token", "create", "--user", "ann", *scopes, "--path", folder)
    operator.tare("keygen", "--no-password")
    with serve(operator.programs, folder, port) as origin:
        operator.tare("login", "--registry", origin.url, stdin=token + "\n")


def publish(ann, version):
    ann.write("Tare.toml", manifest(version))
    ann.write("w.bin", version.encode() * 10_000)
    ann.tare("publish")


def customer(programs, folder, url):
    bob = Person(programs, folder)
    bob.tare("registry", "add", "main", url)
    bob.write("Tare.toml", PROJECT)
    bob.tare("install")
    return bob


def installs(bob, versions):
    """Insists that somebody who has seen this registry before finds a log that goes on from there, and one of the versions."""
    bob.tare("update")
    bob.tare("install", "--locked")
    found = [version for version in versions if f'version = "{version}"' in bob.read("Tare.lock")]
    assert found, bob.read("Tare.lock")
    assert bob.read(".tare/packages/lab/tiny/w.bin") == found[0] * 10_000
    return found[0]


class Killer:
    """Counts the changes of one run, and ends it before the one with the number `at`; 0 for none."""

    def __init__(self, at, order):
        self.at, self.order, self.changes, self.last = at, order, 0, None

    def __call__(self, change):
        self.order.meet(change)
        # A sync changes nothing that a killed program leaves.
        if change.act in ("sync", "syncing"):
            return False
        self.changes += 1
        self.last = change
        return self.changes == self.at


class MirrorStory:
    """A mirror that has one release syncs: another release, a yank and a root document."""

    name = "tare mirror sync"

    def __init__(self, programs, work):
        self.work, port = work, free_port()
        self.ann = ann = Person(programs, work / "ann")
        registry(ann, work / "registry", port)
        self.origin = serve(programs, work / "registry", port)
        publish(ann, "1.0.0")
        self.operator = Person(programs, work / "operator")
        self.operator.tare("mirror", "init", "mirror", "--from", self.origin.url, "--max-conns", "1")
        self.operator.tare("mirror", "sync")
        # A file server whose folder can be exchanged.
        self.shown = work / "shown"
        self.show(self.operator)
        server = ["-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", self.shown, "0"]
        self.site = Service([sys.executable, *server])
        self.bob = customer(programs, work / "bob", self.site.url)
        publish(ann, "1.1.0")
        ann.tare("yank", "lab/tiny@1.0.0", "--reason", "old")
        self.next_root()
        self.whole = self.operator.copy(work / "whole")
        self.whole.tare("mirror", "sync")

    def next_root(self):
        path = ["--path", self.work / "registry"]
        draft = self.ann.run("tare-registry", "root", "next", "--expires", "400d", *path)
        key = self.work / "registry/keys/root.key"
        self.ann.run("tare-registry", "root", "sign", "--key", key, draft, *path)
        self.ann.run("tare-registry", "root", "publish", draft, *path)
        # A running server shows it a little later.
        while json.loads(self.ann.tare("registry", "head", "export", "head", "--json"))["root-version"] != 2:
            pass

    def show(self, operator):
        self.shown.unlink(missing_ok=True)
        self.shown.symlink_to(operator.folder / "work/mirror")

    def run(self, at, folder):
        operator = self.operator.copy(folder / "operator")
        mirror = operator.folder / "work/mirror"
        killer = Killer(at, Order("", {"head", "head.pending", "checkpoint"}, DERIVED, ".mirror/inventory.sqlite-wal"))
        command = [str(operator.programs / "tare"), "mirror", "sync"]
        traced = Traced(command, mirror, env=operator.environment(), cwd=operator.folder / "work")
        killed = traced.run(killer) == -signal.SIGKILL
        yield killer, killed
        self.show(operator)
        bob = self.bob.copy(folder / "bob")
        installs(bob, ["1.0.0", "1.1.0"])
        require_root(mirror)
        operator.tare("mirror", "sync")
        scrubbed = json.loads(operator.tare("mirror", "scrub", "--json"))
        assert not scrubbed["damaged"] and not scrubbed["missing"], scrubbed
        left = list((mirror / ".mirror/staging").iterdir())
        assert not left, f"left in staging: {left}"
        here, whole = tree(mirror), tree(self.whole.folder / "work/mirror")
        different = [path for path in here.keys() | whole.keys() if here.get(path) != whole.get(path)]
        assert not different, f"not as at the origin: {different}"
        assert installs(bob, ["1.1.0"]) == "1.1.0"

    def close(self):
        for service in (self.origin, self.site):
            service.__exit__()


class OriginStory:
    """A registry that has one release starts, takes another one, and is told to stop."""

    name = "tare-registry serve"

    def __init__(self, programs, work):
        self.programs, self.work, self.port = programs, work, free_port()
        self.ann = Person(programs, work / "ann")
        self.registry = work / "registry"
        registry(self.ann, self.registry, self.port)
        with serve(programs, self.registry, self.port) as origin:
            publish(self.ann, "1.0.0")
            self.bob = customer(programs, work / "bob", origin.url)

    def run(self, at, folder):
        ann, path = self.ann.copy(folder / "ann"), folder / "registry"
        shutil.copytree(self.registry, path)
        heads = {"public/head", "public/head.pending", "public/checkpoint"}
        killer = Killer(at, Order("public/", heads, DERIVED, "registry.sqlite-wal"))
        said, published = self.traced(killer, ann, path)
        yield killer, said == -signal.SIGKILL
        bob = self.bob.copy(folder / "bob")
        with serve(self.programs, path, self.port):
            ann.run("tare-registry", "fsck", "--read-data", "--path", path)
            require_root(path / "public")
            found = installs(bob, ["1.0.0", "1.1.0"])
            assert found == "1.1.0" or not published, "published, and not there"
            publish(ann, "1.1.0")
            assert installs(bob, ["1.1.0"]) == "1.1.0"
        ann.run("tare-registry", "fsck", "--read-data", "--path", path)

    def traced(self, killer, ann, path):
        """Serves, and lets ann publish as soon as that can be reached. Gives how the server ended, and whether ann was told
        that it is published."""
        ann.write("Tare.toml", manifest("1.1.0"))
        ann.write("w.bin", b"1.1.0" * 10_000)
        ready, greeting = os.pipe()
        os.set_inheritable(greeting, True)
        command = ["serve", "--json", "--listen", f"127.0.0.1:{self.port}", "--path", str(path)]
        server = Traced([str(self.programs / "tare-registry"), *command], path, stdout=greeting)
        os.close(greeting)
        script = 'read -r _ && "$0" publish; code=$?; kill -TERM "$1"; exit "$code"'
        client = subprocess.Popen(
            ["bash", "-c", script, self.programs / "tare", str(server.child)],
            stdin=ready, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=ann.folder / "work", env=ann.environment(), start_new_session=True,
        )  # fmt: skip
        os.close(ready)
        ended = server.run(killer)
        if client.poll() is None and ended == -signal.SIGKILL:
            # It would try for a while.
            os.killpg(client.pid, signal.SIGKILL)
        return ended, client.wait() == 0

    def close(self):
        pass


def require_root(folder):
    """Insists that the root document that is said to be the newest is there."""
    newest = (folder / "root/latest").read_text().strip()
    assert (folder / f"root/{newest}.note").exists(), f"root/{newest}.note is not there"


def tree(folder):
    """What a mirror serves that is not its own word."""
    files = (file for file in folder.rglob("*") if file.is_file())
    paths = ((file.relative_to(folder), file) for file in files)
    return {
        str(path): file.read_bytes()
        for path, file in paths
        if path.parts[0] != ".mirror" and str(path) not in OWN_FILES
    }


def attempt(story, at, folder):
    """Ends one run at a change, and looks at what is left. Gives the killer, and whether there was such a change."""
    folder.mkdir()
    steps = story.run(at, folder)
    killer, killed = next(steps)
    try:
        if not killed:
            assert not killer.order.wrong, "\n".join(killer.order.wrong)
        for _ in steps:
            pass
    except AssertionError as error:
        raise SystemExit(f"{story.name}, ended before change {at} ({killer.last}): {error}")
    shutil.rmtree(folder)
    return killer, killed


def share(kind, programs, first, step, kills):
    """Every `step`th change of a story."""
    with tempfile.TemporaryDirectory() as work:
        story = kind(programs, Path(work))
        try:
            at, killed = first, True
            while killed:
                _, killed = attempt(story, at, Path(work) / "attempt")
                kills.value += killed
                at += step
        finally:
            story.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=Path, required=True, help="the folder of the built programs")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="how many runs at a time")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth change")
    options = parser.parse_args()
    programs, failed = options.bin.resolve(), False
    for kind in (MirrorStory, OriginStory):
        kills = [multiprocessing.Value("i") for _ in range(options.workers)]
        step = options.workers * options.every
        workers = [
            multiprocessing.Process(target=share, args=(kind, programs, 1 + number * options.every, step, count))
            for number, count in enumerate(kills)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        failed |= any(worker.exitcode for worker in workers)
        print(f"{kind.name}: killed at {sum(count.value for count in kills)} changes", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
