"""The CPU time and the wall time of a replay of 100,000 events, from the bench of `tare-replay`.

The bench makes its log first. So its CPU time is taken with the replay and without, and the difference divided by the number
of samples; a machine that is busy with something else then disturbs little.
"""

import argparse
import os
import re
import subprocess
from pathlib import Path

REPLAY = "replay_of_100_000_events"
ALL = "replay_and_signatures_of_100_000_events"
SIGNATURE = "one_signature"
SAMPLES = 5
# Of the bench's 100,000 events so many publish a release, each with one signature.
PUBLISHED = 77_949
GOAL = 5.0
MICROSECONDS = {"ns": 1e-3, "µs": 1.0, "ms": 1e3, "s": 1e6}


def cpu_of(*command) -> tuple[float, str]:
    """Runs a command to its end: CPU seconds, and what it printed."""
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE)
    out = child.stdout.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, f"{command} failed\n{out}"
    return usage.ru_utime + usage.ru_stime, out


def median_of(name: str, out: str) -> float:
    """The median in a line of divan's table, in microseconds."""
    line = next(line for line in out.splitlines() if name in line)
    value, unit = re.search(r"([\d.]+) (\w+)", line.split("│")[2]).groups()
    return float(value) * MICROSECONDS[unit]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, required=True)
    options = parser.parse_args()
    without, _ = cpu_of(options.program, "--list")
    found = {}
    for name in (REPLAY, ALL):
        cpu, out = cpu_of(options.program, "--bench", name)
        found[name] = (cpu - without) / SAMPLES, median_of(name, out) / 1e6
    _, signed = cpu_of(options.program, "--bench", SIGNATURE)
    print("A replay of 100,000 events\n\n| | CPU s | wall s | goal of CPU s | |\n|---|---|---|---|---|")
    rows = [("rules, pages, every state", REPLAY), (f"and {PUBLISHED} signatures, on all cores", ALL)]
    for text, name in rows:
        cpu, wall = found[name]
        print(f"| {text} | {cpu:.1f} | {wall:.1f} | {GOAL:.0f} | {'met' if cpu < GOAL else 'missed'} |")
    print(f"\nOne signature of a key that is read for it: {median_of(SIGNATURE, signed):.0f} µs")
    print()


if __name__ == "__main__":
    main()
