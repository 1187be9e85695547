#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tracing costs the example web service: requests a second and processor time a request, in paired runs.

    bench/overhead.py [--build build/demo] [--seconds 60] [--requests 12000] [--collector other]

Six ways: `out` compiled with -DCTRACE_DISABLE, `off` compiled in while nobody records, `spans` while its spans are
recorded, `all` while every counter, task and flow is too, `samples` and `switch` while the kernel also tells of spans and
samples, and of switches; recorded means streamed over HTTP to a client that throws it
away. Each round runs all in a random order under the same load (ab -k -c 8), the service on one processor and the load
on another; ratios are taken within a round, and the table gives their median with the quartiles, so that what else the
machine does cancels out.
The processor time is that of all of the service's threads, the collector's and the HTTP thread's too. These share the
service's one processor, as on a machine that has nothing to spare; with `--collector other` they run beside the load, as
on one that has.
"""

import argparse
import contextlib
import os
import random
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

WAYS = ("out", "off", "spans", "all", "samples", "switch")
CATEGORIES = {"spans": "-app,-task,-flow", "all": "*", "samples": "-app,-task,-flow", "switch": "-app,-task,-flow"}
SOURCES = {"samples": "spans,perf-samples", "switch": "spans,perf-switch,perf-samples"}
RECORDERS = ("ctrace", "ctrace-http", "ctrace-trace")
ROUNDS_MIN = 5


class Service:
    def __init__(self, program, cpu):
        # One io thread: with two, how connections happen to fall to them decides more than anything measured here.
        self.process = subprocess.Popen([program, "--port", "0", "--debug", "127.0.0.1:0", "--demo", "--io-threads", "1"],
                                        stdout=subprocess.PIPE, text=True,
                                        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        lines = [self.process.stdout.readline() for _ in range(2)]
        self.rest, self.debug = (re.search(r"http://\S+", line) for line in lines)
        if self.rest is None:
            sys.exit(f"overhead: {program} did not start")
        self.token = self.log_in()

    def log_in(self):
        answer = subprocess.run(["curl", "-s", "-d", '{"name":"user42","password":"demo"}',
                                 self.rest.group() + "auth/login"], capture_output=True, text=True, check=True)
        return re.search(r"[0-9a-f]{160}", answer.stdout).group()

    def processor_us(self):
        """Of all its threads; those that a recording starts and ends use next to nothing."""
        total = 0
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
        return total / 1e3

    def record(self, categories, sources, cpu):
        """Stream to nowhere; what the library runs of its own goes to processor `cpu`."""
        question = f"trace?seconds=600&sources={sources}&categories={categories}"
        recorder = subprocess.Popen(["curl", "-sN", "-o", "/dev/null", self.debug.group() + question])
        time.sleep(0.2)
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            if (task / "comm").read_text(encoding="utf-8").strip() in RECORDERS:
                os.sched_setaffinity(int(task.name), {cpu})
        return recorder

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=10)


def load(service, requests, cpu):
    """Requests a second, and microseconds of processor time a request."""
    before = service.processor_us()
    result = subprocess.run(["taskset", "-c", str(cpu), "ab", "-q", "-k", "-c", "8", "-n", str(requests), "-H",
                             f"Authorization: Bearer {service.token}", service.rest.group() + "auth/user/42"],
                            capture_output=True, text=True, timeout=60, check=True)
    if "Non-2xx" in result.stdout or not re.search(r"Failed requests:\s+0\b", result.stdout):
        sys.exit("overhead: requests failed\n" + result.stdout)
    rate = float(re.search(r"Requests per second:\s+([\d.]+)", result.stdout).group(1))
    return rate, (service.processor_us() - before) / requests


def measure(way, services, arguments):
    service = services["out" if way == "out" else "in"]
    cpu = arguments.load_cpu if arguments.collector == "other" else arguments.service_cpu
    recorder = service.record(CATEGORIES[way], SOURCES.get(way, "spans"), cpu) if way in CATEGORIES else None
    try:
        return load(service, arguments.requests, arguments.load_cpu)
    finally:
        if recorder is not None:
            recorder.kill()
            recorder.wait()
            time.sleep(0.2)  # the recording ends


def quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:8.4f}  ({low:.4f} to {high:.4f})"


def print_table(rounds):
    print(f"{len(rounds)} rounds\n")
    print("way      requests/s   processor us/request   (medians)")
    for way in WAYS:
        rate, cost = (statistics.median(one[way][i] for one in rounds) for i in range(2))
        print(f"{way:7} {rate:10.0f}   {cost:20.2f}")
    print("\nratio          requests/s: median (quartiles)      processor time: median (quartiles)")
    for a, b in (("off", "out"), ("spans", "off"), ("spans", "out"), ("all", "out"), ("samples", "spans"), ("switch", "spans")):
        rates = [one[a][0] / one[b][0] for one in rounds]
        costs = [one[a][1] / one[b][1] for one in rounds]
        print(f"{a + '/' + b:13}  {quartiles(rates)}     {quartiles(costs)}")
    print("\naim: requests/s spans/out >= 0.99")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build/demo", type=Path)
    parser.add_argument("--seconds", default=60, type=float, help="stop after about this long")
    parser.add_argument("--requests", default=12000, type=int, help="in one run")
    cpus = sorted(os.sched_getaffinity(0))
    parser.add_argument("--service-cpu", default=cpus[0], type=int)
    parser.add_argument("--load-cpu", default=cpus[-1], type=int)
    parser.add_argument("--collector", choices=("shared", "other"), default="shared", help="whose processor it runs on")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    folder = arguments.build / "examples/webservice"
    end = time.monotonic() + arguments.seconds
    rounds = []
    services = {}
    try:
        for name, program in (("in", "webservice"), ("out", "webservice-untraced")):
            services[name] = Service(folder / program, arguments.service_cpu)
        for way in WAYS:
            measure(way, services, arguments)  # caches, pages, first rings
        while len(rounds) < ROUNDS_MIN or time.monotonic() < end:
            rounds.append({way: measure(way, services, arguments) for way in random.sample(WAYS, len(WAYS))})
    finally:
        for service in services.values():
            service.end()
    print_table(rounds)


if __name__ == "__main__":
    main()
