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

# 21 waits three times for a mutex of 22, who lets it go once; a condition is waited for; a wait is left by a jump; then 21 and 22 wait
# for each other, and 23 for 22, who is in no circle with it. Another process has the same addresses and a lock for readers.
LOCKS = """ctrace-text 1
header session=00000000000000000000000000000000 base=1000 rate=1000000000 clock=5
chunk STRINGS
  string 1 "pthread_mutex_lock"
  string 2 "pthread_cond_wait"
chunk CALLS
  call 8192 layer=2 name=1
  call 8193 layer=2 name=2
chunk THREADS
  thread 1 pid=21 tid=21 name=0 written=12 lost=0 state=1
  thread 2 pid=21 tid=22 name=0 written=2 lost=0 state=1
  thread 3 pid=21 tid=23 name=0 written=1 lost=0 state=1
  thread 4 pid=31 tid=31 name=0 written=2 lost=0 state=1
chunk EVENTS stream=1 base=1100
  +0 lock_wait 4096 1 8192 22
  +20 lock_acquired 4096 1 8192 0
  +10 lock_wait 4096 1 8192 22
  +30 lock_acquired 4096 1 8192 -110
  +0 lock_wait 8192 4 8193 0
  +500 lock_acquired 8192 4 8193 0
  +0 lock_wait 4096 1 8192 23
  +5 lock_acquired 4096 1 8192 0
  +0 lock_wait 12288 1 8192 22
  +1 lock_released 77 1
  +100 lock_wait 4096 1 8192 22
chunk EVENTS stream=2 base=1110
  +0 lock_released 4096 1
  +690 lock_wait 16384 1 8192 21
chunk EVENTS stream=3 base=1900
  +0 lock_wait 4096 1 8192 22
chunk EVENTS stream=4 base=1100
  +0 lock_wait 4096 2 8192 32
  +7 lock_acquired 4096 3 8192 0
"""


# 11 sleeps 1400-1900 at `pause` in `held_long`, seen twice, and once elsewhere; then 2500-3000, of which nobody sees anything. 21 waits 1500-1800
# for what 11 has. Nothing is known of when 21 runs: it is seen to sleep at 1700, running at 1750, asleep at 1800.
SLEEPS = """ctrace-text 1
header session=00000000000000000000000000000000 base=1000 rate=1000000000 clock=5
chunk STRINGS
  string 1 "tracefs"
  string 2 "asleep"
  string 3 "pthread_mutex_lock"
  string 4 "pause"
  string 5 "held_long"
  string 6 "main\\x1b[31m\\n"
  string 7 "other"
  string 8 "/lib/libc.so.6"
  string 9 "/bin/app"
  string 10 "a.c"
chunk MODULES
  module 1 path=8
  module 2 path=9
chunk FRAMES
  frame 1 module=2 address=0x1 function=6 file=10 line=1
  frame 2 module=2 address=0x2 function=5 file=10 line=2
  frame 3 module=1 address=0x3 function=4
  frame 4 module=2 address=0x4 function=7 file=10 line=4
  frame 5 module=2 address=0x5 function=7 file=10 line=9
chunk STACKS
  stack 1 frame=1
  stack 2 parent=1 frame=2
  stack 3 parent=2 frame=3
  stack 4 parent=1 frame=4
  stack 5 parent=1 frame=5
chunk CALLS
  call 8192 layer=2 name=3
chunk THREADS
  thread 1 pid=11 tid=11 name=0 written=0 lost=0 state=1
  thread 2 pid=11 tid=21 name=0 written=2 lost=0 state=1
chunk BUFFERS
  buffer 5 source=1 cpu=0 written=4 lost=0
  buffer 6 source=2 written=6 lost=0
chunk EVENTS stream=5 base=2000
  +0 sched_switch 0 0 0 11 120
  +400 sched_switch 0 11 2 0 120
  +500 sched_switch 0 0 0 11 120
  +600 sched_switch 0 11 3 0 120
chunk EVENTS stream=6 base=2450
  +100 thread_stack 11 2 3
  +50 thread_stack 11 2 4
  +50 thread_stack 11 2 3
  +50 thread_stack 21 2 4
  +50 thread_stack 21 0 0
  +50 thread_stack 21 2 5
chunk EVENTS stream=2 base=2500
  +0 lock_wait 4096 1 8192 11
  +300 lock_acquired 4096 1 8192 0
chunk EVENTS stream=5 base=4000
  +0 sched_switch 0 0 0 11 120
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
            "sleeps": {"total_ns": 500, "count": 1, "estimated_ns": 0, "threads": 1,
                       "not_looked_at": {"total_ns": 500, "count": 1, "estimated_ns": 0}, "stacks": []},
            "locks": [],
            "deadlocks": [],
            "processes": [],
        })

    def test_locks_are_counted_and_who_waits_in_a_circle_is_told(self):
        trace, text = Path(self.folder.name) / "locks.trace", Path(self.folder.name) / "locks.txt"
        text.write_text(LOCKS)
        self.assertEqual(run("dump", "--assemble", text, "-o", trace).returncode, 0)
        top = json.loads(run("top", "--json", trace).stdout)
        keys = ("pid", "lock", "kind", "count", "not_over", "total_ns", "p50_ns", "p99_ns", "max_ns", "holder", "holder_count")
        self.assertEqual([tuple(row[key] for key in keys) for row in top["locks"]], [
            (21, "0x1000", "mutex", 5, 2, 20 + 30 + 5 + 134, 20, 134, 134, 22, 4),
            (21, "0x4000", "mutex", 1, 1, 100, 100, 100, 100, 21, 1),
            (31, "0x1000", "rwlock", 1, 0, 7, 7, 7, 7, 32, 1),
            (21, "0x2000", "condition", 1, 0, 500, 500, 500, 500, 0, 0)])
        self.assertEqual([[(wait["tid"], wait["holder"], wait["lock"], wait["call"]) for wait in cycle] for cycle in top["deadlocks"]],
                         [[(21, 22, "0x1000", "pthread_mutex_lock"), (22, 21, "0x4000", "pthread_mutex_lock")]])

    def sleeps(self, *words):
        trace, text = Path(self.folder.name) / "sleeps.trace", Path(self.folder.name) / "sleeps.txt"
        text.write_text(SLEEPS)
        self.assertEqual(run("dump", "--assemble", text, "-o", trace).returncode, 0)
        done = run("top", *words, trace)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout

    def test_sleeps_are_told_by_their_stacks_with_what_nobody_looked_at(self):
        top = json.loads(self.sleeps("--json"))
        told = [(row["total_ns"], row["count"], row["max_ns"], row["estimated_ns"], [frame["function"] for frame in row["stack"]])
                for row in top["sleeps"]["stacks"]]
        self.assertEqual(told, [(1700, 1, 1700, 1700, ["other", "main\x1b[31m\n"]),
                                (500, 1, 500, 0, ["pause", "held_long", "main\x1b[31m\n"]),
                                (50, 1, 50, 50, ["other", "main\x1b[31m\n"])])
        self.assertEqual(top["sleeps"]["not_looked_at"], {"total_ns": 500, "count": 1, "estimated_ns": 0})
        self.assertEqual((top["sleeps"]["total_ns"], top["sleeps"]["estimated_ns"]), (1750 + 500 + 500, 1750))
        self.assertEqual(sum(row["waiting_ns"] for row in top["threads"] if row["tid"] == 11), 1000)

    def test_sleeps_of_a_range_and_of_threads(self):
        top = json.loads(self.sleeps("--json", "--threads", "11", "--start", "1500ns", "--end", "2600ns"))
        self.assertEqual([(row["total_ns"], row["count"]) for row in top["sleeps"]["stacks"]], [(400, 1)])
        self.assertEqual(top["sleeps"]["not_looked_at"]["total_ns"], 100)

    def test_where_the_holder_of_a_lock_was_is_told(self):
        row = json.loads(self.sleeps("--json"))["locks"][0]
        self.assertEqual(row["held_in"], {"function": "held_long", "file": "a.c", "line": 2})
        self.assertEqual((row["held_at"]["tid"], row["held_at"]["state"], row["held_at"]["after_ns"], row["held_at"]["waited_ns"]),
                         (11, "sleeping", 50, 300))
        self.assertEqual([frame["function"] for frame in row["held_at"]["stack"]], ["pause", "held_long", "main\x1b[31m\n"])

    def test_sleeps_are_a_line_for_each_chain_of_functions_that_moves_no_cursor(self):
        text = self.sleeps().decode()
        self.assertRegex(text, r"\n    +500 ns +1 +500 ns  pause < held_long < main\?\[31m\?\n")
        self.assertRegex(text, r"\n  ≈ +1\.750 us +2 +1\.700 us  other < main")
        self.assertRegex(text, r"\n    +500 ns +1 +\[not looked at\]\n")
        self.assertRegex(text, r"while they waited, 11 was asleep at pause < held_long < main\S* \(50 ns into a wait of 300 ns\)")

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
