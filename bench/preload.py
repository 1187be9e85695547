# SPDX-License-Identifier: MIT
"""What the preload library costs: nanoseconds a call without it, with it while nobody records, and recorded.

    bench/preload.py BUILD-FOLDER [ROUNDS]
    bench/preload.py BUILD-FOLDER --instructions

The three take turns, so that what else the machine does strikes them alike; the table has the median of the rounds.
"""

import argparse
import os
import re
import statistics
import subprocess
import tempfile
from pathlib import Path


def measure(words, environment=None):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True,
                          env={**os.environ, **(environment or {})})
    return {name: float(ns) for name, ns in (line.split() for line in done.stdout.splitlines())}


def table(build, rounds):
    calls, library = build / "bench/calls", build / "tracer/preload/libctrace-preload.so"
    preloaded = {"LD_PRELOAD": str(library)}
    found = {"without": [], "off": [], "recorded": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            found["without"].append(measure([calls]))
            found["off"].append(measure([calls], preloaded))
            found["recorded"].append(measure([build / "cli/ctrace", "record", "-q", "--sources", "preload", "-o",
                                              f"{folder}/trace", "--", calls]))
    print(f"{'ns a call':10} {'without':>9} {'off':>9} {'recorded':>9} {'added':>7} {'ratio':>6}")
    for name in found["without"][0]:
        without, off, recorded = (statistics.median(one[name] for one in found[way]) for way in found)
        print(f"{name:10} {without:9.2f} {off:9.2f} {recorded:9.2f} {recorded - without:7.2f} {recorded / without:6.2f}")


def instructions(build):
    """Of a recorded read, beside those of libc's: the program's loop is the same in both."""
    counts = []
    with tempfile.TemporaryDirectory() as folder:
        for environment in ({}, {"LD_PRELOAD": str((build / "tracer/preload/libctrace-preload.so").resolve()), "CTRACE_CLOCK": "tsc",
                                 "CTRACE_RING_DIR": f"/dev/shm/ctrace-bench-{os.getpid()}", "CTRACE_RING_KB": "4096"}):
            out = Path(folder) / "counts"
            subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--toggle-collect=read_pages",
                            str(build / "bench/calls"), "--instructions"], check=True, capture_output=True,
                           env={**os.environ, **environment})
            counts.append(int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE)[1]))
            subprocess.run(["rm", "-rf", f"/dev/shm/ctrace-bench-{os.getpid()}"], check=True)
    print(f"{(counts[1] - counts[0]) / 10000:.1f} instructions more for a recorded read")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", type=Path, help="a folder of meson's, such as build/bench")
    parser.add_argument("runs", type=int, nargs="?", default=5, help="of each way; 5 without it")
    parser.add_argument("--instructions", action="store_true", help="count those of a recorded read, in place of times")
    arguments = parser.parse_args()
    if arguments.instructions:
        instructions(arguments.build)
    else:
        table(arguments.build, arguments.runs)


if __name__ == "__main__":
    main()
