"""The main job, timed: what `benches/main-job/run` runs. Prints a table, and JSON with --json FILE.

Everything is measured side by side in one run, medians of several; `hash` is `openssl dgst -sha256` of the same file, the
least that anybody who verifies must do on one core, and `copy` is `cp`.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import time
from pathlib import Path

import numpy

MANIFEST = """[package]
name = "bench/model"
version = "{version}"
kind = "model"

[license]
weights = "Apache-2.0"
"""
TENSOR_MIB = 4


def write_model(path: Path, mib: int, changed: float, seed: int = 1) -> None:
    """A safetensors file of bf16 tensors of 4 MiB; `changed` is the share that differs from the seed's model."""
    count, size = mib // TENSOR_MIB, TENSOR_MIB << 20
    entries = {f"layers.{i}.weight": {"dtype": "BF16", "shape": [size // 2], "data_offsets": [i * size, (i + 1) * size]} for i in range(count)}
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    first_changed = count - round(count * changed)
    with open(path, "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for i in range(count):
            generator = numpy.random.default_rng([seed + (i >= first_changed), i])
            weights = generator.standard_normal(size // 2, dtype=numpy.float32) * 0.02
            file.write((weights.view(numpy.uint32) >> 16).astype("<u2").tobytes())


def timed(command: list, env: dict, cwd: Path) -> dict:
    """Runs a command to its end: wall and CPU seconds, peak memory in MiB, what it printed."""
    start = time.monotonic()
    child = subprocess.Popen([str(part) for part in command], env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = child.stdout.read(), child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    assert status == 0, f"{command} failed\n{out.decode()}{err.decode()}"
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss / 1024, "out": out.decode()}


def stored(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "public").rglob("*") if path.is_file())


def peak_of(pid: int) -> float:
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def one_run(options: argparse.Namespace, folders: list[Path], number: int) -> dict[str, dict]:
    root = options.work / f"run-{number}"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    tare, registry = options.bin / "tare", root / "registry"
    env = {"PATH": os.environ["PATH"], "HOME": str(root), "TARE_HOME": str(root / "publisher"), "TARE_KEY_PASSWORD": "bench"}
    log = open(root / "log", "w")
    command = [options.bin / "tare-registry", "serve", "--path", registry, "--listen", "127.0.0.1:0"]
    server = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        while not (found := re.search(r"(http://\S+:\d+)[\s\S]*?(tare_[\w-]+)", Path(log.name).read_text())):
            time.sleep(0.05)
        url, env["TARE_TOKEN"] = found[1], found[2]
        timed([tare, "keygen"], env, root)
        timed([tare, "registry", "add", "main", url], env, root)
        rows = {}
        for name, folder in zip(["publish", "publish again"], folders):
            before = stored(registry)
            rows[name] = timed([tare, "publish", "--json"], env, folder)
            answer = json.loads(rows[name]["out"])
            rows[name] |= {"sent": answer["bytes"]["sent"], "stored": stored(registry) - before}
        env["TARE_HOME"] = str(root / "consumer")
        timed([tare, "registry", "add", "main", url], env, root)
        for name, version in [("install", "1.0.0"), ("update", "1.1.0")]:
            rows[name] = timed([tare, "pull", f"bench/model@={version}", "--to", root / name, "--json"], env, root)
            rows[name]["sent"] = json.loads(rows[name]["out"]).get("bytes-fetched")
        rows["hash"] = timed(["openssl", "dgst", "-sha256", folders[0] / "model.safetensors"], env, root)
        rows["copy"] = timed(["cp", folders[0] / "model.safetensors", root / "copy"], env, root)
        rows["server"] = {"peak": peak_of(server.pid)}
        return rows
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(root, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.bin, options.work = options.bin.resolve(), options.work.resolve()

    folders = []
    for version, changed in [("1.0.0", 0.0), ("1.1.0", 0.05)]:
        folder = options.work / f"model-{version}-{options.mib}"
        folder.mkdir(exist_ok=True)
        (folder / "Tare.toml").write_text(MANIFEST.format(version=version))
        if not (folder / "model.safetensors").exists():
            write_model(folder / "model.safetensors", options.mib, changed)
        folders.append(folder)

    runs = [one_run(options, folders, number) for number in range(options.runs)]
    names = list(runs[0])
    medians = {}
    for name in names:
        keys = [key for key, value in runs[0][name].items() if isinstance(value, (int, float))]
        medians[name] = {key: statistics.median(run[name][key] for run in runs) for key in keys}

    print(f"\n{options.mib} MiB of bf16, 5 % of the tensors changed in the second version; medians of {options.runs} runs")
    print(f"{'':14} {'wall s':>8} {'MiB/s':>8} {'cpu s':>8} {'peak MiB':>9} {'sent MiB':>9} {'stored MiB':>11} {'x hash':>7}")
    for name, row in medians.items():
        mib = lambda key: f"{row[key] / 2**20:.1f}" if row.get(key) is not None else ""
        wall = row.get("wall")
        print(
            f"{name:14} {wall and f'{wall:.2f}' or '':>8} {wall and f'{options.mib / wall:.0f}' or '':>8} "
            f"{row.get('cpu') and format(row['cpu'], '.2f') or '':>8} {row['peak']:>9.0f} {mib('sent'):>9} {mib('stored'):>11} "
            f"{wall and format(wall / medians['hash']['wall'], '.2f') or '':>7}"
        )
    if options.json:
        options.json.write_text(json.dumps({"mib": options.mib, "runs": options.runs, "medians": medians}, indent=1) + "\n")


if __name__ == "__main__":
    main()
