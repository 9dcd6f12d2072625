"""Resolves the same graphs with Tare's resolver and with uv: what `benches/resolve/run` runs.

Each figure is the wall time of a whole process, the median of several runs, the tools taking turns. uv reads an index on
loopback, "warm" with a full cache, "offline" with a full cache and no requests at all, which is the nearest to what Tare does
here: it reads what a client has cached, as pages (JSON lines) or as summaries. The first run of uv, with an empty cache, is not
told: it would measure Python's web server.
"""

import argparse
import functools
import http.server
import json
import os
import shutil
import statistics
import subprocess
import threading
import time
from pathlib import Path

GRAPHS = [("easy", 2000), ("hubs", 100), ("hubs", 400), ("unsat", 100), ("unsat", 400)]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Static files with connections kept open and no lines on the terminal."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        pass


def serve(folder: Path) -> http.server.ThreadingHTTPServer:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def timed(command: list[str]) -> tuple[float, str]:
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return (time.perf_counter() - start) * 1000, done.stdout + done.stderr


def uv_command(uv: str, folder: Path, cache: Path, port: int, *more: str) -> list[str]:
    return [
        uv, "pip", "compile", str(folder / "requirements.in"), "--index-url", f"http://127.0.0.1:{port}/simple/",
        "--cache-dir", str(cache), "--no-header", "--no-annotate", "--no-config", "--python-version", "3.11", *more,
    ]  # fmt: skip


def versions(output: str) -> set[str]:
    return {line.strip() for line in output.splitlines() if "==" in line and " " not in line.strip()}


def compare(arguments, shape: str, size: int) -> dict:
    folder = Path(arguments.work) / f"{shape}-{size}"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([arguments.program, "generate", shape, str(size), str(folder)], check=True)
    server = serve(folder)
    port, cache = server.server_address[1], folder / "cache"
    tools = {
        "tare summaries": lambda: timed([arguments.program, "lock", str(folder), "summaries"]),
        "tare pages": lambda: timed([arguments.program, "lock", str(folder), "pages"]),
        "uv offline": lambda: timed(uv_command(arguments.uv, folder, cache, port, "--offline")),
        "uv warm": lambda: timed(uv_command(arguments.uv, folder, cache, port)),
    }
    timed(uv_command(arguments.uv, folder, cache, port))
    times = {name: [] for name in tools}
    answers = {}
    for _ in range(arguments.runs):
        for name, tool in tools.items():
            elapsed, answers[name] = tool()
            times[name].append(elapsed)
    server.shutdown()
    medians = {name: statistics.median(values) for name, values in times.items()}
    locked = {name: len(versions(answer)) for name, answer in answers.items()}
    return {"graph": f"{shape} {size}", "ms": medians, "locked": locked}


def main() -> None:
    parser = argparse.ArgumentParser()
    for option in ["--program", "--uv", "--work"]:
        parser.add_argument(option, required=True)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    rows = [compare(arguments, shape, size) for shape, size in GRAPHS]
    columns = ["tare summaries", "tare pages", "uv offline", "uv warm"]
    print("| graph | " + " | ".join(f"{column} (ms)" for column in columns) + " | releases, tare / uv |")
    print("|---" * (len(columns) + 2) + "|")
    for row in rows:
        figures = " | ".join(f"{row['ms'][column]:.0f}" for column in columns)
        print(f"| {row['graph']} | {figures} | {row['locked']['tare summaries']} / {row['locked']['uv warm']} |")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
