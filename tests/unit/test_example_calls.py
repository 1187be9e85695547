# SPDX-License-Identifier: MIT
"""Runs the programs of examples/calls and looks for what they show in their traces.

    test_example_calls.py CTRACE FOLDER-OF-PROGRAMS [LUA-EXAMPLE]
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

CTRACE, FOLDER, LUA = None, None, None

# Program, whether it starts recording by itself, what its trace must hold, and what it must not.
EXAMPLES = (
    ("span", False, ("is_prime", "count primes", "math"), ()),
    ("begin_end", False, ("connect", "send query", "read answer"), ()),
    ("instant", False, ("timed out", "connected"), ()),
    ("counter", False, ("queue depth", "load"), ()),
    ("log", False, ("GET /no such file: 404 after 0.1 ms",), ()),
    ("arguments", False, ("texts", "-9223372036854775808", "18446744073709551615", "0.1"), ()),
    ("task", False, ("backup", "back up a file", "uploading"), ()),
    ("flow", False, ("give", "do the job", "look at the result"), ()),
    ("arena", False, ('"name":"requests"', '"size":-65536', '"size":316', '"weight":0'), ()),
    ("collector", False, ('"gc_kind":1', '"gc_kind":7', '"live":1200,"freed":120000', '"size":121200'), ()),
    ("names", False, ("the names example", "main thread", "worker 3"), ()),
    ("enabled", False, ("weighed",), ()),
    ("start_stop", True, ("work", '"number":2', '"number":3'), ('"number":1', '"number":4')),
    ("callback", True, ("turn", '"i":999'), ()),
    ("categories", True, ("request", "query", "detail"), ()),
    ("stats", True, ('"name":"i"',), ()),
    ("plusplus", False, ("parse", "not a number: three", "total"), ()),
)


def run(*command, environment=None, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=300, check=False,
                          env={**os.environ, **(environment or {})})


class Calls(unittest.TestCase):
    def record(self, program, starts, trace):
        path = os.path.join(FOLDER, program)
        return run(path, trace) if starts else run(path, environment={"CTRACE_FILE": trace})

    def check(self, program, starts, present, absent):
        with tempfile.TemporaryDirectory() as folder:
            trace = os.path.join(folder, "trace.out")
            ran = self.record(program, starts, trace)
            self.assertEqual((ran.returncode, ran.stderr), (0, ""))
            checked = run(CTRACE, "check", trace)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
            events = run(CTRACE, "dump", "--json", trace).stdout.replace('": ', '":')
            for words in present:
                self.assertIn(words, events)
            for words in absent:
                self.assertNotIn(words, events)

    def test_memory_in_a_flight_has_its_stacks(self):
        """What the chunks of a flight refer to is kept with them."""
        with tempfile.TemporaryDirectory() as folder:
            trace = os.path.join(folder, "trace.out")
            ran = run(CTRACE, "record", "-q", "--flight", "10s", "--sources", "spans", "-o", trace, "--", os.path.join(FOLDER, "arena"))
            self.assertEqual((ran.returncode, ran.stderr), (0, ""))
            checked = run(CTRACE, "check", trace)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
            self.assertRegex(run(CTRACE, "dump", "--json", trace).stdout, r'"size":316,"stack":[1-9]')

    def test_lua_steps(self):
        """Each step is in the trace, with what Lua says it holds."""
        if LUA is None:
            self.skipTest("not installed: Lua 5.4")
        with tempfile.TemporaryDirectory() as folder:
            trace = os.path.join(folder, "trace.out")
            ran = run(LUA, environment={"CTRACE_FILE": trace})
            self.assertEqual((ran.returncode, ran.stderr), (0, ""))
            steps, cycles, live = map(int, re.findall(r"\d+", ran.stdout))
            self.assertEqual(run(CTRACE, "check", trace).returncode, 0)
            rows = [json.loads(line) for line in run(CTRACE, "dump", "--json", trace).stdout.splitlines()]
            begins = [row["args"]["gc_kind"] for row in rows if row.get("kind") == "gc_begin"]
            ends = [row["args"] for row in rows if row.get("kind") == "gc_end"]
            self.assertEqual([3] * steps + [1], begins)
            self.assertEqual((steps + 1, live), (len(ends), ends[-1]["live"]))
            self.assertGreater(cycles, 1)
            self.assertGreater(sum(end["freed"] for end in ends), live)

    def test_serve(self):
        ran = run(os.path.join(FOLDER, "serve"), "127.0.0.1:0", text="\n")
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertRegex(ran.stdout, r"http://127.0.0.1:\d+/debug/pprof/")


for example in EXAMPLES:
    setattr(Calls, f"test_{example[0]}", lambda self, example=example: self.check(*example))

if __name__ == "__main__":
    CTRACE, FOLDER, LUA, *_ = (*(os.path.abspath(path) for path in sys.argv[1:]), None)
    unittest.main(argv=[sys.argv[0], "-v"])
