# SPDX-License-Identifier: MIT
"""What recording memory costs: nanoseconds of a malloc and its free, without, with the library while nobody records, sampled,
all of them, all with their whole stacks; under heaptrack, and with LTTng's wrapper of libc, if those are installed. And how large what they write is.

    bench/alloc.py BUILD-FOLDER [ROUNDS]

They take turns, so that what else the machine does strikes them alike; the table has the median of the rounds. The program pauses
2 ms after 1000 pairs, so that none of them has to leave anything out; what LTTng leaves out all the same is told.
"""

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from peers import run, session_daemon

NAMES = {"64-bytes": "64 bytes", "mixed": "16 bytes to 4 KiB", "20-deep": "below 20 functions", "in-turn": "from 4 stacks in turn"}
WRAPPER = "liblttng-ust-libc-wrapper.so"


class Way:
    """A way of running the program: words before it, what is added to its environment, where its trace comes to lie."""

    def __init__(self, name, words=(), trace=None, around=contextlib.nullcontext, **environment):
        self.name, self.words, self.trace, self.around, self.environment = name, words, trace, around, environment


@contextlib.contextmanager
def lttng_session(output):
    name = f"alloc-{os.getpid()}"
    run(["lttng", "create", name, f"--output={output}"])
    try:
        run(["lttng", "enable-channel", "-s", name, "-u", "--num-subbuf=8", "--subbuf-size=1M", "memory"])
        run(["lttng", "enable-event", "-s", name, "-u", "-c", "memory", "lttng_ust_libc:*"])
        run(["lttng", "start", name])
        yield
    finally:
        run(["lttng", "stop", name])
        run(["lttng", "destroy", name])


def ways(build, folder):
    library = build / "tracer/preload/libctrace-preload.so"
    record = [build / "cli/ctrace", "record", "-q", "-o", folder / "trace", "--sources"]
    yield Way("without")
    yield Way("off", LD_PRELOAD=str(library))
    yield Way("sampled", [*record, "alloc", "--"], folder / "trace")
    yield Way("full", [*record, "alloc-full", "--"], folder / "trace")
    yield Way("stacks", [*record, "alloc-stacks", "--"], folder / "trace")
    if shutil.which("heaptrack"):
        yield Way("heaptrack", ["heaptrack", "--raw", "-o", folder / "heaptrack"], folder / "heaptrack.raw.zst")
    if shutil.which("lttng") and any(Path("/usr/lib").glob(f"*/{WRAPPER}")):
        yield Way("LTTng libc", trace=folder / "lttng", around=lambda: lttng_session(folder / "lttng"), LD_PRELOAD=WRAPPER)


def size_of(path):
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file() and "index" not in file.parts]
    return sum(file.stat().st_size for file in files)


def measure(way, program):
    with way.around():
        done = subprocess.run([str(word) for word in [*way.words, program]], capture_output=True, text=True, check=True,
                              env={**os.environ, **way.environment})
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith((*NAMES, "pairs "))]
    found = {name: float(number) for name, number in lines}
    found["bytes"] = size_of(way.trace) if way.trace is not None else 0
    return found


def print_table(found):
    print(f"{'ns a malloc and free':22}" + "".join(f"{name:>20}" for name in found))
    for what, title in NAMES.items():
        base = statistics.median(one[what] for one in found["without"])
        row = f"{title:22}"
        for runs in found.values():
            ns = statistics.median(one[what] for one in runs)
            row += f"{ns:9.2f} ({ns - base:+7.2f}) "
        print(row)
    row = f"{'bytes of trace a pair':22}"
    for runs in found.values():
        row += f"{statistics.median(one['bytes'] / one['pairs'] for one in runs):9.2f}" + 11 * " "
    print(row)


def main():
    build, rounds = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 5
    found = {}
    daemon = session_daemon if shutil.which("lttng-sessiond") else contextlib.nullcontext
    with daemon():
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                for way in ways(build, Path(folder)):
                    found.setdefault(way.name, []).append(measure(way, build / "bench/allocs"))
    print_table(found)


if __name__ == "__main__":
    main()
