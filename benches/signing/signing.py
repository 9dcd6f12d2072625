"""Signs and verifies the same trees with `tare` and with `model_signing`, one after the other, and prints medians.

The files are in the page cache: what is compared is hashing and what is around it, not the disk. Of each run the wall
time, the processor time of user and system together, and the greatest resident memory are taken from `wait4`.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import time

MIB = 1 << 20


def tree(folder, mib, files):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    block, size = os.urandom(MIB), mib * MIB // files
    for number in range(files):
        path = folder / f"part-{number % 16:02}" / f"{number:05}.bin"
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            for start in range(0, size, MIB):
                # No two blocks are the same, so nothing can be saved on repetition.
                stamp = f"{number} {start} ".encode()
                file.write((stamp + block)[: min(MIB, size - start)])


def measure(command, env):
    start = time.monotonic()
    child = subprocess.Popen([str(part) for part in command], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    told = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    assert os.waitstatus_to_exitcode(status) == 0, (command, told.decode())
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    for name, kind in [("tare", pathlib.Path), ("python", pathlib.Path), ("work", pathlib.Path), ("runs", int), ("mib", int)]:
        parser.add_argument(f"--{name}", type=kind, required=True)
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    tare, python = arguments.tare.resolve(), arguments.python.absolute()
    env = {**os.environ, "TARE_HOME": str(work / "home")}
    key, public = work / "key.pem", work / "key.pub"
    key.unlink(missing_ok=True)
    public.unlink(missing_ok=True)
    subprocess.run([tare, "keygen", "--no-password", "--output", key], env=env, check=True, capture_output=True)
    print("| tree | what | tool | wall s | CPU s | MiB |\n|---|---|---|--:|--:|--:|")
    for label, files in [("many files", 400), ("one file", 1)]:
        model, ours, theirs = work / "model", work / "ours.sig", work / "theirs.sig"
        tree(model, arguments.mib, files)
        module = [python, "-m", "model_signing"]
        steps = {
            "sign": (
                [tare, "sign", model, "--key", key, "--signature", ours],
                [*module, "sign", "key", model, "--private_key", key, "--signature", theirs],
            ),
            # Each verifies what the other has signed.
            "verify": (
                [tare, "verify", model, "--key", public, "--signature", theirs],
                [*module, "verify", "key", model, "--public_key", public, "--signature", ours],
            ),
        }
        for step, commands in steps.items():
            found = ([], [])
            for _ in range(arguments.runs):
                for command, results in zip(commands, found):
                    results.append(measure(command, env))
            for tool, results in zip(["tare", "model_signing"], found):
                wall, cpu, memory = (statistics.median(column) for column in zip(*results))
                print(f"| {label} | {step} | {tool} | {wall:.2f} | {cpu:.2f} | {memory:.0f} |", flush=True)
            ratio = statistics.median(b[0] / a[0] for a, b in zip(*found))
            print(f"| {label} | {step} | times faster | {ratio:.2f} | | |", flush=True)
        shutil.rmtree(model)


if __name__ == "__main__":
    main()
