#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What recording system calls costs the program: nanoseconds a call, with and without somebody who looks.

    bench/kernel.py [--build build/bench] [--rounds 5] [--sources tracefs,bpf]

Each round runs the same loop untraced, under `ctrace record --sources` and under strace, in turn, so that what else the
machine does meets all of them; figures are the median over rounds of a run's tenth percentile. As root.

"kernel alone" is what tracefs cannot be cheaper than: an instance like that of `ctrace record`, whose buffers nobody reads.
"""

import argparse
import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


KERNEL_ALONE = "kernel alone, tracefs"


@contextlib.contextmanager
def instance_nobody_reads():
    """A folder of tracefs, its own mount: the clock, the events and the filter of sources/tracefs. While it is there
    every program's calls are slower."""
    with tempfile.TemporaryDirectory() as root:
        subprocess.run(["mount", "-t", "tracefs", "nodev", root], check=True)
        instance = Path(root) / "instances" / f"bench-{os.getpid()}"
        try:
            instance.mkdir()
            for name, text in (("trace_clock", "x86-tsc"), ("buffer_size_kb", "16384"), ("options/event-fork", "1"),
                               ("events/raw_syscalls/enable", "1"), ("events/sched/sched_switch/enable", "1")):
                (instance / name).write_text(text)
            yield instance
        finally:
            if instance.exists():
                instance.rmdir()
            subprocess.run(["umount", root], check=False)


def run(words, instance=None):
    """In `instance`: the shell asks to be followed, and becomes the program."""
    if instance is not None:
        words = ["sh", "-c", f'echo $$ > {instance}/set_event_pid && exec "$@"', "sh", *words]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    found = {name: float(p10) for name, _, p10 in re.findall(r"^(\w+) ([\d.]+) ([\d.]+)$", done.stdout, re.MULTILINE)}
    if not found:
        sys.exit(f"kernel: {' '.join(map(str, words))}: {done.stderr.strip()}")
    return found, done.stderr


def ways_of(options, trace):
    program = options.build / "bench" / "kernel-calls"
    loop = [program, "400"]
    record = [options.build / "cli" / "ctrace", "record", "-o", trace]
    ways = {"untraced": loop}
    for source in options.sources.split(","):
        ways[f"ctrace record, {source}"] = [*record, "--sources", source, "--", *loop]
    if "tracefs" in options.sources.split(","):
        ways[KERNEL_ALONE] = loop
    if any(os.access(Path(folder) / "strace", os.X_OK) for folder in os.environ["PATH"].split(":")):
        ways["strace -f -c"] = ["strace", "-f", "-c", "-o", "/dev/null", program, "10"]
    return ways


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", type=Path, default=Path("build/bench"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sources", default="tracefs,bpf")
    options = parser.parse_args()
    samples, said = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        ways = ways_of(options, Path(folder) / "trace.out")
        for _ in range(options.rounds):
            for way, words in ways.items():
                with instance_nobody_reads() if way == KERNEL_ALONE else contextlib.nullcontext() as instance:
                    found, said[way] = run(words, instance)
                for name, value in found.items():
                    samples.setdefault((way, name), []).append(value)
    medians = {key: statistics.median(values) for key, values in samples.items()}
    print(f"{'':28} {'getppid':>9} {'x':>6} {'per record':>11} {'read 4K':>9} {'x':>6} {'access':>9} {'more':>9}")
    for way in ways:
        call, base = medians[way, "getppid"], medians["untraced", "getppid"]
        read, read_base = medians[way, "read"], medians["untraced", "read"]
        path, path_base = medians[way, "access"], medians["untraced", "access"]
        per_record = f"{(call - base) / 2:8.0f} ns" if way != "untraced" else ""
        print(f"{way:28} {call:6.0f} ns {call / base:6.1f} {per_record:>11} {read:6.0f} ns {read / read_base:6.1f} "
              f"{path:6.0f} ns {path - path_base:6.0f} ns")
        if way.startswith("ctrace"):
            print(f"  {said[way].strip().splitlines()[-1].split(': ', 2)[-1]}")


if __name__ == "__main__":
    main()
