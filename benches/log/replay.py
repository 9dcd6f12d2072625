"""The CPU time of a replay of 100,000 events, from the bench of `tare-replay`.

The bench makes its log first. So its CPU time is taken with the replay and without, and the difference divided by the number
of samples; a machine that is busy with something else then disturbs little.
"""

import argparse
import os
import re
import subprocess
from pathlib import Path

REPLAY = "replay_of_100_000_events"
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
    with_replay, _ = cpu_of(options.program, "--bench", REPLAY)
    _, signed = cpu_of(options.program, "--bench", SIGNATURE)
    rules, signature = (with_replay - without) / SAMPLES, median_of(SIGNATURE, signed)
    signatures = PUBLISHED * signature / 1e6
    print("A replay of 100,000 events\n\n| | CPU s |\n|---|---|")
    print(f"| rules, pages, every state | {rules:.2f} |")
    print(f"| {PUBLISHED} signatures at {signature:.0f} µs | {signatures:.2f} |")
    print("\n| goal | CPU s | |\n|---|---|---|")
    for name, found in [("rules, pages, states", rules), ("and signatures", rules + signatures)]:
        print(f"| 100,000 events below {GOAL:.0f} s: {name} | {found:.2f} | {'met' if found < GOAL else 'missed'} |")
    print()


if __name__ == "__main__":
    main()
