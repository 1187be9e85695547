# SPDX-License-Identifier: MIT
"""What recording memory costs: nanoseconds of a malloc and its free, without, with the library while nobody records, sampled,
all of them; and under heaptrack, if that is installed.

    bench/alloc.py BUILD-FOLDER [ROUNDS]

They take turns, so that what else the machine does strikes them alike; the table has the median of the rounds.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def measure(words, environment=None):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True,
                          env={**os.environ, **(environment or {})})
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith(("64-bytes ", "mixed "))]
    return {name: float(ns) for name, ns in lines}


def ways(build, folder):
    program, library = build / "bench/allocs", build / "tracer/preload/libctrace-preload.so"
    record = [build / "cli/ctrace", "record", "-q", "-o", f"{folder}/trace", "--sources"]
    yield "without", [program], None
    yield "off", [program], {"LD_PRELOAD": str(library)}
    yield "sampled", [*record, "alloc", "--", program], None
    yield "full", [*record, "alloc-full", "--", program], None
    if shutil.which("heaptrack"):
        yield "heaptrack", ["heaptrack", "--raw", "-o", f"{folder}/heaptrack", program], None


def main():
    build, rounds = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for name, words, environment in ways(build, folder):
                found.setdefault(name, []).append(measure(words, environment))
    print(f"{'ns a malloc and free':22}" + "".join(f"{name:>20}" for name in found))
    for what in found["without"][0]:
        base = statistics.median(one[what] for one in found["without"])
        row = f"{what:22}"
        for name, runs in found.items():
            ns = statistics.median(one[what] for one in runs)
            row += f"{ns:9.2f} ({ns - base:+6.2f})  "
        print(row)


if __name__ == "__main__":
    main()
