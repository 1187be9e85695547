# SPDX-License-Identifier: MIT
"""What the preload library records of memory: exactly what the program did, or an unbiased sample of it; and programs
that nobody here wrote go on as without it, whatever allocator they have.

    test_memory.py --ctrace PROGRAM --preload LIBRARY --host PROGRAM --bump LIBRARY
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from calls_trace import Programs, Trace, result_of, run
from test_foreign import PYTHON, PYTHON_TEXT, SOURCE, needs

ROUNDS = int(os.environ.get("CTRACE_MEMORY_ROUNDS", "500"))
# Small enough that the rare path is gone through all the time.
OFTEN = {"CTRACE_ALLOC_BYTES": "2000"}
WAYS = (("alloc", OFTEN), ("alloc-full", {}))
# Of functions that get blocks of these sizes and no others; see memory_host.c.
SIZES = {10007: 100, 13 * 773: 50, 20011: 1, **{20021 + 20000 * i: 1 for i in range(7)}, 21003: 1, 30011: 1, 30208: 1, 30029: 1,
         30047: 1}


def record(trace, source, *words, options=(), **env):
    return run(Programs.ctrace, "record", "-q", "--sources", f"spans,{source}", *options, "-o", trace, "--", *words, env=env)


class Recorded(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)
        self.trace = self.path / "trace.out"

    def host(self, source, *words, **more):
        done = record(self.trace, source, Programs.host, *words, **more)
        self.assertEqual((0, b"", b""), result_of(done))
        return Trace(self.trace)

    def unharmed(self, source, *words, **env):
        """It goes on as without us, and its trace, which may be long, keeps every rule."""
        done = record(self.trace, source, *words, **env)
        self.assertEqual((0, b"", b""), result_of(done))
        checked = run(Programs.ctrace, "check", "-q", self.trace)
        self.assertEqual(0, checked.returncode, checked.stdout + checked.stderr)


class Memory(Recorded):
    # ---- the truth

    def blocks(self, trace):
        """(size, stack, weight) of every alloc and realloc of the host's own sizes; checks that frees match."""
        found, alive = [], {}
        for events in trace.streams.values():
            for kind, rest in events:
                fields = [int(f) for f in rest.split(" ")] if kind in ("alloc", "free", "realloc") else []
                if kind == "alloc":
                    self.assertNotIn(fields[0], alive)
                    alive[fields[0]] = fields[1]
                    found.append((fields[1], fields[2], fields[3]))
                elif kind == "free":
                    alive.pop(fields[0], None)
                elif kind == "realloc" and fields[2] != 0:
                    self.assertNotIn(fields[1], alive)
                    alive[fields[1]] = fields[2]
                    found.append((fields[2], fields[3], 0))
                elif kind == "realloc":
                    alive[fields[0]] = None
        return [block for block in found if block[0] in SIZES], alive

    def test_every_block_is_recorded(self):
        trace = self.host("alloc-full", "truth", 3, CTRACE_RING_POLICY="block")
        self.assertEqual(0, trace.lost)
        found, alive = self.blocks(trace)
        self.assertEqual({size: 3 * count for size, count in SIZES.items()}, Counter(size for size, _, _ in found))
        self.assertEqual(30, list(alive.values()).count(10007))
        self.assertEqual({0}, {weight for _, _, weight in found})

    def test_pvalloc_is_recorded(self):
        self.assertIn("30059", [fields[1] for fields in self.host("alloc-full", "pages", 1).events("alloc")])

    def test_a_failed_realloc_leaves_the_block(self):
        trace = self.host("alloc-full", "truth", 1, CTRACE_RING_POLICY="block")
        kept = [fields for fields in trace.events("realloc") if fields[2] == "0"]
        self.assertEqual(1, len(kept))
        self.assertEqual(kept[0][0], kept[0][1])

    def test_each_block_says_who_got_it(self):
        self.check_who_got(self.host("alloc-full", "truth", 1, CTRACE_RING_POLICY="block"))

    def test_a_flight_has_the_blocks_and_who_got_them(self):
        trace = self.host("alloc-full", "truth", 1, options=["--flight", "1000s,64MiB"], CTRACE_RING_POLICY="block")
        self.check_who_got(trace)
        self.assertEqual(SIZES, dict(Counter(size for size, _, _ in self.blocks(trace)[0])))

    def check_who_got(self, trace):
        names = Frames(trace.text)
        found, _ = self.blocks(trace)
        callers = {size: names.stack(stack)[0] for size, stack, _ in found}
        self.assertEqual("get_small", callers[10007])
        self.assertEqual("get_zeroed", callers[13 * 773])
        self.assertEqual("get_growing", callers[20011])
        self.assertEqual("get_growing", callers[21003])
        self.assertEqual("get_aligned", callers[30011])

    def test_of_a_program_that_ends_at_once_all_places_are_known(self):
        """Its mappings are read while it ends, and then from what it left."""
        for _ in range(20):
            frames = re.findall(r"^  frame \d+ module=(\d+) ", self.host("alloc-full", "truth", 1).text, re.MULTILINE)
            self.assertNotIn("0", frames)
            self.assertNotEqual([], frames)

    def test_heap_says_what_the_program_did(self):
        for options in ([], ["--flight", "1000s,64MiB"]):
            with self.subTest(options):
                self.check_heap(options)

    def check_heap(self, options):
        done = record(self.trace, "alloc-full", Programs.host, "truth", 3, options=options, CTRACE_RING_POLICY="block")
        self.assertEqual((0, b"", b""), result_of(done))
        answer = json.loads(run(Programs.ctrace, "heap", "--json", self.trace).stdout)
        self.assertEqual(0, answer["lost"])
        sums = Counter()
        for place in answer["places"]:
            for what in ("live", "got", "freed"):
                sums[place["stack"][0]["function"], what, "bytes"] += place[what]["bytes"]
                sums[place["stack"][0]["function"], what, "blocks"] += place[what]["blocks"]
        self.assertEqual((30 * 10007, 30), (sums["get_small", "live", "bytes"], sums["get_small", "live", "blocks"]))
        self.assertEqual((300 * 10007, 300), (sums["get_small", "got", "bytes"], sums["get_small", "got", "blocks"]))
        self.assertEqual((270 * 10007, 270), (sums["get_small", "freed", "bytes"], sums["get_small", "freed", "blocks"]))
        self.assertEqual((150 * 13 * 773, 0), (sums["get_zeroed", "got", "bytes"], sums["get_zeroed", "live", "blocks"]))

    def test_a_sample_has_whole_stacks(self):
        trace = self.host("alloc", "truth", 3, **OFTEN)
        names = Frames(trace.text)
        found, _ = self.blocks(trace)
        stacks = {tuple(names.stack(stack)[:3]) for size, stack, _ in found if size == 10007}
        self.assertEqual({("get_small", "truth", "main")}, stacks)

    def test_samples_are_unbiased(self):
        seed = int(os.environ.get("CTRACE_TEST_SEED", random.randrange(1 << 30)))
        print(f"seed: {seed}", flush=True)
        rounds, mean = 4, 50000
        truth = rounds * sum(size * count for size, count in SIZES.items())
        inside, total, runs = 0, 0, 50
        for i in range(runs):
            trace = self.host("alloc", "truth", rounds, CTRACE_ALLOC_BYTES=str(mean), CTRACE_ALLOC_SEED=str(1 + seed + i),
                              CTRACE_RING_POLICY="block", CTRACE_BLOCK_MS="10000")
            self.assertEqual(0, trace.lost)
            found, _ = self.blocks(trace)
            estimate = sum(weight for _, _, weight in found)
            spread = sum(weight * (weight - size) for size, _, weight in found) ** 0.5
            inside += abs(estimate - truth) <= 1.96 * spread
            total += estimate
        # Of 50 intervals of 95 %, 47.5 hold the truth; fewer than 37 do once in ten million times, and once in a million if
        # they are of 94 %, as small sums have them.
        self.assertGreaterEqual(inside, 37)
        # The mean of 50 runs: its spread is that of one by the square root of 50; five of them.
        self.assertLess(abs(total / runs - truth), 5 * (mean * truth / runs) ** 0.5)

    def test_off_records_nothing(self):
        trace = self.host("preload", "truth", 1)
        self.assertEqual([], trace.events("alloc"))

    # ---- other people's programs

    def same(self, *words, **more):
        for source, env in WAYS:
            plain = run(*words, **more)
            done = record(self.trace, source, *words, **env)
            self.assertEqual(result_of(plain), result_of(done), source)
            Trace(self.trace)

    @needs(PYTHON)
    def test_python(self):
        self.same(PYTHON, "-c", PYTHON_TEXT)

    @needs("gcc")
    def test_gcc(self):
        source, program = self.path / "a.c", self.path / "a"
        source.write_text(SOURCE)
        self.same("gcc", "-O2", "-Wall", "-o", program, source)
        self.assertEqual((5, b"0\n1\n4\n"), (run(program).returncode, run(program).stdout))

    @needs("g++")
    def test_operators_come_through_malloc(self):
        source, program = self.path / "a.cpp", self.path / "a"
        source.write_text("#include <new>\n#include <vector>\nint main() { for (int i = 0; i < 20; i++) { delete[] new char[40009]; }\n"
                          "try { (void)!new char[1UL << 62]; } catch (const std::bad_alloc &) { return 7; } return 1; }\n")
        self.assertEqual(0, run("g++", "-O0", "-w", "-o", program, source).returncode)
        self.assertEqual(7, record(self.trace, "alloc-full", program).returncode)
        sizes = Counter(fields[1] for fields in Trace(self.trace).events("alloc"))
        self.assertEqual(20, sizes["40009"])

    @needs("git")
    def test_git(self):
        run("git", "init", "-q", self.path)
        (self.path / "a").write_text("text\n")
        for words in (("add", "a"), ("-c", "user.name=a", "-c", "user.email=a", "commit", "-q", "-m", "one"), ("log", "--format=%s"),
                      ("fsck",), ("show", "nothing")):
            done = record(self.trace, "alloc-full", "git", "-C", self.path, *words)
            self.assertEqual(128 if "nothing" in words else 0, done.returncode, done.stderr)
            Trace(self.trace)

    def test_other_allocators(self):
        libraries = [found for name in ("jemalloc.so.2", "mimalloc.so.2", "mimalloc.so.2.0", "tcmalloc_minimal.so.4")
                     for found in Path("/usr/lib").glob(f"*/lib{name}")]
        if not libraries:
            self.skipTest("neither jemalloc nor mimalloc nor tcmalloc is installed")
        for library in libraries:
            for source, env in WAYS:
                done = record(self.trace, source, "env", f"LD_PRELOAD={Programs.preload}:{library}", Programs.host, "truth", 3,
                              **env, CTRACE_RING_POLICY="block")
                self.assertEqual((0, b"", b""), result_of(done), library)
                trace = Trace(self.trace)
                found, _ = self.blocks(trace)
                if source == "alloc-full" and trace.lost == 0:
                    self.assertEqual(300, [size for size, _, _ in found].count(10007), library)
                self.unharmed(source, "env", f"LD_PRELOAD={Programs.preload}:{library}", Programs.host, "threads", 2, **env)

    @needs("redis-server", "redis-benchmark", "redis-cli")
    def test_redis(self):
        for source, env in WAYS:
            self.redis(source, env)

    def redis(self, source, env):
        where = self.path / "redis.sock"
        words = [Programs.ctrace, "record", "-q", "--sources", f"spans,{source}", "-o", self.trace, "--", "redis-server", "--port", "0",
                 "--unixsocket", where, "--save", "", "--dir", self.path]
        server = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                  env={**os.environ, **env})
        try:
            for _ in range(1000):
                if run("redis-cli", "-s", where, "ping").stdout == b"PONG\n":
                    break
            done = run("redis-benchmark", "-s", where, "-n", "2000", "-c", "10", "-q", "-t", "set,get,lpush")
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertEqual(b"", run("redis-cli", "-s", where, "shutdown", "nosave").stdout)
            self.assertEqual(0, server.wait(60))
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()
        Trace(self.trace)


class Hangs(Recorded):
    """None does, in either way, so many times."""

    def test_forks_while_allocating(self):
        for source, env in WAYS:
            self.unharmed(source, Programs.host, "forks", ROUNDS, **env)

    def test_handlers_may_interrupt_anything(self):
        for source, env in WAYS:
            self.unharmed(source, "env", f"LD_PRELOAD={Programs.preload}:{Programs.bump}", Programs.host, "handlers", ROUNDS, **env)

    def test_threads_come_and_go(self):
        for source, env in WAYS:
            self.unharmed(source, Programs.host, "threads", ROUNDS, **env)

    def test_libraries_come_and_go(self):
        for source, env in WAYS:
            self.unharmed(source, Programs.host, "loads", ROUNDS, **env)


class Frames:
    """Names of stacks, innermost function first."""

    def __init__(self, text):
        self.strings, self.frames, self.stacks = {}, {}, {}
        for line in text.splitlines():
            words = line.split(" # ")[0].split()
            values = dict(word.split("=", 1) for word in words[2:] if "=" in word)
            if words[:1] == ["string"]:
                self.strings[words[1]] = line.split(" ", 4)[4].strip('"')
            elif words[:1] == ["frame"]:
                self.frames[words[1]] = values
            elif words[:1] == ["stack"]:
                self.stacks[words[1]] = values

    def stack(self, number):
        names, number = [], str(number)
        while number != "0":
            frame = self.frames[self.stacks[number]["frame"]]
            while frame is not None:
                names.append(self.strings.get(frame.get("function"), "?"))
                frame = self.frames.get(frame.get("outer"))
            number = self.stacks[number].get("parent", "0")
        return names


def main():
    parser = argparse.ArgumentParser()
    for name in ("ctrace", "preload", "host", "bump"):
        parser.add_argument(f"--{name}", required=True)
    arguments, rest = parser.parse_known_args()
    Programs.ctrace, Programs.preload = Path(arguments.ctrace).resolve(), Path(arguments.preload).resolve()
    Programs.host, Programs.bump = Path(arguments.host).resolve(), Path(arguments.bump).resolve()
    os.environ["LC_ALL"] = "C"
    if shutil.which("gcc") is None:
        print("gcc is missing: its tests are skipped")
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
