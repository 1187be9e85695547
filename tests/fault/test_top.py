# SPDX-License-Identifier: MIT
"""`ctrace top`: exact sums of a trace of which everything is known, and clear words for what cannot be asked.

    test_top.py --ctrace PROGRAM
"""

import argparse
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

OPTIONS = argparse.Namespace()

# One tick is a nanosecond. main runs 1000-1400, sleeps in read() to 1900, can run to 2000, runs to 2500.
TRACE = """ctrace-text 1
header session=00000000000000000000000000000000 base=1000 rate=1000000000 clock=5
chunk STRINGS seq=0
  string 1 "tracefs"
  string 2 "main"
  string 3 "read"
  string 4 "pthread_mutex_lock"
  string 5 "work"
  string 6 "helper"
chunk SITES seq=1
  site 0 kind=1 name=5 category=0 file=0 function=0 line=0
chunk THREADS seq=2
  thread 1 pid=10 tid=11 name=2 start=0 written=4 lost=0 state=1 clamped=0
  thread 2 pid=10 tid=12 name=6 start=0 written=0 lost=0 state=1 clamped=0
chunk BUFFERS seq=3
  buffer 5 source=1 cpu=0 written=8 lost=0 clamped=0
chunk CALLS seq=4
  call 0 layer=1 name=3
  call 1000 layer=2 name=4
chunk EVENTS stream=1 seq=0 base=2000
  +0 span_begin 0
  +10 syscall_enter 0 1000 1 0 0 0 0 0
  +20 syscall_exit 0 1000 0
  +1070 end
chunk EVENTS stream=5 seq=0 base=2000
  +0 sched_switch 0 0 9 11 120
  +300 syscall_enter 11 0 3 4096 64 0 0 0
  +100 sched_switch 0 11 2 12 120
  +200 sched_switch 0 12 1 0 120
  +300 sched_waking 0 0 11 0
  +100 sched_switch 0 0 9 11 120
  +50 syscall_exit 11 0 64
  +450 sched_switch 0 11 2 0 120
"""


def run(*words):
    return subprocess.run([OPTIONS.ctrace, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


class Top(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.trace = Path(cls.folder.name) / "known.trace"
        text = Path(cls.folder.name) / "known.txt"
        text.write_text(TRACE)
        made = run("dump", "--assemble", text, "-o", cls.trace)
        assert made.returncode == 0, made.stderr.decode()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def top(self, *words):
        done = run("top", "--json", *words, self.trace)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return json.loads(done.stdout)

    def test_all_sums_are_exact(self):
        self.assertEqual(self.top(), {
            "threads": [
                {"tid": 11, "pid": 10, "name": "main", "running_ns": 900, "waiting_ns": 500, "runnable_ns": 100, "unknown_ns": 0,
                 "turns": 2, "syscalls": 1, "spans": 1, "lost": 0},
                {"tid": 12, "pid": 10, "name": "helper", "running_ns": 200, "waiting_ns": 0, "runnable_ns": 900, "unknown_ns": 0,
                 "turns": 1, "syscalls": 0, "spans": 0, "lost": 0},
            ],
            "spans": [{"name": "work", "count": 1, "total_ns": 1100, "self_ns": 330, "p50_ns": 1100, "p99_ns": 1100, "max_ns": 1100}],
            "syscalls": [{"name": "read", "count": 1, "total_ns": 750, "self_ns": 750, "p50_ns": 750, "p99_ns": 750, "max_ns": 750}],
            "calls": [{"name": "pthread_mutex_lock", "count": 1, "total_ns": 20, "self_ns": 20, "p50_ns": 20, "p99_ns": 20,
                       "max_ns": 20}],
        })

    def test_a_range_cuts_states_and_keeps_calls_whole(self):
        part = self.top("--start", "1200ns", "--end", "1500ns", "--threads", "11")
        self.assertEqual(part["threads"][0]["running_ns"], 200)
        self.assertEqual(part["threads"][0]["waiting_ns"], 100)
        self.assertEqual(part["syscalls"][0]["total_ns"], 750)
        self.assertEqual([row["name"] for row in part["calls"]], [])

    def test_tables_are_sorted_as_asked(self):
        self.assertEqual([row["tid"] for row in self.top("--sort", "runnable")["threads"]], [12, 11])
        self.assertEqual([row["tid"] for row in self.top("--sort", "name")["threads"]], [12, 11])

    def test_the_text_says_the_same(self):
        done = run("top", self.trace)
        text = done.stdout.decode()
        self.assertEqual(done.returncode, 0)
        for words in ("threads", "system calls", "library calls", "spans", "900 ns", "pthread_mutex_lock"):
            self.assertIn(words, text)

    def test_wrong_words_are_one_line(self):
        for words, line in ((["--sort", "size"], "ctrace top: --sort: size is none of cpu, waiting, runnable,"),
                            (["--threads", "a"], "ctrace top: --threads takes thread ids with commas between: a")):
            done = run("top", *words, self.trace)
            self.assertEqual(done.returncode, 2)
            self.assertTrue(done.stderr.decode().startswith(line), done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1)
        done = run("top", "--threads", "99", self.trace)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"no thread 99 in this trace", done.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctrace", required=True)
    arguments, rest = parser.parse_known_args()
    OPTIONS.ctrace = arguments.ctrace
    unittest.main(argv=sys.argv[:1] + rest)
