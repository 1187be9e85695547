# SPDX-License-Identifier: MIT
"""A program that is linked with libctrace-alloc: its own traces have its memory and its locks where they want them, and else nothing of it.

    test_linked.py --ctrace CTRACE --host LINKED-HOST --static STATIC-HOST --plain PLAIN-HOST
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

OPTIONS = None
BLOCKS, KEPT, SIZE = 100, 40, 1234


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, **more)


def without(environment):
    """Ours, but for what would switch something on."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CTRACE_")}
    return {**clean, **environment}


class LinkedTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ctrace-test-")
        self.addCleanup(folder.cleanup)
        self.trace = Path(folder.name) / "trace.out"

    def record(self, sources, host=None, **environment):
        done = run(host or OPTIONS.host, self.trace, sources, env=without(environment))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.read()

    def read(self):
        self.assertEqual(run(OPTIONS.ctrace, "check", "-q", self.trace).returncode, 0, run(OPTIONS.ctrace, "check", self.trace).stderr)

    def text(self):
        return run(OPTIONS.ctrace, "dump", self.trace).stdout

    def count(self, word):
        return len(re.findall(rf"^  \+\d+ {word} ", self.text(), re.MULTILINE))

    def functions(self, event):
        """Functions of the stacks that such events have, each as the innermost first."""
        text = self.text()
        names = {}
        for number, name in re.findall(r"^  frame (\d+) .* # ?(\S*)$", text, re.MULTILINE):
            names[int(number)] = name
        stacks = {int(s): (int(p), int(f)) for s, p, f in re.findall(r"^  stack (\d+) parent=(\d+) frame=(\d+)", text, re.MULTILINE)}
        found = set()
        for stack in set(re.findall(rf"^  \+\d+ {event} (.*)$", text, re.MULTILINE)):
            words = stack.split()
            number, chain = int(words[{"alloc": 2, "lock_stack": 0}[event]]), []
            while number in stacks:
                number, frame = stacks[number]
                chain.append(names.get(frame, ""))
            found.add(";".join(chain))
        return found

    # ---- what is wanted ----

    def check_memory(self):
        """Every byte is chosen, so every block is told of."""
        self.assertGreaterEqual(self.count("alloc"), BLOCKS)
        mine = [line for line in re.findall(r"^  \+\d+ alloc (.*)$", self.text(), re.MULTILINE) if line.split()[1] == str(SIZE)]
        self.assertEqual(len(mine), BLOCKS)
        self.assertGreaterEqual(self.count("free"), BLOCKS - KEPT)
        whole = [chain for chain in self.functions("alloc") if chain.startswith("get_block;get_memory;work;")]
        self.assertTrue(whole, self.functions("alloc"))

    def check_locks(self):
        self.assertGreaterEqual(self.count("lock_wait"), 1)
        self.assertEqual(self.count("lock_wait"), self.count("lock_acquired"))
        self.assertGreaterEqual(self.count("lock_released"), 1)
        chains = self.functions("lock_stack")
        self.assertTrue([chain for chain in chains if chain.startswith("wait_for_lock;work;")], chains)
        self.assertTrue([chain for chain in chains if chain.startswith("hold_lock;hold;")], chains)

    def test_a_recording_that_names_both_has_each_block_and_each_wait_with_stacks(self):
        self.record("spans,alloc,locks", CTRACE_ALLOC_BYTES="1")
        self.check_memory()
        self.check_locks()
        self.assertIn('"work"', self.text())

    def test_so_has_one_of_a_program_with_the_static_library(self):
        self.record("spans,alloc,locks", OPTIONS.static, CTRACE_ALLOC_BYTES="1")
        self.check_memory()
        self.check_locks()

    def test_without_spans_there_are_the_others_alone(self):
        self.record("alloc,locks", CTRACE_ALLOC_BYTES="1")
        self.check_memory()
        self.check_locks()
        self.assertEqual(self.count("span_begin"), 0)

    def test_each_comes_alone(self):
        self.record("spans,alloc", CTRACE_ALLOC_BYTES="1")
        self.check_memory()
        self.assertEqual(self.count("lock_wait"), 0)
        self.trace.unlink()
        self.record("spans,locks", CTRACE_ALLOC_BYTES="1")
        self.check_locks()
        self.assertEqual(self.count("alloc"), 0)

    def test_a_recording_that_names_neither_has_neither(self):
        for sources in ("spans", "best", "spans,perf-samples"):
            self.record(sources, CTRACE_ALLOC_BYTES="1")
            self.assertEqual((self.count("alloc"), self.count("lock_wait"), self.count("lock_stack")), (0, 0, 0), sources)
            self.trace.unlink()

    def test_the_environment_may_name_them(self):
        done = run(OPTIONS.host, env=without({"CTRACE_FILE": str(self.trace), "CTRACE_SOURCES": "spans,alloc,locks", "CTRACE_ALLOC_BYTES": "1"}))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.read()
        self.check_memory()
        self.check_locks()

    def test_a_request_may_name_them_and_one_beside_it_need_not(self):
        with subprocess.Popen([OPTIONS.host, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env=without({"CTRACE_ALLOC_BYTES": "1"})) as host:
            at = f"http://127.0.0.1:{int(host.stdout.readline())}/debug/pprof/trace?seconds=0.5&sources="
            with urllib.request.urlopen(at + "spans", timeout=60) as plain, urllib.request.urlopen(at + "spans,alloc,locks", timeout=60) as full:
                bodies = plain.read(), full.read()
            host.stdin.close()
        self.trace.write_bytes(bodies[0])
        self.read()
        self.assertEqual((self.count("alloc"), self.count("lock_wait")), (0, 0))
        self.trace.write_bytes(bodies[1])
        self.read()
        self.assertGreater(self.count("alloc"), 0)
        self.assertTrue([chain for chain in self.functions("alloc") if chain.startswith("get_block;get_memory;work;")])

    def test_samples_and_stacks_of_memory_are_one_set_of_numbers(self):
        self.record("spans,alloc,locks,perf-samples", CTRACE_ALLOC_BYTES="1")
        self.check_memory()

    def test_ctrace_heap_knows_what_stays(self):
        self.record("spans,alloc", CTRACE_ALLOC_BYTES="1")
        done = run(OPTIONS.ctrace, "heap", self.trace)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("get_block", done.stdout)

    def test_full_has_every_block_with_who_called(self):
        self.record("spans,alloc", CTRACE_ALLOC="full")
        mine = [line for line in re.findall(r"^  \+\d+ alloc (.*)$", self.text(), re.MULTILINE) if line.split()[1] == str(SIZE)]
        self.assertEqual(len(mine), BLOCKS)
        self.assertIn("get_block", self.functions("alloc"))

    # ---- what is not there ----

    def test_a_program_without_the_library_says_what_it_lacks(self):
        self.record("spans,alloc,locks", OPTIONS.plain)
        self.assertEqual(self.count("alloc"), 0)
        self.assertIn("not linked with libctrace-alloc", self.text())

    def test_a_word_that_is_wrong_is_told_of(self):
        done = run(OPTIONS.host, self.trace, "spans,alloc", env=without({"CTRACE_ALLOC": "some"}))
        self.assertIn("CTRACE_ALLOC=some: must be sampled, full, stacks or off", done.stderr)

    def test_recorded_from_outside_it_tells_once(self):
        done = run(OPTIONS.ctrace, "record", "-q", "--sources", "spans,alloc,locks", "-o", self.trace, "--", OPTIONS.host,
                   env=without({"CTRACE_ALLOC_BYTES": "1"}))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.read()
        self.check_memory()
        self.check_locks()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("--ctrace", "--host", "--static", "--plain"):
        parser.add_argument(name, required=True)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=sys.argv[:1] + rest)
