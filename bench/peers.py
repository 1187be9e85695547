#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ctrace beside what one would use instead, in one run on one core: what an empty span (begin and end) costs.

    bench/peers.py --build build/bench [--json] [--rounds 1000] [--only NAME…]

Each recorder runs the same loop (bench/peers/peer_loop.c; regions.go says it in Go): many short rounds with a pause
between, so that whoever empties the buffers gets its turn on the same core, and the table gives the fastest round and the
tenth percentile. Off: compiled in while nobody records, less the empty loop. Two threads: two cores, the slower thread, p10.
Bytes: what is on disk afterwards, by the spans recorded; one span over and over, which LZ4 makes nearly nothing of
(bench/size has a real program's). The clock floor is two reads of the counter, in the same run.

Peers are built from bench/peers when they are installed (script/setup test bench; Debian 12):
    lttng-tools liblttng-ust-dev    LTTng-UST
    uftrace                         uftrace
    golang-go                       Go's runtime/trace
What is not in Debian is quoted, with where it was measured.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SPANS = 1000  # a round: well inside every recorder's buffer
COUNTED = 10000

# Measured once, side by side, on an AMD Zen 4 (TSC 2.6 GHz, two rdtsc 19.65 ns), Linux 6.18, gcc 12: ns per span, off, bytes.
QUOTED = [
    ("Tracy 0.14, connected", 30.5, 1.8, 64),
    ("spall.h, to a file", 33.0, None, 24),
    ("microprofile", 61, 3.9, 16),
    ("minitrace, without its flush", 134, 17.7, 180),
    ("Perfetto SDK 14, in-process ring", 384, 0.6, 48),
]
QUOTED_FLOOR_NS = 19.65


class Peer(NamedTuple):
    name: str
    needs: tuple  # commands
    build: callable  # (folder, arguments) -> program
    record: callable  # (out) -> context manager that gives the command's prefix
    how: str
    lead: int = 2  # rounds that are run but not measured
    can_count: bool = True  # runs under callgrind
    has_off: bool = True


def run(command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    warn_of_losses(done.stdout + done.stderr)
    return done.stdout


def warn_of_losses(text):
    """A recorder that loses events has less to do and less to store: say so beside the table."""
    for line in text.splitlines():
        if re.search(r"\b(lost|discarded)\b", line) and not re.search(r"\b0 (events? )?(lost|discarded)", line):
            print(f"peers: {line.strip()}", file=sys.stderr)


# ---- building ----

def compile_peer(folder, name, source, flags=(), libraries=()):
    """The loop and a peer's file, the latter with flags of its own."""
    include = ["-I", ROOT, "-I", ROOT / "tracer/include"]
    objects = []
    for path, own in ((ROOT / "bench/rounds.c", ()), (ROOT / "bench/peers/peer_loop.c", ()), (ROOT / source, flags)):
        objects.append(folder / f"{name}-{path.stem}.o")
        run(["gcc", "-std=gnu17", "-O2", "-D_GNU_SOURCE", *include, *own, "-c", path, "-o", objects[-1]])
    run(["gcc", *objects, "-o", folder / name, *libraries, "-lpthread"])
    return folder / name


def build_floor(folder, _):
    return compile_peer(folder, "peer-floor", "bench/peers/floor.c")


def build_ctrace(folder, arguments):
    place = (arguments.build / "tracer").resolve()
    return compile_peer(folder, "peer-ctrace", "bench/peers/ctrace_spans.c",
                        libraries=[f"-L{place}", "-lctrace", f"-Wl,-rpath,{place}"])


def build_lttng(folder, _):
    return compile_peer(folder, "peer-lttng", "bench/peers/lttng_spans.c", libraries=["-llttng-ust", "-ldl"])


def build_uftrace_pg(folder, _):
    return compile_peer(folder, "peer-uftrace-pg", "bench/peers/function_spans.c", ["-pg"], ["-pg"])


def build_uftrace_patch(folder, _):
    return compile_peer(folder, "peer-uftrace-patch", "bench/peers/function_spans.c", ["-fpatchable-function-entry=5"])


def build_go(folder, _):
    program = folder / "peer-go"
    run(["go", "build", "-o", program, ROOT / "bench/peers/regions.go"],
        env={**os.environ, "GOCACHE": str(folder / "go-cache"), "GO111MODULE": "off", "GOTOOLCHAIN": "local"})
    return program


# ---- recording ----

@contextlib.contextmanager
def by_itself(_out):
    """The program is told by PEER_OUT where to."""
    yield []


@contextlib.contextmanager
def under_uftrace(out):
    yield ["uftrace", "record", "--no-libcall", "-d", out / "uftrace"]


@contextlib.contextmanager
def under_uftrace_patched(out):
    yield ["uftrace", "record", "--no-libcall", "-P", "peer_span", "-d", out / "uftrace"]


@contextlib.contextmanager
def session_daemon():
    """Ours, unless one runs already. It is ended with the signal it knows, and takes its children along."""
    if subprocess.run(["lttng", "list"], capture_output=True, check=False).returncode == 0:
        yield
        return
    daemon = subprocess.Popen(["lttng-sessiond", "--no-kernel"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            if subprocess.run(["lttng", "list"], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.1)
        yield
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(timeout=30)


@contextlib.contextmanager
def under_lttng(out):
    name = f"peers-{os.getpid()}"
    with session_daemon():
        run(["lttng", "create", name, f"--output={out / 'lttng'}"])
        try:
            run(["lttng", "enable-channel", "-s", name, "-u", "--num-subbuf=8", "--subbuf-size=1M", "spans"])
            run(["lttng", "enable-event", "-s", name, "-u", "-c", "spans", "peer:*"])
            run(["lttng", "start", name])
            yield []
            run(["lttng", "stop", name])
        finally:
            run(["lttng", "destroy", name])


PEERS = [
    Peer("clock floor: two reads", (), build_floor, by_itself, "two rdtsc; off: the empty loop"),
    Peer("ctrace", (), build_ctrace, by_itself, "shared library, recording to a file, collector on the same core"),
    Peer("LTTng-UST", ("lttng", "lttng-sessiond"), build_lttng, under_lttng,
         "two tracepoints without fields, session daemon streaming to disk, 8 x 1 MiB a CPU"),
    Peer("uftrace, -pg", ("uftrace",), build_uftrace_pg, under_uftrace, "one instrumented function, uftrace record",
         can_count=False, has_off=False),
    Peer("uftrace, patchable entry", ("uftrace",), build_uftrace_patch, under_uftrace_patched,
         "one patched function, uftrace record -P; off: five nops", can_count=False),
    Peer("Go runtime/trace", ("go",), build_go, by_itself, "trace.StartRegion(…).End(), trace.Start to a file", lead=1,
         can_count=False),
]


# ---- measuring ----

def cores(count):
    return ",".join(map(str, sorted(os.sched_getaffinity(0))[:count]))


def measure(peer, program, is_on, threads, rounds):
    """(fastest ns, p10 ns, bytes a span)."""
    with tempfile.TemporaryDirectory(prefix="ctrace-peers-") as folder:
        out = Path(folder)
        environment = {**os.environ, "PEER_OUT": str(out / "trace"), "LTTNG_UST_REGISTER_TIMEOUT": "3000"}
        place = peer.record(out) if is_on else by_itself(out)
        with place as prefix:
            text = run(["taskset", "-c", cores(threads), *prefix, program, "on" if is_on else "off", rounds, SPANS, threads],
                       env=environment)
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
        fastest, p10 = re.findall(r"^([\d.]+) ([\d.]+)$", text, re.MULTILINE)[-1]
        return float(fastest), float(p10), size / (SPANS * (rounds + peer.lead) * threads)


def count_instructions(peer, program):
    """Per event, by callgrind; the recorder is at work, its buffers are not full."""
    with tempfile.TemporaryDirectory(prefix="ctrace-peers-") as folder:
        out = Path(folder)
        environment = {**os.environ, "PEER_OUT": str(out / "trace"), "CTRACE_CLOCK": "tsc", "LTTNG_UST_REGISTER_TIMEOUT": "3000"}
        with peer.record(out) as prefix:
            run([*prefix, "valgrind", "--tool=callgrind", f"--callgrind-out-file={out / 'calls'}",
                 "--toggle-collect=peer_spans", program, "count", COUNTED], env=environment)
        total = re.search(r"^(?:summary|totals): (\d+)", (out / "calls").read_text(encoding="utf-8"), re.MULTILINE)
        return int(total.group(1)) / (2 * (COUNTED + 10))


def row_of(peer, program, arguments):
    fastest, p10, size = measure(peer, program, True, 1, arguments.rounds)
    row = {"name": peer.name, "how": peer.how, "ns": fastest, "ns_p10": p10, "bytes": size}
    if peer.has_off:
        row["off_ns"] = measure(peer, program, False, 1, arguments.rounds)[0]
    if len(os.sched_getaffinity(0)) > 1:
        row["two_threads_ns"], row["two_threads_p10"], _ = measure(peer, program, True, 2, arguments.rounds)
    if peer.can_count and shutil.which("valgrind"):
        with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired, AttributeError):
            row["instructions"] = count_instructions(peer, program)
    return row


def measured_rows(arguments):
    with tempfile.TemporaryDirectory(prefix="ctrace-peers-build-") as folder:
        for peer in PEERS:
            if arguments.only and not any(word in peer.name for word in arguments.only):
                continue
            absent = [command for command in peer.needs if not shutil.which(command)]
            if absent:
                yield {"name": peer.name, "how": f"not measured: {', '.join(absent)} is not installed"}
                continue
            try:
                yield row_of(peer, peer.build(Path(folder), arguments), arguments)
            except RuntimeError as error:
                yield {"name": peer.name, "how": "not measured: " + str(error).splitlines()[0]}
                print(error, file=sys.stderr)


def finished(rows):
    """Off less the empty loop, and the distance to the floor."""
    floor = rows[0] if rows and "floor" in rows[0]["name"] else None
    for row in rows:
        if floor is not None and "ns" in row and row is not floor:
            row["times_floor"] = row["ns"] / floor["ns"]
            if "off_ns" in row:
                row["off_ns"] = max(0.0, row["off_ns"] - floor["off_ns"])
    if floor is not None and "bytes" in floor:
        del floor["bytes"]
    for name, ns, off, size in QUOTED:
        rows.append({"name": name, "how": "quoted, not measured here: another machine, where two reads took "
                     f"{QUOTED_FLOOR_NS} ns", "ns": ns, "off_ns": off, "bytes": size, "times_floor": ns / QUOTED_FLOOR_NS})
    return rows


def cell(row, key, digits):
    return f"{row[key]:.{digits}f}" if row.get(key) is not None else "-"


def print_table(rows):
    columns = [("ns", 1, "ns/span"), ("ns_p10", 1, "p10"), ("times_floor", 2, "x floor"), ("off_ns", 2, "off, ns"),
               ("two_threads_p10", 1, "2 threads"), ("instructions", 0, "instr/event"), ("bytes", 2, "B/span")]
    print(f"{'':34}" + "".join(f"{title:>12}" for _, _, title in columns))
    for row in rows:
        print(f"{row['name']:34}" + "".join(f"{cell(row, key, digits):>12}" for key, digits, _ in columns))
    print()
    for row in rows:
        print(f"{row['name']}: {row['how']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/bench", type=Path, help="a release build of this tree")
    parser.add_argument("--rounds", default=1000, type=int, help=f"of {SPANS} spans each")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="peers whose name holds this")
    parser.add_argument("--json", action="store_true", help="the rows as JSON")
    arguments = parser.parse_args()
    rows = finished(list(measured_rows(arguments)))
    if arguments.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        print_table(rows)


if __name__ == "__main__":
    main()
