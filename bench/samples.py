#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a sample costs the program that is sampled: how long it is away for it.

    bench/samples.py [--build build/bench] [--rounds 5]

A program looks at the clock all the time, untraced and under `ctrace record --sources perf-samples` (and `sigprof`) in turn, and tells the median of
the times that it was away for 4 to 400 us: ticks of the kernel, and samples, of which there are many more. So a machine that
does other work too, which takes the processor for longer, changes little. Any user may run it.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

# Samples a second: with a copy of the stack, as at 99; and without.
COPIED, FOLLOWED = 997, 4999


def gaps_of(words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    found = re.search(r"^gaps (\d+) (\d+)$", done.stdout, re.MULTILINE)
    if not found:
        sys.exit(f"samples: {' '.join(map(str, words))}: {done.stderr.strip()}")
    return int(found.group(1)), int(found.group(2))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", type=Path, default=Path("build/bench"))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    loop = [options.build / "bench" / "sample-spin", "30000000"]
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        quiet = [options.build / "cli" / "ctrace", "record", "-q", "-o", Path(folder) / "trace.out", "--sources"]
        record = [*quiet, "perf-samples"]
        ways = {"untraced": loop, "stack copied": [*record, "--sample-hz", COPIED, "--", *loop],
                "frame pointers": [*record, "--sample-hz", FOLLOWED, "--", *loop],
                "SIGPROF": [*quiet, "sigprof", "--sample-hz", COPIED, "--", *loop]}
        for _ in range(options.rounds):
            for way, words in ways.items():
                measured.setdefault(way, []).append(gaps_of(words))
    for way, found in measured.items():
        count, median = (statistics.median(values) for values in zip(*found))
        at_99 = "" if way == "untraced" else f", {median * 99 / 1e7:.2f} % of the time at 99 a second"
        print(f"{way:15} away {count:6.0f} times, the median {median / 1000:6.1f} us{at_99}")


if __name__ == "__main__":
    main()
