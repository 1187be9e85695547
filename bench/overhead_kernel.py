#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What it costs the example web service to be recorded from outside, kernel and all: requests a second, in paired runs.

    bench/overhead_kernel.py [--build build/demo] [--seconds 120] [--requests 8000] [--recorder shared] [--ways "out bpf"]

Ways: `out` compiled with -DCTRACE_DISABLE and nobody looks; `bpf` and `tracefs` under `ctrace record` with its spans, scheduling
and system calls by that source; `spans` the same with spans alone; and what one would use else, `strace -f -c` and
`perf trace -s`. Each round starts the service anew for each way, in a random order, under the same load (ab -k -c 8); the service
is on one processor and the load on another, ratios are taken within a round, and the table gives their median with the
quartiles. The recorder runs beside the load, or, with `--recorder shared`, on the service's processor. A way that does not work
here is left out, and said. The slow ones get a tenth of the requests. The processor's time for a request is that of the
service's threads, and that of `ctrace record`.
"""

import argparse
import contextlib
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from overhead import quartiles

SLOW = ("strace", "perf")
ROUNDS_MIN = 5


def ways_of(arguments, folder):
    """What stands in front of the service's command line, and which service."""
    record = [arguments.build / "cli/ctrace", "record", "-q", "-o", folder / "trace.out", "--sources"]
    return {
        "out": ([], "webservice-untraced"),
        "spans": ([*record, "spans", "--"], "webservice"),
        "bpf": ([*record, "spans,bpf", "--"], "webservice"),
        "tracefs": ([*record, "spans,tracefs", "--"], "webservice"),
        "bpf,alloc": ([*record, "spans,bpf,alloc", "--"], "webservice"),
        "unasked": ([*record[:-1], "--"], "webservice"),
        "strace": (["strace", "-f", "-c", "-o", folder / "strace.out"], "webservice-untraced"),
        "perf": (["perf", "trace", "-s", "-o", folder / "perf.out"], "webservice-untraced"),
    }


def children_of(pid):
    with contextlib.suppress(FileNotFoundError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    return []


def processor_us(pid):
    """Of all its threads that live."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return total / 1e3


class Run:
    """The service under a tool, until `end`."""

    def __init__(self, front, program, arguments):
        self.front = front
        self.process = subprocess.Popen([*front, program, "--port", "0", "--debug", "127.0.0.1:0", "--demo", "--io-threads", "1"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        preexec_fn=lambda: os.sched_setaffinity(0, {arguments.service_cpu}))
        found = re.search(r"http://\S+", self.process.stdout.readline())
        self.rest = found.group() if found else None
        if self.rest is not None and front and arguments.recorder == "other":
            os.sched_setaffinity(self.process.pid, {arguments.load_cpu})

    def processor_us(self):
        """Of the service, and of who records it."""
        service = children_of(self.process.pid)[:1] if self.front else [self.process.pid]
        return [processor_us(pid) for pid in [*service, self.process.pid]]

    def end(self):
        """The service is told, and the tool ends with it."""
        for pid in children_of(self.process.pid) if self.front else [self.process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def load(run, requests, cpu):
    """Requests a second, and microseconds a request of the service and of who records; None if it did not answer."""
    if run.rest is None:
        return None
    answer = subprocess.run(["curl", "-s", "-d", '{"name":"user42","password":"demo"}', run.rest + "auth/login"],
                            capture_output=True, text=True, check=True)
    token = re.search(r"[0-9a-f]{160}", answer.stdout).group()
    before = run.processor_us()
    result = subprocess.run(["taskset", "-c", str(cpu), "ab", "-q", "-k", "-c", "8", "-n", str(requests), "-H",
                             f"Authorization: Bearer {token}", run.rest + "auth/user/42"],
                            capture_output=True, text=True, timeout=300, check=True)
    if "Non-2xx" in result.stdout or not re.search(r"Failed requests:\s+0\b", result.stdout):
        sys.exit("overhead_kernel: requests failed\n" + result.stdout)
    costs = [(now - then) / requests for then, now in zip(before, run.processor_us(), strict=True)]
    return float(re.search(r"Requests per second:\s+([\d.]+)", result.stdout).group(1)), *costs


def measure(name, way, arguments):
    front, program = way
    run = Run(front, arguments.build / "examples/webservice" / program, arguments)
    try:
        load(run, arguments.requests // 10, arguments.load_cpu)  # caches, pages, first rings
        return load(run, arguments.requests // (10 if name in SLOW else 1), arguments.load_cpu)
    finally:
        run.end()


def those_that_work(ways, arguments):
    working = {}
    for name, way in ways.items():
        try:
            rate = measure(name, way, arguments)
        except FileNotFoundError:
            rate = None
        if rate is None:
            print(f"{name}: does not work here, left out")
        else:
            working[name] = way
    return working


def print_table(rounds, names):
    print(f"\n{len(rounds)} rounds\n\nway      requests/s    ratio to out: median (quartiles)    us/request: service, ratio to out   recorder")
    for name in names:
        rate, service, recorder = (statistics.median(one[name][i] for one in rounds) for i in range(3))
        ratios, costs = ([one[name][i] / one["out"][i] for one in rounds] for i in range(2))
        others = f"{recorder:8.2f}" if name not in ("out", *SLOW) else ""
        print(f"{name:7} {rate:11.0f}    {quartiles(ratios)}    {service:8.2f}  {quartiles(costs)} {others}")
    print("\naim: requests/s of the first source that is there / out >= 0.90")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build/demo", type=Path)
    parser.add_argument("--seconds", default=120, type=float, help="stop after about this long")
    parser.add_argument("--requests", default=8000, type=int, help="in one run")
    parser.add_argument("--ways", help="only these, out among them, as one word with spaces")
    cpus = sorted(os.sched_getaffinity(0))
    parser.add_argument("--service-cpu", default=cpus[0], type=int)
    parser.add_argument("--load-cpu", default=cpus[-1], type=int)
    parser.add_argument("--recorder", choices=("other", "shared"), default="other", help="whose processor it runs on")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    arguments.build = arguments.build.absolute()
    end = time.monotonic() + arguments.seconds
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        ways = ways_of(arguments, Path(folder))
        if arguments.ways is not None:
            chosen = arguments.ways.split()
            if "out" not in chosen or not set(chosen) <= set(ways):
                print(f"overhead_kernel.py: --ways {arguments.ways}: must be out and others of {', '.join(ways)}", file=sys.stderr)
                sys.exit(2)
            ways = {name: ways[name] for name in chosen}
        ways = those_that_work(ways, arguments)
        while len(rounds) < ROUNDS_MIN or time.monotonic() < end:
            rounds.append({name: measure(name, ways[name], arguments) for name in random.sample(list(ways), len(ways))})
    print_table(rounds, ways)


if __name__ == "__main__":
    main()
